//! Every query has an index: each is asked for once, and the server explains what it would do.
//!
//! The test watches the commands that the store sends. A query that is new and not asked for here is
//! found by its name (`every_query_is_asked_for`).

mod care;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use domain::audit::{Action, Actor, GENESIS, Narrowing, Record, Sealed, Subject};
use domain::calls::{Stage, Status};
use domain::caregivers::{Caregiver, Credentials, Mfa, Provider, SsoLink};
use domain::cursor::{CursorRequest, InTime, Numbered};
use domain::lockout::{self, Attempts};
use domain::occurrences::Occurrence;
use domain::orgs::{CallRetries, Org};
use domain::page::Sort;
use domain::patients::{Manner, Patient, Profile};
use domain::phone_codes::{OpenCode, PhoneCodes};
use domain::policy::{self, Action as Act, Resource};
use domain::schedules::{Plan, Rule, Schedule};
use domain::tokens::{OneTime, Purpose};
use domain::{
    AuditId, CallId, CallbackId, Caller, CaregiverId, Id, JobId, MailId, OccurrenceId, OrgId, Origin, PageRequest,
    PatientId, Role, ScheduleId, Scope, SessionId, TokenId,
};
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use services::SystemRandom;
use store::mongo::indexes;
use store::mongo::{
    AttemptLog, Audits, Callbacks, Calls, Caregivers, CodeLedger, Conversations, Lane, Mails, Occurrences, Orgs,
    Outbox, Patients, Schedules, Sessions, Tally, Tokens, Version, Whose,
};
use store::{Store, Write};
use testkit::house;

/// What the store asked, by collection, with the names of the indexes that serve it.
type Seen = Arc<Mutex<Vec<Document>>>;

fn watched() -> (Store, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let store = Store::watched(config::Database::from_env(&house().env()).unwrap(), move |command| {
        log.lock().unwrap().push(command.clone());
    });
    (store, seen)
}

fn id(n: u8) -> Id {
    Id::from_bytes([n; 12])
}

fn scope(role: Role) -> Scope {
    let origin = Origin::default();
    let caller = Caller { caregiver: CaregiverId(id(1)), org: OrgId(id(2)), role, session: SessionId(id(3)), origin };
    policy::grant(&caller, Act::Read, Resource::Patient).unwrap()
}

fn page(field: &'static str) -> PageRequest {
    PageRequest { page: 2, limit: 10, sort: vec![Sort { field, descending: true }] }
}

fn an_occurrence(now: Timestamp) -> Occurrence {
    Occurrence::of(OccurrenceId(id(1)), &every_day(), now, now, jiff::SignedDuration::ZERO)
}

/// Asks for what dispatch reads.
async fn read_what_is_planned(store: &Store, now: Timestamp) {
    let (patient, call, org) = (PatientId(id(4)), CallId(id(5)), OrgId(id(7)));
    drop(store.schedules().due(now, 1, 5).await);
    for after in [None, Some(ScheduleId(id(3)))] {
        drop(store.schedules().following(org, after, 5).await);
    }
    let waits = an_occurrence(now);
    for after in [None, Some(&waits)] {
        drop(store.occurrences().waiting(now, after, &[], 5).await);
        drop(store.occurrences().waiting(now, after, &[org], 5).await);
    }
    drop(store.calls().count_live(org, 5).await);
    drop(store.calls().count_since(org, now, 5).await);
    drop(store.calls().is_any_live(&[patient]).await);
    drop(store.occurrences().of_call(call).await);
    drop(store.occurrences().waiting_for(patient).await);
}

