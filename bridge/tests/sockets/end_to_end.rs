//! Whole calls in real time: a simulated telephone on one side, the protocol's simulator on the
//! other, real sockets in between.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME, Frame};
use bridge::audio::g711::level_dbfs;
use bridge::driver::{self, CallEnd, Outside};
use bridge::observer::Observer;
use bridge::realtime::connection::Connector;
use bridge::realtime::event::Usage;
use bridge::session::{Cause, Control, PhoneEvent, Plan, Record, Turn};
use bridge::telephony::leg::{Leg, LegEvent};
use bridge::trace::{self, Step, Tracer};
use bytes::Bytes;
use domain::calls::{EndReason, Outcome, Status};
use domain::{Language, Secret};
use futures_util::future::BoxFuture;
use openai_sim::faults::FaultKind;
use openai_sim::{Sim, SimConfig, speech};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// Frames of quiet after which the patient takes the turn: 0.8 s.
const QUIET: u32 = 40;

/// A patient with a telephone: says the next line whenever the other side has finished.
struct Patient {
    events: VecDeque<LegEvent>,
    lines: VecDeque<&'static [u8]>,
    saying: VecDeque<&'static [u8]>,
    clock: Interval,
    heard: Arc<Mutex<Vec<u8>>>,
    spoken_to: bool,
    quiet: u32,
    /// Frames of voice since the patient last spoke.
    voiced: u32,
    turns: u32,
    /// Cuts in after so many frames of every answer that follows the greeting.
    impatient_after: Option<u32>,
    over: bool,
}

impl Patient {
    fn new(lines: Vec<&'static [u8]>, heard: Arc<Mutex<Vec<u8>>>) -> Self {
        let mut clock = interval(FRAME_TIME);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let begin = [PhoneEvent::Ringing, PhoneEvent::Answered, PhoneEvent::MediaUp];
        Self {
            events: begin.map(LegEvent::Phone).into(),
            lines: lines.into(),
            saying: VecDeque::new(),
            clock,
            heard,
            spoken_to: false,
            quiet: 0,
            voiced: 0,
            turns: 0,
            impatient_after: None,
            over: false,
        }
    }
}

impl Leg for Patient {
    fn next(&mut self) -> BoxFuture<'_, LegEvent> {
        Box::pin(async move {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            if self.over {
                std::future::pending::<()>().await;
            }
            self.clock.tick().await;
            let cuts_in = self.turns > 0 && self.impatient_after.is_some_and(|after| self.voiced > after);
            let has_turn = self.spoken_to && self.quiet > QUIET;
            if (has_turn || cuts_in) && self.saying.is_empty() {
                self.spoken_to = false;
                self.voiced = 0;
                self.turns += 1;
                self.saying = self.lines.pop_front().unwrap_or_default().chunks(FRAME_BYTES).collect();
            }
            let mut frame = Frame::silence(Codec::Ulaw).0;
            if let Some(sound) = self.saying.pop_front() {
                frame[..sound.len()].copy_from_slice(sound);
            }
            LegEvent::Audio(Bytes::copy_from_slice(&frame))
        })
    }

    fn play(&mut self, frame: &Frame, _skipped: u32) {
        self.heard.lock().unwrap().extend_from_slice(frame.bytes());
        if level_dbfs(Codec::Ulaw, frame.bytes()) > -48.0 {
            self.spoken_to = true;
            self.voiced += 1;
            self.quiet = 0;
        } else {
            self.quiet += 1;
        }
    }

    fn hangup(&mut self) -> BoxFuture<'_, ()> {
        if !std::mem::replace(&mut self.over, true) {
            self.events.push_back(LegEvent::Phone(PhoneEvent::HungUp(Cause::Normal)));
        }
        Box::pin(async {})
    }
}

pub(crate) struct Call {
    pub end: CallEnd,
    heard: Vec<u8>,
    records: Vec<Record>,
}

