//! A simulated telephone with somebody at it: recorded speech, played in real time through the
//! same [`Leg`] that telephone calls use.

use std::collections::VecDeque;
use std::time::Duration;

use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME, Frame};
use bridge::audio::g711::level_dbfs;
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::leg::{DialError, DialRequest, Dialer, Leg, LegEvent};
use bytes::Bytes;
use domain::{CallId, Language, policy};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openai_sim::speech;
use services::CallCtx;
use tokio::time::{Instant, sleep_until};

/// How long it rings.
const RINGING: Duration = Duration::from_millis(1500);
/// How long the other side must be silent before this side answers: frames of 20 ms.
const PAUSE: u32 = 45;
/// Frames of silence after the last answer, after which this side hangs up.
const FAREWELL: u32 = 100;
/// Louder than this is speech, in dBFS; comfort noise is well below.
const SPEECH: f32 = -45.0;
/// Frames of speech that count as somebody talking.
const TALK: u32 = 10;

/// Places calls to simulated telephones.
pub(crate) struct SimulatedPhones {
    ctx: CallCtx,
}

impl SimulatedPhones {
    pub(crate) const fn new(ctx: CallCtx) -> Self {
        Self { ctx }
    }

    /// The language of whoever is called: it decides which recordings answer.
    async fn language(&self, call: &str) -> Option<Language> {
        let system = policy::system("choose the recordings of a simulated telephone");
        let call = self.ctx.store.calls().find(&system, call.parse::<CallId>().ok()?).await.ok()??;
        let patient = self.ctx.store.patients().find(&system, call.patient).await.ok()??;
        Some(patient.profile.language)
    }
}

impl Dialer for SimulatedPhones {
    fn dial(&self, request: DialRequest) -> BoxFuture<'_, Result<Box<dyn Leg>, DialError>> {
        async move {
            let language = self.language(&request.call_id).await.unwrap_or_default();
            Ok(Box::new(SimulatedPhone::new(language)) as Box<dyn Leg>)
        }
        .boxed()
    }
}

/// One call as the person at the telephone lives it.
struct SimulatedPhone {
    /// Events that are due, each at its instant.
    due: VecDeque<(Instant, PhoneEvent)>,
    /// When the next frame leaves this telephone.
    frame_at: Instant,
    /// Answers that were not given yet.
    answers: VecDeque<&'static [u8]>,
    /// What is being said.
    saying: &'static [u8],
    heard: Heard,
    over: bool,
}

/// What the other side was heard to do since this side spoke last.
#[derive(Default)]
struct Heard {
    speech: u32,
    silence: u32,
}

impl SimulatedPhone {
    fn new(language: Language) -> Self {
        let now = Instant::now();
        let answered = now + RINGING;
        let due = [
            (now + Duration::from_millis(200), PhoneEvent::Ringing),
            (answered, PhoneEvent::Answered),
            (answered, PhoneEvent::MediaUp),
        ];
        Self {
            due: due.into(),
            frame_at: answered + FRAME_TIME,
            answers: speech::patient(language.code()).iter().map(|line| line.audio).collect(),
            saying: &[],
            heard: Heard::default(),
            over: false,
        }
    }

    async fn next_event(&mut self) -> LegEvent {
        if self.over {
            std::future::pending::<()>().await;
        }
        if let Some((at, event)) = self.due.front().copied() {
            sleep_until(at).await;
            self.due.pop_front();
            return LegEvent::Phone(event);
        }
        sleep_until(self.frame_at).await;
        self.frame_at += FRAME_TIME;
        if self.wants_to_hang_up() {
            self.over = true;
            return LegEvent::Phone(PhoneEvent::HungUp(Cause::Normal));
        }
        LegEvent::Audio(self.speak())
    }

    /// The next 20 ms of this side: words, or the quiet of the room.
    fn speak(&mut self) -> Bytes {
        if self.saying.is_empty() && self.heard.speech >= TALK && self.heard.silence >= PAUSE {
            self.saying = self.answers.pop_front().unwrap_or_default();
            self.heard = Heard::default();
        }
        let (now, later) = self.saying.split_at(FRAME_BYTES.min(self.saying.len()));
        self.saying = later;
        let mut frame = now.to_vec();
        frame.resize(FRAME_BYTES, Codec::Ulaw.silence());
        frame.into()
    }

    /// Everything was said on this side, and the other side has said goodbye.
    fn wants_to_hang_up(&self) -> bool {
        let said_all = self.answers.is_empty() && self.saying.is_empty();
        said_all && self.heard.speech >= TALK && self.heard.silence >= FAREWELL
    }

    fn hear(&mut self, sound: &[u8]) {
        if !self.saying.is_empty() {
            return;
        }
        if level_dbfs(Codec::Ulaw, sound) > SPEECH {
            self.heard.speech += 1;
            self.heard.silence = 0;
        } else {
            self.heard.silence += 1;
        }
    }
}

impl Leg for SimulatedPhone {
    fn next(&mut self) -> BoxFuture<'_, LegEvent> {
        self.next_event().boxed()
    }

    fn play(&mut self, frame: &Frame, skipped: u32) {
        self.heard.silence += skipped;
        self.hear(frame.bytes());
    }

    fn hangup(&mut self) -> BoxFuture<'_, ()> {
        self.over = true;
        std::future::ready(()).boxed()
    }
}
