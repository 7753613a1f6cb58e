//! Organisations: who employs caregivers and looks after patients.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alerts::Ladder;
use crate::caregivers::{Caregiver, Name, Quiet};
use crate::email::Email;
use crate::error::{Error, Field};
use crate::id::{CaregiverId, OrgId};
use crate::phone::Phone;
use crate::time::Zone;

/// An organisation.
#[derive(Clone, Debug)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Where it is reached.
    pub email: Email,
    /// Where it is telephoned.
    pub phone: Option<Phone>,
    /// The zone its schedules are written in.
    pub zone: Zone,
    /// What happens when a patient does not answer.
    pub retries: CallRetries,
    /// Who is told when nobody acknowledges an alert.
    pub ladder: Ladder,
    /// How planned calls are placed.
    pub rules: CallRules,
    /// Address of its logo on the web.
    pub logo: Option<WebAddress>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What happens when a patient does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRetries {
    /// Further attempts, 0 to 10.
    pub count: u8,
    /// Minutes between attempts, 1 to 1440.
    pub interval_minutes: u16,
    /// Whether every missed call raises an alert, or only the last.
    pub alert_on_every_miss: bool,
}

impl Default for CallRetries {
    fn default() -> Self {
        Self { count: 2, interval_minutes: 15, alert_on_every_miss: true }
    }
}

/// How planned calls are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRules {
    /// Calls at once, those of people included, 1 to 500: the trunk and the people must not be flooded at nine o'clock.
    pub at_once: u16,
    /// Calls that begin in a minute, 1 to 600.
    pub per_minute: u16,
    /// How late a planned call may be, in minutes, 1 to 720; later nobody expects it.
    pub catch_up_minutes: u16,
    /// When nobody is called as planned, on the organisation's clock.
    pub quiet: Option<Quiet>,
}

impl Default for CallRules {
    fn default() -> Self {
        Self { at_once: 20, per_minute: 60, catch_up_minutes: 60, quiet: None }
    }
}

/// Minutes that a planned call may be late at most, whatever an organisation chooses.
const LATEST: u16 = 720;
/// The same as a span.
pub const LONGEST_WINDOW: SignedDuration = SignedDuration::from_mins(LATEST as i64);

impl CallRules {
    /// How late a planned call may be.
    pub fn window(&self) -> SignedDuration {
        SignedDuration::from_mins(self.catch_up_minutes.into())
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) naming each under `callRules`.
    pub fn checked(self) -> crate::Result<Self> {
        let mut wrong = Vec::new();
        for (name, number, most) in [
            ("atOnce", self.at_once, 500),
            ("perMinute", self.per_minute, 600),
            ("catchUpMinutes", self.catch_up_minutes, LATEST),
        ] {
            if !(1..=most).contains(&number) {
                let message = format!("must be 1 to {most}");
                wrong.push(Field { path: format!("callRules.{name}"), message });
            }
        }
        if wrong.is_empty() { Ok(self) } else { Err(Error::fields(wrong)) }
    }
}

/// An `http` or `https` address of at most 2048 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebAddress(String);

impl WebAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let web = ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c));
        if web && clean && text.len() <= 2_048 {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be an http or https address")
        }
    }
}

impl TryFrom<String> for WebAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WebAddress> for String {
    fn from(address: WebAddress) -> Self {
        address.0
    }
}

/// Whether an organisation is still run when one of its administrators goes: somebody else must be
/// left who can sign in.
///
/// # Errors
/// [`Kind::Conflict`](crate::Kind::Conflict), `last_admin`.
pub fn stays_run(administrators: &[Caregiver], without: CaregiverId) -> crate::Result<()> {
    let left = administrators.iter().any(|admin| admin.id != without && !admin.locked);
    let message = "The organisation must keep an administrator who can sign in. Please make somebody else one first.";
    if left { Ok(()) } else { Err(Error::conflict("last_admin", message)) }
}

/// What is to be different about an organisation: `None` leaves a value, `Some(None)` takes it away.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Its name.
    pub name: Option<Name>,
    /// Where it is reached.
    pub email: Option<Email>,
    /// Where it is telephoned.
    pub phone: Option<Option<Phone>>,
    /// The zone its schedules are written in.
    pub zone: Option<Zone>,
    /// Address of its logo.
    pub logo: Option<Option<WebAddress>>,
    /// Further attempts when a patient does not answer.
    pub retry_count: Option<u8>,
    /// Minutes between them.
    pub retry_interval_minutes: Option<u16>,
    /// Whether every missed call raises an alert.
    pub alert_on_every_miss: Option<bool>,
    /// Minutes until all on call are told of an alert that nobody acknowledged.
    pub on_call_after: Option<u16>,
    /// Minutes until the administrators are.
    pub admins_after: Option<u16>,
    /// Calls at once.
    pub at_once: Option<u16>,
    /// Calls that begin in a minute.
    pub per_minute: Option<u16>,
    /// How late a planned call may be, in minutes.
    pub catch_up_minutes: Option<u16>,
    /// When nobody is called as planned.
    pub quiet: Option<Option<Quiet>>,
}