/// Asks for everything that reads.
async fn read_everything(store: &Store) {
    let now = Timestamp::now();
    let system = policy::system("a test");
    let (patient, call, caregiver, org) = (PatientId(id(4)), CallId(id(5)), CaregiverId(id(6)), OrgId(id(7)));
    for scope in [&system, &scope(Role::Staff), &scope(Role::OrgAdmin)] {
        let (calls, conversations) = (store.calls(), store.conversations());
        drop(calls.find(scope, call).await);
        drop(calls.live(scope).await);
        drop(calls.among(scope, &[call, CallId(id(9))]).await);
        drop(calls.last_of(scope, patient).await);
        drop(calls.account_of(scope, call).await);
        drop(conversations.find(scope, call).await);
        drop(conversations.list(scope, patient, &page("startTime")).await);
        drop(conversations.last_contact(scope, patient, call).await);
        drop(store.caregivers().find(scope, caregiver).await);
        drop(store.notes().newest(scope, patient, 5).await);
        drop(store.orgs().find(scope, org).await);
        drop(store.patients().find(scope, patient).await);
        drop(store.patients().find_even_removed(scope, patient).await);
        drop(store.patients().by_phone(scope, &"+15550100123".parse().unwrap(), 5).await);
        drop(store.patients().assigned(scope).await);
        drop(store.schedules().find(scope, ScheduleId(id(8))).await);
        drop(store.schedules().of(scope, &[patient]).await);
        drop(store.occurrences().of(scope, patient, 5).await);
    }
    // Lists of a tenant; a platform operator's walk through all of them is theirs to wait for.
    for scope in [&scope(Role::Staff), &scope(Role::OrgAdmin)] {
        let patients = store.patients();
        drop(patients.list(scope, None, &page("createdAt")).await);
        drop(patients.list(scope, Some("Ada"), &page("createdAt")).await);
        drop(patients.all(scope, 5).await);
        drop(patients.unassigned(scope, 5).await);
        drop(patients.assigned_to(scope, &[caregiver]).await);
        let caregivers = store.caregivers();
        drop(caregivers.list(scope, Some("Nora"), Some(Role::Staff), &page("name")).await);
        drop(caregivers.among(scope, &[caregiver]).await);
        drop(caregivers.administrators(scope, OrgId(id(2))).await);
        drop(store.orgs().list(scope, None, &page("name")).await);
        drop(patients.ids(scope).await);
        drop(patients.cared_for_by(scope, caregiver, 5).await);
        let after = InTime { millis: now.as_millisecond(), id: id(4) };
        for after in [None, Some(after)] {
            let request = CursorRequest { after, limit: 5, descending: true };
            drop(patients.walk(scope, None, &request).await);
            drop(patients.walk(scope, Some("Ada"), &request).await);
            for stage in [Stage::Any, Stage::Live, Stage::Ended] {
                drop(store.calls().walk(scope, Whose::All, stage, &request).await);
                drop(store.calls().walk(scope, Whose::Patients(&[patient]), stage, &request).await);
            }
        }
    }
    let request = CursorRequest { after: Some(Numbered(7)), limit: 5, descending: true };
    for narrowing in [Narrowing::Everything, Narrowing::About(id(4)), Narrowing::By(caregiver), Narrowing::HighRisk] {
        drop(store.audits().walk(org, &narrowing, &request).await);
    }
    let codes = store.phone_codes();
    drop(store.commit([CodeLedger::replace(caregiver, Version::default(), &PhoneCodes::default()).unwrap()]).await);
    let (version, known) = codes.of(caregiver).await.unwrap();
    drop(store.commit([CodeLedger::replace(caregiver, version, &known).unwrap()]).await);
    drop(codes.attempt(caregiver, now).await);
    drop(store.callbacks().by_key(call, "key").await);
    drop(store.callbacks().due(now, 5).await);
    drop(store.callbacks().of_call(call).await);
    read_what_is_planned(store, now).await;
    drop(store.calls().in_status_before(&Status::LIVE, now, 0, 5).await);
    drop(store.caregivers().by_email(&"nora@demo.example".parse().unwrap()).await);
    let link = SsoLink { provider: Provider::Google, subject: "1".into() };
    drop(store.caregivers().by_sso(&link).await);
    drop(store.caregivers().account(caregiver).await);
    drop(store.caregivers().ids_of(org).await);
    drop(store.caregivers().members(org).await);
    for tally in [Tally::Office, Tally::Calls] {
        drop(store.orgs().counted(org, tally).await);
    }
    drop(store.conversations().summaries(patient, 5).await);
    drop(store.conversations().messages(call).await);
    drop(store.conversations().legible_messages(call).await);
    drop(store.conversations().messages_of(&[call]).await);
    for lane in Lane::ALL.map(Some).into_iter().chain([None]) {
        drop(store.outbox().before(lane, now, 1, 5).await);
    }
    drop(store.sessions().find(SessionId(id(3))).await);
    drop(store.sessions().rotate(&[1; 32], &[2; 32], now, now).await);
    drop(store.sessions().by_current(&[1; 32]).await);
    drop(store.sessions().by_used(&[1; 32]).await);
    drop(store.tokens().find(Purpose::Invite, &[1; 32], now).await);
    drop(store.tokens().open(CaregiverId(id(1)), Purpose::Invite, now).await);
    drop(store.tokens().by_id(TokenId(id(1)), now).await);
    drop(store.attempts().count("account:test", lockout::Subject::AccountAtPlace, now).await);
    drop(store.mails().claim(MailId(id(1)), now, now).await);
    drop(store.mails().due(now, 5).await);
    drop(store.audits().waiting().await);
    drop(store.audits().inbox(Some(org), 5).await);
    drop(store.audits().end(Some(org)).await);
    drop(store.audits().chain(Some(org), 7, 5).await);
    drop(store.audits().chains().await);
}

