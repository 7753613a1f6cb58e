//! The pages of `verify-email`, for a browser that follows the link of a mail. No script, no style
//! of others, nothing that knows the account.

use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use domain::{Language, Secret};

const PAGE: &str = include_str!("page.html");
/// A line a language: its code, then what the pages say, separated by bars.
const WORDS: &str = include_str!("page.txt");

struct Words<'a> {
    ask: &'a str,
    button: &'a str,
    done: &'a str,
    after: &'a str,
    failed: &'a str,
    help: &'a str,
}

fn words(language: Language) -> Words<'static> {
    let line = WORDS.lines().find_map(|line| line.strip_prefix(language.code())?.strip_prefix('|'));
    let mut parts = line.unwrap_or_default().split('|').map(str::trim);
    let mut next = || parts.next().unwrap_or_default();
    Words { ask: next(), button: next(), done: next(), after: next(), failed: next(), help: next() }
}

/// The language that the browser likes best among ours.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted =
        accepted.split(',').map(|part| part.split([';', '-']).next().unwrap_or_default().trim().to_lowercase());
    wanted.into_iter().find_map(|code| code.parse().ok()).unwrap_or_default()
}

/// Asks whoever followed the link to press a button.
pub(crate) fn ask(language: Language, token: &Secret) -> Response {
    let words = words(language);
    let clean: String = token.expose().chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let form = format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"token\" value=\"{clean}\"><button>{}</button></form>",
        words.button
    );
    page(StatusCode::OK, language, words.ask, &form)
}

/// The address is verified.
pub(crate) fn done(language: Language) -> Response {
    let words = words(language);
    page(StatusCode::OK, language, words.done, &format!("<p>{}</p>", words.after))
}

/// The link is not good.
pub(crate) fn failed(language: Language) -> Response {
    let words = words(language);
    page(StatusCode::UNAUTHORIZED, language, words.failed, &format!("<p>{}</p>", words.help))
}

fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let direction = if language == Language::Ar { "rtl" } else { "ltr" };
    let text = PAGE.replace("{language}", language.code()).replace("{direction}", direction);
    let text = text.replace("{title}", title).replace("{body}", body);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_all_of_it_and_no_two_are_the_same() {
        let mut asks = Vec::new();
        for language in Language::ALL {
            let words = words(language);
            for text in [words.ask, words.button, words.done, words.after, words.failed, words.help] {
                assert!(!text.is_empty() && !text.contains(['<', '{']), "{language}");
            }
            asks.push(words.ask);
        }
        asks.sort_unstable();
        asks.dedup();
        assert_eq!(asks.len(), Language::ALL.len());
    }

    #[test]
    fn the_browser_chooses_the_language_as_far_as_we_speak_it() {
        for (accepted, language) in
            [("de-AT,en;q=0.8", Language::De), ("nl,fr;q=0.5", Language::Fr), ("nl", Language::En), ("", Language::En)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, accepted.parse().unwrap());
            assert_eq!(super::language(&headers), language, "{accepted}");
        }
    }
}
