//! One run: the fake Asterisk with its telephones and the model here, the bridge in a child process.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use asterisk_sim::{Answer, Asterisk, Config, Fate, Totals};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, sleep_until, timeout};

use crate::board::{Board, Figures, Flow, lock};
use crate::bridge_side::Came;
use crate::control::Control;
use crate::histogram::Histogram;
use crate::model::{Manner, Model};
use crate::phone::Person;
use crate::process::Cost;

/// How long a telephone rings.
const RING: Duration = Duration::from_millis(200);

/// Everybody is connected and nobody speaks for so long: what an idle call costs.
const IDLE: Duration = Duration::from_secs(5);

/// From the first word to the first measurement.
const WARM_UP: Duration = Duration::from_secs(3);

/// How long all calls may take to come up after the last was asked for, and to end.
const SETTLE: Duration = Duration::from_secs(20);

/// What a run shall be.
#[derive(Debug, Clone, clap::Args)]
pub struct Load {
    /// Calls at the same time.
    #[arg(long, default_value_t = 100)]
    pub calls: u32,
    /// Seconds of measurement, after everybody is connected.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// New calls a second until there are enough.
    #[arg(long, default_value = "10/s", value_parser = per_second)]
    pub ramp: f64,
    /// Calls a second that end and are replaced while it is measured.
    #[arg(long, default_value = "0/s", value_parser = per_second)]
    pub churn: f64,
    /// How many times faster than real time the model sends sound.
    #[arg(long, default_value_t = 4)]
    pub pace: u32,
    /// How sound travels between Asterisk and the bridge: `rtp` or `websocket`.
    #[arg(long, default_value = "rtp")]
    pub media: String,
    /// A program put before the bridge's command line, for example a profiler.
    #[arg(long)]
    pub under: Option<String>,
}

fn per_second(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    let rate: f64 = number.parse().map_err(|_| format!("{text} is no rate: write for example 10/s"))?;
    if (0.0..=1000.0).contains(&rate) { Ok(rate) } else { Err("a rate is between 0/s and 1000/s".to_owned()) }
}

/// What a run has shown.
pub struct Outcome {
    /// What was asked for.
    pub load: Load,
    /// Durations.
    pub figures: Figures,
    /// The same ways without a bridge.
    pub control: (Histogram, Histogram),
    /// Sound, inward and outward.
    pub flows: [Flow; 2],
    /// Calls whose sound is not all accounted for, in words.
    pub unaccounted: Vec<String>,
    /// What Asterisk counted.
    pub asterisk: Totals,
    /// How every call came out.
    pub came: Vec<Came>,
    /// Calls that never ended.
    pub missing: usize,
    /// Seconds of calls within the measurement.
    pub call_seconds: f64,
    /// The bridge without a call, with all calls and nobody speaking, and at the beginning and end of the measurement.
    pub cost: [Cost; 4],
    /// The parent process over the measurement.
    pub generator: Duration,
    /// How long the measurement took.
    pub measured: Duration,
}

/// The bridge's process.
struct Bridge {
    child: Child,
    input: Option<ChildStdin>,
    came: UnboundedReceiver<Came>,
    pid: u32,
}

impl Bridge {
    async fn start(program: &PathBuf, load: &Load, ari: &str, model: &str) -> io::Result<Self> {
        let args = ["bridge", "--ari", ari, "--model", model, "--media", &load.media];
        let mut words = load.under.as_deref().unwrap_or_default().split_whitespace();
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
            None => Command::new(program),
        };
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("the bridge has no output"))?;
        let mut lines = BufReader::new(output).lines();
        match timeout(Duration::from_secs(30), lines.next_line()).await {
            Ok(Ok(Some(line))) if line == "ready" => {}
            _ => return Err(io::Error::other("the bridge did not come up")),
        }
        let (sender, came) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(came) = serde_json::from_str(&line) {
                    sender.send(came).ok();
                }
            }
        });
        let pid = child.id().ok_or_else(|| io::Error::other("the bridge has ended"))?;
        Ok(Self { child, input, came, pid })
    }

    async fn call(&mut self, number: u32) -> io::Result<()> {
        let input = self.input.as_mut().ok_or_else(|| io::Error::other("the bridge was told to end"))?;
        input.write_all(format!("call {number}\n").as_bytes()).await
    }
}

/// Who hangs up when: the telephones of the calls, by number.
pub type Leaving = Arc<Mutex<HashMap<u32, Arc<AtomicBool>>>>;

/// An Asterisk with a person behind every number that [`crate::bridge_side::BridgeSide`] dials.
///
/// # Errors
/// When it cannot listen.
pub async fn asterisk(config: Config, board: &Arc<Board>, leaving: &Leaving) -> io::Result<Asterisk> {
    let (board, leaving) = (Arc::clone(board), Arc::clone(leaving));
    Asterisk::start(config, move |dialled| {
        let digits = dialled.number().strip_prefix("+1555").and_then(|digits| digits.parse().ok());
        let Some(number) = digits else { return Answer::of(Fate::Unknown) };
        let leave = Arc::clone(lock(&leaving).entry(number).or_default());
        Answer::by(Person::new(number, Arc::clone(&board), leave), RING)
    })
    .await
}