/// Everything that changes documents it must find first; what only adds one is not asked for.
fn changes() -> Vec<Write> {
    let now = Timestamp::now();
    let admin = scope(Role::OrgAdmin);
    let (patient, call) = (PatientId(id(4)), CallId(id(5)));
    let caregiver = caregiver();
    let ada = somebody();
    let older = Profile { age: Some(91), ..ada.profile.clone() };
    let renamed = Caregiver { name: "Nora Weiss".into(), ..caregiver.clone() };
    let number = "+15550100123".parse().unwrap();
    let code = OpenCode { number, before: None, hash: [1; 32], expires_at: now, attempts: 0 };
    let home = Org {
        id: OrgId(id(7)),
        name: "Home".into(),
        email: "home@demo.example".parse().unwrap(),
        phone: None,
        zone: "UTC".parse().unwrap(),
        retries: CallRetries::default(),
        ladder: domain::alerts::Ladder::default(),
        rules: domain::orgs::CallRules::default(),
        logo: None,
        created_at: now,
    };
    let daily = every_day();
    let due = an_occurrence(now);
    let token = OneTime {
        id: TokenId(id(1)),
        purpose: Purpose::Invite,
        caregiver: None,
        hash: [1; 32],
        link: None,
        epoch: None,
        expires_at: now,
        used: false,
    };
    let actor = Actor::System { reason: "a test".into() };
    let record = Record::new(actor, None, &Origin::default(), AuditId(id(1)), now, Action::Read, Subject::Audit);
    let [_, from_inbox] = Audits::seal(&Sealed { record, seq: 1, seal: GENESIS }).unwrap();
    let link = SsoLink { provider: Provider::Google, subject: "1".into() };
    let paused = Attempts { count: 1, until: Some(now), since: Some(now) };
    let mut given_back = AttemptLog::give_back("account:test", &paused);
    given_back.extend([
        Callbacks::settle(CallbackId(id(1)), domain::callbacks::State::Placed { placed: call }).unwrap(),
        Calls::note(call, &"note".to_owned().into()),
        Conversations::summarise(call, &"summary".to_owned().into()),
        Outbox::park(JobId(id(1))),
        Outbox::remove(JobId(id(1))),
        Sessions::end(SessionId(id(3))),
        Sessions::seen(SessionId(id(3)), now),
        Sessions::keep(SessionId(id(3)), 2),
        Tokens::spend(&token),
        Tokens::drop_all(caregiver.id, Purpose::Invite),
        AttemptLog::forget("account:test"),
        Mails::put_off(MailId(id(1)), now),
        Mails::remove(MailId(id(1))),
        from_inbox,
        Caregivers::rewrite(&admin, &caregiver, now).unwrap(),
        Caregivers::end_sign_ins(&caregiver),
        Caregivers::remove(&caregiver, now),
        Caregivers::alter(&caregiver, &renamed, now).unwrap(),
        Caregivers::invite_again(&caregiver, &renamed, now).unwrap(),
        Caregivers::join(&caregiver, &"hash".to_owned().into(), now),
        Caregivers::set_verified(&caregiver),
        Caregivers::verify_phone(&caregiver, &code, now),
        CodeLedger::spend(caregiver.id, &code),
        Caregivers::set_password(&caregiver, &"hash".to_owned().into()),
        Caregivers::renew_password(&caregiver, &"hash".to_owned().into(), &"another".to_owned().into()),
        Caregivers::link(&caregiver, &link),
        Caregivers::set_places(&caregiver, &[[1; 16]]),
        Caregivers::set_mfa(&caregiver, &Mfa::Off),
        Caregivers::set_backup(&caregiver, &["hash".into()]),
        Caregivers::use_step(&caregiver, 1),
        Caregivers::use_backup(&caregiver, "hash"),
        Caregivers::seed(&caregiver, &Credentials::default()).unwrap(),
        Orgs::alter(&home, &Org { name: "Away".into(), ..home.clone() }, now).unwrap(),
        Orgs::count(OrgId(id(7)), Tally::Office, 1),
        Orgs::count(OrgId(id(7)), Tally::Calls, 0),
        Orgs::remove(OrgId(id(7)), now),
        Patients::remove(&admin, patient, now),
        Patients::remove_all(OrgId(id(7)), &[patient], now),
        Patients::set_picture(&admin, &somebody(), domain::PictureId::generate(&SystemRandom), now),
        Patients::assign(&admin, patient, caregiver.id, now),
        Patients::unassign(&admin, patient, caregiver.id, now),
        Patients::unassign_all(OrgId(id(7)), caregiver.id, &[patient], now),
        Patients::alter(&admin, patient, &ada.profile, &older, now).unwrap(),
        Schedules::alter(&daily, &daily.with(daily.plan.clone(), now), now).unwrap(),
        Schedules::remove(&daily),
        Schedules::remove_of(patient),
        Schedules::remove_all(OrgId(id(7))),
        Occurrences::change(&due, &due.calling(call)).unwrap(),
        Caregivers::lapse(&caregiver, now),
        Caregivers::unlink(&caregiver),
    ]);
    given_back
}

