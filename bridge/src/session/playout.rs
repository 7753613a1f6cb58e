//! What goes on the wire: exactly one frame every 20 ms while the line is up.

use std::time::{Duration, Instant};

use super::deadlines::Reason;
use super::messages::Heard;
use super::output::{Output, Play, Record};
use super::sentences::is_recorded;
use super::state::Phase;
use super::{PROGRESS_EVERY, Session};
use crate::audio::frame::{Frame, bytes_to_ms};

/// A response that has sounded and then neither goes on nor ends is taken for ended.
const STALLED_AFTER: Duration = Duration::from_secs(5);

/// What is to become of sound that was given to the telephone and is not heard yet.
#[derive(Debug, Default)]
pub(super) struct OnTheWay {
    /// The telephone was told to keep it.
    kept: bool,
    /// It shall not be heard; to be told.
    unwanted: bool,
}

impl OnTheWay {
    /// It shall not be heard.
    pub(super) fn drop_all(&mut self) {
        self.unwanted = true;
    }
}

impl Session {
    /// Deadlines that have passed, then the frames that are owed.
    pub(super) fn on_tick(&mut self, now: Instant) {
        while let Some(reason) = self.deadlines.take_due(now) {
            self.on_deadline(now, reason);
        }
        self.steer();
        while let Some(tick) = self.pacer.as_mut().and_then(|pacer| pacer.due(now)) {
            let frame = self.next_frame(now);
            self.echo.played(frame.bytes());
            self.out.push(Output::Play(Play { frame, skipped: tick.skipped }));
            self.give_way(now);
        }
        self.settle(now);
    }

    /// Tells the telephone what is to become of sound on its way there. Before any frame that follows.
    pub(super) fn steer(&mut self) {
        if matches!(self.phase, Phase::Lingering(_) | Phase::Ended) {
            // There is no telephone any more.
            return;
        }
        let sound = &mut self.on_the_way;
        if std::mem::take(&mut sound.unwanted) {
            self.out.push(Output::Flush);
            sound.kept = false;
        }
        if sound.kept != self.floor.holds() {
            sound.kept = !sound.kept;
            self.out.push(if sound.kept { Output::Pause } else { Output::Resume });
        }
    }

    fn next_frame(&mut self, now: Instant) -> Frame {
        if self.is_behind_switchboard() {
            return self.comfort.frame();
        }
        if self.floor.holds() {
            // Her words wait until it is known what the caller's sound was.
            self.comfort.pause();
            self.set_ai_speaks(false);
            return Frame::silence(self.plan.codec);
        }
        let next = self.queue.playing().filter(|item| self.responses.sounding.as_deref() != Some(*item));
        if next.is_some_and(|item| !is_recorded(item)) && self.watch.is_being_written(now) {
            // The alert is written before anything is said.
            self.set_ai_speaks(false);
            return self.comfort.frame();
        }
        if let Some(item) = next.map(str::to_owned) {
            self.transcript.started(&item, self.since_answer(now));
            if let Some(latency) = self.stages.on_wire(now, &item) {
                self.persist(Record::Answered(latency));
            }
            self.responses.sounding = Some(item);
        }
        let recorded = self.responses.sounding.as_deref().is_some_and(is_recorded);
        if let Some(frame) = self.queue.next_frame(self.plan.codec.silence()) {
            if recorded && frame == Frame::silence(self.plan.codec) {
                // A pause between recorded sentences: the line shall not sound dead in it.
                return self.comfort.frame();
            }
            self.comfort.pause();
            self.set_ai_speaks(true);
            self.deadlines.set_if_clear(Reason::Progress, now + PROGRESS_EVERY);
            return frame;
        }
        if self.responses.active.is_some() && self.ai_speaks {
            self.stats.underruns += 1;
            self.deadlines.set_if_clear(Reason::Stalled, now + STALLED_AFTER);
        } else {
            self.set_ai_speaks(false);
        }
        if self.caller_since.is_some() {
            // Noise of ours never lies over the caller's voice.
            self.comfort.pause();
            return Frame::silence(self.plan.codec);
        }
        self.comfort.frame()
    }

    pub(super) fn set_ai_speaks(&mut self, speaks: bool) {
        if self.ai_speaks != speaks {
            self.ai_speaks = speaks;
            self.show_speaking();
        }
    }

    /// Remembers every turn that changed.
    pub(super) fn tell_turns(&mut self) {
        let (queue, downstream_ms) = (&self.queue, self.in_flight_ms());
        let heard = |item: &str| {
            queue.position(item).map(|position| Heard {
                ms: position.heard_ms(downstream_ms),
                of_ms: bytes_to_ms(position.received),
                complete: position.complete(),
            })
        };
        for turn in self.transcript.changes(heard) {
            self.out.push(Output::Persist(Record::Turn(turn)));
        }
    }
}
