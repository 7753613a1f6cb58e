//! Every mail in every language, and what a hostile name can do.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::{AccountFacts, AccountMail, Rendered, account_mail};
use crate::locale::Language;
use crate::time::Zone;

const LINK: &str = "https://app.example/go?token=a1_B2-c3&lang=x";
const APP: &str = "https://app.example/start";

static ZONE: LazyLock<Zone> = LazyLock::new(|| "Europe/Berlin".parse().unwrap());

fn rendered<'a>(kind: AccountMail, language: Language, change: impl FnOnce(&mut AccountFacts<'a>)) -> [String; 3] {
    let mut facts = AccountFacts {
        name: "Ada Byron",
        org: "Sunny Hill Home",
        link: LINK,
        app: APP,
        at: "2026-11-23T05:17:29Z".parse().unwrap(),
        zone: &ZONE,
        device: "Firefox, Windows, Potsdam",
    };
    change(&mut facts);
    let Rendered { subject, text, html } = account_mail(kind, language, &facts);
    [subject.into_inner(), text.into_inner(), html.into_inner()]
}

fn plain(kind: AccountMail, language: Language) -> [String; 3] {
    rendered(kind, language, |_| ())
}

/// Every kind in every language.
fn each(check: impl Fn(AccountMail, Language)) {
    for language in Language::ALL {
        for kind in AccountMail::ALL {
            check(kind, language);
        }
    }
}

