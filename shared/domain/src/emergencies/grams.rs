//! What the learned layer looks at: pieces of words and neighbouring words, as numbers.

use std::collections::BTreeMap;

use super::normalise::has_words;
use crate::locale::Language;

/// How many numbers there are for pieces; two that share one are told apart by what stands beside them.
pub const BUCKETS: usize = 1 << 18;

/// A text as its pieces: the number of each, ascending, and its weight. Pieces of two to six letters, which may reach from one
/// word into the next, and one to three neighbouring words each weigh as much as a unit vector; in languages without spaces there are
/// only pieces of one to five characters. Each counts once, however often it is said: who repeats themselves says no more.
pub(super) fn grams(normal: &str, language: Language) -> Vec<(u32, f32)> {
    let (mut pieces, mut words) = (Vec::new(), Vec::new());
    if has_words(language) {
        let said: Vec<&str> = std::iter::once("^").chain(normal.split(' ')).chain(std::iter::once("$")).collect();
        cut(&format!(" {normal} "), 2..=6, &mut pieces);
        for many in 1..=3 {
            words.extend(said.windows(many).map(|row| hash(b'w', &row.join(" "))));
        }
    } else {
        cut(&format!("^{normal}$"), 1..=5, &mut pieces);
    }
    let mut grams = BTreeMap::new();
    for mut group in [pieces, words] {
        group.sort_unstable();
        group.dedup();
        #[expect(clippy::cast_precision_loss, reason = "a text has some thousands of pieces")]
        let weight = 1.0 / (group.len() as f32).sqrt();
        for piece in group {
            *grams.entry(bucket(piece)).or_insert(0.0) += weight;
        }
    }
    grams.into_iter().collect()
}

/// The hashes of all pieces of these lengths.
fn cut(text: &str, lengths: std::ops::RangeInclusive<usize>, pieces: &mut Vec<u64>) {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect();
    for length in lengths {
        pieces.extend(starts.windows(length + 1).map(|ends| hash(b'c', &text[ends[0]..ends[length]])));
    }
}

/// The bucket of a hash. FNV hardly moves the last letter of a piece, so what it gives is mixed once more, by
/// the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4).
#[expect(clippy::cast_possible_truncation, reason = "of 18 bits nothing is cut")]
const fn bucket(hash: u64) -> u32 {
    ((hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKETS.trailing_zeros())) as u32
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
        let pieces = |text| grams(text, Language::En).len();
        // Its only new neighbours are: help help help.
        assert_eq!(pieces("help help help"), pieces("help help") + 1);
    }

    #[test]
    fn the_numbers_never_change_and_ascend() {
        assert_eq!(hash(b'a', "b"), 0x089c_4407_b545_986a, "as published for ab");
        let grams = grams("救命", Language::Zh);
        assert_eq!(grams.len(), 4 + 3 + 2 + 1);
        let letters: std::collections::BTreeSet<_> =
            ('а'..='я').map(|letter| bucket(hash(b'c', &format!("бе{letter}")))).collect();
        assert_eq!(letters.len(), 32, "pieces that differ in their last letter are told apart");
        assert!(grams.is_sorted_by(|one, other| one.0 < other.0));
        assert!(grams.iter().all(|(piece, _)| (*piece as usize) < BUCKETS));
    }
}
