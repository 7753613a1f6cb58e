//! The API's description: what every part of it shares.

use std::collections::BTreeSet;

use domain::limits::Class;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, Deprecated, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder, Responses, Schema, Server,
};

use crate::error::{ErrorBody, FieldBody};
use crate::problem::ProblemBody;
use crate::versions::Superseded;

/// The parts of the API and what they are about.
const TAGS: &[(&str, &str)] = &[
    ("auth", "Accounts: registering, signing in and staying signed in."),
    ("mfa", "The second factor of an account."),
    ("sso", "Signing in with an account at Google or Microsoft."),
    ("phone-verification", "Proving that a telephone number is one's own."),
    ("orgs", "Organisations and invitations to them."),
    ("caregivers", "The people who sign in."),
    ("audit", "Who did what to whose data."),
    ("patients", "Patients and who cares for them."),
    ("schedules", "When patients are telephoned."),
    ("calls", "Calls: asking for one, following it, ending it."),
    ("conversations", "What was said in calls, and its summary."),
];

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("OPTIONS", &mut item.options),
        ("HEAD", &mut item.head),
        ("PATCH", &mut item.patch),
        ("TRACE", &mut item.trace),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What the rules of a route say in its description: the class of its limits; whether it is on its way
/// out; and for a request that may be repeated the header for it, and the refusals of a key.
pub(crate) fn declare(path: &str, item: &mut PathItem, class: Class, once: bool) {
    for (method, operation) in operations(item) {
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-rate-limit".to_owned(), class.as_str().into());
        if let Some(superseded) = Superseded::find(method, path) {
            operation.deprecated = Some(Deprecated::True);
            // In words: extensions have no order of their own, and the document must not change by itself.
            let Superseded { successor, since, sunset, .. } = superseded;
            let told = format!("Deprecated since {since}: use `{method} {successor}`. May be gone from {sunset}.");
            let before = operation.description.take().map(|text| text + "\n\n").unwrap_or_default();
            operation.description = Some(before + &told);
        }
        if once {
            let header = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "A name of your own for this request, 1 to 255 visible ASCII characters; quoted, as \
                     RFC 9651 writes strings, or bare. The same request \
                     with the same key has its effect once within 24 hours; the repeated answer carries \
                     `Idempotency-Replayed: true`.",
                ))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::String)
                        .min_length(Some(1))
                        .max_length(Some(255))
                        .pattern(Some("^[!#-~][!-~]*$")),
                ))
                .build();
            operation.parameters.get_or_insert_default().push(RefOr::T(header));
            refuse_keys(path, &mut operation.responses);
        }
    }
}

/// The answers to a key that was used for another request, or whose request is still carried out.
fn refuse_keys(path: &str, responses: &mut Responses) {
    let said = "`idempotency_key_reused` or `request_in_progress`, of the Idempotency-Key.";
    match responses.responses.get_mut("409") {
        Some(RefOr::T(conflict)) => conflict.description = format!("{} {said}", conflict.description),
        Some(RefOr::Ref(_)) => {}
        None => {
            let (kind, body) = if path.starts_with("/v2/") {
                ("application/problem+json", "ProblemBody")
            } else {
                ("application/json", "ErrorBody")
            };
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
            let conflict = ResponseBuilder::new().description(said).content(kind, content).build();
            responses.responses.insert("409".to_owned(), RefOr::T(conflict));
        }
    }
}

/// A body that may be empty may be left out, since [`Valid`](crate::Valid) reads none as an empty
/// object; the types of handlers cannot say so.
fn let_bodies_out(whole: &mut OpenApi) {
    let nothing_required = |schema: &RefOr<Schema>| match schema {
        RefOr::T(Schema::Object(object)) => object.required.is_empty() && !object.properties.is_empty(),
        _ => false,
    };
    let schemas = whole.components.iter().flat_map(|components| &components.schemas);
    let empty: BTreeSet<String> = schemas
        .filter(|(_, schema)| nothing_required(schema))
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    let bodies = whole.paths.paths.values_mut().flat_map(operations).filter_map(|(_, one)| one.request_body.as_mut());
    for body in bodies {
        let RefOr::T(body) = body else { continue };
        let may_be_empty = |content: &RefOr<Content>| match content {
            RefOr::T(Content { schema: Some(RefOr::Ref(named)), .. }) => empty.contains(&named.ref_location),
            _ => false,
        };
        if body.content.values().all(may_be_empty) {
            body.required = Some(Required::False);
        }
    }
}

