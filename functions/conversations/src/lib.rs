//! Calls and what was said in them.

mod calls;
mod conversations;
mod wire;

use services::{CallCtx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<CallCtx>> {
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(routes!(calls::initiate::initiate_call))
        .routes(routes!(calls::active::list_active_calls))
        .routes(routes!(calls::status::get_call_status, calls::report::report_call_status))
        .routes(routes!(calls::end::end_call))
        .routes(routes!(calls::conversation::get_call_conversation))
        .routes(routes!(conversations::get::get_conversation))
        .routes(routes!(conversations::list::list_conversations_of_patient))
}
