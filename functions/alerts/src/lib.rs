//! Alerts, and the phrases of an organisation that raise them.

mod alerts;
mod phrases;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{Ctx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<Ctx>> {
    let (poll, read) = (Rules::of(Class::Poll), Rules::of(Class::Read));
    let (act, write) = (Rules::of(Class::Write), Rules::of(Class::Phrases));
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(poll.on(routes!(alerts::list::list_alerts)))
        .routes(act.once().on(routes!(alerts::create::create_alert)))
        .routes(act.on(routes!(alerts::read::read_alerts)))
        .routes(act.on(routes!(alerts::read::read_alert)))
        .routes(poll.on(routes!(alerts::get::get_alert)))
        .routes(act.on(routes!(alerts::update::update_alert, alerts::remove::delete_alert)))
        .routes(act.on(routes!(alerts::acknowledge::acknowledge_alert)))
        .routes(act.on(routes!(alerts::resolve::resolve_alert)))
        .routes(read.on(routes!(phrases::list::list_phrases)))
        .routes(write.once().on(routes!(phrases::create::create_phrase)))
        .routes(read.on(routes!(phrases::statistics::phrase_statistics)))
        .routes(read.on(routes!(phrases::test_pattern::test_pattern)))
        .routes(write.on(routes!(phrases::import::import_phrases)))
        .routes(read.on(routes!(phrases::export::export_phrases)))
        .routes(read.on(routes!(phrases::language::list_phrases_of_language)))
        .routes(read.on(routes!(phrases::get::get_phrase)))
        .routes(write.on(routes!(phrases::update::update_phrase, phrases::remove::delete_phrase)))
        .routes(write.on(routes!(phrases::toggle::toggle_phrase)))
}
