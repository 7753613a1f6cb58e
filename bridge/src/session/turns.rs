//! Whose turn it is: the caller begins and stops to speak, and cuts in.
//!
//! A sound of the caller silences Bianca within one frame, but it is not yet an interruption. Her
//! words are held, not thrown away: after 300 ms of speech they are cut, and the model learns what
//! was heard of them; a cough or an "mm-hm" shorter than that lets her go on from the same sample.
//! A sound that is only her own voice coming back from the caller's telephone holds nothing; from a telephone that
//! sent nothing back so far it holds her for those 300 ms.

use std::time::{Duration, Instant};

use super::Session;
use super::deadlines::Reason;
use super::responses::{Purpose, RESPONSE_WITHIN};
use super::sentences::is_recorded;
use super::state::Phase;
use crate::audio::frame::bytes_to_ms;
use crate::audio::queue::Position;
use crate::realtime::command::Command;
use crate::realtime::event::{SpeechStarted, SpeechStopped};

/// Speech of this length is an interruption; anything shorter is a cough, a door, an "mm-hm".
pub(super) const CONFIRMED_AFTER: Duration = Duration::from_millis(300);

/// A short sound is over after this much quiet; the closure of a stop consonant is shorter.
const OVER_AFTER: Duration = Duration::from_millis(160);

/// The server speaks of a sound at most this long after it began.
pub(super) const NOTICED_WITHIN: Duration = Duration::from_millis(500);

/// Frames of the caller between two looks at whether a sound is still only an echo.
const LOOK_EVERY: u32 = 5;

/// Nobody speaks for this long without a pause: it is a television, or the line hums.
const LONGEST_SPEECH: Duration = Duration::from_mins(1);

/// Less than one frame was not heard: the item is deleted instead of truncated.
const HEARD_AT_ALL_MS: u64 = 20;

/// Turns that interrupted nothing and whose words are still to come.
const REMEMBERED: usize = 8;

/// Who has the floor.
#[derive(Debug, Default)]
pub struct Floor {
    /// What the model hears has not stopped for so long that it is no speech.
    pub humming: bool,
    /// What the caller has begun while there was something to interrupt.
    onset: Option<Onset>,
    /// What the caller says now, as an item.
    item: Option<String>,
    /// A turn that was no interruption: the server shall not answer it by itself.
    pub dismissed: Option<Dismissed>,
    /// Frames heard since the last look for an echo.
    frames: u32,
}

/// A sound of the caller, and what is thought of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Onset {
    /// The item it will become.
    item: String,
    /// When the server spoke of it.
    since: Instant,
    verdict: Verdict,
    /// It was compared with what she says.
    compared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Not known yet: Bianca is silent, her words wait.
    Held,
    /// A short noise: Bianca has gone on.
    Passed,
    /// Bianca's own voice.
    Echo,
}

/// A turn that interrupted nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissed {
    /// Its item.
    pub item: String,
    /// It is thought to be Bianca's own voice.
    pub echo: bool,
    /// The call had only begun: it may be the "Hello?" of whoever picked up.
    pub picks_up: bool,
}

impl Floor {
    /// Whether Bianca's words wait until it is known what the caller's sound was.
    pub fn holds(&self) -> bool {
        self.onset.as_ref().is_some_and(|onset| onset.verdict == Verdict::Held)
    }

    /// Whether what is heard was found to be no words to Bianca.
    pub fn is_dismissed(&self) -> bool {
        self.dismissed.is_some()
    }

