//! A mail as an HTML document.
//!
//! Mail programs are old browsers with parts missing, so: tables for the layout, styles on the elements, nothing
//! that is fetched, nothing that runs. Gmail keeps neither `html` nor `body`, so the outer table names language and
//! direction again.

use super::Paragraph;
use super::fill::fill;
use super::texts::section;
use crate::locale::Language;

const PAGE: &str = include_str!("page/page.html");
const BUTTON: &str = include_str!("page/button.html");
const WORDS: &str = "<p style=\"margin:0 0 16px\">{words}</p>\n";

/// The document. Whole sentences are escaped after they were filled, so nothing in them can be markup.
pub(super) fn page(language: Language, subject: &str, paragraphs: &[Paragraph], link: &str) -> String {
    let link = escaped(link);
    let hint = escaped(section(language, "button"));
    let content = paragraphs.iter().map(|paragraph| match paragraph {
        Paragraph::Words(words) => fill(WORDS, &[("words", &escaped(words))]),
        Paragraph::Button(label) => fill(BUTTON, &[("label", &escaped(label)), ("hint", &hint), ("link", &link)]),
    });
    let content: String = content.collect();
    let preheader = escaped(preheader(paragraphs));
    let direction = if language == Language::Ar { "rtl" } else { "ltr" };
    let values = [
        ("lang", language.code()),
        ("dir", direction),
        ("subject", &*escaped(subject)),
        ("preheader", &*preheader),
        ("content", content.trim_end()),
    ];
    fill(PAGE, &values)
}

/// What a list of mails shows beside the subject: the first words after the greeting, which says nothing there.
fn preheader(paragraphs: &[Paragraph]) -> &str {
    match paragraphs.get(1) {
        Some(Paragraph::Words(words)) => words,
        Some(Paragraph::Button(_)) | None => "",
    }
}

/// `text` as HTML, between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}
