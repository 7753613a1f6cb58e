//! Calls and what was said in them.

mod calls;
mod conversations;
mod v2;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{CallCtx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<CallCtx>> {
    let (read, poll, write) = (Rules::of(Class::Read), Rules::of(Class::Poll), Rules::of(Class::Write));
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(Rules::of(Class::Dial).once().on(routes!(calls::initiate::initiate_call)))
        .routes(poll.on(routes!(calls::active::list_active_calls)))
        .routes(poll.on(routes!(calls::status::get_call_status)))
        .routes(write.on(routes!(calls::report::report_call_status)))
        // Not a dial: who has started thirty calls must be able to end the last.
        .routes(write.on(routes!(calls::end::end_call)))
        .routes(poll.on(routes!(calls::conversation::get_call_conversation)))
        .routes(poll.on(routes!(conversations::get::get_conversation)))
        .routes(read.on(routes!(conversations::list::list_conversations_of_patient)))
        .routes(poll.on(routes!(v2::list::list_calls_v2)))
        .routes(poll.on(routes!(v2::get::get_call_v2)))
}