fn somebody() -> Patient {
    let profile = Profile {
        name: "Ada".to_owned().into(),
        preferred_name: None,
        phone: "+15550100123".parse().unwrap(),
        email: None,
        age: None,
        notes: None,
        language: domain::Language::En,
        manner: Manner::default(),
        recording_consent: false,
        calls: domain::patients::Permission::default(),
        extension: None,
    };
    let (id, org) = (PatientId(id(4)), OrgId(id(7)));
    Patient { id, org, caregivers: Vec::new(), profile, picture: None, created_at: Timestamp::now() }
}

fn every_day() -> Schedule {
    let plan = Plan {
        rule: Rule::Daily,
        at: "09:30".parse().unwrap(),
        zone: "UTC".parse().unwrap(),
        anchor: jiff::civil::date(2026, 1, 1),
        active: true,
        exceptions: Vec::new(),
        pauses: Vec::new(),
    };
    let (id, org, patient) = (ScheduleId(id(8)), OrgId(id(7)), PatientId(id(4)));
    Schedule { id, org, patient, plan, follows_org: true, next: None, version: 0, created_at: Timestamp::now() }
}

fn caregiver() -> Caregiver {
    Caregiver {
        id: CaregiverId(id(6)),
        org: OrgId(id(7)),
        name: "Nora".into(),
        email: "nobody-explains@demo.example".parse().unwrap(),
        phone: None,
        role: Role::Staff,
        email_verified: true,
        phone_verified: false,
        locked: false,
        mfa_enabled: false,
        epoch: 3,
        language: domain::Language::En,
        theme: domain::caregivers::Theme::default(),
        alerts: domain::caregivers::Preferences::default(),
        picture: None,
        created_at: Timestamp::now(),
    }
}