#[test]
fn a_kind_is_named_alike_everywhere() {
    for kind in AccountMail::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

#[test]
fn every_kind_is_told_in_every_language() {
    each(|kind, language| {
        let [subject, text, html] = plain(kind, language);
        assert!(!subject.is_empty() && !subject.contains('\n'), "{language}: {subject}");
        assert!(text.lines().next().unwrap().contains("Ada Byron"), "{language}: {text}");
        // Greeting, what happened, button, what to do, never a password, who writes: gaps between them.
        assert!(text.lines().filter(|line| line.is_empty()).count() >= 5, "{language}: {text}");
        assert!(!format!("{subject}{text}").contains(['{', '}', '[', '!', '！']), "{language}: {text}");
        assert!(!html.contains(['{', '}']), "{language}: {html}");
    });
}

#[test]
fn the_link_is_there_and_says_how_long_it_works() {
    each(|kind, language| {
        let [_, text, html] = plain(kind, language);
        let (link, escaped) = match kind.link_valid_for() {
            Some(_) => (LINK, "https://app.example/go?token=a1_B2-c3&amp;lang=x"),
            None => (APP, APP),
        };
        assert_eq!(text.lines().filter(|line| *line == link).count(), 1, "{language}: {text}");
        assert_eq!(html.matches(&format!("href=\"{escaped}\"")).count(), 2, "{language}: {html}");
        assert!(html.contains(&format!(">{escaped}</a>")), "{language}: {html}");
        let valid = kind.link_valid_for().map(|valid| match valid.as_hours() {
            0 => valid.as_mins(),
            24 => 24,
            hours => hours / 24,
        });
        assert!(valid.is_none_or(|valid| text.contains(&valid.to_string())), "{language}: {text}");
    });
}

#[test]
fn what_happened_has_its_time_and_a_sign_in_its_place() {
    use AccountMail::{EmailChanged, Locked, MfaChanged, NewSignIn, PasswordChanged};
    each(|kind, language| {
        let [_, text, _] = plain(kind, language);
        let happened = matches!(kind, PasswordChanged | NewSignIn | Locked | MfaChanged | EmailChanged);
        assert_eq!(text.contains("2026-11-23 06:17"), happened, "{language}: {text}");
        assert_eq!(text.contains("Europe/Berlin"), happened, "{language}: {text}");
        assert_eq!(text.contains("Firefox, Windows, Potsdam"), kind == NewSignIn, "{language}: {text}");
    });
}

#[test]
fn text_and_page_say_the_same() {
    each(|kind, language| {
        let [_, text, html] = plain(kind, language);
        let html = html.replace("&#39;", "'").replace("&amp;", "&");
        for line in text.lines().filter(|line| !line.is_empty()) {
            assert!(html.contains(&format!(">{line}<")), "{language}: {line}");
        }
    });
}

#[test]
fn kinds_and_languages_differ() {
    for language in Language::ALL {
        let subjects: HashSet<_> = AccountMail::ALL.map(|kind| plain(kind, language)[0].clone()).into();
        assert_eq!(subjects.len(), AccountMail::ALL.len(), "{language} does not tell the kinds apart");
    }
    for kind in AccountMail::ALL {
        let texts: HashSet<_> = Language::ALL.map(|language| plain(kind, language)[1].clone()).into();
        assert_eq!(texts.len(), Language::ALL.len(), "{kind:?} is not translated");
    }
}

#[test]
fn nobody_knows_the_name_or_the_device() {
    each(|kind, language| {
        let [_, text, _] = rendered(kind, language, |facts| (facts.name, facts.device) = (" ", ""));
        let greeting = text.lines().next().unwrap();
        assert!(!greeting.is_empty() && !greeting.contains("  ") && !greeting.contains(" ,"), "{language}: {greeting}");
        assert!(!text.lines().skip(1).any(|line| line.ends_with([':', '：', ' '])), "{language}: {text}");
    });
}

#[test]
fn a_name_is_no_markup() {
    let name = "<script>alert(1)</script>&\"'";
    each(|kind, language| {
        let [_, text, html] = rendered(kind, language, |facts| {
            (facts.name, facts.org, facts.device) = (name, name, name);
        });
        assert!(text.contains(name), "{language}: {text}");
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"), "{language}: {html}");
        assert!(!html.contains("<script") && !html.contains("&\""), "{language}: {html}");
    });
}

#[test]
fn a_name_is_no_placeholder_and_no_button() {
    let name = "> {link} {name} {org} {content}";
    each(|kind, language| {
        let [_, text, html] = rendered(kind, language, |facts| {
            (facts.name, facts.org, facts.device) = (name, name, name);
        });
        assert!(text.contains(name) && !text.contains(&format!("{name}\n{LINK}")), "{language}: {text}");
        assert!(html.contains("&gt; {link} {name} {org} {content}"), "{language}: {html}");
        assert_eq!(html.matches("<!doctype").count(), 1);
    });
}

#[test]
fn a_name_begins_no_header() {
    let name = format!("Ada\r\nBcc: all@example.org\n\n{}", "🌻".repeat(500));
    each(|kind, language| {
        let [subject, text, html] = rendered(kind, language, |facts| {
            (facts.name, facts.org, facts.device) = (&name, &name, &name);
        });
        assert!(!subject.contains(char::is_control) && subject.chars().count() <= 120, "{language}: {subject}");
        assert!(!text.contains('\r') && !html.contains('\r'), "{language}: {text}");
        assert!(text.contains("🌻…") && !text.contains(&"🌻".repeat(80)), "{language}: {text}");
    });
}

#[test]
fn a_link_is_never_altered() {
    let link = format!("https://app.example/{{name}}?{}", "x".repeat(2000));
    each(|kind, language| {
        let [_, text, html] = rendered(kind, language, |facts| (facts.link, facts.app) = (&link, &link));
        assert!(text.lines().any(|line| line == link), "{language}: {text}");
        assert!(html.contains(&format!("href=\"{link}\"")), "{language}: {html}");
    });
}

#[test]
fn a_page_names_its_language_and_direction_and_fetches_nothing() {
    each(|kind, language| {
        let [_, _, html] = plain(kind, language);
        let direction = if language == Language::Ar { "rtl" } else { "ltr" };
        let named = format!("lang=\"{language}\" dir=\"{direction}\"");
        assert_eq!(html.matches(&named).count(), 2, "{language}: {html}");
        for foreign in ["<script", "<img", "<link", "<style", "url(", "src="] {
            assert!(!html.contains(foreign), "{language}: {foreign}");
        }
    });
}

#[test]
fn a_mail_does_not_print() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let facts = AccountFacts { name: "Ada", org: "", link: LINK, app: APP, at, zone: &ZONE, device: "" };
    let printed = format!("{:?}", account_mail(AccountMail::Reset, Language::En, &facts));
    assert!(!printed.contains("Ada") && !printed.contains("token"));
}

#[test]
fn as_they_are_read() {
    for language in Language::ALL {
        let mails = AccountMail::ALL.map(|kind| {
            let [subject, text, _] = plain(kind, language);
            format!("=== {}: {subject}\n\n{text}", kind.as_str())
        });
        insta::assert_snapshot!(language.code(), mails.join("\n"));
    }
}

#[test]
fn as_they_are_shown() {
    for language in [Language::En, Language::Ar] {
        insta::assert_snapshot!(format!("page_{language}"), plain(AccountMail::Invite, language)[2]);
    }
}
