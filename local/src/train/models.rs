//! The two models of a language: which pieces are known, and what each weighs.

use domain::emergencies::{self, Pieces, Scale};

use super::svm::{Example, Line, divide};

/// A text to learn from.
pub(super) struct Lesson<'a> {
    pub(super) pieces: &'a Pieces,
    pub(super) is_emergency: bool,
    pub(super) is_critical: bool,
    /// What it costs to be wrong about it: greater fits closer.
    pub(super) cost: f64,
}

/// The pieces of all lessons, ascending, and how many lessons have each.
struct Known {
    numbers: Vec<u32>,
    lessons: Vec<u32>,
}

/// The bytes of both models of a language. A piece weighs the less the more texts have it (by the root of their number), and letters and
/// words weigh the same: rare pieces tell more, and a linear model by itself hardly listens to them.
pub(super) fn models(lessons: &[Lesson<'_>], rounds: usize) -> Vec<u8> {
    let known = Known::of(lessons);
    let places: Vec<_> = lessons.iter().map(|lesson| known.places(lesson.pieces)).collect();
    let scales = [0, 1].map(|group| known.scale(places.iter().map(|groups| &groups[group])));
    let features: Vec<_> = places.iter().map(|groups| known.features(groups, scales)).collect();
    let model = |is_meant: fn(&Lesson<'_>) -> bool, is_so: fn(&Lesson<'_>) -> bool| {
        let meant = lessons.iter().zip(&features).filter(|(lesson, _)| is_meant(lesson));
        let examples: Vec<_> =
            meant.map(|(lesson, features)| Example { features, is_so: is_so(lesson), cost: lesson.cost }).collect();
        known.rounded(&divide(&examples, known.numbers.len(), rounds), scales)
    };
    let emergency = model(|_| true, |lesson| lesson.is_emergency);
    let critical = model(|lesson| lesson.is_emergency, |lesson| lesson.is_critical);
    emergencies::write(&known.numbers, &[emergency, critical])
}

impl Known {
    fn of(lessons: &[Lesson<'_>]) -> Self {
        let mut all: Vec<u32> = Vec::new();
        for Lesson { pieces, .. } in lessons {
            // A number that is of letters and of words counts once.
            let letters = pieces.letters.iter().filter(|number| pieces.words.binary_search(number).is_err());
            all.extend(letters.chain(&pieces.words));
        }
        all.sort_unstable();
        let mut known = Self { numbers: Vec::new(), lessons: Vec::new() };
        for same in all.chunk_by(|one, other| one == other) {
            known.numbers.push(same[0]);
            known.lessons.push(u32::try_from(same.len()).unwrap_or(u32::MAX));
        }
        known
    }

    /// How rare a known piece is: 1 when one lesson has it.
    fn rarity(&self, at: usize) -> f64 {
        1.0 / f64::from(self.lessons[at]).sqrt()
    }

    /// Where letters and words of a text stand among the numbers.
    fn places(&self, pieces: &Pieces) -> [Vec<usize>; 2] {
        let place = |number: &u32| self.numbers.binary_search(number).ok();
        [&pieces.letters, &pieces.words].map(|group| group.iter().filter_map(place).collect())
    }

    /// What makes the vectors of a group of pieces as long as unit vectors, on the average.
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    fn scale<'a>(&self, texts: impl Iterator<Item = &'a Vec<usize>>) -> f64 {
        let (mut sum, mut all) = (0.0, 0.0);
        for places in texts.filter(|places| !places.is_empty()) {
            let squares: f64 = places.iter().map(|at| self.rarity(*at) * self.rarity(*at)).sum();
            sum += squares / places.len() as f64;
            all += 1.0;
        }
        if sum > 0.0 { (all / sum).sqrt() } else { 0.0 }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "features are as precise as margins"
    )]
    fn features(&self, groups: &[Vec<usize>; 2], scales: [f64; 2]) -> Vec<(u32, f32)> {
        let mut features: Vec<(u32, f32)> = Vec::new();
        for (places, scale) in groups.iter().zip(scales) {
            let unit = scale / (places.len() as f64).sqrt();
            features.extend(places.iter().map(|at| (*at as u32, (self.rarity(*at) * unit) as f32)));
        }
        features.sort_unstable_by_key(|(at, _)| *at);
        // A number that is of letters and of words.
        features.dedup_by(|later, first| {
            let same = later.0 == first.0;
            first.1 += if same { later.1 } else { 0.0 };
            same
        });
        features
    }

    /// The line as it is written: weights of the pieces themselves, in steps of the greatest one's 127th part.
    #[expect(clippy::cast_possible_truncation, reason = "weights are small, and rounded on purpose")]
    fn rounded(&self, line: &Line, scales: [f64; 2]) -> (Scale, Vec<i8>) {
        let weights: Vec<f64> = line.weights.iter().enumerate().map(|(at, weight)| weight * self.rarity(at)).collect();
        let greatest = weights.iter().fold(f64::MIN_POSITIVE, |greatest, weight| greatest.max(weight.abs()));
        let step = greatest / 127.0;
        let [letters, words] = scales.map(|scale| (scale * step) as f32);
        let scale = Scale { bias: line.bias as f32, letters, words };
        (scale, weights.iter().map(|weight| (weight / step).round() as i8).collect())
    }
}

#[cfg(test)]
mod tests {
    use domain::emergencies::Model;

    use super::*;

    #[test]
    fn a_rare_piece_tells_more_than_one_that_every_text_has() {
        let texts: Vec<Pieces> =
            (0..40_u32).map(|n| Pieces { letters: vec![1, 10 + n / 4], words: vec![100 + n] }).collect();
        let lessons: Vec<_> = texts
            .iter()
            .zip(0_u32..)
            .map(|(pieces, n)| Lesson { pieces, is_emergency: n % 8 < 4, is_critical: n % 16 < 4, cost: 3.0 })
            .collect();
        let bytes = models(&lessons, 30);
        assert_eq!(bytes, models(&lessons, 30), "bit for bit");
        let model = Model::read(&bytes).unwrap();
        let of = |letters: &[u32]| model.margins(&Pieces { letters: letters.to_vec(), words: Vec::new() });
        for n in 0..10 {
            let [emergency, critical] = of(&[1, 10 + n]);
            assert_eq!(emergency > 0.0, n % 2 == 0, "{n}: {emergency}");
            assert!(n % 2 == 1 || (critical > 0.0) == (n % 4 == 0), "{n}: {critical}");
        }
        assert_eq!(of(&[1, 7]).map(f32::to_bits), of(&[1]).map(f32::to_bits), "what nobody has seen is passed over");
    }
}
