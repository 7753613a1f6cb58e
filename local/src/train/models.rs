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

    /// Texts of a piece that half of all have, of one that two share, and of one that is its own.
    fn texts() -> Vec<Pieces> {
        (0..40_u32).map(|n| Pieces { letters: vec![n % 2, 10 + n / 4 * 2 + n % 2], words: vec![100 + n] }).collect()
    }

    fn lessons(texts: &[Pieces]) -> Vec<Lesson<'_>> {
        let lesson =
            |(pieces, n): (_, u32)| Lesson { pieces, is_emergency: n % 2 == 0, is_critical: n % 4 == 0, cost: 3.0 };
        texts.iter().zip(0..).map(lesson).collect()
    }

    #[test]
    fn a_rare_piece_tells_more_than_a_frequent_one_that_says_the_same() {
        let texts = texts();
        let bytes = models(&lessons(&texts), 30);
        let model = Model::read(&bytes).unwrap();
        let of = |letters: &[u32]| model.margins(&Pieces { letters: letters.to_vec(), words: Vec::new() })[0];
        let (nothing, frequent, rare) = (of(&[]), of(&[0]), of(&[10]));
        // Twenty emergencies have one, two have the other, and no harmless text has either.
        assert!(frequent > nothing && rare > nothing);
        let known = Known::of(&lessons(&texts));
        let features = known.features(&known.places(&texts[0]), [1.0, 1.0]);
        let value = |number: u32| {
            let at = known.numbers.binary_search(&number).unwrap();
            features.iter().find(|(place, _)| *place as usize == at).unwrap().1
        };
        assert!((value(10) / value(0) - 10.0_f32.sqrt()).abs() < 1e-5, "twenty texts to two");
    }

    #[test]
    fn what_nobody_has_seen_is_passed_over_and_the_same_texts_give_the_same_bytes() {
        let texts = texts();
        let bytes = models(&lessons(&texts), 30);
        assert_eq!(bytes, models(&lessons(&texts), 30), "bit for bit");
        let model = Model::read(&bytes).unwrap();
        let of =
            |letters: &[u32]| model.margins(&Pieces { letters: letters.to_vec(), words: Vec::new() }).map(f32::to_bits);
        assert_eq!(of(&[0, 7]), of(&[0]));
        assert_eq!(of(&[0, 5, 6, 7]), of(&[]), "a text of which hardly anything is known");
    }
}
