//! The learned layer: how much a text is like emergencies, and how much like those where life is in danger.
//!
//! Two linear models for each language over the pieces of `grams.rs`, learned from `../../emergencies/training` by
//! `cargo run -p local -- train emergencies`, which writes `weights/*.bin`, little endian:
//!
//! | what | as |
//! |---|---|
//! | of each model: its bias, and what a step of its weights is worth among letters and among words | three `f32` |
//! | how many pieces are known | `u32` |
//! | the distance of each number from the one before it | unsigned LEB128 (DWARF 5, 7.6) |
//! | of each model: the weight of each piece | `i8` |

use std::sync::OnceLock;

use super::grams::Pieces;
use crate::locale::Language;

const FILES: [&[u8]; 12] = [
    include_bytes!("weights/en.bin"),
    include_bytes!("weights/es.bin"),
    include_bytes!("weights/fr.bin"),
    include_bytes!("weights/de.bin"),
    include_bytes!("weights/zh.bin"),
    include_bytes!("weights/ja.bin"),
    include_bytes!("weights/pt.bin"),
    include_bytes!("weights/it.bin"),
    include_bytes!("weights/ru.bin"),
    include_bytes!("weights/ar.bin"),
    include_bytes!("weights/hi.bin"),
    include_bytes!("weights/ko.bin"),
];

/// Pieces of letters, in percent, that must be known, in languages that divide words and in others. Of the held-out and blind texts
/// 99.5 % have 71 or more, and 37, in their own language; in another script nearly all have fewer than these.
const KNOWN: usize = 60;
const KNOWN_WITHOUT_WORDS: usize = 30;

/// Two linear models over the same pieces: of emergencies, and of those among them where life is in danger.
pub struct Model<'a> {
    /// The known pieces, ascending.
    numbers: Vec<u32>,
    lines: [Line<'a>; 2],
}

struct Line<'a> {
    scale: Scale,
    weights: &'a [u8],
}

/// What a model adds to its weights, and what a step of them is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The margin of a text of which nothing is known.
    pub bias: f32,
    /// Among pieces of letters.
    pub letters: f32,
    /// Among words.
    pub words: f32,
}

/// The bytes of two models, each with its scale and the weight of each of `numbers`, which ascend.
pub fn write(numbers: &[u32], models: &[(Scale, Vec<i8>); 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (Scale { bias, letters, words }, _) in models {
        for value in [bias, letters, words] {
            bytes.extend(value.to_le_bytes());
        }
    }
    bytes.extend(u32::try_from(numbers.len()).unwrap_or(u32::MAX).to_le_bytes());
    let mut before = 0;
    for number in numbers {
        let mut rest = number - before;
        before = *number;
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                bytes.push(low);
                break;
            }
            bytes.push(low | 0x80);
        }
    }
    for (_, weights) in models {
        bytes.extend(weights.iter().map(|weight| weight.cast_unsigned()));
    }
    bytes
}

impl<'a> Model<'a> {
    /// The models that were written, or nothing when these bytes are no models.
    pub fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let scales = [Scale::read(&mut bytes)?, Scale::read(&mut bytes)?];
        let many = u32::from_le_bytes(take(&mut bytes)?) as usize;
        let (mut numbers, mut number) = (Vec::with_capacity(many.min(bytes.len())), 0_u32);
        for _ in 0..many {
            number = number.checked_add(leb128(&mut bytes)?)?;
            numbers.push(number);
        }
        let (emergency, critical) = bytes.split_at_checked(many)?;
        let [of_emergency, of_critical] = scales;
        let lines = [Line { scale: of_emergency, weights: emergency }, Line { scale: of_critical, weights: critical }];
        (critical.len() == many).then_some(Self { numbers, lines })
    }

    /// On which side of each line the pieces lie, and how far from it: above 0 they are what was looked for. Letters and words
    /// weigh the same, however many there are; what is not known is passed over. Of a text of which hardly anything is known, since
    /// it is in another script, nothing is.
    pub fn margins(&self, pieces: &Pieces) -> [f32; 2] {
        let known = |group: &[u32]| -> Vec<usize> {
            group.iter().filter_map(|number| self.numbers.binary_search(number).ok()).collect()
        };
        let (mut letters, mut words) = (known(&pieces.letters), known(&pieces.words));
        let must = if pieces.words.is_empty() { KNOWN_WITHOUT_WORDS } else { KNOWN };
        if letters.len() * 100 < pieces.letters.len() * must {
            (letters, words) = (Vec::new(), Vec::new());
        }
        self.lines.each_ref().map(|Line { scale, weights }| {
            scale.bias + scale.letters * mean(&letters, weights) + scale.words * mean(&words, weights)
        })
    }
}

/// The sum of the weights at these places, for a vector of unit length.
#[expect(clippy::cast_precision_loss, reason = "some thousands of bytes")]
fn mean(places: &[usize], weights: &[u8]) -> f32 {
    let sum: i32 = places.iter().filter_map(|at| weights.get(*at)).map(|byte| i32::from(byte.cast_signed())).sum();
    if places.is_empty() { 0.0 } else { sum as f32 / (places.len() as f32).sqrt() }
}

impl Scale {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut next = || Some(f32::from_le_bytes(take(bytes)?));
        Some(Self { bias: next()?, letters: next()?, words: next()? })
    }
}

fn take(bytes: &mut &[u8]) -> Option<[u8; 4]> {
    let (four, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*four)
}

fn leb128(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0;
    for shift in (0..u32::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// What was learned for a language.
pub(super) fn model(language: Language) -> Option<&'static Model<'static>> {
    static MODELS: [OnceLock<Option<Model<'static>>>; 12] = [const { OnceLock::new() }; 12];
    let at = language as usize;
    MODELS[at].get_or_init(|| Model::read(FILES[at])).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_models() {
        for language in Language::ALL {
            assert!(model(language).is_some(), "{language}");
        }
    }

    #[test]
    fn a_margin_is_the_sum_of_what_was_learned() {
        let scale = |bias| Scale { bias, letters: 2.0, words: 0.5 };
        let numbers = [3, 9, 300, 0x00ff_ffff];
        let bytes = write(&numbers, &[(scale(-1.0), vec![5, -7, 0, 4]), (scale(1.0), vec![0, 0, 127, -127])]);
        let model = Model::read(&bytes).unwrap();
        let pieces = Pieces { letters: vec![3, 4, 9, 300], words: vec![8, 0x00ff_ffff] };
        let [emergency, critical] = model.margins(&pieces);
        let three = 3.0_f32.sqrt();
        assert!((emergency - (-1.0 + 2.0 * -2.0 / three + 0.5 * 4.0)).abs() < 1e-6, "4 and 8 are not known");
        assert!((critical - (1.0 + 2.0 * 127.0 / three - 0.5 * 127.0)).abs() < 1e-4);
        let [emergency, critical] = model.margins(&Pieces::default());
        assert!((emergency + 1.0).abs() < 1e-6 && (critical - 1.0).abs() < 1e-6);
    }

    #[test]
    fn other_bytes_are_no_models() {
        let scale = Scale { bias: 0.0, letters: 1.0, words: 1.0 };
        let bytes = write(&[7, 200_000], &[(scale, vec![1, 2]), (scale, vec![3, 4])]);
        for end in 0..bytes.len() {
            assert!(Model::read(&bytes[..end]).is_none(), "{end}");
        }
        let endless = [&bytes[..24], &2_u32.to_le_bytes()[..], &[0xff; 40][..]].concat();
        assert!(Model::read(&endless).is_none());
        assert!(Model::read(&[&bytes[..], &[0]].concat()).is_none());
    }
}