/// Runs it. `say` is told how it goes.
///
/// # Errors
/// When something does not come up.
pub async fn run(load: Load, say: &dyn Fn(&str)) -> io::Result<Outcome> {
    let program = std::env::current_exe()?;
    let board = Arc::new(Board::default());
    let leaving = Leaving::default();
    let asterisk = asterisk(Config::default(), &board, &leaving).await?;
    let model = Model::start(Arc::clone(&board), Manner { pace: load.pace, ..Manner::default() }).await?;
    let mut bridge = Bridge::start(&program, &load, &asterisk.ari_url(), &model.url()).await?;
    let control = Control::start(&program, &board)?;
    let alone = Cost::of(bridge.pid)?;

    say(&format!("{} calls at {}/s ...", load.calls, load.ramp));
    let mut live: VecDeque<u32> = VecDeque::new();
    let begun = Instant::now();
    for number in 1..=load.calls {
        sleep_until((begun + every(load.ramp) * (number - 1)).into()).await;
        bridge.call(number).await?;
        live.push_back(number);
    }
    let all_up = async {
        while board.live.load(Ordering::Relaxed) < u64::from(load.calls) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(SETTLE, all_up).await.is_err() {
        say(&format!("only {} of {} calls came up", board.live.load(Ordering::Relaxed), load.calls));
    }
    sleep(IDLE).await;
    let idle = Cost::of(bridge.pid)?;
    board.talking.store(true, Ordering::Relaxed);
    sleep(WARM_UP).await;

    say(&format!("measuring for {} s ...", load.seconds));
    let (start, generator) = (Instant::now(), Cost::of(std::process::id())?);
    let first = Cost::of(bridge.pid)?;
    board.measuring.store(true, Ordering::Relaxed);
    let (mut call_seconds, mut next) = (0.0, load.calls);
    let (mut sampled, mut changed) = (start, 0);
    while start.elapsed() < Duration::from_secs(load.seconds) {
        sleep(Duration::from_millis(20)).await;
        let now = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "a handful of calls")]
        let calls = board.live.load(Ordering::Relaxed) as f64;
        call_seconds += calls * (now - sampled).as_secs_f64();
        sampled = now;
        while load.churn > 0.0 && start.elapsed() >= every(load.churn) * (changed + 1) {
            changed += 1;
            next += 1;
            if let Some(oldest) = live.pop_front().and_then(|number| lock(&leaving).get(&number).cloned()) {
                oldest.store(true, Ordering::Relaxed);
            }
            bridge.call(next).await?;
            live.push_back(next);
        }
    }
    board.measuring.store(false, Ordering::Relaxed);
    let measured = start.elapsed();
    let last = Cost::of(bridge.pid)?;
    let generator = Cost::of(std::process::id())?.cpu.saturating_sub(generator.cpu);

    say("hanging up ...");
    board.closing.store(true, Ordering::Relaxed);
    drop(bridge.input.take());
    let mut came = Vec::new();
    let ends = async {
        while came.len() < next as usize {
            let Some(end) = bridge.came.recv().await else { return };
            came.push(end);
        }
    };
    timeout(SETTLE, ends).await.ok();
    timeout(SETTLE, bridge.child.wait()).await.ok();
    Ok(Outcome {
        figures: board.figures(),
        control: control.finish(),
        flows: board.flows(),
        unaccounted: unaccounted(&board, 0),
        asterisk: asterisk.totals(),
        missing: next as usize - came.len(),
        came,
        call_seconds,
        cost: [alone, idle, first, last],
        generator,
        measured,
        load,
    })
}

fn every(rate: f64) -> Duration {
    if rate > 0.0 { Duration::from_secs_f64(1.0 / rate) } else { Duration::ZERO }
}

/// Frames that may be on their way when the telephone hangs up.
const IN_FLIGHT: u32 = 5;

/// Every frame of every telephone was heard by the model, but for the last few, and for so many at the beginning.
pub fn unaccounted(board: &Board, head: u32) -> Vec<String> {
    let mut found = Vec::new();
    for (number, call) in board.calls() {
        let said = call.said.load(Ordering::Relaxed);
        match *lock(&call.ends) {
            Some((first, last)) if first <= head && last + 1 + IN_FLIGHT >= said => {}
            Some((first, last)) => found.push(format!("call {number}: said 0..{said}, heard {first}..={last}")),
            None if said > IN_FLIGHT => found.push(format!("call {number}: said {said}, heard nothing")),
            None => {}
        }
        let flow = *lock(&call.inward);
        let sum = flow.intact + flow.faults.foreign + flow.faults.corrupt + flow.faults.made_up;
        let appended = call.appended.load(Ordering::Relaxed);
        if sum != appended {
            found.push(format!("call {number}: {appended} frames were appended, {sum} are accounted for"));
        }
    }
    found
}
