//! The audit trail.

mod audit;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{AuditCtx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<AuditCtx>> {
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(Rules::of(Class::Read).on(routes!(audit::list::list_audit_records)))
        .routes(Rules::of(Class::Export).on(routes!(audit::verify::verify_audit_trail)))
}
