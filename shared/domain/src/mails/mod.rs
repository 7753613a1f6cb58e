//! Mails about accounts: a text file per language, versioned with the code, filled into a plain text and a page.
//!
//! Both are made of the same paragraphs, so that they cannot say different things. What comes from outside (names,
//! what a browser calls itself) is text wherever it goes: it opens no tag, ends no line and fills no placeholder.

mod fill;
mod page;
#[cfg(test)]
mod tests;
mod texts;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::locale::Language;
use crate::phi::Phi;
use crate::time::Zone;
use fill::{fill, one_line, shortened};
use page::page;
use texts::section;

/// The longest subject, in characters: a phone shows less, a mail server takes more.
const MAX_SUBJECT: usize = 120;
/// The longest name, in characters; who signs up chooses it, and a mail to a stranger is no place for an essay.
const MAX_NAME: usize = 80;

/// What a mail about an account is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountMail {
    /// Please confirm your address.
    Verify,
    /// An organisation invites you.
    Invite,
    /// Here you can set a new password.
    Reset,
    /// Your password was changed.
    PasswordChanged,
    /// Somebody signed in to your account.
    NewSignIn,
    /// Many wrong passwords were tried; from unknown places sign-in is slow for a while.
    Locked,
    /// Two-step sign-in was switched on or off.
    MfaChanged,
    /// The account got another address. Told at the one before: who took an account over would read what comes to the
    /// new one.
    EmailChanged,
    /// Somebody tried to register with your address. Told to its owner alone: whoever asks learns nothing from the
    /// answer about who has an account.
    EmailTaken,
}

impl AccountMail {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Verify,
        Self::Invite,
        Self::Reset,
        Self::PasswordChanged,
        Self::NewSignIn,
        Self::Locked,
        Self::MfaChanged,
        Self::EmailChanged,
        Self::EmailTaken,
    ];

    /// As the store, metrics and texts name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::PasswordChanged => "password_changed",
            Self::NewSignIn => "new_sign_in",
            Self::Locked => "locked",
            Self::MfaChanged => "mfa_changed",
            Self::EmailChanged => "email_changed",
            Self::EmailTaken => "email_taken",
        }
    }

    /// How long the link works, as the texts say it; `None` when the mail only points to the web app.
    pub const fn link_valid_for(self) -> Option<SignedDuration> {
        match self {
            Self::Verify => Some(SignedDuration::from_hours(24)),
            Self::Invite => Some(SignedDuration::from_hours(7 * 24)),
            Self::Reset => Some(SignedDuration::from_mins(10)),
            Self::PasswordChanged
            | Self::NewSignIn
            | Self::Locked
            | Self::MfaChanged
            | Self::EmailChanged
            | Self::EmailTaken => None,
        }
    }
}

/// What a mail about an account tells. It cannot be printed: `link` opens the account.
#[derive(Clone, Copy)]
pub struct AccountFacts<'a> {
    /// Who reads it; empty when nobody knows, as in an invitation.
    pub name: &'a str,
    /// The organisation that invites.
    pub org: &'a str,
    /// The link with the token, for the kinds that have one.
    pub link: &'a str,
    /// The address of the web app, for the others.
    pub app: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// The reader's time zone.
    pub zone: &'a Zone,
    /// From where somebody signed in: a place, a device or both; empty when nobody knows.
    pub device: &'a str,
}

/// A mail to be sent. It holds a name and perhaps a link that opens an account, so it does not print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line of at most 120 characters.
    pub subject: Phi<String>,
    /// Plain text.
    pub text: Phi<String>,
    /// The same as a complete HTML document.
    pub html: Phi<String>,
}

/// A paragraph of a mail, filled, not escaped.
enum Paragraph {
    /// Words.
    Words(String),
    /// The link, with the words on its button.
    Button(String),
}

/// The mail of `kind` for a reader of `language`.
pub fn account_mail(kind: AccountMail, language: Language, facts: &AccountFacts<'_>) -> Rendered {
    let [name, org, device] = [facts.name, facts.org, facts.device].map(|value| shortened(&one_line(value), MAX_NAME));
    let device = if device.is_empty() { section(language, "unknown_device") } else { &device };
    let time = facts.at.to_zoned(facts.zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let zone = facts.zone.name();
    let values = [("name", &*name), ("org", &*org), ("device", device), ("time", &*time), ("zone", zone)];

    let greeting = if name.is_empty() { "greeting_nameless" } else { "greeting" };
    let (subject, body) = section(language, kind.as_str()).split_once('\n').unwrap_or_default();
    // What a line is, is decided before it is filled: a name that looks like a button is a name.
    let paragraph = |line: &str| match line.strip_prefix("> ") {
        Some(label) => Paragraph::Button(fill(label, &values)),
        None => Paragraph::Words(fill(line, &values)),
    };
    let lines = [section(language, greeting), body, section(language, "closing")].into_iter().flat_map(str::lines);
    let paragraphs: Vec<_> = lines.map(paragraph).collect();

    let link = if kind.link_valid_for().is_some() { facts.link } else { facts.app };
    let subject = shortened(&fill(subject, &values), MAX_SUBJECT);
    let html = page(language, &subject, &paragraphs, link);
    Rendered { subject: subject.into(), text: plain(&paragraphs, link).into(), html: html.into() }
}

/// The mail as plain text. The link has a line of its own, so that no program takes a full stop for a part of it.
fn plain(paragraphs: &[Paragraph], link: &str) -> String {
    let written = paragraphs.iter().map(|paragraph| match paragraph {
        Paragraph::Words(words) => format!("{words}\n"),
        Paragraph::Button(label) => format!("{label}\n{link}\n"),
    });
    written.collect::<Vec<_>>().join("\n")
}
