//! The learned layer: how much a text is like emergencies, and how much like those where life is in danger.
//!
//! Two linear models for each language over the pieces of `grams.rs`, learned from `../../emergencies/training` by
//! `cargo run -p local -- train emergencies`, which writes `weights/*.bin`: for each model its scale and its bias (`f32`, little endian)
//! and one `i8` for each piece.

use super::grams::BUCKETS;
use crate::locale::Language;

/// Bytes of a model.
pub const BYTES: usize = 4 + 4 + BUCKETS;

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

/// A linear model over pieces.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    scale: f32,
    bias: f32,
    weights: &'a [u8],
}

impl<'a> Model<'a> {
    /// A model in its bytes, or nothing when there are not [`BYTES`] of them.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (scale, rest) = bytes.split_first_chunk()?;
        let (bias, weights) = rest.split_first_chunk()?;
        let (scale, bias) = (f32::from_le_bytes(*scale), f32::from_le_bytes(*bias));
        (weights.len() == BUCKETS).then_some(Self { scale, bias, weights })
    }

    /// On which side of the line the pieces lie, and how far from it: above 0 they are what was looked for.
    pub fn margin(&self, grams: &[(u32, f32)]) -> f32 {
        let weight = |piece: u32| self.weights.get(piece as usize).map_or(0.0, |byte| f32::from(byte.cast_signed()));
        let sum: f32 = grams.iter().map(|&(piece, value)| value * weight(piece)).sum();
        sum * self.scale + self.bias
    }
}

/// Whether it is an emergency, and whether it is a critical one, as learned for a language.
pub(super) fn models(language: Language) -> Option<(Model<'static>, Model<'static>)> {
    let (emergency, critical) = FILES[language as usize].split_at_checked(BYTES)?;
    Some((Model::read(emergency)?, Model::read(critical)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_models() {
        for language in Language::ALL {
            assert!(models(language).is_some(), "{language}");
        }
    }

    #[test]
    fn a_margin_is_the_sum_of_what_was_learned() {
        let mut bytes = [2.0_f32.to_le_bytes(), (-1.0_f32).to_le_bytes()].concat();
        bytes.resize(BYTES, 0);
        (bytes[8 + 3], bytes[8 + 9]) = (5, (-7_i8).cast_unsigned());
        let model = Model::read(&bytes).unwrap();
        assert!((model.margin(&[(3, 0.5), (9, 0.25), (10, 4.0)]) - (2.0 * (2.5 - 1.75) - 1.0)).abs() < 1e-6);
        assert!(Model::read(&bytes[1..]).is_none());
    }
}
