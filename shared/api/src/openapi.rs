//! The API's description: what every part of it shares.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, LicenseBuilder};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, Server};

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
    OpenApiBuilder::new().info(info).components(Some(components)).servers(Some([Server::new("/")])).build()
}
