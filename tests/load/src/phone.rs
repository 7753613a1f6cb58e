//! The far end of a call under load: speaks in coded frames, and judges every frame it hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use asterisk_sim::{Does, Heard, Moment, Phone};
use bytes::Bytes;

use crate::board::{self, Board, Call, lock};
use crate::sound::{Code, FRAME_TIME, From};

/// Frames of quiet after which the person takes the turn: 0.6 s.
const QUIET: u32 = 30;

/// Nobody answered for so many frames (8 s): the person speaks again.
const UNANSWERED: u32 = 400;

/// How many frames a person speaks, at least and with the largest addition: 0.8 to 2 s.
const BURST: (u32, u32) = (40, 60);

/// Every so many-th turn, not the same for everybody, the person cuts in after this many frames (0.5 s) of the answer.
const IMPATIENT: (u32, u32) = (3, 25);

/// A frame of a cut answer this long after the cut is a fault: two ticks, the way there included. So long after a
/// cut it is also known when the answer stopped.
const STALE_AFTER: Duration = Duration::from_millis(40);

/// A person with a telephone.
pub struct Person {
    number: u32,
    board: Arc<Board>,
    call: Arc<Call>,
    /// Set from outside: hang up.
    leave: Arc<AtomicBool>,
    joined: bool,
    answered: Option<Instant>,
    said: u32,
    /// Frames of the present burst that are still to be said.
    burst: u32,
    turns: u32,
    quiet: u32,
    /// Frames heard of the present answer.
    heard: u32,
    last_at: Option<Instant>,
    /// The answer that is being heard, and the number of its next frame.
    answer: Option<(u32, u32)>,
    /// Frames since then that were of no answer.
    pause: u64,
    /// When the latest frame of an answer came.
    sounded: Option<Instant>,
    /// The cut that was looked at last.
    judged: Option<Instant>,
}

impl Person {
    /// The person of that call, who hangs up when `leave` is set.
    pub fn new(number: u32, board: Arc<Board>, leave: Arc<AtomicBool>) -> Self {
        Self {
            number,
            call: board.call(number),
            board,
            leave,
            joined: false,
            answered: None,
            said: 0,
            burst: 0,
            turns: 0,
            quiet: 0,
            heard: 0,
            last_at: None,
            answer: None,
            pause: 0,
            sounded: None,
            judged: None,
        }
    }

    /// Whether the person speaks in this moment.
    fn speaks(&mut self) -> bool {
        self.quiet += 1;
        if self.burst > 0 {
            self.burst -= 1;
            return true;
        }
        // Never into the first answer: it is the greeting, and that is played to its end whatever is said.
        let greeted = self.answer.is_some_and(|(answer, _)| answer > 1);
        let impatient = greeted && (self.turns + self.number).is_multiple_of(IMPATIENT.0) && self.heard >= IMPATIENT.1;
        let has_turn = self.heard > 0 && self.quiet > QUIET || self.quiet > UNANSWERED || impatient;
        if has_turn && self.board.talking.load(Ordering::Relaxed) {
            self.turns += 1;
            (self.heard, self.quiet) = (0, 0);
            self.burst = BURST.0 + (self.number * 31 + self.turns * 17) % BURST.1;
        }
        false
    }

    fn on_answer(&mut self, code: Code, at: Instant) {
        self.quiet = 0;
        self.heard += 1;
        let cut = *lock(&self.call.cut);
        if let Some(cut) = cut.filter(|cut| cut.answer >= code.answer) {
            // It is being cut: not the beginning of anything.
            self.heard = 0;
            if at.saturating_duration_since(cut.at) > STALE_AFTER {
                lock(&self.call.outward).faults.stale += 1;
            }
        }
        self.sounded = Some(at);
        let mut flow = lock(&self.call.outward);
        let expected = match self.answer {
            Some((answer, next)) if answer == code.answer => next,
            _ => 0,
        };
        flow.intact += 1;
        flow.faults.lost += u64::from(code.number.saturating_sub(expected));
        flow.faults.repeated += u64::from(code.number < expected);
        let pause = std::mem::take(&mut self.pause);
        flow.faults.holes += if expected > 0 { pause } else { 0 };
        drop(flow);
        if code.number == 0 && expected == 0 {
            self.call.answers.fetch_add(1, Ordering::Relaxed);
            if let Some(before) = self.last_at {
                let sent = self.board.clock.at(code.stamp);
                self.board.measure(|figures| board::first_packet(figures, sent, before, at));
            }
        }
        self.answer = Some((code.answer, code.number.max(expected) + 1));
    }

    /// How long the latest cut took, once that is known.
    fn judge_cut(&mut self, now: Instant) {
        let Some(cut) = *lock(&self.call.cut) else { return };
        if self.judged == Some(cut.at) || now.saturating_duration_since(cut.at) <= STALE_AFTER {
            return;
        }
        self.judged = Some(cut.at);
        // Only of an answer that was sounding: its latest frame came not more than a tick before the cut.
        let Some(last) = self.sounded.filter(|last| *last + 2 * FRAME_TIME > cut.at) else { return };
        self.board.measure(|figures| figures.barge_in.add(last.saturating_duration_since(cut.at)));
    }
}

impl Phone for Person {
    fn speak(&mut self, moment: Moment) -> Does {
        // Not before somebody could be spoken to: that would be a call that was refused.
        if moment.joined && (self.leave.load(Ordering::Relaxed) || self.board.closing.load(Ordering::Relaxed)) {
            return Does::HangsUp;
        }
        self.answered.get_or_insert(moment.at);
        if !moment.joined {
            return Does::Nothing;
        }
        if !std::mem::replace(&mut self.joined, true) {
            self.board.live.fetch_add(1, Ordering::Relaxed);
        }
        let loud = self.speaks();
        let (call, number, stamp) = (self.number, self.said, self.board.clock.stamp(Instant::now()));
        self.said += 1;
        self.call.said.store(self.said, Ordering::Relaxed);
        let code = Code { from: From::Phone, loud, call, answer: 0, number, stamp };
        Does::Says(Bytes::copy_from_slice(&code.frame()))
    }

    fn hear(&mut self, heard: Heard<'_>) {
        let at = heard.at;
        self.judge_cut(at);
        match Code::read(heard.sound) {
            Some(code) if code.from == From::Model && code.call == self.number => self.on_answer(code, at),
            Some(_) => lock(&self.call.outward).faults.foreign += 1,
            None if Code::is_ours(heard.sound) => lock(&self.call.outward).faults.corrupt += 1,
            None => {
                self.pause += 1;
                lock(&self.call.outward).faults.made_up += 1;
            }
        }
        match self.last_at.replace(at) {
            Some(before) => {
                let error = at.saturating_duration_since(before).abs_diff(FRAME_TIME);
                self.board.measure(|figures| figures.pacing.add(error));
            }
            None => {
                if let Some(answered) = self.answered {
                    let after = at.saturating_duration_since(answered);
                    self.board.measure(|figures| figures.first_packet.add(after));
                }
            }
        }
    }

    fn over(&mut self, _cause: u32) {
        if self.joined {
            self.board.live.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
