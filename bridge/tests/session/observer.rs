//! What is told about a call, from what goes into its session and comes out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge::audio::frame::{Codec, FRAME_TIME, Frame};
use bridge::driver::CallEnd;
use bridge::metrics::Metrics;
use bridge::observer::{Observer, Summary};
use bridge::realtime::command::{ClientEvent, Command};
use bridge::realtime::event::{AudioDelta, Response, ResponseEvent, ServerEvent, SpeechStarted, SpeechStopped, Usage};
use bridge::realtime::failure::Failure;
use bridge::recording::{Folder, RecordingKey, Recordings, restore};
use bridge::session::{Input, LinkEvent, Output, PhoneEvent, Play, Record, Stats};
use bridge::telemetry::Telemetry;
use bridge::telephony::leg::LegStats;
use bytes::Bytes;
use domain::calls::{EndReason, Outcome};
use services::SystemRandom;

use crate::common::{ms, plan, session_with};

/// A call that is looked at, and the time in it.
struct Seen {
    metrics: Metrics,
    observer: Observer,
    start: Instant,
    at: Duration,
}

impl Seen {
    fn begin() -> Self {
        let metrics = Metrics::new();
        let observer = Observer::new(metrics.clone(), Telemetry::off().call("", ""), &plan(), Instant::now());
        // The observer's own look at the clock was a moment earlier.
        Self { metrics, observer, start: Instant::now(), at: Duration::ZERO }
    }

    fn after(&mut self, millis: u64) -> &mut Self {
        self.at += ms(millis);
        self
    }

    fn now(&self) -> Instant {
        self.start + self.at
    }

    fn input(&mut self, input: Input) {
        self.observer.input(self.now(), &input);
    }

    fn model(&mut self, event: ServerEvent) {
        self.input(Input::Model(Box::new(event)));
    }

    fn output(&mut self, output: Output) {
        self.observer.output(self.now(), &output);
    }

    fn ai_speaks(&mut self, ai: bool) {
        self.output(Output::Persist(Record::Speaking { ai, caller: false }));
    }

    /// Rings, connects, is answered and greeted.
    fn until_greeted(&mut self) {
        self.after(1000).input(Input::Phone(PhoneEvent::Ringing));
        self.output(Output::OpenModel);
        self.after(400).model(ServerEvent::SessionUpdated(session_with("audio/pcmu")));
        self.after(4000).input(Input::Phone(PhoneEvent::Answered));
        self.after(30).input(Input::Phone(PhoneEvent::MediaUp));
        self.after(250).ai_speaks(true);
        self.after(3000).ai_speaks(false);
    }

    /// The sum and the count of a histogram.
    fn measured(&self, name: &str, labels: &str) -> (f64, u64) {
        let text = self.metrics.text();
        let value = |suffix: &str| {
            let prefix = format!("bridge_{name}_{suffix}{labels} ");
            let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
            line.unwrap_or_else(|| panic!("{prefix} is not in\n{text}")).to_owned()
        };
        (value("sum").parse().unwrap(), value("count").parse().unwrap())
    }

    fn assert_took(&self, name: &str, labels: &str, seconds: f64) {
        let (sum, count) = self.measured(name, labels);
        assert!(count == 1 && (sum - seconds).abs() < 0.001, "{name}{labels}: {sum} in {count}, not {seconds}");
    }

    fn assert_counted(&self, line: &str) {
        let text = self.metrics.text();
        assert!(text.lines().any(|seen| seen == line), "{line} is not in\n{text}");
    }
}

fn end() -> CallEnd {
    CallEnd {
        outcome: Outcome::Answered,
        reason: EndReason::Goodbye,
        talked: Duration::from_mins(1),
        usage: Usage::default(),
        session: Stats { underruns: 2, ..Stats::default() },
        leg: LegStats { sent: 3000, ..LegStats::default() },
        lost_records: 1,
        summary: Summary::default(),
    }
}

fn append(frames: usize) -> Output {
    let command = Command::Append { audio: Bytes::from(vec![0xFF; frames * 160]) };
    Output::SendModel(ClientEvent { event_id: None, command })
}

#[tokio::test]
async fn the_way_to_the_first_word_is_measured_step_by_step() {
    let mut call = Seen::begin();
    call.until_greeted();
    for (stage, seconds) in [("ring", 1.0), ("model", 0.4), ("answer", 4.4), ("media", 0.03)] {
        call.assert_took("set_up_seconds", &format!("{{stage=\"{stage}\"}}"), seconds);
    }
    call.assert_took("answer_to_first_frame_seconds", "", 0.28);
    assert_eq!(call.measured("set_up_seconds", "{stage=\"dial\"}").1, 1);
}

#[tokio::test]
async fn an_answers_latency_is_told_by_stage_and_an_interruption_by_its_silence() {
    let mut call = Seen::begin();
    call.until_greeted();
    call.output(append(500));
    // Ten seconds were sent; the server's turn was over 40 ms before their end, 700 ms of silence included.
    let stopped = SpeechStopped { item_id: "u1".into(), audio_end_ms: 9960 };
    call.model(ServerEvent::SpeechStopped(stopped));
    let delta = |item: &str| AudioDelta { response_id: "r".into(), item_id: item.into(), delta: vec![1; 160].into() };
    call.after(420).model(ServerEvent::AudioDelta(delta("a1")));
    call.after(5).model(ServerEvent::AudioDelta(delta("a1")));
    call.after(7).ai_speaks(true);
    for (stage, seconds) in [("endpointing", 0.74), ("model", 0.42), ("wire", 0.012), ("total", 1.172)] {
        call.assert_took("response_latency_seconds", &format!("{{stage=\"{stage}\"}}"), seconds);
    }
    let started = SpeechStarted { item_id: "u2".into(), audio_start_ms: 12_000 };
    call.after(900).model(ServerEvent::SpeechStarted(started));
    call.after(6).ai_speaks(false);
    call.assert_took("barge_in_stop_seconds", "", 0.006);
    // The caller speaks while nobody is interrupted.
    call.model(ServerEvent::SpeechStarted(SpeechStarted { item_id: "u3".into(), audio_start_ms: 13_000 }));
    call.after(500).ai_speaks(true);
    call.after(500).ai_speaks(false);
    assert_eq!(call.measured("barge_in_stop_seconds", "").1, 1);
}