impl Call {
    fn texts(&self) -> Vec<String> {
        let mut turns: Vec<&Turn> = Vec::new();
        for record in &self.records {
            if let Record::Turn(turn) = record {
                turns.retain(|known| known.item_id != turn.item_id);
                turns.push(turn);
            }
        }
        turns.sort_by_key(|turn| turn.order);
        turns.iter().map(|turn| turn.text.reveal().clone()).collect()
    }
}

fn plan() -> Plan {
    Plan {
        instructions: "You are a kind companion.".to_owned().into(),
        greeting: "Greet the person.".to_owned().into(),
        ..Plan::new("call-1", Language::En)
    }
}

/// How a call goes.
#[derive(Default)]
pub(crate) struct Story {
    /// Sentences the patient says.
    pub lines: usize,
    /// A caregiver ends it then.
    pub end_after: Option<Duration>,
    /// The patient cuts in after so many frames of every answer.
    pub impatient_after: Option<u32>,
    /// What is to be remembered is taken only when the call is over.
    pub unread: bool,
}

async fn call(sim: &Sim, lines: usize, end_after: Option<Duration>) -> Call {
    call_of(sim, Story { lines, end_after, ..Story::default() }).await
}

pub(crate) async fn call_of(sim: &Sim, story: Story) -> Call {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let lines = speech::patient("en").iter().take(story.lines).map(|line| line.audio).collect();
    let leg = Box::new(Patient { impatient_after: story.impatient_after, ..Patient::new(lines, heard.clone()) });
    let url = sim.realtime_url().parse().unwrap();
    let connector = Connector::new(url, Secret::new("sk-test".to_owned()));
    let (records, mut received) = mpsc::channel(8);
    let (commands, commanded) = mpsc::channel(1);
    let traces = tempfile::tempdir().unwrap();
    let trace = Some(Tracer::create(traces.path(), &plan()).unwrap());
    let observer = Observer::blind(&plan()).with_tracer(trace);
    let outside = Outside { observer, ..Outside::alone(&plan(), records, commanded) };
    let running = tokio::spawn(driver::run(plan(), leg, connector, outside));
    let over = async {
        while story.unread && !running.is_finished() {
            tokio::time::sleep(FRAME_TIME).await;
        }
    };
    over.await;
    let collecting = async {
        let mut all = Vec::new();
        while let Some(record) = received.recv().await {
            all.push(record);
        }
        all
    };
    let ending = async {
        if let Some(after) = story.end_after {
            tokio::time::sleep(after).await;
            let reason = EndReason::EndedByCaregiver;
            commands.send(Control::End { reason }).await.unwrap();
        }
    };
    let both = async { tokio::join!(running, collecting, ending) };
    let (end, records, ()) = timeout(Duration::from_secs(90), both).await.expect("the call ends");
    let heard = heard.lock().unwrap().clone();
    replays(traces.path()).await;
    Call { end: end.unwrap(), heard, records }
}

