//! What a mail about an alert says: a text file per language, versioned with the code.
//!
//! It names the patient, what happened in general, and where to read more. What the patient said and what
//! was noticed stays out: a mail is read on locked screens and forwarded.

use super::AlertKind;
use crate::locale::Language;
use crate::phi::Phi;
use crate::time::Zone;
use jiff::Timestamp;

/// A mail to be sent. It holds a patient's name, so it does not print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailText {
    /// One line.
    pub subject: Phi<String>,
    /// Plain text.
    pub body: Phi<String>,
}

const fn file(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("mails/en.txt"),
        Language::Es => include_str!("mails/es.txt"),
        Language::Fr => include_str!("mails/fr.txt"),
        Language::De => include_str!("mails/de.txt"),
        Language::Zh => include_str!("mails/zh.txt"),
        Language::Ja => include_str!("mails/ja.txt"),
        Language::Pt => include_str!("mails/pt.txt"),
        Language::It => include_str!("mails/it.txt"),
        Language::Ru => include_str!("mails/ru.txt"),
        Language::Ar => include_str!("mails/ar.txt"),
        Language::Hi => include_str!("mails/hi.txt"),
        Language::Ko => include_str!("mails/ko.txt"),
    }
}

/// The mail about an alert of `kind` that was raised `at`, for a reader of `language`; `app` is the address
/// of the web app.
pub fn mail(kind: AlertKind, language: Language, patient: &str, at: Timestamp, zone: &Zone, app: &str) -> MailText {
    let time = at.to_zoned(zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let filled = |text: &str| {
        let text = text.replace("{time}", &time).replace("{zone}", zone.name()).replace("{app}", app);
        // Last, so that a name in braces is only a name.
        Phi::new(text.replace("{patient}", patient))
    };
    let section = |name| part(file(language), name);
    let (subject, happened) = section(kind.as_str()).split_once('\n').unwrap_or_default();
    MailText { subject: filled(subject), body: filled(&format!("{}\n\n{}\n", happened.trim(), section("closing"))) }
}

/// What an alert of `kind` says in one line.
pub fn headline(kind: AlertKind, language: Language, patient: &str) -> Phi<String> {
    let (subject, _) = part(file(language), kind.as_str()).split_once('\n').unwrap_or_default();
    Phi::new(subject.replace("{patient}", patient))
}

/// The text message about an alert of `kind`: one line, and where to read more.
pub fn text_message(kind: AlertKind, language: Language, patient: &str, app: &str) -> Phi<String> {
    Phi::new(format!("{}: {app}", headline(kind, language, patient).into_inner()))
}

/// The text between `[name]` and the next such line.
fn part<'a>(file: &'a str, name: &str) -> &'a str {
    let parts = file.split("\n[").skip(1).filter_map(|part| part.split_once("]\n"));
    parts.into_iter().find(|(found, _)| *found == name).map(|(_, text)| text.trim()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: AlertKind, language: Language) -> (String, String) {
        let at: Timestamp = "2026-11-23T05:17:29Z".parse().unwrap();
        let zone = "Europe/Berlin".parse().unwrap();
        let mail = mail(kind, language, "Ada {app}", at, &zone, "https://app.example");
        (mail.subject.into_inner(), mail.body.into_inner())
    }

    #[test]
    fn every_kind_is_told_in_every_language() {
        for language in Language::ALL {
            let mut subjects = Vec::new();
            for kind in AlertKind::TOLD {
                let (subject, body) = written(kind, language);
                assert!(subject.contains("Ada {app}") && !subject.contains('\n'), "{language}: {subject}");
                assert!(body.contains("Ada {app}") && body.contains("2026-11-23 06:17"), "{language}: {body}");
                assert!(body.contains("https://app.example") && body.lines().count() >= 3, "{language}: {body}");
                let unfilled = body.replace("Ada {app}", "");
                assert!(!unfilled.contains('{'), "{language}: {body}");
                subjects.push(subject);
            }
            subjects.dedup();
            assert_eq!(subjects.len(), AlertKind::TOLD.len(), "{language} does not tell the kinds apart");
        }
    }

    #[test]
    fn no_two_languages_are_the_same() {
        let mut bodies: Vec<_> = Language::ALL.map(|language| written(AlertKind::Emergency, language).1).to_vec();
        bodies.sort_unstable();
        bodies.dedup();
        assert_eq!(bodies.len(), Language::ALL.len());
    }

    #[test]
    fn a_text_message_is_short_in_every_language() {
        for language in Language::ALL {
            for kind in AlertKind::TOLD {
                let text = text_message(kind, language, "Ada {app}", "https://app.example").into_inner();
                assert!(text.contains("Ada {app}") && text.ends_with(": https://app.example"), "{language}: {text}");
                // Two messages of 70 characters at most where the alphabet is not Latin.
                assert!(text.chars().count() <= 134, "{language}: {text}");
            }
        }
    }

    #[test]
    fn a_mail_does_not_print() {
        let zone = "UTC".parse().unwrap();
        let mail = mail(AlertKind::Asked, Language::En, "Ada Byron", Timestamp::UNIX_EPOCH, &zone, "");
        assert!(!format!("{mail:?}").contains("Ada"));
    }
}
