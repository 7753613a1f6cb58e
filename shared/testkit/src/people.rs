//! Organisations, caregivers and patients for tests.

use domain::caregivers::{Caregiver, Credentials, Theme};
use domain::orgs::{CallRetries, Org};
use domain::patients::{Manner, Patient, Profile};
use domain::sessions::Session;
use domain::{CaregiverId, Language, OrgId, PatientId, Role, Secret, SessionId};
use services::{CallCtx, Front};
use store::mongo::{Caregivers, Orgs, Patients, Sessions};
use tokio::sync::OnceCell;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse 1";

/// Hashing takes as long as it must; once is enough.
async fn password_hash() -> Secret {
    static HASH: OnceCell<String> = OnceCell::const_new();
    let made = HASH.get_or_init(async || {
        let hash = services::auth::password::hash(&Secret::new(PASSWORD.to_owned()), &services::SystemRandom).await;
        hash.unwrap().expose().clone()
    });
    Secret::new(made.await.clone())
}

pub(crate) async fn org(ctx: &CallCtx, name: &str) -> Org {
    let id = OrgId::generate(ctx.now(), &*ctx.random);
    let org = Org {
        id,
        name: name.to_owned(),
        email: format!("office-{id}@demo.example").parse().unwrap(),
        phone: None,
        zone: "Europe/Berlin".parse().unwrap(),
        retries: CallRetries::default(),
        ladder: domain::alerts::Ladder::default(),
        rules: domain::orgs::CallRules::default(),
        logo: None,
        created_at: ctx.now(),
    };
    ctx.store.commit([Orgs::seed(&org).unwrap()]).await.unwrap();
    org
}

pub(crate) async fn caregiver(ctx: &CallCtx, org: OrgId, role: Role) -> Caregiver {
    let caregiver = new_caregiver(ctx, org, role);
    save(ctx, &caregiver).await;
    caregiver
}

/// Somebody who is not saved yet.
pub(crate) fn new_caregiver(ctx: &CallCtx, org: OrgId, role: Role) -> Caregiver {
    let id = CaregiverId::generate(ctx.now(), &*ctx.random);
    Caregiver {
        id,
        org,
        name: format!("A {} of the test", role.as_str()),
        email: format!("{id}@demo.example").parse().unwrap(),
        phone: None,
        role,
        email_verified: true,
        phone_verified: false,
        locked: false,
        mfa_enabled: false,
        epoch: 0,
        language: Language::En,
        theme: Theme::default(),
        alerts: domain::caregivers::Preferences::default(),
        picture: None,
        created_at: ctx.now(),
    }
}

pub(crate) async fn save(ctx: &CallCtx, caregiver: &Caregiver) {
    let credentials = Credentials { password_hash: Some(password_hash().await), ..Credentials::default() };
    ctx.store.commit([Caregivers::seed(caregiver, &credentials).unwrap()]).await.unwrap();
}

/// An access token without the trouble of signing in.
pub(crate) async fn signed_in(ctx: &Front<CallCtx>, caregiver: &Caregiver) -> String {
    let now = ctx.now();
    let id = SessionId::generate(now, &*ctx.random);
    let mut current = [0; 32];
    ctx.random.fill(&mut current);
    let session = Session::begin(id, caregiver, current, now);
    ctx.store.commit([Sessions::begin(&session).unwrap()]).await.unwrap();
    ctx.tokens.sign(id, caregiver.id, now).unwrap().token.expose().clone()
}

pub(crate) async fn patient(ctx: &CallCtx, org: OrgId, name: &str, caregivers: &[CaregiverId]) -> Patient {
    let patient = Patient {
        id: PatientId::generate(ctx.now(), &*ctx.random),
        org,
        caregivers: caregivers.to_vec(),
        profile: Profile {
            name: name.to_owned().into(),
            preferred_name: None,
            phone: "+15550100123".parse().unwrap(),
            email: None,
            age: Some(84),
            notes: None,
            language: Language::En,
            manner: Manner::default(),
            recording_consent: false,
            calls: domain::patients::Permission::default(),
            extension: None,
        },
        picture: None,
        created_at: ctx.now(),
    };
    ctx.store.commit([Patients::add(&patient).unwrap()]).await.unwrap();
    patient
}
