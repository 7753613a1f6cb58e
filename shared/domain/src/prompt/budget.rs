//! How long instructions may be.
//!
//! A model's context is shared by instructions and conversation: 32,768 tokens, of which at most 4,096 an
//! answer (OpenAI, "Realtime conversations"). Instructions are read again with every answer, so long ones
//! cost money in every turn and crowd out what was said an hour ago.

/// The most that a call's instructions may have, in tokens as [`tokens`] estimates them.
pub const MAX_TOKENS: usize = 4_000;

/// What a text costs, estimated high so that no tokenizer exceeds it by much. Hundredths of a token per
/// character: Latin letters 30 (OpenAI's rule of thumb for English is 4 characters a token, other languages
/// take about 3), Cyrillic, Greek and Arabic 50, Devanagari and its neighbours 70, Chinese, Japanese and
/// Korean 100, anything else, such as emoji, 300.
pub fn tokens(text: &str) -> usize {
    text.chars().map(hundredths).sum::<usize>().div_ceil(100)
}

const fn hundredths(letter: char) -> usize {
    match letter {
        '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{2000}'..='\u{206f}' => 30,
        '\u{250}'..='\u{8ff}' => 50,
        '\u{900}'..='\u{10ff}' => 70,
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' => 100,
        _ => 300,
    }
}

/// The beginning of a text that fits into `most` tokens; what was cut off ends with `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if tokens(text) <= most {
        return text.to_owned();
    }
    // The sign for what was left out takes a token itself.
    let room = most.saturating_sub(1) * 100;
    let mut spent = 0;
    let fits = text.chars().take_while(|letter| {
        spent += hundredths(*letter);
        spent <= room
    });
    fits.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_cut_fits_and_is_the_beginning(text in any::<String>(), most in 1_usize..200) {
            let short = cut(&text, most);
            prop_assert!(tokens(&short) <= most);
            prop_assert!(text.starts_with(short.strip_suffix('…').unwrap_or(&short)));
        }
    }

    #[test]
    fn scripts_cost_what_they_cost() {
        assert_eq!([tokens(""), tokens("abcdefghij"), tokens("абвгдежзик"), tokens("救命啊")], [0, 3, 5, 3]);
    }
}
