//! The life of a telephone call in Asterisk.
//!
//! The call's channel and a media channel of ours are joined by a bridge. Which way the sound takes
//! from there, [`super::media`] knows; how the parts come about, `start` and `line`; what becomes of
//! them at the end, `claim`.

pub(super) mod claim;
mod keypad;
pub(super) mod line;
mod pulse;
mod start;
mod transfer;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use self::claim::{Claim, take_down};
use self::keypad::Keypad;
use self::line::{Line, Path};
use self::pulse::{Pulse, Statistics};
use self::transfer::Transferring;
use super::ari::AriError;
use super::ari_event::{self, AriEvent};
use super::leg::{Leg, LegEvent, LegStats, Stamp, Transfer};
use super::media::MediaEvent;
use crate::audio::frame::{Codec, Frame};
use crate::audio::jitter::Feed;
use crate::session::{Cause, PhoneEvent};

/// Times the sound's way is made again within [`MENDS_WITHIN`]; a line that breaks more often is no line.
const MENDS: u32 = 3;

/// After so long without a break, the breaks before are forgotten.
const MENDS_WITHIN: Duration = Duration::from_mins(1);

/// Pause after an attempt that failed, times the attempts so far.
const BEFORE_MENDING: Duration = Duration::from_millis(200);

/// A call in Asterisk.
pub(super) struct AsteriskLeg {
    line: Line,
    codec: Codec,
    claim: Claim,
    events: mpsc::Receiver<AriEvent>,
    /// The sound's way; `None` while it is made again, and once the patient was transferred.
    path: Option<Path>,
    /// Counters of ways that are gone.
    past: LegStats,
    /// Silence for as long as there is no way.
    feed: Feed,
    /// Times it was lost lately, and when it was last.
    mends: u32,
    lost_at: Option<Instant>,
    stage: Stage,
    /// They called us.
    inbound: bool,
    /// Whether the call's channel is in the bridge, or on its way there.
    joined: bool,
    transferring: Transferring,
    keypad: Keypad,
    pulse: Pulse,
    work: JoinSet<Done>,
    /// Events that follow from one that was just handled.
    next: VecDeque<LegEvent>,
}

/// How far a call has come; it never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Asked,
    Rings,
    Answered,
    /// With sound both ways.
    Up,
    Over,
}

/// What a request that runs beside the call came to.
enum Done {
    /// They called us, and we picked up.
    PickedUp(Result<(), AriError>),
    /// The call's channel was put into the bridge.
    Joined(Result<(), AriError>),
    /// The sound's way was made again; `true` with a new bridge.
    Laid(Result<(Path, bool), AriError>),
    /// A caregiver's phone was asked for.
    Asked(String, Result<(), AriError>),
    /// Caregiver and patient were left with each other.
    Connected(Result<(), AriError>),
    /// Packets of the phone were counted.
    Counted(Result<Statistics, AriError>),
}

impl AsteriskLeg {
    fn new(line: Line, codec: Codec, claim: Claim, events: mpsc::Receiver<AriEvent>, path: Option<Path>) -> Self {
        Self {
            line,
            codec,
            claim,
            events,
            path,
            past: LegStats::default(),
            feed: Feed::new(codec),
            mends: 0,
            lost_at: None,
            stage: Stage::Asked,
            inbound: false,
            joined: false,
            transferring: Transferring::No,
            keypad: Keypad::new(),
            pulse: Pulse::default(),
            work: JoinSet::new(),
            next: VecDeque::new(),
        }
    }

