//! The API's description: what every part of it shares.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

/// The parts of the API and what they are about.
const TAGS: &[(&str, &str)] = &[
    ("auth", "Signing in and staying signed in."),
    ("patients", "Patients and who cares for them."),
    ("calls", "Calls: asking for one, following it, ending it."),
    ("conversations", "What was said in calls, and its summary."),
];

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
