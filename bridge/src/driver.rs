//! One task per call: joins the telephone leg, the model's socket and the outside world to the
//! [`Session`], which does all the thinking.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use domain::Phone;
use domain::calls::{EndReason, Outcome};
use domain::emergencies::Detector;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

use crate::audio::frame::bytes_to_time;
use crate::observer::{Observer, Summary};
use crate::realtime::command::ClientEvent;
use crate::realtime::connection::{Connection, Connector, SocketEvent};
use crate::realtime::event::Usage;
use crate::realtime::failure::Failure;
use crate::session::{
    Cause, Control, Done, Ending, Input, LinkEvent, NextEvent, Output, Outputs, PhoneEvent, Plan, Record, Session,
    Stats, Task,
};
use crate::telephony::leg::{Leg, LegStats, Transfer};

/// Records that wait while their receiver is busy; beyond this the oldest unfinished turn goes.
const WAITING_RECORDS: usize = 256;

/// How long the last records may take to be handed over.
const HAND_OVER: Duration = Duration::from_secs(10);

/// How long the end of a call waits for the telephone system to let go of it; that goes on anyway.
const LET_GO: Duration = Duration::from_secs(5);

/// Model events that are looked at before the last words are given up.
const LAST_LOOK: usize = 256;

/// How a call came out, with what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnd {
    /// What became of it.
    pub outcome: Outcome,
    /// Why it ended.
    pub reason: EndReason,
    /// From answer to end.
    pub talked: Duration,
    /// Tokens used.
    pub usage: Usage,
    /// What the session counted.
    pub session: Stats,
    /// What the telephone leg counted.
    pub leg: LegStats,
    /// Records that could not be handed over in time.
    pub lost_records: u64,
    /// What it was like.
    pub summary: Summary,
}

/// How long the telephone of a caregiver rings when a call is handed over.
const TRANSFER_RINGS: Duration = Duration::from_secs(30);

impl CallEnd {
    /// The end of a call that never came to be.
    pub(crate) fn without_call(outcome: Outcome, reason: EndReason) -> Self {
        Self {
            outcome,
            reason,
            talked: Duration::ZERO,
            usage: Usage::default(),
            session: Stats::default(),
            leg: LegStats::default(),
            lost_records: 0,
            summary: Summary::default(),
        }
    }
}

/// What a call has around it besides its telephone and its model.
pub struct Outside {
    /// What must be remembered, in order.
    pub records: mpsc::Sender<Record>,
    /// Work to be done, whatever becomes of the call.
    pub tasks: mpsc::Sender<Task>,
    /// What is wanted of the call; dropping the sender leaves the call alone.
    pub commands: mpsc::Receiver<Control>,
    /// Work that came to an end.
    pub done: mpsc::Receiver<(u64, Done)>,
    /// What a caregiver's telephone shows when the call is handed over.
    pub caller_id: Option<Phone>,
    /// Who watches the call.
    pub observer: Observer,
}

impl Outside {
    /// With nobody to do any work: every task fails at once.
    pub fn alone(plan: &Plan, records: mpsc::Sender<Record>, commands: mpsc::Receiver<Control>) -> Self {
        let (tasks, (_, done)) = (mpsc::channel(1).0, mpsc::channel(1));
        Self { records, tasks, commands, done, caller_id: None, observer: Observer::blind(plan) }
    }
}

