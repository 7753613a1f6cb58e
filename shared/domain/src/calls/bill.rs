//! What a call cost and how well it went.

use serde::{Deserialize, Serialize};

/// What a call used of the model, and what that costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// Tokens of text that were read and not cached.
    pub input_text: u64,
    /// Tokens of sound that were heard and not cached.
    pub input_audio: u64,
    /// Tokens of either kind that the model had in its cache.
    pub cached: u64,
    /// Tokens of text that were written.
    pub output_text: u64,
    /// Tokens of sound that were spoken.
    pub output_audio: u64,
    /// What they cost, in millionths of a US dollar.
    pub cost_microusd: u64,
}

/// How well a call went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// Times the patient interrupted Bianca.
    pub barge_ins: u32,
    /// Times there was no sound although Bianca was speaking.
    pub underruns: u32,
    /// Times the model's connection was made anew.
    pub reconnects: u32,
    /// Answers that Bianca gave.
    pub turns: u32,
    /// Milliseconds from the end of the patient's words to the first sound of the answer: half of them were
    /// faster.
    pub response_ms_p50: Option<u32>,
    /// The same: 95 of 100 were faster.
    pub response_ms_p95: Option<u32>,
}

/// Prices of the model, each in millionths of a US dollar for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Text that is read.
    pub text_in: u64,
    /// Text or sound that was in the cache.
    pub cached_in: u64,
    /// Sound that is heard.
    pub audio_in: u64,
    /// Text that is written.
    pub text_out: u64,
    /// Sound that is spoken.
    pub audio_out: u64,
}

impl Prices {
    /// What the tokens of a bill cost, in millionths of a US dollar, rounded up. What the bill says itself
    /// is not looked at.
    pub fn cost(&self, bill: &Bill) -> u64 {
        let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let total = of(bill.input_text, self.text_in)
            + of(bill.cached, self.cached_in)
            + of(bill.input_audio, self.audio_in)
            + of(bill.output_text, self.text_out)
            + of(bill.output_audio, self.audio_out);
        u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: Prices = Prices {
        text_in: 4_000_000,
        cached_in: 400_000,
        audio_in: 32_000_000,
        text_out: 16_000_000,
        audio_out: 64_000_000,
    };

    #[test]
    fn every_kind_of_token_has_its_price() {
        let million = 1_000_000;
        let cost = |bill: Bill| PRICES.cost(&bill);
        assert_eq!(cost(Bill::default()), 0);
        assert_eq!(cost(Bill { input_text: million, ..Bill::default() }), 4_000_000);
        assert_eq!(cost(Bill { cached: million, ..Bill::default() }), 400_000);
        assert_eq!(cost(Bill { input_audio: million, ..Bill::default() }), 32_000_000);
        assert_eq!(cost(Bill { output_text: million, ..Bill::default() }), 16_000_000);
        assert_eq!(cost(Bill { output_audio: million, ..Bill::default() }), 64_000_000);
    }

    #[test]
    fn costs_are_added_before_they_are_rounded_and_never_overflow() {
        let small = Bill { cached: 1, input_text: 1, cost_microusd: 99, ..Bill::default() };
        assert_eq!(PRICES.cost(&small), 5, "4.4 millionths");
        let huge = Bill { output_audio: u64::MAX, ..Bill::default() };
        assert_eq!(PRICES.cost(&huge), u64::MAX);
    }
}