    async fn next_event(&mut self) -> LegEvent {
        loop {
            if let Some(event) = self.next.pop_front() {
                return event;
            }
            if self.stage == Stage::Over {
                std::future::pending::<()>().await;
            }
            let wayless = self.path.is_none() && self.stage == Stage::Up;
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Some(event) => self.on_event(event),
                    None => self.hung_up(Cause::Failed),
                },
                Some(done) = self.work.join_next() => if let Ok(done) = done {
                    self.on_done(done);
                },
                event = sound(&mut self.path) => match event {
                    PathEvent::Media(MediaEvent::Leg(sound)) => return self.attributed(sound),
                    PathEvent::Media(MediaEvent::Key(key)) => self.on_media_key(key),
                    PathEvent::Media(MediaEvent::Lost(why)) => self.mend(why, Duration::ZERO),
                    PathEvent::Ari(event) => self.on_path_event(event),
                },
                frames = silence(&mut self.feed, wayless) => self.feed_silence(frames),
            }
        }
    }

    /// Silence that was made up is the phone's own when packets come from it that are no sound.
    fn attributed(&mut self, event: LegEvent) -> LegEvent {
        let now = Instant::now();
        match event {
            LegEvent::Audio(sound) => {
                self.pulse.heard(now);
                LegEvent::Audio(sound)
            }
            LegEvent::Filled(silence) => {
                if self.pulse.missed(now) {
                    let (ari, path) =
                        (self.line.ari.clone(), format!("channels/{}/rtp_statistics", self.claim.channel));
                    self.work.spawn(async move { Done::Counted(ari.get::<Statistics>(&path, &[]).await) });
                }
                if self.pulse.take_proof() { LegEvent::Audio(silence) } else { LegEvent::Filled(silence) }
            }
            event @ LegEvent::Phone(_) => event,
        }
    }

    fn feed_silence(&mut self, frames: u32) {
        self.past.inbound.silent += u64::from(frames);
        for _ in 0..frames {
            self.next.push_back(LegEvent::Filled(self.feed.silence()));
        }
    }

    fn on_event(&mut self, event: AriEvent) {
        if event.about() != Some(self.claim.channel.as_str()) {
            return self.on_event_of_another(event);
        }
        match event {
            AriEvent::Ringing { .. } if self.reach(Stage::Rings) => self.phone(PhoneEvent::Ringing),
            AriEvent::Entered { .. } if self.stage < Stage::Answered && !self.inbound => self.on_answered(),
            AriEvent::Digit { digit, .. } => self.phone(PhoneEvent::Dtmf(digit)),
            AriEvent::Left { .. } | AriEvent::Gone { .. } => self.hung_up(Cause::Normal),
            AriEvent::Destroyed { cause, .. } => self.hung_up(ari_event::cause(cause)),
            _ => {}
        }
    }

    /// Of the bridge, or of a caregiver's channel.
    fn on_event_of_another(&mut self, event: AriEvent) {
        let bridge = event.about() == Some(self.claim.bridge.as_str());
        match event {
            AriEvent::BridgeDestroyed { .. } | AriEvent::Gone { .. } if bridge => {
                if matches!(self.transferring, Transferring::Done) {
                    self.hung_up(Cause::Failed);
                } else if self.path.is_some() {
                    self.mend("the bridge of the call is gone", Duration::ZERO);
                }
            }
            event => self.on_transfer_event(event),
        }
    }

    fn on_path_event(&mut self, event: AriEvent) {
        if matches!(event, AriEvent::Left { .. } | AriEvent::Destroyed { .. } | AriEvent::Gone { .. }) {
            self.mend("the media channel is gone", Duration::ZERO);
        }
    }

    /// ARI tells of keys too, and tells sooner; the media socket only has the word while ARI is away.
    fn on_media_key(&mut self, key: char) {
        if !self.line.ari.is_connected() {
            self.phone(PhoneEvent::Dtmf(key));
        }
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::PickedUp(Ok(())) => self.on_answered(),
            Done::PickedUp(Err(error)) if error.is_absent() => self.hung_up(Cause::Normal),
            Done::PickedUp(Err(error)) => self.fail(&error, "the call could not be picked up"),
            Done::Joined(Ok(())) => {
                if self.reach(Stage::Up) {
                    self.phone(PhoneEvent::MediaUp);
                }
                if let Some(path) = &mut self.path {
                    path.media.start(Instant::now());
                }
            }
            Done::Joined(Err(error)) if error.is_absent() && self.mends < MENDS => {
                // The bridge went away in this very moment; a channel that is gone tells so itself.
                self.mend("the call's channel found no bridge", Duration::ZERO);
            }
            Done::Joined(Err(error)) => self.fail(&error, "the sound could not be joined"),
            Done::Laid(Ok((path, new_bridge))) => self.on_laid(path, new_bridge),
            Done::Laid(Err(error)) => {
                tracing::warn!(%error, call = self.claim.call_id, "the way of the sound could not be made");
                self.mend("the way of the sound could not be made", BEFORE_MENDING * self.mends);
            }
            Done::Asked(channel, result) => self.on_asked(&channel, result),
            Done::Connected(result) => self.on_connected(result),
            Done::Counted(Ok(statistics)) => self.pulse.counted(statistics.rxcount),
            // Not counted is not there; the call ends as one whose line is dead.
            Done::Counted(Err(_)) => {}
        }
    }

    /// The far phone was picked up: join it with the sound, without keeping anybody waiting.
    fn on_answered(&mut self) {
        if self.reach(Stage::Answered) {
            self.phone(PhoneEvent::Answered);
        }
        if self.path.is_some() {
            self.join();
        }
    }

    fn join(&mut self) {
        self.joined = true;
        let line = self.line.clone();
        let (bridge, channel) = (self.claim.bridge.clone(), self.claim.channel.clone());
        self.work.spawn(async move { Done::Joined(line.join(&bridge, &channel).await) });
    }

    /// The sound's way is lost: makes it again after a pause, or gives the call up.
    fn mend(&mut self, why: &'static str, pause: Duration) {
        if self.stage == Stage::Over || matches!(self.transferring, Transferring::Done) {
            return;
        }
        let now = Instant::now();
        if self.lost_at.replace(now).is_some_and(|at| now.duration_since(at) > MENDS_WITHIN) {
            self.mends = 0;
        }
        let call = self.claim.call_id.as_str();
        if self.mends == MENDS {
            tracing::error!(call, why, "the call is given up: its sound has no way");
            return self.hung_up(Cause::Failed);
        }
        self.mends += 1;
        tracing::warn!(call, why, "the way of the sound is made again");
        self.drop_path();
        self.feed.heard(now);
        let (line, codec) = (self.line.clone(), self.codec);
        let (bridge, media) = (self.claim.bridge.clone(), self.claim.next_media());
        self.work.spawn(async move {
            tokio::time::sleep(pause).await;
            let laid = async {
                let new_bridge = line.bridge(&bridge).await?;
                Ok((line.lay(media, &bridge, codec).await?, new_bridge))
            };
            Done::Laid(laid.await)
        });
    }

    fn on_laid(&mut self, path: Path, new_bridge: bool) {
        if self.stage == Stage::Over || matches!(self.transferring, Transferring::Done) {
            self.path = Some(path);
            return self.drop_path();
        }
        self.past.mended += 1;
        let path = self.path.insert(path);
        if self.stage < Stage::Answered {
            return;
        }
        if self.joined && !new_bridge {
            path.media.start(Instant::now());
        } else {
            self.join();
        }
    }

    /// Takes down a way that is of no use any more.
    fn drop_path(&mut self) {
        let Some(path) = self.path.take() else { return };
        self.past = self.past.plus(path.media.stats());
        let ari = self.line.ari.clone();
        ari.abandon(&[&path.channel]);
        let channel = format!("channels/{}", path.channel);
        tokio::spawn(async move { take_down(&ari, &channel).await });
    }

    /// Answers whether the call had not come so far yet.
    fn reach(&mut self, stage: Stage) -> bool {
        let further = self.stage < stage;
        self.stage = self.stage.max(stage);
        further
    }

    fn phone(&mut self, event: PhoneEvent) {
        self.next.push_back(LegEvent::Phone(event));
    }

    fn fail(&mut self, error: &AriError, what: &'static str) {
        tracing::error!(%error, call = self.claim.call_id, "{what}");
        self.hung_up(Cause::Failed);
    }

    fn hung_up(&mut self, cause: Cause) {
        if self.reach(Stage::Over) {
            self.phone(PhoneEvent::HungUp(cause));
        }
    }
}