/// Runs a call from dialling to its end. When this returns the leg is hung up, and gone unless the
/// telephone system is slow to let go of it.
///
/// Records go out in order. They never hold up sound: while the receiver is busy, a newer state of
/// a turn replaces the one that waits.
pub async fn run(plan: Plan, leg: Box<dyn Leg>, connector: Connector, outside: Outside) -> CallEnd {
    let model = plan.model.clone();
    // Reading many phrases takes a while the first time: not here, where the sound of other calls waits.
    let (language, phrases) = (plan.language, plan.phrases.clone());
    if tokio::task::spawn_blocking(move || Detector::new(language, &phrases)).await.is_err() {
        tracing::error!("the phrases of an organisation could not be read beforehand");
    }
    let Outside { records, tasks, mut commands, mut done, caller_id, observer } = outside;
    let mut call = Call {
        session: Session::new(plan),
        leg,
        link: Link::Closed,
        next: Link::Closed,
        connector,
        model,
        records: Outbox { records, waiting: VecDeque::new(), lost: 0 },
        tasks,
        caller_id,
        observer,
        inputs: VecDeque::new(),
        in_flight: Duration::ZERO,
        wake_at: None,
        ending: None,
    };
    let now = Instant::now();
    let outputs = call.session.start(now);
    call.observer.start(now, &outputs);
    call.carry_out(outputs).await;
    let (mut commanded, mut working) = (true, true);
    while call.ending.is_none() {
        let input = tokio::select! {
            // The clock first: frames are owed on time whatever else is going on.
            biased;
            () = at(call.wake_at) => {
                call.last_look().await;
                Input::Tick
            }
            command = commands.recv(), if commanded => {
                commanded = command.is_some();
                let Some(command) = command else { continue };
                Input::Command(command)
            }
            done = done.recv(), if working => {
                working = done.is_some();
                let Some((task, done)) = done else { continue };
                Input::Done { task, done }
            }
            event = call.leg.next() => event.into(),
            step = call.link.next() => call.link.apply(step).into_input(),
            step = call.next.next() => Input::Next(call.next.apply(step)),
            () = call.records.hand_over(), if !call.records.waiting.is_empty() => continue,
        };
        call.take(input).await;
    }
    call.finish().await
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

struct Call {
    session: Session,
    leg: Box<dyn Leg>,
    /// The socket to the model.
    link: Link,
    /// The one that shall take over.
    next: Link,
    connector: Connector,
    model: String,
    records: Outbox,
    tasks: mpsc::Sender<Task>,
    caller_id: Option<Phone>,
    observer: Observer,
    /// What followed from carrying something out.
    inputs: VecDeque<Input>,
    /// Of the leg, as the session knows it.
    in_flight: Duration,
    wake_at: Option<Instant>,
    ending: Option<Ending>,
}

impl Call {
    async fn take(&mut self, input: Input) {
        let in_flight = self.leg.in_flight();
        if in_flight != self.in_flight {
            self.in_flight = in_flight;
            self.inputs.push_back(Input::InFlight(in_flight));
        }
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            let now = Instant::now();
            self.observer.input(now, &input);
            if matches!(input, Input::Tick) {
                self.observer.woken(self.wake_at, now);
            }
            let heard = matches!(input, Input::Caller(_));
            let kept = self.observer.keeps_inputs().then(|| input.clone());
            let outputs = self.session.handle(now, input);
            if let Some(input) = kept {
                self.observer.step(now, &input, &outputs);
            }
            self.carry_out(outputs).await;
            if heard {
                self.observer.heard(self.leg.stamp(), bytes_to_time(self.session.queue().queued()));
            }
            if self.observer.counts(now) {
                self.observer.counted(self.session.stats(), self.leg.stats());
            }
        }
    }

    /// After the hang-up the last words may have arrived together with the end of waiting for them:
    /// they go first.
    async fn last_look(&mut self) {
        for _ in 0..LAST_LOOK {
            if !self.session.is_lingering() {
                return;
            }
            let Some(step) = self.link.next().now_or_never() else { return };
            let input = self.link.apply(step).into_input();
            self.take(input).await;
        }
    }

    async fn carry_out(&mut self, outputs: Outputs) {
        self.wake_at = outputs.wake_at;
        for output in outputs.list {
            if let Output::Play(play) = &output {
                // The frame first: it is owed now.
                self.leg.play(&play.frame, play.skipped);
            }
            self.observer.output(Instant::now(), &output);
            match output {
                Output::Play(_) => {}
                Output::SendModel(event) => self.send(event),
                Output::OpenModel => self.link.open(self.connector.clone(), self.model.clone()),
                Output::CloseModel => self.link = Link::Closed,
                Output::OpenNext => self.next.open(self.connector.clone(), self.model.clone()),
                Output::SendNext(event) => {
                    if !self.next.send(event) {
                        self.next = Link::Closed;
                        let down = LinkEvent::Down(Failure::Retry("outbox_full".to_owned()));
                        self.inputs.push_back(Input::Next(NextEvent::Link(down)));
                    }
                }
                Output::Promote => self.link = std::mem::replace(&mut self.next, Link::Closed),
                Output::CloseNext => self.next = Link::Closed,
                Output::Persist(record) => self.records.push(record),
                Output::Run(task) => self.run(task),
                Output::Pause => self.leg.pause(),
                Output::Resume => self.leg.resume(),
                Output::Flush => self.leg.flush(),
                Output::Press(keys) => self.leg.press(&keys),
                Output::Transfer(number) => self.transfer(number),
                Output::CancelTransfer => self.leg.cancel_transfer(),
                Output::Hangup => self.leg.hangup().await,
                Output::Ended(ending) => self.ending = Some(ending),
            }
        }
    }

    fn send(&mut self, event: ClientEvent) {
        if !self.link.send(event) {
            self.link = Link::Closed;
            let failure = Failure::Retry("outbox_full".to_owned());
            self.inputs.push_back(Input::Link(LinkEvent::Down(failure)));
        }
    }

    fn run(&mut self, task: Task) {
        let id = task.id;
        if self.tasks.try_send(task).is_err() {
            let done = Done::Failed("too_busy".to_owned());
            self.inputs.push_back(Input::Done { task: id, done });
        }
    }

    fn transfer(&mut self, number: Phone) {
        let to = Transfer { number, caller_id: self.caller_id.clone(), ring_for: TRANSFER_RINGS };
        if !self.leg.transfer(to) {
            self.inputs.push_back(Input::Phone(PhoneEvent::TransferFailed(Cause::Failed)));
        }
    }

    async fn finish(mut self) -> CallEnd {
        self.link = Link::Closed;
        self.next = Link::Closed;
        self.leg.hangup().await;
        if timeout(LET_GO, self.leg.gone()).await.is_err() {
            tracing::warn!("the telephone system is slow to let go of a call");
        }
        let _ = timeout(HAND_OVER, async {
            while !self.records.waiting.is_empty() {
                self.records.hand_over().await;
            }
        })
        .await;
        let ending = self.ending.unwrap_or(Ending {
            outcome: Outcome::Failed,
            reason: EndReason::SetUpFailed,
            talked: Duration::ZERO,
        });
        let mut end = CallEnd {
            outcome: ending.outcome,
            reason: ending.reason,
            talked: ending.talked,
            usage: self.session.usage(),
            session: self.session.stats(),
            leg: self.leg.stats(),
            lost_records: self.records.lost + self.records.waiting.len() as u64,
            summary: Summary::default(),
        };
        end.summary = self.observer.end(&end);
        end
    }
}

