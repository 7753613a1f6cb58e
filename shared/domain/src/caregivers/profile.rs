//! What people write about a caregiver.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Caregiver, Preferences, Theme};
use crate::email::Email;
use crate::locale::Language;
use crate::phone::Phone;

/// A name of a person or an organisation: one line of 1 to 100 characters.
///
/// It is written into mails and pages, so what could be read as markup of either is refused where
/// it is typed: names with `<` or `>`, or with an address of a web page in them, are how mails of
/// a service are turned into somebody else's advertisement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// What a wrong name must look like instead.
    pub const RULE: &'static str =
        "must have 1 to 100 characters on one line, without < or > and without a web address";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let lower = name.to_lowercase();
        let good = (1..=100).contains(&name.chars().count())
            && !name.chars().any(|c| c.is_control() || c == '<' || c == '>')
            && !["://", "www."].iter().any(|mark| lower.contains(mark));
        if good { Ok(Self(name)) } else { Err(Self::RULE) }
    }
}

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// What is to be different about a caregiver: `None` leaves a value, `Some(None)` takes it away.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Their name.
    pub name: Option<Name>,
    /// How they sign in.
    pub email: Option<Email>,
    /// Where they are telephoned.
    pub phone: Option<Option<Phone>>,
    /// The language they read.
    pub language: Option<Language>,
    /// The colours of the app.
    pub theme: Option<Theme>,
    /// How they want to be told of alerts.
    pub alerts: Option<Preferences>,
    /// Whether the account may not sign in.
    pub locked: Option<bool>,
}

impl Change {
    /// The caregiver as they will be. Another address or number is not verified, whatever the one
    /// before was.
    pub fn onto(self, caregiver: &Caregiver) -> Caregiver {
        let was = caregiver.clone();
        let email = self.email.unwrap_or_else(|| was.email.clone());
        let phone = self.phone.unwrap_or_else(|| was.phone.clone());
        Caregiver {
            name: self.name.map_or(was.name, String::from),
            email_verified: was.email_verified && email == was.email,
            phone_verified: was.phone_verified && phone == was.phone,
            email,
            phone,
            language: self.language.unwrap_or(was.language),
            theme: self.theme.unwrap_or(was.theme),
            alerts: self.alerts.unwrap_or(was.alerts),
            locked: self.locked.unwrap_or(was.locked),
            ..was
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;
    use crate::id::{CaregiverId, Id, OrgId};
    use test_case::test_case;

    fn nora() -> Caregiver {
        let id = Id::from_bytes([1; 12]);
        Caregiver {
            id: CaregiverId(id),
            org: OrgId(id),
            name: "Nora".into(),
            email: "nora@care.example".parse().unwrap(),
            phone: Some("+15550100123".parse().unwrap()),
            role: Role::Staff,
            email_verified: true,
            phone_verified: true,
            locked: true,
            mfa_enabled: true,
            epoch: 7,
            language: Language::De,
            theme: Theme::Colorblind,
            alerts: crate::caregivers::Preferences::default(),
            picture: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn nothing_changes_that_is_not_named() {
        assert_eq!(Change::default().onto(&nora()), nora());
        let same = Change {
            email: Some("Nora@Care.example".parse().unwrap()),
            phone: Some(Some("(555) 010-0123".parse().unwrap())),
            ..Change::default()
        };
        assert_eq!(same.onto(&nora()), nora(), "the same address and number, written otherwise, stay verified");
    }

    #[test]
    fn another_address_or_number_is_not_verified() {
        let email = Change { email: Some("n@care.example".parse().unwrap()), ..Change::default() }.onto(&nora());
        assert_eq!((email.email.as_str(), email.email_verified, email.phone_verified), ("n@care.example", false, true));
        for phone in [None, Some("+15550100124".parse().unwrap())] {
            let changed = Change { phone: Some(phone.clone()), ..Change::default() }.onto(&nora());
            assert_eq!((changed.phone, changed.email_verified, changed.phone_verified), (phone, true, false));
        }
    }

    #[test]
    fn an_address_that_was_not_verified_is_not_verified_by_being_named_again() {
        let before = Caregiver { email_verified: false, phone_verified: false, ..nora() };
        let same = Change { email: Some(before.email.clone()), phone: Some(before.phone.clone()), ..Change::default() };
        assert_eq!(same.onto(&before), before);
    }

    #[test_case("  Nora \t van  Dam " => Some("Nora van Dam".into()); "spaces are tidied")]
    #[test_case("O'Brien-Núñez 王" => Some("O'Brien-Núñez 王".into()); "any script")]
    #[test_case("" => None; "nothing")]
    #[test_case(" \n " => None; "only space")]
    #[test_case("<b>Nora</b>" => None; "markup")]
    #[test_case("Win at http://evil.example" => None; "a link")]
    #[test_case("Win at WWW.evil.example" => None; "a link without a scheme")]
    #[test_case("Nora\u{0}" => None; "a control character")]
    fn parse(text: &str) -> Option<String> {
        text.parse::<Name>().ok().map(String::from)
    }

    #[test]
    fn a_name_has_an_end() {
        assert!("x".repeat(100).parse::<Name>().is_ok());
        assert!("x".repeat(101).parse::<Name>().is_err());
    }
}
