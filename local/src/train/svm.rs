//! A linear support vector machine with squared hinge loss, learned by dual coordinate descent (Hsieh, Chang, Lin, Keerthi and
//! Sundararajan, ICML 2008, algorithm 1).
//!
//! Adds, multiplies and divides, in an order that never changes: the same examples give the same weights on every
//! machine, bit for bit.

/// An example: what it has, by number, and whether it is what is looked for.
pub(super) struct Example<'a> {
    pub(super) features: &'a [(u32, f32)],
    pub(super) is_so: bool,
    /// What it costs to be wrong about it: greater fits closer.
    pub(super) cost: f64,
}

/// A line: a weight for each feature, and where it lies.
pub(super) struct Line {
    pub(super) weights: Vec<f64>,
    pub(super) bias: f64,
}

/// The line that divides the examples best, after so many rounds through all of them.
pub(super) fn divide(examples: &[Example<'_>], features: usize, rounds: usize) -> Line {
    let mut line = Line { weights: vec![0.0; features], bias: 0.0 };
    let mut alphas = vec![0.0_f64; examples.len()];
    // The bias is the weight of a feature that every example has.
    let squares: Vec<f64> = examples
        .iter()
        .map(|example| {
            1.0 + example.features.iter().map(|&(_, value)| f64::from(value) * f64::from(value)).sum::<f64>()
        })
        .collect();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..rounds {
        shuffle(&mut order, &mut random);
        for &at in &order {
            let example = &examples[at];
            let sign = if example.is_so { 1.0 } else { -1.0 };
            let diagonal = 0.5 / example.cost;
            let gradient = sign * line.margin(example.features) - 1.0 + diagonal * alphas[at];
            let before = alphas[at];
            alphas[at] = (before - gradient / (squares[at] + diagonal)).max(0.0);
            let step = (alphas[at] - before) * sign;
            if step != 0.0 {
                for &(feature, value) in example.features {
                    line.weights[feature as usize] += step * f64::from(value);
                }
                line.bias += step;
            }
        }
    }
    line
}

impl Line {
    pub(super) fn margin(&self, features: &[(u32, f32)]) -> f64 {
        features.iter().map(|&(feature, value)| self.weights[feature as usize] * f64::from(value)).sum::<f64>()
            + self.bias
    }
}

/// Fisher and Yates, with Marsaglia's xorshift.
fn shuffle(order: &mut [usize], random: &mut u64) {
    for last in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(last, usize::try_from(*random % (last as u64 + 1)).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_divides_what_can_be_divided_and_is_the_same_every_time() {
        let features: Vec<Vec<(u32, f32)>> = (0..40_u32).map(|n| vec![(n % 4, 1.0), (4 + n % 7, 0.5)]).collect();
        let examples: Vec<_> =
            features.iter().map(|features| Example { features, is_so: features[0].0 == 2, cost: 1.0 }).collect();
        let (line, again) = (divide(&examples, 11, 40), divide(&examples, 11, 40));
        for example in &examples {
            assert_eq!(line.margin(example.features) > 0.0, example.is_so);
        }
        assert_eq!(line.weights, again.weights);
        assert_eq!(line.bias.to_bits(), again.bias.to_bits());
    }

    #[test]
    fn it_is_the_minimum() {
        // One feature, two examples: w and b minimise (w² + b²) / 2 + (1 - w - b)² + (1 + b)², so w = 10/13... by hand.
        let one = [(0_u32, 1.0_f32)];
        let examples =
            [Example { features: &one, is_so: true, cost: 1.0 }, Example { features: &[], is_so: false, cost: 1.0 }];
        let line = divide(&examples, 1, 40);
        let (w, b) = (line.weights[0], line.bias);
        // The gradient is nothing there.
        assert!((w - 2.0 * (1.0 - w - b)).abs() < 1e-6, "{w} {b}");
        assert!((b - 2.0 * (1.0 - w - b) + 2.0 * (1.0 + b)).abs() < 1e-6, "{w} {b}");
    }
}
