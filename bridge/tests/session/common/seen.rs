//! What a call has done.

use bridge::audio::frame::{Codec, FRAME_TIME};
use bridge::audio::g711::level_dbfs;
use bridge::realtime::command::{Command, NewItem};
use bridge::session::{Record, Turn};
use bridge::sounds::Sentence;

use super::{SimCall, VOICE, words};

impl SimCall {
    /// Whether the last thing that was sent (sound aside) asks for a response.
    pub fn asked(&self) -> bool {
        matches!(self.commands().last(), Some(Command::ResponseCreate { .. }))
    }

    /// Whether the call has said that it cannot go on.
    pub fn apologises(&self) -> bool {
        self.texts().last().is_some_and(|text| text == words(Sentence::Apology))
    }

    /// Everything sent to the model except sound.
    pub fn commands(&self) -> impl DoubleEndedIterator<Item = &Command> {
        self.sent.iter().map(|(_, c)| c).filter(|c| !matches!(c, Command::Append { .. }))
    }

    /// Milliseconds of the caller's sound that the model was given, on its first connection.
    pub fn session_ms(&self) -> u64 {
        (self.given + self.appended().len() as u64) / 8
    }

    /// Bytes of the caller's sound that were sent to the model.
    pub fn appended(&self) -> Vec<u8> {
        let sound = self.sent.iter().filter_map(|(_, command)| match command {
            Command::Append { audio } => Some(audio.to_vec()),
            _ => None,
        });
        sound.flatten().collect()
    }

    /// Milliseconds of the model's voice that were played. Recorded words may hold its byte too, but never
    /// alone.
    pub fn voice_ms(&self) -> u64 {
        let voice = |frame: &&[u8; 160]| frame.iter().all(|byte| matches!(*byte, VOICE | 0xFF));
        let frames = self.played.iter().map(|(_, frame)| frame).filter(voice);
        frames.flatten().filter(|byte| **byte == VOICE).count() as u64 / 8
    }

    /// Fails when the line sounded dead for longer than 200 ms, as it does with digital silence.
    pub fn assert_alive(&self) {
        let mut dead = 0;
        for (at, frame) in &self.played {
            dead = if level_dbfs(Codec::Ulaw, frame) > -75.0 { 0 } else { dead + 1 };
            assert!(dead <= 10, "the line sounds dead at {at:?}");
        }
    }

    /// The latest state of every turn, in order.
    pub fn turns(&self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for record in &self.records {
            if let Record::Turn(turn) = record {
                turns.retain(|t| t.item_id != turn.item_id);
                turns.push(turn.clone());
            }
        }
        turns.sort_by_key(|turn| turn.order);
        turns
    }

    /// The texts of all turns, in order.
    pub fn texts(&self) -> Vec<String> {
        self.turns().into_iter().map(|turn| turn.text.reveal().clone()).collect()
    }

    /// Fails unless a frame was played every 20 ms without exception.
    pub fn assert_paced(&self) {
        for pair in self.played.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + FRAME_TIME);
        }
    }

    /// What the model was told that nobody said, in this role.
    pub fn told(&self, wanted: &str) -> Vec<String> {
        let told = self.commands().filter_map(|command| match command {
            Command::ItemCreate { item: NewItem::Message { role, content, .. }, .. } if *role == wanted => {
                Some(content)
            }
            _ => None,
        });
        told.flatten().map(|part| part.text.reveal().clone()).collect()
    }

    /// Remarks of ours.
    pub fn remarks(&self) -> Vec<String> {
        self.told("system")
    }
}