impl Change {
    /// The organisation as it will be.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) naming each number out of range.
    pub fn onto(self, org: &Org) -> crate::Result<Org> {
        let was = org.clone();
        let retries = CallRetries {
            count: self.retry_count.unwrap_or(was.retries.count),
            interval_minutes: self.retry_interval_minutes.unwrap_or(was.retries.interval_minutes),
            alert_on_every_miss: self.alert_on_every_miss.unwrap_or(was.retries.alert_on_every_miss),
        };
        let mut wrong = Vec::new();
        let mut check = |good: bool, name: &str, message: &str| {
            if !good {
                wrong.push(Field { path: format!("callRetrySettings.{name}"), message: message.to_owned() });
            }
        };
        check(retries.count <= 10, "retryCount", "must be 0 to 10");
        check((1..=1440).contains(&retries.interval_minutes), "retryIntervalMinutes", "must be 1 to 1440");
        if !wrong.is_empty() {
            return Err(Error::fields(wrong));
        }
        let ladder = Ladder {
            on_call_after: self.on_call_after.unwrap_or(was.ladder.on_call_after),
            admins_after: self.admins_after.unwrap_or(was.ladder.admins_after),
        };
        let rules = CallRules {
            at_once: self.at_once.unwrap_or(was.rules.at_once),
            per_minute: self.per_minute.unwrap_or(was.rules.per_minute),
            catch_up_minutes: self.catch_up_minutes.unwrap_or(was.rules.catch_up_minutes),
            quiet: self.quiet.unwrap_or(was.rules.quiet),
        };
        Ok(Org {
            ladder: ladder.checked()?,
            rules: rules.checked()?,
            name: self.name.map_or(was.name, String::from),
            email: self.email.unwrap_or(was.email),
            phone: self.phone.unwrap_or(was.phone),
            zone: self.zone.unwrap_or(was.zone),
            logo: self.logo.unwrap_or(was.logo),
            retries,
            ..was
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;
    use crate::caregivers::Theme;
    use crate::id::Id;
    use crate::locale::Language;
    use test_case::test_case;

    fn admin(n: u8, locked: bool) -> Caregiver {
        Caregiver {
            id: CaregiverId(Id::from_bytes([n; 12])),
            org: OrgId(Id::from_bytes([9; 12])),
            name: "Nora".into(),
            email: "nora@care.example".parse().unwrap(),
            phone: None,
            role: Role::OrgAdmin,
            email_verified: true,
            phone_verified: false,
            locked,
            mfa_enabled: false,
            epoch: 0,
            language: Language::En,
            theme: Theme::default(),
            alerts: crate::caregivers::Preferences::default(),
            picture: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test_case(&[(1, false), (2, false)] => true; "another one is left")]
    #[test_case(&[(1, false), (2, true)] => false; "the other one is locked out")]
    #[test_case(&[(1, false)] => false; "the last one")]
    #[test_case(&[] => false; "there is none already")]
    #[test_case(&[(2, false)] => true; "who goes is none")]
    fn an_organisation_keeps_somebody_who_runs_it(administrators: &[(u8, bool)]) -> bool {
        let administrators: Vec<_> = administrators.iter().map(|(n, locked)| admin(*n, *locked)).collect();
        stays_run(&administrators, CaregiverId(Id::from_bytes([1; 12]))).is_ok()
    }

    fn home() -> Org {
        Org {
            id: OrgId(Id::from_bytes([9; 12])),
            name: "Home".into(),
            email: "office@care.example".parse().unwrap(),
            phone: Some("+15550100123".parse().unwrap()),
            zone: "Europe/Berlin".parse().unwrap(),
            retries: CallRetries { count: 3, interval_minutes: 30, alert_on_every_miss: false },
            ladder: Ladder::default(),
            rules: CallRules::default(),
            logo: Some("https://care.example/logo.png".parse().unwrap()),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_is_not_named_stays_and_null_takes_away() {
        let change = Change { logo: Some(None), retry_count: Some(0), ..Change::default() };
        let org = change.onto(&home()).unwrap();
        assert_eq!((org.logo, org.phone, org.name.as_str()), (None, home().phone, "Home"));
        assert_eq!(org.retries, CallRetries { count: 0, ..home().retries });
    }

    #[test]
    fn numbers_out_of_range_are_all_named() {
        let change = Change { retry_count: Some(11), retry_interval_minutes: Some(0), ..Change::default() };
        let wrong = change.onto(&home()).unwrap_err().fields;
        let paths: Vec<_> = wrong.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["callRetrySettings.retryCount", "callRetrySettings.retryIntervalMinutes"]);
        let most = Change { retry_count: Some(10), retry_interval_minutes: Some(1440), ..Change::default() };
        assert!(most.onto(&home()).is_ok());
    }

    #[test_case("https://care.example/logo.png" => true)]
    #[test_case("http://care.example" => true)]
    #[test_case("https://" => false; "nothing behind the scheme")]
    #[test_case("file:///private/logo.png" => false; "a file of a telephone")]
    #[test_case("javascript:alert(1)" => false; "a program")]
    #[test_case("https://care.example/ \"onload=" => false; "a way out of an attribute")]
    fn a_logo_is_an_address_of_the_web(text: &str) -> bool {
        text.parse::<WebAddress>().is_ok()
    }
}