    /// Forgets what belongs to a lost connection.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Session {
    pub(super) fn on_speech_started(&mut self, now: Instant, speech: &SpeechStarted) {
        let ago = bytes_to_ms(self.appended).saturating_sub(speech.audio_start_ms);
        let began = self.since_answer(now).saturating_sub(Duration::from_millis(ago));
        self.transcript.expect(&speech.item_id, began);
        self.backlog.begin();
        if speech.audio_start_ms < bytes_to_ms(self.replayed) {
            // An earlier connection has heard it: it interrupts nothing.
            return;
        }
        self.deadlines.set_if_clear(Reason::Speech, now + LONGEST_SPEECH);
        if self.floor.humming {
            return;
        }
        self.floor.dismissed = None;
        let compared = self.phase == Phase::Talking && self.has_the_floor() && self.echo.is_expected();
        let compared = compared && self.is_heard(now, now);
        if compared && self.echo.is_echo() {
            return self.pass_echo(now, &speech.item_id);
        }
        self.floor.item = Some(speech.item_id.clone());
        self.caller_since.get_or_insert(now);
        self.idle_checks = 0;
        self.deadlines.clear(Reason::Response);
        self.deadlines.clear(Reason::Filler);
        self.tempo.on_speech_started(now);
        self.stages.forget();
        self.show_speaking();
        match self.phase {
            Phase::Talking => {}
            // The greeting is the answer to a "Hello?"; what says more is answered when it is written down.
            Phase::Greeting if self.has_the_floor() => return self.pass(now, &speech.item_id, Verdict::Passed),
            _ => return,
        }
        if self.speaks_recorded_words() {
            // They tell whoever is in danger whom to call: they are heard to their end.
            return self.pass(now, &speech.item_id, Verdict::Passed);
        }
        if self.has_the_floor() {
            self.hold(now, &speech.item_id, compared);
        } else {
            self.barge_in();
        }
    }

    /// Whether Bianca speaks, or is about to.
    fn has_the_floor(&self) -> bool {
        let active = self.responses.active.as_ref().is_some_and(|active| !self.responses.is_cancelled(&active.id));
        active || self.queue.queued() > 0
    }

    fn speaks_recorded_words(&self) -> bool {
        self.queue.playing().is_some_and(is_recorded)
    }

    /// The caller has begun to speak when they could not be let in: now they can.
    pub(super) fn hold_if_spoken_over(&mut self, now: Instant) {
        if let Some(item) = self.floor.item.clone().filter(|_| self.caller_since.is_some())
            && self.has_the_floor()
        {
            self.hold(now, &item, false);
        }
    }

    /// Silences Bianca until it is known whether this is an interruption.
    fn hold(&mut self, now: Instant, item: &str, compared: bool) {
        self.floor.onset = Some(Onset { item: item.to_owned(), since: now, verdict: Verdict::Held, compared });
        self.deadlines.set(Reason::Confirm, now + CONFIRMED_AFTER);
    }

    /// It was none: she goes on where she was.
    fn pass(&mut self, now: Instant, item: &str, verdict: Verdict) {
        let item = item.to_owned();
        let picks_up = self.phase == Phase::Greeting;
        let dismissed = Dismissed { item: item.clone(), echo: verdict == Verdict::Echo, picks_up };
        self.floor.dismissed = Some(dismissed.clone());
        self.passed.retain(|passed| passed.item != item);
        if self.passed.len() == REMEMBERED {
            self.passed.remove(0);
        }
        self.passed.push(dismissed);
        self.floor.onset = Some(Onset { item, since: now, verdict, compared: true });
        self.deadlines.clear(Reason::Confirm);
    }

    /// It was her own voice.
    fn pass_echo(&mut self, now: Instant, item: &str) {
        self.stats.echoes += 1;
        self.caller_since = None;
        self.show_speaking();
        self.pass(now, item, Verdict::Echo);
    }

    /// Judges the sound that is being heard; called with every frame of the caller.
    pub(super) fn judge(&mut self, now: Instant) {
        let Some(onset) = &self.floor.onset else { return };
        let (item, since, compared) = (onset.item.clone(), onset.since, onset.compared);
        let spoke = self.voice.span();
        match onset.verdict {
            Verdict::Held if !self.is_heard(now, since) => {}
            Verdict::Held if spoke >= CONFIRMED_AFTER && !compared && self.echo.is_echo() => self.pass_echo(now, &item),
            Verdict::Held if spoke >= CONFIRMED_AFTER => self.interrupt(now),
            Verdict::Held if self.voice.quiet() >= OVER_AFTER => {
                self.stats.resumed += 1;
                self.pass(now, &item, Verdict::Passed);
            }
            Verdict::Passed if self.cuts_in() => self.interrupt(now),
            Verdict::Held | Verdict::Passed => {}
            Verdict::Echo => {
                self.floor.frames = (self.floor.frames + 1) % LOOK_EVERY;
                if self.floor.frames == 0 && self.voice.is_speaking() && !self.echo.is_echo() {
                    // The caller speaks on top of the echo.
                    self.voice.reset_span();
                    self.caller_since.get_or_insert(now);
                    self.show_speaking();
                    self.hold(now, &item, true);
                }
            }
        }
    }