/// The socket to the model, in any stage.
enum Link {
    Closed,
    Opening(BoxFuture<'static, Result<Connection, Failure>>),
    Open(Connection),
}

enum LinkStep {
    Opened(Result<Connection, Failure>),
    Received(SocketEvent),
}

impl Link {
    fn open(&mut self, connector: Connector, model: String) {
        *self = Self::Opening(Box::pin(async move { connector.connect(&model).await }));
    }

    /// What happens next on the socket. Cancel safe; never completes while it is closed.
    async fn next(&mut self) -> LinkStep {
        match self {
            Self::Closed => std::future::pending().await,
            Self::Opening(opening) => LinkStep::Opened(opening.await),
            Self::Open(connection) => LinkStep::Received(connection.next().await),
        }
    }

    /// Queues a message. `false` means that the path is stuck; what is sent on no path is lost.
    fn send(&self, event: ClientEvent) -> bool {
        match self {
            Self::Open(connection) => connection.send(event),
            Self::Closed | Self::Opening(_) => true,
        }
    }

    fn apply(&mut self, step: LinkStep) -> NextEvent {
        match step {
            LinkStep::Opened(Ok(connection)) => {
                *self = Self::Open(connection);
                NextEvent::Link(LinkEvent::Up { unix_now: jiff::Timestamp::now().as_second() })
            }
            LinkStep::Received(SocketEvent::Event(event)) => NextEvent::Model(event),
            LinkStep::Received(SocketEvent::Malformed) => NextEvent::Link(LinkEvent::Malformed),
            LinkStep::Opened(Err(failure)) | LinkStep::Received(SocketEvent::Closed(failure)) => {
                *self = Self::Closed;
                NextEvent::Link(LinkEvent::Down(failure))
            }
        }
    }
}

impl NextEvent {
    /// The same, on the socket that is in use.
    fn into_input(self) -> Input {
        match self {
            Self::Link(event) => Input::Link(event),
            Self::Model(event) => Input::Model(event),
        }
    }
}

/// Records on their way out.
struct Outbox {
    records: mpsc::Sender<Record>,
    waiting: VecDeque<Record>,
    lost: u64,
}

impl Outbox {
    fn push(&mut self, record: Record) {
        // A newer state takes the place of the one that still waits.
        let superseded = self.waiting.iter_mut().find(|waiting| match (&**waiting, &record) {
            (Record::Turn(old), Record::Turn(new)) => old.item_id == new.item_id,
            (Record::Speaking { .. }, Record::Speaking { .. }) => true,
            _ => false,
        });
        match superseded {
            Some(waiting) => *waiting = record,
            None => self.waiting.push_back(record),
        }
        while let Ok(permit) = self.records.try_reserve() {
            match self.waiting.pop_front() {
                Some(record) => permit.send(record),
                None => return,
            }
        }
        if self.waiting.len() > WAITING_RECORDS {
            let cheap = |r: &Record| !matches!(r, Record::State(_) | Record::Turn(_));
            let unfinished = |r: &Record| matches!(r, Record::Turn(turn) if !turn.complete);
            let at = self.waiting.iter().position(cheap).or_else(|| self.waiting.iter().position(unfinished));
            let at = at.unwrap_or(0);
            self.waiting.remove(at);
            self.lost += 1;
        }
    }

