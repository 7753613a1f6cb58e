"""What Schemathesis cannot know of the API: which ids exist, whom it must leave alone, and the rules that no schema can
express. .ci/api tells the ids of the demo in the environment."""

import itertools
import json
import os
import re
import struct
import zlib

import schemathesis
from hypothesis import strategies
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

NUMBERS = itertools.count()

KNOWN = json.loads(os.environ.get("API_IDS", "{}"))
"""Ids that exist, by the name of the parameter."""


def png(side):
    """A grey square."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


OURS = {one for name in ("caregiverId", "orgId") for one in KNOWN.get(name, [])}
"""Those who ask, and their organisation."""

ENDING = {
    "DELETE /v1/orgs/{orgId}",  # takes the organisation away, and everybody in it
    "DELETE /v1/orgs/{orgId}/caregiver/{caregiverId}",  # takes the account away
    "DELETE /v1/caregivers/{caregiverId}",  # the same
    "PATCH /v1/caregivers/{caregiverId}",  # can lock the account or change the address it signs in with
    "PATCH /v1/orgs/{orgId}/caregiver/{caregiverId}/role",  # takes the rights away
}
"""What would end the run when it is done to those who ask: everything after it would be a 401. Others bear it."""

# Passwords that are hard enough to guess, so that more than refusals is tried.
schemathesis.openapi.format("password", strategies.integers(0, 999).map("tulips in the rain {}".format))

# A picture that is one: a grey square of 8 by 8. Random bytes are refused, which the tests of pictures show.
schemathesis.openapi.format("binary", strategies.just(png(8)))

UNSAYABLE = {
    "password",  # an estimate of how hard it is to guess, which knows the owner's name
    "confirmPassword",  # the same as another field
    "cursor",  # only what a page has told is one
    "timezone",  # one of some hundred names
    "intervals",  # at least one, but of what is daily
    "day",  # of the week or of the month, each once
    "until",  # not before the day with which it begins
    "actor",  # only one of these three at a time
    "highRisk",
    "relevanceUntil",  # in the future
    "relatedPatient",  # needed when it is about one
    "relatedConversation",  # the same
    "adminsAfterMinutes",  # not before onCallAfterMinutes
    "pattern",  # a regular expression that can be read and is not found in everything
}
"""Fields with a rule that no schema can express: they are refused with 400 although they fit it."""

CONTENTS = {
    # What a file is, its bytes tell; and no form can carry every name that JSON can.
    "picture_animated",
    "picture_broken",
    "picture_dimensions",
    "picture_missing",
    "picture_type",
    "upload_malformed",
}
"""Refusals with 400 for what is in a file."""

IMPORT = "POST /v1/emergency-phrases/bulk-import"
"""Answers with a report: one bad phrase holds up no other."""

STATES = {
    "mfa_not_begun",
    "mfa_not_enabled",
    "phone_already_verified",
    "phone_code_expired",
    "phone_code_missing",
    "phone_code_void",
    "phone_code_wrong",
    "phone_missing",
    "sms_not_possible",
    "sso_provider_unknown",  # none is configured here: their keys are fetched from them
}
"""Refusals with 400, as the existing app knows them, for the state of the account or of the system."""


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Puts an id that exists in place of about half of those that could exist."""
    if context.operation is not None and context.operation.label in ENDING:
        return path_parameters
    for name, ids in KNOWN.items():
        value = str((path_parameters or {}).get(name, ""))
        if re.fullmatch("[0-9a-fA-F]{24}", value) and int(value[-1], 16) % 2 == 0:
            path_parameters[name] = ids[int(value[-2], 16) % len(ids)]
    return path_parameters


def whole(value):
    """The same with whole numbers as JavaScript writes them: 100, not 100.0, which JSON Schema calls an integer too."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return value


@schemathesis.hook
def map_body(context, body):
    """No client writes a whole number with a fraction."""
    return whole(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes every Idempotency-Key that is one a new one: a sequence that is tried again would be told of the patient whom
    it removed the first time. What repeated keys do is tested in shared/api/tests."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!#-~][!-~]{0,200}", key):
        case.headers["Idempotency-Key"] = f"{key}-{next(NUMBERS)}"


@schemathesis.hook
def filter_case(context, case):
    """Leaves those alone who ask."""
    ids = {str(value) for value in (case.path_parameters or {}).values()}
    return case.operation.label not in ENDING or not ids & OURS


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Takes no offence at refusals whose rule a schema cannot say."""
    if isinstance(failure, AcceptedNegativeData) and case.operation.label == IMPORT:
        # It tells of each phrase that it did not take.
        return not response.json().get("errors")
    if not isinstance(failure, RejectedPositiveData):
        return True
    body = response.json()
    paths = {re.sub(r"\[\d+\]", "", field["path"]).rsplit(".", 1)[-1] for field in body.get("errors", [])}
    return not (paths and paths <= UNSAYABLE) and body.get("error", body.get("code")) not in STATES | CONTENTS