/// The reads that a command amounts to: what it looks for, and in which order.
fn looks(command: &Document) -> Vec<(String, Document, Option<Document>)> {
    let name = command.keys().next().unwrap().as_str();
    let collection = || command.get_str(name).unwrap().to_owned();
    let order = || command.get_document("sort").ok().cloned();
    match name {
        "find" => vec![(collection(), command.get_document("filter").cloned().unwrap_or_default(), order())],
        "findAndModify" => vec![(collection(), command.get_document("query").unwrap().clone(), order())],
        "aggregate" => {
            let first = command.get_array("pipeline").unwrap().first().and_then(Bson::as_document);
            let filter = first.and_then(|stage| stage.get_document("$match").ok()).cloned();
            vec![(collection(), filter.unwrap_or_default(), None)]
        }
        "update" | "delete" => {
            let all = command.get_array(if name == "update" { "updates" } else { "deletes" }).unwrap();
            let filters = all.iter().map(|one| one.as_document().unwrap().get_document("q").unwrap().clone());
            filters.map(|filter| (collection(), filter, None)).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of the stages of a plan, outermost first, and of the indexes it uses.
fn stages(plan: &Document, found: &mut Vec<String>) {
    for name in ["stage", "indexName"] {
        if let Ok(text) = plan.get_str(name) {
            found.push(text.to_owned());
        }
    }
    for value in plan.values() {
        match value {
            Bson::Document(inner) => stages(inner, found),
            Bson::Array(all) => all.iter().filter_map(Bson::as_document).for_each(|inner| stages(inner, found)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn no_query_walks_through_a_collection() {
    let (store, seen) = watched();
    store.create_indexes().await.unwrap();
    read_everything(&store).await;
    care::read(&store).await;
    for write in changes().into_iter().chain(care::changes(Timestamp::now())) {
        // Whether it finds something is not the question; one by one, so that none keeps another back.
        drop(store.commit([write]).await);
    }
    let commands = std::mem::take(&mut *seen.lock().unwrap());
    let database = mongodb::Client::with_uri_str(uri()).await.unwrap().database("test");
    let (mut shapes, mut walks) = (BTreeMap::new(), Vec::new());
    for (collection, filter, order) in commands.iter().flat_map(looks) {
        let keys: Vec<_> = filter.keys().map(String::as_str).collect();
        let shape =
            format!("{collection} by {} in order {:?}", keys.join(", "), order.as_ref().map(ToString::to_string));
        if shapes.contains_key(&shape) {
            continue;
        }
        let Some((name, served)) = index_for(&collection, &filter) else {
            walks.push(format!("{shape}: no index begins with any of these"));
            continue;
        };
        // The local server takes an index only when it serves all of a filter; MongoDB takes it and looks at
        // the rest in the documents. So it is asked about the part that the index serves.
        let find = doc! { "find": &collection, "filter": served };
        let explained = database.run_command(doc! { "explain": find, "verbosity": "queryPlanner" }).await.unwrap();
        let mut plan = Vec::new();
        stages(explained.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap(), &mut plan);
        if !plan.contains(&"IXSCAN".to_owned()) || plan.contains(&"COLLSCAN".to_owned()) {
            walks.push(format!("{shape}: {plan:?} instead of {name}"));
        }
        shapes.insert(shape, plan);
    }
    assert!(walks.is_empty(), "without an index: {walks:#?}");
    assert!(shapes.len() >= 50, "only {} shapes of queries were seen", shapes.len());
}

/// One of several wanted values: the local server takes an index for several only when nothing else is asked.
fn one_of(wanted: &Bson) -> Bson {
    let several = wanted.as_document().and_then(|wanted| wanted.get_array("$in").ok());
    several.and_then(|all| all.first()).unwrap_or(wanted).clone()
}

/// The index that serves most of a filter, and the part that it serves.
fn index_for(collection: &str, filter: &Document) -> Option<(String, Document)> {
    let own = ("_id_".to_owned(), doc! { "_id": 1 });
    let made = indexes::ALL.iter().filter(|index| index.collection == collection);
    let all = std::iter::once(own).chain(made.map(|index| (index.name.to_owned(), index.keys())));
    let served = all.map(|(name, keys)| {
        let served = keys.keys().map_while(|key| Some((key.clone(), one_of(filter.get(key)?))));
        (name, served.collect::<Document>())
    });
    let mut served = served.filter(|(_, served)| !served.is_empty());
    // An id is found at once, whatever else is asked for.
    let by_id = filter.get("_id").is_some_and(|wanted| wanted.as_document().is_none_or(|it| it.contains_key("$in")));
    if by_id { served.next() } else { served.max_by_key(|(_, served)| served.len()) }
}

fn uri() -> String {
    let variable = config::Variable { name: "MONGODB_URI", what: "", must: "", default: None };
    house().env().get(&variable).unwrap().to_owned()
}

/// What only inserts or upserts by `_id` a document it was given, or is a part of what is asked for here.
const ADDS: &[&str] =
    &["ping", "add", "add_all", "add_once", "begin", "record", "note", "seed", "change", "account", "summarise"];

#[test]
fn every_query_is_asked_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mongo");
    let (here, mut missing) = ([include_str!("explain.rs"), include_str!("explain/care.rs")].concat(), Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // Those of a collection take `'_>`; the store's own are the tools they are made with.
        let Some(queries) = text.split("impl ").find(|part| part.contains("<'_> {")) else { continue };
        for line in queries.lines() {
            let line = line.trim();
            let name = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn "));
            let Some(name) = name.and_then(|rest| rest.split(['(', '<']).next()) else { continue };
            let asked = [format!(".{name}("), format!("::{name}(")].iter().any(|call| here.contains(call.as_str()));
            if !asked && !ADDS.contains(&name) {
                missing.push(format!("{}: {name}", path.file_name().unwrap().display()));
            }
        }
    }
    assert!(missing.is_empty(), "queries that no test explains: {missing:#?}");
}