#[tokio::test]
async fn what_this_program_adds_is_measured_both_ways() {
    let mut call = Seen::begin();
    call.until_greeted();
    call.input(Input::Caller(Bytes::from_static(&[0xFF; 160])));
    call.after(2).output(append(1));
    call.assert_took("added_latency_seconds", "{way=\"to_model\"}", 0.002);
    // Sound that nobody has just heard, such as what was kept while the model was away.
    call.after(2).output(append(10));
    call.assert_took("added_latency_seconds", "{way=\"to_model\"}", 0.002);
    let due = call.now();
    call.after(1);
    call.observer.woken(Some(due), call.now());
    call.after(1).output(Output::Play(Play { frame: Frame([1; 160]), skipped: 0 }));
    call.assert_took("pacing_error_seconds", "", 0.001);
    call.assert_took("added_latency_seconds", "{way=\"to_caller\"}", 0.002);
}

#[tokio::test]
async fn a_lost_connection_is_counted_once_however_many_attempts_it_takes() {
    let mut call = Seen::begin();
    call.until_greeted();
    for _ in 0..3 {
        call.after(100).input(Input::Link(LinkEvent::Down(Failure::Retry("close_1006".into()))));
        call.after(100).output(Output::OpenModel);
    }
    call.after(100).model(ServerEvent::SessionUpdated(session_with("audio/pcmu")));
    call.assert_counted("bridge_model_reconnects_total{class=\"closed\"} 1");
    // A connection that the session itself gives up.
    call.output(Output::OpenModel);
    call.assert_counted("bridge_model_reconnects_total{class=\"other\"} 1");
    assert_eq!(call.measured("set_up_seconds", "{stage=\"model\"}").1, 1, "only the first is part of the set-up");
}

#[tokio::test]
async fn the_end_of_a_call_brings_its_counters_and_its_cost_in_tokens() {
    let mut call = Seen::begin();
    call.until_greeted();
    let mut usage = Usage::default();
    usage.output_token_details.audio_tokens = 120;
    let response = Response { usage: Some(usage), ..Response::default() };
    call.model(ServerEvent::ResponseDone(ResponseEvent { response }));
    call.observer.counted(end().session, end().leg);
    let ended = std::mem::replace(&mut call.observer, Observer::blind(&plan()));
    ended.end(&end());
    for line in [
        "bridge_tokens_total{kind=\"output_audio\"} 120",
        "bridge_calls_total{outcome=\"answered\",reason=\"goodbye\"} 1",
        "bridge_session_events_total{kind=\"underrun\"} 2",
        "bridge_frames_total{fate=\"sent\"} 3000",
        "bridge_records_lost_total 1",
    ] {
        call.assert_counted(line);
    }
}

#[tokio::test]
async fn both_sides_are_recorded_as_they_pass() {
    let folder = tempfile::tempdir().unwrap();
    let key = || RecordingKey::new(&[7; 32]);
    let vault = Arc::new(Folder::new(folder.path()));
    let recordings = Recordings::new(vault, key(), Arc::new(SystemRandom), Metrics::new());
    let (recorder, recording) = recordings.start("call-1", Codec::Ulaw);
    let mut call = Seen::begin();
    call.observer = Observer::blind(&plan()).with_recorder(Some(recorder));
    for n in 0..60_u32 {
        call.at = FRAME_TIME * n;
        call.output(Output::Play(Play { frame: Frame([1; 160]), skipped: 0 }));
        call.input(Input::Caller(Bytes::from_static(&[2; 160])));
        call.input(Input::Filled(Bytes::new()));
    }
    call.observer.end(&end());
    assert_eq!(recording.kept().await.lost, 0);
    let restored = restore(&folder.path().join("call-1"), &key(), &folder.path().join("out.wav")).unwrap();
    assert_eq!((restored.complete, restored.length), (true, ms(1200)));
}

#[tokio::test]
async fn the_timeline_tells_what_happened_and_nobodys_words() {
    let mut call = Seen::begin();
    let timeline = call.observer.timeline();
    call.until_greeted();
    let turn = bridge::session::Turn {
        item_id: "u".into(),
        order: 0,
        speaker: domain::conversations::Speaker::Patient,
        text: "My chest hurts.".to_owned().into(),
        started_at: ms(0),
        heard_ms: None,
        complete: true,
    };
    call.after(10).output(Output::Persist(Record::Turn(turn)));
    let entries = timeline.entries();
    let told: Vec<_> = entries.iter().map(|entry| (entry.what, entry.detail.as_str())).collect();
    let expected = [
        ("ringing", ""),
        ("model_opened", ""),
        ("answered", ""),
        ("media_up", ""),
        ("speaks", "bianca"),
        ("speaks", "nobody"),
        ("turn", "patient"),
    ];
    assert_eq!(told, expected);
    assert!(entries.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
}