/// Leaves out what nothing names, such as the rows of a page, which stand in the page itself.
fn leave_unused_out(whole: &mut OpenApi) {
    loop {
        let text = whole.to_json().expect("a description is plain data");
        let Some(components) = &mut whole.components else { return };
        let before = components.schemas.len();
        components.schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if components.schemas.len() == before {
            return;
        }
    }
}

/// An empty description with title, version, server and the way to sign in.
pub fn base() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token of `POST /v1/auth/login`, good for 30 minutes."))
        .build();
    // Responses that are declared for many operations at once name these and do not bring them along.
    let components = ComponentsBuilder::new()
        .schema_from::<ErrorBody>()
        .schema_from::<ProblemBody>()
        .schema_from::<FieldBody>()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Bianca")
        .version("1")
        .description(Some("Bianca telephones elderly and ill people and tells the people who care for them."))
        .license(Some(license))
        .build();
    let tags =
        TAGS.iter().map(|(name, about)| -> Tag { TagBuilder::new().name(*name).description(Some(*about)).build() });
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .servers(Some([Server::new("/")]))
        .tags(Some(tags))
        .build()
}

/// The description of the whole API from those of its functions, as `docs/openapi.json` holds it.
pub fn whole(parts: impl IntoIterator<Item = OpenApi>) -> String {
    let mut whole = base();
    for part in parts {
        whole.merge(part);
    }
    let_bodies_out(&mut whole);
    leave_unused_out(&mut whole);
    whole.to_pretty_json().expect("a description is plain data") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use utoipa::{OpenApi as _, ToSchema};

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    struct Change {
        name: Option<String>,
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    struct New {
        name: String,
    }

    #[utoipa::path(patch, path = "/v1/things", request_body = Change, responses((status = 204)))]
    #[expect(dead_code, reason = "only described")]
    fn change() {}

    #[utoipa::path(post, path = "/v1/things", request_body = New, responses((status = 201), (status = 409, description = "It is there.")))]
    #[expect(dead_code, reason = "only described")]
    fn create() {}

    #[utoipa::path(post, path = "/v2/things", request_body = New, responses((status = 201)))]
    #[expect(dead_code, reason = "only described")]
    fn create_newer() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(change, create, create_newer))]
    struct Things;

    #[test]
    fn a_body_that_may_be_empty_may_be_left_out_and_another_may_not() {
        let whole: Value = serde_json::from_str(&whole([Things::openapi()])).unwrap();
        assert_eq!(whole["paths"]["/v1/things"]["patch"]["requestBody"]["required"], false);
        assert_eq!(whole["paths"]["/v1/things"]["post"]["requestBody"]["required"], true);
        let named = whole["components"]["schemas"].as_object().unwrap().keys().collect::<Vec<_>>();
        assert_eq!(named, ["Change", "New"], "what nothing names is left out");
    }

    #[test]
    fn a_route_that_takes_keys_says_how_it_refuses_them() {
        let mut things = Things::openapi();
        for (path, item) in &mut things.paths.paths {
            declare(path, item, Class::Write, true);
        }
        let things = serde_json::to_value(things).unwrap();
        let conflict = |path: &str, method: &str| things["paths"][path][method]["responses"]["409"].clone();
        let told = conflict("/v1/things", "post")["description"].as_str().unwrap().to_owned();
        assert!(told.starts_with("It is there. `idempotency_key_reused`"), "{told}");
        let body = |conflict: Value, kind: &str| conflict["content"][kind]["schema"]["$ref"].clone();
        assert_eq!(body(conflict("/v1/things", "patch"), "application/json"), "#/components/schemas/ErrorBody");
        assert_eq!(
            body(conflict("/v2/things", "post"), "application/problem+json"),
            "#/components/schemas/ProblemBody"
        );
    }
}
