//! Accounts: registering, signing in and staying signed in, the second factor.

mod auth;
mod mfa;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{AccountCtx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<AccountCtx>> {
    let (account, code) = (Rules::of(Class::Account), Rules::of(Class::Code));
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(account.once().on(routes!(auth::register::register)))
        .routes(account.on(routes!(auth::invitation::invite_info)))
        .routes(account.on(routes!(auth::invitation::register_with_invite)))
        .routes(Rules::of(Class::SignIn).on(routes!(auth::login::login)))
        .routes(Rules::of(Class::Refresh).on(routes!(auth::refresh::refresh_tokens)))
        .routes(Rules::of(Class::Refresh).on(routes!(auth::logout::logout)))
        .routes(account.once().on(routes!(auth::password::forgot_password)))
        .routes(account.on(routes!(auth::password::reset_password)))
        .routes(account.on(routes!(auth::verify::verify_email_by_link, auth::verify::verify_email)))
        .routes(account.once().on(routes!(auth::resend::resend_verification_email)))
        .routes(Rules::of(Class::Read).on(routes!(mfa::status::mfa_status)))
        .routes(code.on(routes!(mfa::enable::enable_mfa)))
        .routes(code.on(routes!(mfa::verify::verify_mfa)))
        .routes(code.on(routes!(mfa::disable::disable_mfa)))
        .routes(code.on(routes!(mfa::backup::renew_backup_codes)))
}
