//! What the learned layer looks at: pieces of words and neighbouring words, as numbers.

use super::normalise::has_words;
use crate::locale::Language;

/// Bits of the number of a piece. A language knows some 400,000 pieces: 2 % of them share their number with another, and as many of
/// those that nobody knows are taken for one that is known.
const BITS: u32 = 24;

/// A text as its pieces, by number, each once, however often it is said: who repeats themselves says no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// Pieces of two to six letters, which may reach from one word into the next; in languages without spaces of one to five.
    pub letters: Vec<u32>,
    /// One to three neighbouring words; none in languages without spaces.
    pub words: Vec<u32>,
}

/// A text as its pieces.
pub(super) fn grams(normal: &str, language: Language) -> Pieces {
    let (mut letters, mut words) = (Vec::new(), Vec::new());
    if has_words(language) {
        let said: Vec<&str> = std::iter::once("^").chain(normal.split(' ')).chain(std::iter::once("$")).collect();
        cut(&format!(" {normal} "), 2..=6, &mut letters);
        for many in 1..=3 {
            words.extend(said.windows(many).map(|row| number(b'w', &row.join(" "))));
        }
    } else {
        cut(&format!("^{normal}$"), 1..=5, &mut letters);
    }
    for group in [&mut letters, &mut words] {
        group.sort_unstable();
        group.dedup();
    }
    Pieces { letters, words }
}

/// The numbers of all pieces of these lengths.
fn cut(text: &str, lengths: std::ops::RangeInclusive<usize>, pieces: &mut Vec<u32>) {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect();
    for length in lengths {
        pieces.extend(starts.windows(length + 1).map(|ends| number(b'c', &text[ends[0]..ends[length]])));
    }
}

/// The number of a kind of piece and the piece. FNV hardly moves the last letter of a piece, so what it gives is mixed once more, by
/// the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4).
fn number(kind: u8, piece: &str) -> u32 {
    let hash = hash(kind, piece);
    ((hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as u32
}

/// FNV-1a of 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>), of a kind of piece and the piece.
fn hash(kind: u8, piece: &str) -> u64 {
    std::iter::once(kind)
        .chain(piece.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_said_again_and_again_weighs_no_more() {
        let (twice, thrice) = (grams("help help", Language::En), grams("help help help", Language::En));
        assert_eq!(twice.letters, thrice.letters);
        // The only new neighbours are: help help help.
        assert_eq!(thrice.words.len(), twice.words.len() + 1);
    }

    #[test]
    fn the_numbers_never_change_and_ascend() {
        assert_eq!(hash(b'a', "b"), 0x089c_4407_b545_986a, "as published for ab");
        let grams = grams("救命", Language::Zh);
        assert_eq!((grams.letters.len(), grams.words.len()), (4 + 3 + 2 + 1, 0));
        let letters: std::collections::BTreeSet<_> =
            ('а'..='я').map(|letter| number(b'c', &format!("бе{letter}"))).collect();
        assert_eq!(letters.len(), 32, "pieces that differ in their last letter are told apart");
        assert!(grams.letters.is_sorted_by(|one, other| one < other));
        assert!(grams.letters.iter().all(|number| *number < 1 << BITS));
    }
}
