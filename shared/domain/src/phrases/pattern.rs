//! The regular expression of a phrase.
//!
//! Somebody else wrote it, and it runs against what patients say, in the middle of a call. So its size is bounded, and it runs in
//! time that grows with the text only (the `regex` crate, which therefore has no look-around and no back-references).

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{self, Ast, ClassSetItem};
use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Error, Result};

/// Characters an expression may have.
pub const MAX_PATTERN: usize = 500;
/// Bytes that a compiled expression may take: `(a{100}){100}` does not fit.
const MAX_COMPILED: usize = 256 << 10;
/// Classes of very many letters (`.`, `\w`, `\p{L}`, `[^a]`) that an expression may have: each takes milliseconds to read.
const MAX_WIDE: usize = 20;
/// Letters from which a range is wide.
const WIDE: u32 = 1_000;
/// How deep groups may lie in each other.
const MAX_DEPTH: u32 = 20;

/// A regular expression that can be looked for. Capitals, accents and the kind of apostrophe make no difference.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Where an expression was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What matched, as it was compared.
    pub text: String,
    /// Characters before it.
    pub index: usize,
}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) at `pattern` when it is too long, cannot be read, would be too large, or is found
    /// in nothing at all, hence in everything.
    pub fn read(source: &str) -> Result<Self> {
        let wrong = |message: String| Error::field("pattern", message);
        if !(1..=MAX_PATTERN).contains(&source.chars().count()) {
            return Err(wrong(format!("must have 1 to {MAX_PATTERN} characters")));
        }
        let spelling = spelled(source);
        if is_costly(&spelling) {
            return Err(wrong("must be a regular expression: it is too large".to_owned()));
        }
        let regex = RegexBuilder::new(&spelling)
            .case_insensitive(true)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .nest_limit(MAX_DEPTH)
            .build()
            .map_err(|error| wrong(format!("must be a regular expression: {}", reason(&error))))?;
        if regex.is_match("") {
            return Err(wrong("must not be found in an empty text".to_owned()));
        }
        Ok(Self(regex))
    }

    /// Where it is found first.
    pub fn find(&self, text: &str) -> Option<Found> {
        let text = spelled(text);
        let found = self.0.find(&text)?;
        Some(Found { text: found.as_str().to_owned(), index: text[..found.start()].chars().count() })
    }

    /// Whether it is found in a text that is [`spelled`].
    pub(crate) fn is_in(&self, spelled: &str) -> bool {
        self.0.is_match(spelled)
    }
}

/// Whether it has so many wide classes that reading it would take long. What cannot be read at all costs nothing.
fn is_costly(source: &str) -> bool {
    let read = ParserBuilder::new().nest_limit(MAX_DEPTH).build().parse(source);
    read.is_ok_and(|read| ast::visit(&read, WideClasses::default()).is_ok_and(|wide| wide > MAX_WIDE))
}

/// Counts classes of very many letters.
#[derive(Default)]
struct WideClasses(usize);

impl ast::Visitor for WideClasses {
    type Output = usize;
    type Err = ();

    fn finish(self) -> Result<usize, ()> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
        let wide = match ast {
            Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) => true,
            Ast::ClassBracketed(class) => class.negated,
            _ => false,
        };
        self.0 += usize::from(wide);
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), ()> {
        let wide = match item {
            ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => true,
            ClassSetItem::Bracketed(class) => class.negated,
            ClassSetItem::Range(range) => u32::from(range.end.c).saturating_sub(u32::from(range.start.c)) > WIDE,
            _ => false,
        };
        self.0 += usize::from(wide);
        Ok(())
    }
}

/// Why an expression cannot be read, in one line.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        // The last line says what, the ones before draw where.
        other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

/// The spelling in which texts and expressions are compared: one character for one, so that places stay.
pub(crate) fn spelled(text: &str) -> String {
    text.nfc()
        .map(|letter| match letter {
            '’' | '‘' | 'ʼ' | '`' | '´' => '\'',
            letter if letter.is_ascii() => letter,
            letter => {
                // A letter with accents is the letter; what else is taken apart (Hangul) stays whole.
                let mut parts = std::iter::once(letter).nfd();
                let first = parts.next().unwrap_or(letter);
                if parts.all(|part| matches!(part, '\u{300}'..='\u{36f}')) { first } else { letter }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("j'ai mal", "Oh, J’AI MAL !", Some((4, "J'AI MAL")); "apostrophes and capitals")]
    #[test_case("caí", "me cai otra vez", Some((3, "cai")); "an accent that recognition left out")]
    #[test_case("cai", "me caí", Some((3, "cai")); "an accent that nobody asked for")]
    #[test_case("살려", "제발 살려 주세요", Some((3, "살려")); "hangul stays whole")]
    #[test_case(r"\bfell\b", "I felled a tree", None; "word boundaries")]
    fn it_is_found(pattern: &str, text: &str, expected: Option<(usize, &str)>) {
        let found = Pattern::read(pattern).unwrap().find(text);
        assert_eq!(found.as_ref().map(|found| (found.index, found.text.as_str())), expected);
    }

    #[test_case("(", "must be a regular expression: unclosed group"; "cannot be read")]
    #[test_case("a(?=b)", "must be a regular expression: look-around, including look-ahead and look-behind, is not supported"; "look-around")]
    #[test_case("(a{100}){100}{100}", "must be a regular expression: it is too large"; "a bomb")]
    #[test_case(r"\w{999}", "must be a regular expression: it is too large"; "another")]
    #[test_case("x*", "must not be found in an empty text"; "found everywhere")]
    #[test_case("", "must have 1 to 500 characters"; "nothing")]
    fn it_is_refused(pattern: &str, expected: &str) {
        let error = Pattern::read(pattern).unwrap_err();
        assert_eq!((error.fields[0].path.as_str(), error.fields[0].message.as_str()), ("pattern", expected));
    }

    #[test_case(&r"\p{any}".repeat(70))]
    #[test_case(&"[^a]".repeat(100))]
    #[test_case(&r"[\u{0}-\u{10FFFF}]".repeat(25))]
    #[test_case(&r"[\w&&[^a]]".repeat(40))]
    fn what_takes_long_to_read_is_refused_unread(pattern: &str) {
        assert!(is_costly(pattern));
        assert!(Pattern::read(pattern).unwrap_err().fields[0].message.ends_with("it is too large"));
    }

    #[test]
    fn a_few_wide_classes_are_no_harm() {
        Pattern::read(r"\b(my|the) \w+ (has|is) .* (gone|stopped)\b").unwrap();
    }

    #[test]
    fn depth_and_length_are_bounded() {
        for wrong in ["(".repeat(200) + "x" + &")".repeat(200), "x".repeat(MAX_PATTERN + 1)] {
            Pattern::read(&wrong).unwrap_err();
        }
    }

    #[test]
    fn what_ruins_other_engines_takes_as_long_as_the_text_is() {
        let pattern = Pattern::read("(a+)+$").unwrap();
        assert_eq!(pattern.find(&("a".repeat(100_000) + "b")), None);
    }
}