/// Every call here can be replayed, and comes out the same.
async fn replays(traces: &Path) {
    let replayed = timeout(Duration::from_secs(10), async {
        loop {
            let file = BufReader::new(File::open(traces.join("call-1.jsonl")).unwrap());
            match trace::replay(file) {
                // The file is written by another thread.
                Ok(replay) if !replay.torn && replay.timeline.last().is_some_and(Step::is_last) => return replay,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
    let replay = replayed.await.expect("the trace is whole");
    assert_eq!(replay.differs_at, None);
    assert!(replay.steps > 100, "{} steps", replay.steps);
}

fn contains(heard: &[u8], sound: &[u8]) -> bool {
    heard.windows(sound.len()).any(|window| window == sound)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_care_call_from_greeting_to_goodbye() {
    let sim = Sim::start(SimConfig::default()).unwrap();
    let call = call(&sim, 3, None).await;

    assert_eq!((call.end.outcome, call.end.reason), (Outcome::Answered, EndReason::Goodbye));
    let assistant = speech::assistant("en");
    let patient = speech::patient("en");
    let expected = [&assistant[0], &patient[0], &assistant[1], &patient[1], &assistant[2], &patient[2], &assistant[3]];
    assert_eq!(call.texts(), expected.map(|line| line.text));
    for (n, line) in assistant.iter().enumerate() {
        assert!(contains(&call.heard, line.audio), "line {n} was not heard bit for bit");
    }
    assert_ne!(call.end.usage, Usage::default());
    assert_eq!((call.end.session.errors, call.end.lost_records), (0, 0));

    let sessions = sim.sessions();
    assert_eq!(sessions.len(), 1);
    let errors: Vec<_> = sessions[0].of_kind("error").map(|e| e.event.clone()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_who_cuts_in_is_heard_and_the_model_is_told_what_was_not() {
    let late = FaultKind::LateDeltas { count: 50 };
    let faults = vec![late.into(), FaultKind::UnknownEvents.into()];
    let sim = Sim::start(SimConfig { faults, pace: 1.5, ..SimConfig::default() }).unwrap();
    let call = call_of(
        &sim,
        Story { lines: 2, end_after: Some(Duration::from_secs(16)), impatient_after: Some(40), ..Story::default() },
    )
    .await;
    assert_eq!(call.end.session.barge_ins, 1);
    let sessions = sim.sessions();
    let errors: Vec<_> = sessions[0].of_kind("error").map(|e| e.event.clone()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(sessions[0].of_kind("conversation.item.truncated").count(), 1);
    let texts = call.texts();
    let (assistant, patient) = (speech::assistant("en"), speech::patient("en"));
    assert_eq!(texts[..2], [assistant[0].text, patient[0].text]);
    assert!(assistant[1].text.starts_with(&texts[2]) && texts[2].len() < assistant[1].text.len(), "{texts:?}");
    assert_eq!(texts[3], patient[1].text);
    assert!(!contains(&call.heard, assistant[1].audio));
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_writes_things_down_holds_up_the_voice() {
    let sim = Sim::start(SimConfig::default()).unwrap();
    let call = call_of(&sim, Story { lines: 3, unread: true, ..Story::default() }).await;
    assert_eq!((call.end.outcome, call.end.reason), (Outcome::Answered, EndReason::Goodbye));
    for line in speech::assistant("en") {
        assert!(contains(&call.heard, line.audio), "{} was not heard bit for bit", line.text);
    }
    assert!(call.end.lost_records > 0, "and what was lost is counted");
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_command_ends_the_call_within_a_second() {
    let sim = Sim::start(SimConfig::default()).unwrap();
    let after = Duration::from_millis(1500);
    let started = std::time::Instant::now();
    let call = call(&sim, 0, Some(after)).await;
    assert!(started.elapsed() < after + Duration::from_secs(1));
    assert_eq!(call.end.reason, EndReason::EndedByCaregiver);
    assert_eq!(call.records.last(), Some(&Record::State(Status::Ended)));
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_cut_in_mid_answer_is_replaced_and_the_call_goes_on() {
    let cut = FaultKind::DropAfter { after: Duration::from_secs(2), code: 1006 };
    let sim = Sim::start(SimConfig { faults: vec![cut.in_session(1)], ..SimConfig::default() }).unwrap();
    let call = call(&sim, 1, Some(Duration::from_secs(9))).await;
    assert_eq!(call.end.reason, EndReason::EndedByCaregiver);
    assert_eq!(call.end.session.lost_links, 1);
    let sessions = sim.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions[1].of_kind("conversation.item.create").count() >= 2);
    assert_eq!(sessions[1].of_kind("error").count(), 0);
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_refused_ends_the_call_honestly() {
    let config = SimConfig { api_key: Some("sk-other".into()), ..SimConfig::default() };
    let sim = Sim::start(config).unwrap();
    let call = call(&sim, 0, None).await;
    assert_eq!(call.end.reason, EndReason::SetUpFailed);
    assert!(sim.sessions().is_empty());
    sim.shutdown().await;
}