    /// Whether the caller speaks for long enough over what may be interrupted.
    fn cuts_in(&self) -> bool {
        self.phase == Phase::Talking && !self.speaks_recorded_words() && self.speaks_up()
    }

    /// Whether the caller speaks, for long enough to mean it.
    pub(super) fn speaks_up(&self) -> bool {
        self.voice.is_speaking() && self.voice.span() >= CONFIRMED_AFTER && !self.hears_herself()
    }

    /// Whether what comes from the caller's telephone is Bianca's own voice.
    pub(super) fn hears_herself(&self) -> bool {
        self.echo.is_expected() && self.echo.is_echo()
    }

    /// Called with every frame of Bianca: when recorded words have ended over which the caller speaks, what
    /// waits behind them is not begun.
    pub(super) fn give_way(&mut self, now: Instant) {
        let passed = self.floor.onset.as_ref().is_some_and(|onset| onset.verdict == Verdict::Passed);
        if passed && self.queue.queued() > 0 && self.cuts_in() {
            self.interrupt(now);
        }
    }

    /// Whether our own measure has heard anything of what began at `since`, as the server says.
    fn is_heard(&self, now: Instant, since: Instant) -> bool {
        let window = now.saturating_duration_since(since) + NOTICED_WITHIN;
        !self.voice.span().is_zero() && self.voice.quiet() <= window
    }

    /// The time to judge is up. The server hears speech and our own measure heard nothing at all, as
    /// with a very low voice: the server is right.
    pub(super) fn on_confirm(&mut self, now: Instant) {
        let Some(onset) = self.floor.onset.as_ref().filter(|onset| onset.verdict == Verdict::Held) else { return };
        if self.is_heard(now, onset.since) {
            self.deadlines.set(Reason::Confirm, now + OVER_AFTER);
            self.judge(now);
        } else {
            self.interrupt(now);
        }
    }

    /// The caller has taken the floor.
    fn interrupt(&mut self, now: Instant) {
        let mut held = Duration::ZERO;
        if let Some(onset) = self.floor.onset.take() {
            self.passed.retain(|passed| passed.item != onset.item);
            if onset.verdict == Verdict::Held {
                held = now.saturating_duration_since(onset.since);
            }
        }
        self.floor.dismissed = None;
        self.caller_since.get_or_insert(now);
        self.deadlines.clear(Reason::Confirm);
        self.stats.barge_ins += u64::from(self.queue.queued() > 0);
        self.silence(held);
        self.set_ai_speaks(false);
        self.show_speaking();
    }

    pub(super) fn on_speech_stopped(&mut self, now: Instant, speech: &SpeechStopped) {
        self.deadlines.clear(Reason::Speech);
        self.deadlines.clear(Reason::Confirm);
        self.floor.humming = false;
        if self.floor.holds() {
            // Over before it was confirmed.
            self.stats.resumed += 1;
            self.pass(now, &speech.item_id, Verdict::Passed);
        }
        self.floor.onset = None;
        let spoke = self.caller_since.take().map(|since| now - since).unwrap_or_default();
        if let Phase::Farewell(farewell) = &mut self.phase {
            // The server notices the end of speech only after its window of silence.
            farewell.caller_spoke += spoke.saturating_sub(self.tempo.silence());
        }
        self.show_speaking();
        if self.floor.dismissed.as_ref().is_some_and(|dismissed| dismissed.item == speech.item_id) {
            self.tempo.on_noise_over();
            if self.responses.busy() && self.queue.queued() == 0 {
                // An answer is still on its way.
                self.deadlines.set(Reason::Response, now + RESPONSE_WITHIN);
            }
            return self.settle(now);
        }
        if self.is_with_machine() || self.phase == Phase::Transferred {
            return;
        }
        self.on_turn_over(now, speech);
        // The server answers by itself; if it does not, it is asked to.
        self.deadlines.set(Reason::Response, now + RESPONSE_WITHIN);
    }

