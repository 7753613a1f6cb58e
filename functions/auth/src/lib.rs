//! Accounts: registering, signing in and staying signed in, the second factor, accounts at
//! providers, telephone numbers.

mod auth;
mod mfa;
mod phone_verification;
mod sso;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{AccountCtx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<AccountCtx>> {
    let (account, code, sso) = (Rules::of(Class::Account), Rules::of(Class::Code), Rules::of(Class::Sso));
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
        .routes(account.on(routes!(auth::sso_password::set_password_for_sso)))
        .routes(sso.on(routes!(sso::nonce::sso_nonce)))
        .routes(sso.on(routes!(sso::login::sso_login)))
        .routes(sso.on(routes!(sso::verify::sso_verify)))
        .routes(code.once().on(routes!(phone_verification::send::send_phone_code)))
        .routes(code.on(routes!(phone_verification::verify::verify_phone_code)))
        .routes(code.once().on(routes!(phone_verification::resend::resend_phone_code)))
        .routes(Rules::of(Class::Read).on(routes!(mfa::status::mfa_status)))
        .routes(code.on(routes!(mfa::enable::enable_mfa)))
        .routes(code.on(routes!(mfa::verify::verify_mfa)))
        .routes(code.on(routes!(mfa::disable::disable_mfa)))
        .routes(code.on(routes!(mfa::backup::renew_backup_codes)))
}
