//! The API's description: what every part of it shares.

use domain::limits::Class;
use jiff::civil::Date;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, Deprecated, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem,
    RefOr, Required, Server,
};

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
    ("calls", "Calls: asking for one, following it, ending it."),
    ("conversations", "What was said in calls, and its summary."),
];

/// What the rules of a route say in its description: the class of its limits, and for a request that
/// may be repeated the header for it; and whether it is on its way out.
pub(crate) fn declare(path: &str, item: &mut PathItem, class: Class, once: bool) {
    let operations = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("OPTIONS", &mut item.options),
        ("HEAD", &mut item.head),
        ("PATCH", &mut item.patch),
        ("TRACE", &mut item.trace),
    ];
    for (method, operation) in operations {
        let Some(operation) = operation else { continue };
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-rate-limit".to_owned(), class.as_str().into());
        if let Some(superseded) = Superseded::find(method, path) {
            operation.deprecated = Some(Deprecated::True);
            let told = |date: Date| date.to_string().into();
            extensions.insert("x-deprecated-since".to_owned(), told(superseded.since));
            extensions.insert("x-sunset".to_owned(), told(superseded.sunset));
            extensions.insert("x-successor".to_owned(), superseded.successor.into());
        }
        if once {
            let header = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "A name of your own for this request, 1 to 255 visible ASCII characters. The same request \
                     with the same key has its effect once within 24 hours; the repeated answer carries \
                     `Idempotency-Replayed: true`.",
                ))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255))))
                .build();
            operation.parameters.get_or_insert_default().push(RefOr::T(header));
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
    let components = ComponentsBuilder::new().security_scheme("bearer", SecurityScheme::Http(bearer)).build();
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
    whole.to_pretty_json().expect("a description is plain data") + "\n"
}
