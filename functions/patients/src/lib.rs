//! Patients and who cares for them.

mod patients;
mod wire;

use services::{Ctx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<Ctx>> {
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(routes!(patients::list::list_patients, patients::create::create_patient))
        .routes(routes!(patients::get::get_patient, patients::update::update_patient, patients::remove::delete_patient))
        .routes(routes!(patients::caregivers::list_caregivers_of_patient))
        .routes(routes!(patients::assign::assign_caregiver, patients::assign::unassign_caregiver))
}
