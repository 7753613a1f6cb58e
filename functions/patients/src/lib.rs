//! Patients, who cares for them, and when they are telephoned.

mod patients;
mod schedules;
mod v2;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{Ctx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<Ctx>> {
    let (read, write) = (Rules::of(Class::Read), Rules::of(Class::Write));
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(read.on(routes!(patients::list::list_patients)))
        .routes(write.once().on(routes!(patients::create::create_patient)))
        .routes(read.on(routes!(patients::unassigned::list_unassigned_patients)))
        .routes(write.on(routes!(patients::unassigned::assign_unassigned_patients)))
        .routes(read.on(routes!(patients::get::get_patient)))
        .routes(write.on(routes!(patients::update::update_patient, patients::remove::delete_patient)))
        .routes(read.on(routes!(patients::caregivers::list_caregivers_of_patient)))
        .routes(write.on(routes!(patients::assign::assign_caregiver, patients::assign::unassign_caregiver)))
        .routes(read.on(routes!(schedules::list::list_schedules_of_patient)))
        .routes(write.once().on(routes!(schedules::create::create_schedule)))
        .routes(read.on(routes!(schedules::get::get_schedule)))
        .routes(read.on(routes!(schedules::occurrences::list_occurrences_of_patient)))
        .routes(write.on(routes!(
            schedules::update::update_schedule,
            schedules::update::replace_schedule,
            schedules::remove::delete_schedule
        )))
        .routes(read.on(routes!(v2::list::list_patients_v2)))
        .routes(read.on(routes!(v2::get::get_patient_v2)))
}
