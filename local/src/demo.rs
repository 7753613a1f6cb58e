//! The demo: an organisation, the people who work there and the patients they care for.
//!
//! Everything has a fixed id, so seeding again changes nothing.

use config::{Env, Stage, or_exit};
use domain::caregivers::{Caregiver, Credentials, Theme};
use domain::orgs::{CallRetries, Org};
use domain::patients::{Manner, Patient, Profile};
use domain::{CaregiverId, Id, Language, OrgId, PatientId, Role, Secret};
use services::{Ctx, auth};
use store::Write;
use store::mongo::{Caregivers, Orgs, Patients};

use crate::{Failure, console};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "bianca-demo-1";
/// The administrator's address.
pub(crate) const ADMIN: &str = "nora@demo.example";

/// Who can sign in, and whom one can call.
#[derive(Clone, Debug)]
pub(crate) struct Demo {
    /// Addresses and roles.
    pub logins: Vec<(String, Role)>,
    /// Ids, names and languages.
    pub patients: Vec<(PatientId, String, Language)>,
}

const fn id(kind: u8, number: u8) -> Id {
    Id::from_bytes([0x65, 0, 0, 0, 0xde, 0x30, 0, 0, 0, 0, kind, number])
}

/// Puts the demo into the database of `MONGODB_URI`. Its password is known to everybody, so
/// `STAGE=local` must be said, not left out.
pub(crate) async fn seed_database() -> Result<(), Failure> {
    let env = Env::of_process();
    if !env.has("STAGE") || or_exit(Stage::from_env(&env)) != Stage::Local {
        return Err("the demo's password is public: set STAGE=local to say that this database is not a real one".into());
    }
    let ctx = or_exit(Ctx::configured(&env).await);
    let demo = seed(&ctx).await?;
    console::note(&format!("{} people and {} patients are there", demo.logins.len(), demo.patients.len()));
    Ok(())
}

/// Puts the demo into the database, where it is missing.
pub(crate) async fn seed(ctx: &Ctx) -> Result<Demo, Failure> {
    let people = people(ctx).await?;
    let patients = patients(ctx);
    let mut writes: Vec<Write> = vec![Orgs::seed(&org(ctx))?];
    for (caregiver, credentials) in &people {
        writes.push(Caregivers::seed(caregiver, credentials)?);
    }
    for patient in &patients {
        writes.push(Patients::seed(patient)?);
    }
    ctx.store.commit(writes).await?;
    Ok(Demo {
        logins: people.into_iter().map(|(person, _)| (person.email.as_str().to_owned(), person.role)).collect(),
        patients: patients
            .into_iter()
            .map(|patient| (patient.id, patient.profile.name.into_inner(), patient.profile.language))
            .collect(),
    })
}

fn org(ctx: &Ctx) -> Org {
    Org {
        id: OrgId(id(1, 1)),
        name: "Demo Home Care".to_owned(),
        email: "office@demo.example".parse().expect("an address"),
        phone: Some("+15550100100".parse().expect("a number")),
        zone: "Europe/Berlin".parse().expect("a zone"),
        retries: CallRetries::default(),
        ladder: domain::alerts::Ladder::default(),
        rules: domain::orgs::CallRules::default(),
        logo: None,
        created_at: ctx.now(),
    }
}

async fn people(ctx: &Ctx) -> Result<Vec<(Caregiver, Credentials)>, Failure> {
    let hash = auth::password::hash(&Secret::new(PASSWORD.to_owned()), &*ctx.random).await?;
    let credentials = Credentials { password_hash: Some(hash), ..Credentials::default() };
    let person = |number, name: &str, email: &str, role| Caregiver {
        id: CaregiverId(id(2, number)),
        org: OrgId(id(1, 1)),
        name: name.to_owned(),
        email: email.parse().expect("an address"),
        phone: Some(format!("+1555010011{number}").parse().expect("a number")),
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
    };
    let people = [
        person(1, "Nora", ADMIN, Role::OrgAdmin),
        person(2, "Sam", "sam@demo.example", Role::Staff),
        person(3, "Tess", "tess@demo.example", Role::Staff),
    ];
    Ok(people.into_iter().map(|person| (person, credentials.clone())).collect())
}

fn patients(ctx: &Ctx) -> Vec<Patient> {
    let patient = |number, name: &str, age, language, caregiver| Patient {
        id: PatientId(id(3, number)),
        org: OrgId(id(1, 1)),
        caregivers: vec![CaregiverId(id(2, caregiver))],
        profile: Profile {
            name: name.to_owned().into(),
            preferred_name: None,
            phone: format!("+1555010012{number}").parse().expect("a number"),
            email: None,
            age: Some(age),
            notes: None,
            language,
            manner: Manner::default(),
            recording_consent: false,
            calls: domain::patients::Permission::default(),
            extension: None,
        },
        picture: None,
        created_at: ctx.now(),
    };
    vec![
        patient(1, "Ada", 84, Language::En, 2),
        patient(2, "Carmen", 79, Language::Es, 2),
        patient(3, "Odette", 88, Language::Fr, 3),
        patient(4, "Hanna", 91, Language::De, 3),
    ]
}