enum PathEvent {
    Ari(AriEvent),
    Media(MediaEvent),
}

/// What happens next on the sound's way; never comes while there is none.
async fn sound(path: &mut Option<Path>) -> PathEvent {
    let Some(path) = path else { return std::future::pending().await };
    tokio::select! {
        biased;
        Some(event) = path.events.recv() => PathEvent::Ari(event),
        event = path.media.next() => PathEvent::Media(event),
    }
}

/// Frames of silence that are due; never comes unless they are wanted.
async fn silence(feed: &mut Feed, wanted: bool) -> u32 {
    let Some(due) = feed.due().filter(|_| wanted) else { return std::future::pending().await };
    sleep_until(due.into()).await;
    feed.poll(Instant::now())
}

impl Leg for AsteriskLeg {
    fn next(&mut self) -> BoxFuture<'_, LegEvent> {
        Box::pin(self.next_event())
    }

    fn play(&mut self, frame: &Frame, skipped: u32) {
        match &mut self.path {
            Some(path) => path.media.send(frame, skipped),
            None => self.past.unsent += 1,
        }
    }

    fn pause(&mut self) {
        if let Some(path) = &mut self.path {
            path.media.pause();
        }
    }

    fn resume(&mut self) {
        if let Some(path) = &mut self.path {
            path.media.resume();
        }
    }

    fn flush(&mut self) {
        if let Some(path) = &mut self.path {
            path.media.flush();
        }
    }

    fn answer(&mut self) {
        if !self.inbound || self.stage >= Stage::Answered {
            return;
        }
        let (ari, channel) = (self.line.ari.clone(), self.claim.channel.clone());
        self.work.spawn(async move { Done::PickedUp(ari.post(&format!("channels/{channel}/answer"), &[]).await) });
    }

    fn press(&mut self, keys: &str) {
        if self.stage < Stage::Over {
            self.keypad.press(&self.line.ari, &self.claim.channel, keys);
        }
    }

    fn transfer(&mut self, to: Transfer) -> bool {
        self.begin_transfer(&to)
    }

    fn cancel_transfer(&mut self) {
        self.give_up_transfer();
    }

    fn in_flight(&self) -> Duration {
        self.path.as_ref().map_or(Duration::ZERO, |path| path.media.in_flight())
    }

    fn stamp(&self) -> Option<Stamp> {
        self.path.as_ref().and_then(|path| path.media.stamp())
    }

    fn hangup(&mut self) -> BoxFuture<'_, ()> {
        self.stage = Stage::Over;
        self.keypad.close();
        self.work.abort_all();
        self.claim.release();
        Box::pin(async {})
    }

    fn gone(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.claim.released())
    }

    fn stats(&self) -> LegStats {
        let now = self.path.as_ref().map(|path| path.media.stats()).unwrap_or_default();
        let keys = LegStats { unpressed: self.keypad.failed(), ..LegStats::default() };
        self.past.plus(now).plus(keys)
    }
}
