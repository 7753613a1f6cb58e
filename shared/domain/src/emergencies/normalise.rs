//! One spelling for what is said the same: case, accents, forms of a letter, spaces where they mean nothing.

use unicode_normalization::UnicodeNormalization as _;

/// How a language is written, as far as comparing needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// Whether words are compared; otherwise characters are, and spaces mean nothing.
    pub words: bool,
    /// Whether an apostrophe ends a word (`j'ai`, `l'aria`); otherwise it is dropped (`can't`).
    pub elides: bool,
    /// Whether small words such as `و` (and) are written as a part of the next one.
    pub joins_particles: bool,
}

/// An utterance as it is compared: words, or characters where no spaces divide words.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Its parts in order.
    pub tokens: Vec<Token>,
}

/// A word or a character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// In its one spelling.
    pub text: String,
    /// Which sentence it belongs to.
    pub sentence: u16,
    /// Which part between commas it belongs to, counted through the whole text.
    pub clause: u16,
}

/// Longest text that is looked at, in tokens, from its end: a transcript that grows for minutes
/// costs no more than one of half a minute.
const LONGEST: usize = 400;

impl Text {
    /// The text in one spelling.
    pub(super) fn new(text: &str, script: Script) -> Self {
        let mut reader = Reader { script, tokens: Vec::new(), word: String::new(), sentence: 0, clause: 0 };
        for letter in text.nfkd().filter(|letter| !is_accent(*letter)).nfc().flat_map(char::to_lowercase) {
            reader.read(letter);
        }
        reader.end_word();
        let surplus = reader.tokens.len().saturating_sub(LONGEST);
        reader.tokens.drain(..surplus);
        Self { tokens: reader.tokens }
    }
}

struct Reader {
    script: Script,
    tokens: Vec<Token>,
    word: String,
    sentence: u16,
    clause: u16,
}

impl Reader {
    fn read(&mut self, letter: char) {
        match letter {
            '.' | '!' | '?' | ';' | '\n' | '…' | '。' | '।' | '؟' | '؛' => {
                self.end_word();
                self.sentence = self.sentence.saturating_add(1);
                self.clause = self.clause.saturating_add(1);
            }
            ',' | ':' | '、' | '،' | '–' | '—' | '(' | ')' | '"' | '«' | '»' | '„' | '“' | '”' | '「' | '」' =>
            {
                self.end_word();
                self.clause = self.clause.saturating_add(1);
            }
            '\'' | '’' | '‘' | 'ʼ' | '`' | '´' if !self.script.elides => {}
            _ => match fold(letter) {
                Folded::Dropped => {}
                Folded::Letter(letter) if is_part_of_a_word(letter) => {
                    match letter {
                        'ß' => self.word.push_str("ss"),
                        'œ' => self.word.push_str("oe"),
                        'æ' => self.word.push_str("ae"),
                        letter => self.word.push(letter),
                    }
                    if !self.script.words {
                        self.end_word();
                    }
                }
                Folded::Letter(_) => self.end_word(),
            },
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            let text = std::mem::take(&mut self.word);
            self.tokens.push(Token { text, sentence: self.sentence, clause: self.clause });
        }
    }
}

enum Folded {
    Letter(char),
    Dropped,
}

/// Accents of the Latin, Greek and Cyrillic scripts; a transcript has them or has them not. The marks of
/// other scripts are letters of theirs.
const fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// One form for letters that are written now one way, now the other.
fn fold(letter: char) -> Folded {
    Folded::Letter(match letter {
        // Arabic: vowel signs and the stretching stroke are optional, the hamza's seat varies.
        '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}' => {
            return Folded::Dropped;
        }
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ئ' => 'ي',
        'ؤ' => 'و',
        'ة' => 'ه',
        // Devanagari: the dot below is often left out, and either sign marks a nasal vowel.
        '\u{93c}' | '\u{200c}' | '\u{200d}' => return Folded::Dropped,
        '\u{901}' => '\u{902}',
        // Katakana are compared as hiragana, which lie 0x60 below them.
        '\u{30a1}'..='\u{30f6}' => char::from_u32(u32::from(letter) - 0x60).unwrap_or(letter),
        other => other,
    })
}

/// Vowel signs and the virama of Devanagari are no letters to Unicode, but parts of words.
fn is_part_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '\u{900}'..='\u{963}' | 'ー')
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const WORDS: Script = Script { words: true, elides: false, joins_particles: false };
    const LETTERS: Script = Script { words: false, ..WORDS };
    const ELIDING: Script = Script { elides: true, ..WORDS };

    #[test_case("I CAN’T – breathe", WORDS => "i cant breathe"; "case and apostrophes")]
    #[test_case("Me caí", WORDS => "me cai"; "an accent")]
    #[test_case("Me cai\u{301}", WORDS => "me cai"; "an accent of its own")]
    #[test_case("Straße", WORDS => "strasse"; "a sharp s")]
    #[test_case("J’étouffe", ELIDING => "j etouffe"; "an elision")]
    #[test_case("Mon cœur", ELIDING => "mon coeur"; "letters written as one")]
    #[test_case("ёлка", WORDS => "елка"; "a letter that is written both ways")]
    #[test_case("أنا لا أَستَطيع", WORDS => "انا لا استطيع"; "vowel signs")]
    #[test_case("साँस नहीं", WORDS => "सांस नहीं"; "either nasal sign")]
    #[test_case("ज़हर", WORDS => "जहर"; "a dot below")]
    #[test_case("タスケテ！", LETTERS => "た す け て"; "katakana")]
    #[test_case("살려 주세요", LETTERS => "살 려 주 세 요"; "spaces that mean nothing")]
    #[test_case("ＨＥＬＰ", WORDS => "help"; "wide letters")]
    fn one_spelling(text: &str, script: Script) -> String {
        Text::new(text, script).tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sentences_and_clauses_are_told_apart() {
        let text = Text::new("No, I fell. Help", WORDS);
        let places: Vec<_> = text.tokens.iter().map(|token| (token.sentence, token.clause)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (0, 1), (1, 2)]);
    }

    #[test]
    fn of_a_very_long_text_the_end_is_kept() {
        let text = Text::new(&format!("{} help", "word ".repeat(2_000)), WORDS);
        assert_eq!((text.tokens.len(), text.tokens.last().unwrap().text.as_str()), (LONGEST, "help"));
    }
}
