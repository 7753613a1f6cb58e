//! Two organisations with people, patients and a call each, made anew for every request.

use domain::alerts::{Audience, Importance, Topic};
use domain::emergencies::Severity;
use domain::patients::Patient;
use domain::phrases::{Category, Draft};
use domain::schedules::Rule;
use domain::{AlertId, CallId, Language, OrgId, PhraseId, Role, ScheduleId};
use services::schedules::New;
use testkit::{Client, TestApp};

/// Whose ids are in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The caller's organisation, and patients assigned to the caller.
    Own,
    /// The caller's organisation, and a patient not assigned to the caller.
    Unassigned,
    /// A patient of the caller's organisation with a caregiver of the other.
    Mixed,
    /// The other organisation.
    Foreign,
}

/// What an organisation has.
pub(crate) struct Side {
    pub org: OrgId,
    pub colleague: Client,
    pub patient: Patient,
    pub call: CallId,
    pub schedule: ScheduleId,
    pub phrase: PhraseId,
    pub alert: AlertId,
}

pub(crate) struct World {
    pub home: Side,
    pub unassigned: Side,
    pub away: Side,
    people: Vec<(&'static str, Client)>,
}

impl World {
    pub(crate) const ROLES: [&'static str; 5] = ["anyone", "invited", "staff", "orgAdmin", "superAdmin"];

    pub(crate) async fn new(app: &TestApp) -> Self {
        let (home, away) = (app.org("Home").await.id, app.org("Away").await.id);
        let staff = app.person(home, Role::Staff).await;
        let people = vec![
            ("anyone", app.anyone.elsewhere()),
            ("invited", app.person(home, Role::Invited).await),
            ("orgAdmin", app.person(home, Role::OrgAdmin).await),
            ("superAdmin", app.person(app.org("Platform").await.id, Role::SuperAdmin).await),
        ];
        let own = side(app, home, "Ada", &[&staff]).await;
        let unassigned = side(app, home, "Wilhelmina", &[]).await;
        let away = side(app, away, "Zenobia", &[]).await;
        let people = people.into_iter().chain([("staff", staff)]).collect();
        Self { home: own, unassigned, away, people }
    }

    pub(crate) fn client(&self, role: &str) -> &Client {
        &self.people.iter().find(|(name, _)| *name == role).unwrap().1
    }

    /// What no answer to this role may contain, whatever it asked for: names and ids of patients and
    /// calls, and the people of the other organisation. An id that was asked for is repeated by no refusal.
    pub(crate) fn hidden_from(&self, role: &str) -> Vec<String> {
        let of = |side: &Side| {
            let Side { org: _, colleague, patient, call, schedule, phrase, alert } = side;
            let colleague = colleague.caregiver().email.as_str().to_owned();
            let name = patient.profile.name.reveal().clone();
            let ids =
                [patient.id.to_string(), call.to_string(), schedule.to_string(), phrase.to_string(), alert.to_string()];
            [vec![name, colleague], ids.to_vec()].concat()
        };
        match role {
            "superAdmin" => Vec::new(),
            "orgAdmin" => of(&self.away),
            _ => [of(&self.away), of(&self.unassigned)].concat(),
        }
    }

    pub(crate) fn side(&self, target: Target) -> &Side {
        match target {
            Target::Own | Target::Mixed => &self.home,
            Target::Unassigned => &self.unassigned,
            Target::Foreign => &self.away,
        }
    }
}

async fn side(app: &TestApp, org: OrgId, name: &str, assigned: &[&Client]) -> Side {
    let admin = app.person(org, Role::OrgAdmin).await;
    let colleague = app.person(org, Role::Staff).await;
    let patient = app.patient_of(org, name, assigned).await;
    let called = services::calls::initiate(&app.ctx, &app.caller_of(&admin), patient.id, None).await.unwrap();
    let daily = New {
        rule: Rule::Daily,
        at: "09:30".parse().unwrap(),
        zone: None,
        anchor: None,
        active: true,
        exceptions: Vec::new(),
        pauses: Vec::new(),
    };
    let schedule = services::schedules::create(&app.ctx, &app.caller_of(&admin), patient.id, daily).await.unwrap().id;
    let words = Draft {
        phrase: format!("{name}'s clock has stopped"),
        language: Language::En,
        severity: Severity::High,
        category: Category::Medical,
        pattern: "clock".to_owned(),
        active: true,
        description: None,
        tags: Vec::new(),
    };
    let phrase = services::phrases::create(&app.ctx, &app.caller_of(&admin), words).await.unwrap().phrase.id;
    let caller = app.caller_of(&admin);
    let words = services::alerts::New {
        message: format!("Please bring {name} her glasses."),
        importance: Importance::Low,
        topic: Topic::Patient,
        patient: Some(patient.id),
        conversation: None,
        audience: Audience::AssignedCaregivers,
        relevant_until: None,
    };
    let alert = services::alerts::create(&app.ctx, &caller, words).await.unwrap().alert.id;
    Side { org, colleague, patient, call: called.0.id, schedule, phrase, alert }
}
