//! One spelling for what is said the same: case, accents, forms of a letter, punctuation, spaces where they mean nothing.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::locale::Language;

/// Most characters of a text that are looked at, from its end: a transcript that grows for minutes costs no more than
/// one of half a minute.
const LONGEST: usize = 1_000;

/// Whether a language divides words by spaces; of the others (and Korean, whose recognition sets them anyhow) spaces
/// are taken away and characters compared.
pub(super) const fn has_words(language: Language) -> bool {
    !matches!(language, Language::Zh | Language::Ja | Language::Ko)
}

/// The text in its one spelling: letters, digits and the marks that belong to them, words divided by one space, or by
/// none in languages without.
pub(super) fn normal(text: &str, language: Language) -> String {
    let mut normal = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_accent(*letter)).nfc().flat_map(char::to_lowercase) {
        match folded(letter, language) {
            Folded::Letters(letters) => normal.push_str(letters),
            Folded::Letter(letter) if letter.is_alphanumeric() || is_combining_mark(letter) => normal.push(letter),
            Folded::Letter(_) if has_words(language) && !normal.is_empty() && !normal.ends_with(' ') => {
                normal.push(' ');
            }
            Folded::Letter(_) | Folded::Dropped => {}
        }
    }
    normal.truncate(normal.trim_end().len());
    let surplus = normal.chars().count().saturating_sub(LONGEST);
    match normal.char_indices().nth(surplus) {
        Some((from, _)) if from > 0 => {
            // A word that is cut in two would be another word.
            let rest = &normal[from..];
            let whole = rest.find(' ').map_or(rest, |space| &rest[space + 1..]);
            whole.to_owned()
        }
        _ => normal,
    }
}

/// How many words a text in its one spelling has, about.
#[expect(clippy::cast_precision_loss, reason = "a text has at most a thousand characters")]
pub(super) fn words(normal: &str, language: Language) -> f32 {
    if has_words(language) {
        normal.split(' ').count() as f32
    } else {
        // A word of these languages has two characters or so.
        normal.chars().count() as f32 / 2.0
    }
}

enum Folded {
    Letter(char),
    Letters(&'static str),
    Dropped,
}

/// Accents of the Latin, Greek and Cyrillic scripts; a transcript has them or has them not. The marks of
/// other scripts are letters of theirs.
const fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// One form for letters that are written now one way, now the other.
fn folded(letter: char, language: Language) -> Folded {
    Folded::Letter(match letter {
        'ß' => return Folded::Letters("ss"),
        'œ' => return Folded::Letters("oe"),
        'æ' => return Folded::Letters("ae"),
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
        other if language == Language::Zh => simplified(other),
        other => other,
    })
}

/// The simplified form of the traditional characters that the rules for Chinese contain.
fn simplified(letter: char) -> char {
    const PAIRS: &str = "\
        過过氣气頭头來来車车護护藥药腦脑臟脏雙双腳脚燒烧煙烟殺杀給给個个這这說说話话電电視视書书聽听見见動动們们還还沒没會会時时後后點点發发幫帮讓让離离開开關关門门裡里裏里間间歲岁樣样種种鄰邻醫医險险緊紧張张\
        壓压悶闷傷伤斷断臉脸體体麼么嗎吗為为當当從从對对應应該该難难覺觉嚥咽卡卡東东強强搶抢闖闯進进夠够誰谁滿满報报紙纸劇剧電电場场劃划嚴严運运廚厨燃燃濃浓爬爬檯台記记媽妈爺爷兒儿孫孙貓猫親亲戰战場场輕轻現现\
        剛刚總总經经將将連连遠远選选題题顆颗錯错雞鸡餓饿飯饭鬆松週周鍾钟鐘钟擠挤喫吃暈晕昏昏癱瘫瘋疯癲癫癇痫痙痉攣挛窒窒倒倒嚨咙噎噎嗆呛無无應应撐撑內内並并夢梦歷历別别疊叠塊块於于產产親亲獨独輛辆";
    if !letter.is_ascii() {
        let mut pairs = PAIRS.chars();
        while let (Some(traditional), Some(simple)) = (pairs.next(), pairs.next()) {
            if traditional == letter {
                return simple;
            }
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("I CAN’T – breathe", Language::En => "i can t breathe"; "case and apostrophes")]
    #[test_case("  Help!! ", Language::En => "help"; "ends")]
    #[test_case("Me caí", Language::Es => "me cai"; "an accent")]
    #[test_case("Me cai\u{301}", Language::Es => "me cai"; "an accent of its own")]
    #[test_case("Straße", Language::De => "strasse"; "a sharp s")]
    #[test_case("J’étouffe", Language::Fr => "j etouffe"; "an elision")]
    #[test_case("Mon cœur", Language::Fr => "mon coeur"; "letters written as one")]
    #[test_case("ёлка", Language::Ru => "елка"; "a letter that is written both ways")]
    #[test_case("أنا لا أَستَطيع", Language::Ar => "انا لا استطيع"; "vowel signs")]
    #[test_case("साँस नहीं", Language::Hi => "सांस नहीं"; "either nasal sign")]
    #[test_case("ज़हर", Language::Hi => "जहर"; "a dot below")]
    #[test_case("タスケテ！", Language::Ja => "たすけて"; "katakana")]
    #[test_case("我 頭 暈。", Language::Zh => "我头晕"; "traditional characters")]
    #[test_case("살려 주세요", Language::Ko => "살려주세요"; "spaces that mean nothing")]
    #[test_case("ＨＥＬＰ", Language::En => "help"; "wide letters")]
    fn one_spelling(text: &str, language: Language) -> String {
        normal(text, language)
    }

    #[test]
    fn of_a_very_long_text_the_end_is_kept() {
        let text = normal(&format!("{} help", "word ".repeat(2_000)), Language::En);
        assert!(text.ends_with("word help") && text.starts_with("word "), "{text}");
        assert!((LONGEST - 5..=LONGEST).contains(&text.len()));
        assert_eq!(normal(&"救".repeat(3_000), Language::Zh).chars().count(), LONGEST);
    }

    #[test]
    fn a_spelling_is_its_own_spelling() {
        for language in Language::ALL {
            for text in ["I can’t, Straße! œuf", "साँस ज़हर", "タスケテ 頭", "أَستَطيع"]
            {
                let once = normal(text, language);
                assert_eq!(normal(&once, language), once, "{language}");
            }
        }
    }
}