    /// Hands over one record as soon as there is room. Cancel safe.
    async fn hand_over(&mut self) {
        let Ok(permit) = self.records.reserve().await else {
            // Nobody listens any more.
            self.lost += self.waiting.len() as u64;
            self.waiting.clear();
            return;
        };
        if let Some(record) = self.waiting.pop_front() {
            permit.send(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Phi;
    use domain::calls::Status;
    use domain::conversations::Speaker;

    use super::*;
    use crate::session::Turn;

    fn turn(item_id: &str, text: &str, complete: bool) -> Record {
        Record::Turn(Turn {
            item_id: item_id.to_owned(),
            order: 0,
            speaker: Speaker::Patient,
            text: Phi::new(text.to_owned()),
            started_at: Duration::ZERO,
            heard_ms: None,
            complete,
        })
    }

    #[tokio::test]
    async fn while_nobody_has_time_newer_states_replace_older_ones() {
        let (records, mut received) = mpsc::channel(1);
        let mut outbox = Outbox { records, waiting: VecDeque::new(), lost: 0 };
        outbox.push(Record::State(Status::Connected));
        outbox.push(turn("a", "I", false));
        outbox.push(turn("a", "I feel", false));
        outbox.push(turn("a", "I feel dizzy.", true));
        outbox.push(Record::State(Status::Ended));
        let mut all = vec![received.recv().await.unwrap()];
        while !outbox.waiting.is_empty() {
            outbox.hand_over().await;
            all.push(received.recv().await.unwrap());
        }
        let expected =
            [Record::State(Status::Connected), turn("a", "I feel dizzy.", true), Record::State(Status::Ended)];
        assert_eq!(all, expected);
    }

    #[test]
    fn what_cannot_be_kept_is_counted_and_finished_turns_go_last() {
        let (records, _received) = mpsc::channel(1);
        let mut outbox = Outbox { records, waiting: VecDeque::new(), lost: 0 };
        outbox.push(Record::State(Status::Connected));
        outbox.push(turn("done", "Help.", true));
        for n in 0..WAITING_RECORDS + 10 {
            outbox.push(turn(&n.to_string(), "x", false));
        }
        assert_eq!((outbox.waiting.len(), outbox.lost), (WAITING_RECORDS, 11));
        assert_eq!(outbox.waiting[0], turn("done", "Help.", true));
    }
}