    fn on_turn_over(&mut self, now: Instant, speech: &SpeechStopped) {
        self.tempo.on_turn_over(now);
        self.stages.on_turn_over(now, speech.audio_end_ms, self.tempo.silence());
    }

    /// The server made an item of what is still being judged: it counts as said.
    pub(super) fn on_committed_while_held(&mut self, now: Instant, item: &str) {
        if self.floor.onset.as_ref().is_some_and(|onset| onset.item == item && onset.verdict == Verdict::Held) {
            self.interrupt(now);
        }
    }

    /// What is heard does not stop: the model answers what there is, and until it does stop it is
    /// taken for a noise that neither interrupts the model nor keeps the call alive.
    pub(super) fn on_endless_speech(&mut self, now: Instant) {
        self.caller_since = None;
        self.floor.onset = None;
        self.floor.humming = true;
        self.show_speaking();
        self.send(Command::Commit);
        self.deadlines.set(Reason::Speech, now + LONGEST_SPEECH);
        if matches!(self.phase, Phase::Greeting | Phase::Talking) {
            self.ask(now, Purpose::Answer);
        }
    }

    /// Silences the model at once and tells it what was heard of its words.
    pub(super) fn barge_in(&mut self) {
        self.silence(Duration::ZERO);
    }

    /// The same, when her words have been held for that long: what had left the telephone system has been heard
    /// meanwhile, and what had not was taken back.
    fn silence(&mut self, held: Duration) {
        let mut unheard = Vec::new();
        if let Some(active) = &self.responses.active {
            let id = active.id.clone();
            unheard.clone_from(&active.items);
            if !self.responses.is_cancelled(&id) {
                self.responses.quarantine(&id);
                self.send(Command::ResponseCancel { response_id: Some(id) });
            }
        }
        self.responses.unwant();
        let in_flight = self.plan.downstream.saturating_sub(held) + self.in_flight;
        if !self.responses.sounding.as_deref().is_some_and(is_recorded) {
            // Recorded words are heard to their end.
            self.on_the_way.drop_all();
        }
        for cut in self.queue.flush_except(is_recorded) {
            self.cut(cut, in_flight);
        }
        unheard.retain(|item| self.queue.position(item).is_none());
        for item in unheard {
            self.delete(item);
        }
    }

    /// An item was not heard to its end: cuts it at the server and in the transcript.
    fn cut(&mut self, cut: Position, in_flight: Duration) {
        let ours = is_recorded(&cut.item_id);
        if !ours {
            self.responses.quarantine(&cut.response_id);
        }
        let received_ms = bytes_to_ms(cut.received);
        let in_flight_ms = u64::try_from(in_flight.as_millis()).unwrap_or(u64::MAX);
        let heard_ms = cut.heard_ms(in_flight_ms).min(received_ms);
        if heard_ms < HEARD_AT_ALL_MS {
            self.transcript.remove(&cut.item_id);
            if !ours {
                self.send(Command::Delete { item_id: cut.item_id });
            }
            return;
        }
        self.transcript.cut(&cut.item_id, heard_ms, received_ms);
        if !ours && !self.responses.foreign.contains(&cut.item_id) {
            let item_id = cut.item_id;
            self.send(Command::Truncate { item_id, content_index: 0, audio_end_ms: heard_ms });
        }
    }

    pub(super) fn delete(&mut self, item_id: String) {
        self.transcript.remove(&item_id);
        self.send(Command::Delete { item_id });
    }
}
