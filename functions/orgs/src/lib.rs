//! Organisations, the people who work there, and pictures.

mod caregivers;
mod orgs;
mod pictures;
mod wire;

use api::Rules;
use domain::limits::Class;
use services::{AccountCtx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<AccountCtx>> {
    let (read, write, org) = (Rules::of(Class::Read), Rules::of(Class::Write), Rules::of(Class::Org));
    let upload = Rules::of(Class::Upload);
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(read.on(routes!(orgs::list::list_orgs)))
        .routes(read.on(routes!(orgs::get::get_org)))
        .routes(org.on(routes!(orgs::update::update_org, orgs::remove::delete_org)))
        .routes(org.once().on(routes!(orgs::invite::invite_caregiver)))
        .routes(org.on(routes!(orgs::role::set_role_of_caregiver)))
        .routes(org.on(routes!(orgs::member::add_caregiver_to_org, orgs::member::remove_caregiver_from_org)))
        .routes(read.on(routes!(caregivers::list::list_caregivers)))
        .routes(read.on(routes!(caregivers::get::get_caregiver)))
        .routes(write.on(routes!(caregivers::update::update_caregiver, caregivers::remove::delete_caregiver)))
        .routes(write.on(routes!(caregivers::theme::set_theme)))
        .routes(read.on(routes!(caregivers::patients::list_patients_of_caregiver)))
        .routes(write.on(routes!(caregivers::assign::assign_patient, caregivers::assign::unassign_patient)))
        .routes(
            upload.on(routes!(pictures::caregiver::post_caregiver_avatar, pictures::caregiver::patch_caregiver_avatar)),
        )
        .routes(upload.on(routes!(pictures::patient::post_patient_avatar, pictures::patient::patch_patient_avatar)))
        .routes(Rules::of(Class::Public).on(routes!(pictures::show::get_picture)))
}
