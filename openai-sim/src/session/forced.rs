//! The fault that speech is heard where nobody speaks.

use serde_json::json;

use super::Session;

impl Session {
    /// Begins forced speech that lies in the audio just appended, which began at `before`.
    pub(super) fn begin_forced_speech(&mut self, before: u64) {
        let after = self.input.position_ms(self.settings.input_format());
        let begins: Vec<u64> =
            self.faults.forced_speech().map(|(from, ..)| from).filter(|from| (before..after).contains(from)).collect();
        for at_ms in begins {
            if self.input.turn_item().is_none() {
                self.speech_started(at_ms);
                self.forced_turn = self.input.turn_item().map(str::to_owned);
            }
        }
    }

    /// Ends forced speech that is over by now.
    pub(super) fn end_forced_speech(&mut self, before: u64) {
        let after = self.input.position_ms(self.settings.input_format());
        let ends: Vec<(u64, bool)> = self
            .faults
            .forced_speech()
            .map(|(_, to, commit)| (to, commit))
            .filter(|(to, _)| before < *to && *to <= after)
            .collect();
        for (to, commit) in ends {
            if !self.in_forced_speech() {
                continue;
            }
            if commit {
                self.speech_stopped(to);
            } else if let Some(item_id) = self.input.drop_turn() {
                let body = json!({ "audio_end_ms": to, "item_id": item_id });
                self.out.send("input_audio_buffer.speech_stopped", body);
            }
        }
    }

    /// Whether the open turn is a forced one.
    pub(super) fn in_forced_speech(&self) -> bool {
        self.forced_turn.is_some() && self.forced_turn.as_deref() == self.input.turn_item()
    }
}
