//! The circuit breaker of the model's key: when the service does not take us, every call learns it
//! at once instead of finding it out for itself, and the service is left in peace.
//!
//! [`Core`] is the rules, without clock, lock or socket. [`Breaker`] shares one among all calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::{self, Metrics};
use crate::realtime::event::ServerEvent;
use crate::realtime::failure::{Failure, is_fatal};

/// Passing failures within [`WITHIN`] that open it.
const FAILURES: usize = 5;
/// See [`FAILURES`].
const WITHIN: Duration = Duration::from_secs(10);
/// An attempt that is given up after this long without a session was not given up for another reason.
const MUTE_AFTER: Duration = Duration::from_secs(4);
/// How long it stays open before one attempt may try; after a failure that no retry cures at once.
const LONGEST_REST: Duration = Duration::from_secs(15);
/// How long at first after passing failures, then twice as long each time up to [`LONGEST_REST`]:
/// calls that run wait for the model to come back, and a service that stumbled may be up in a second.
const SHORTEST_REST: Duration = Duration::from_secs(2);

/// What the breaker does with attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// They go through.
    Closed,
    /// They are answered with the failure that opened it.
    Open(Failure),
    /// One is under way; the others are answered as before.
    HalfOpen(Failure),
}

/// The rules.
#[derive(Debug)]
pub struct Core {
    state: State,
    /// While open: when one attempt may try.
    until: Option<Instant>,
    /// Passing failures while closed.
    failures: VecDeque<Instant>,
    /// Times it opened since a session last began.
    openings: u32,
}

impl Default for Core {
    fn default() -> Self {
        Self { state: State::Closed, until: None, failures: VecDeque::new(), openings: 0 }
    }
}

impl Core {
    /// What it does with attempts now.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether an attempt may be made. Whoever may must tell how it came out:
    /// [`Core::created`], [`Core::failed`] or [`Core::abandoned`].
    ///
    /// # Errors
    /// The failure that opened it, so that the attempt fails as the real one would.
    pub fn ask(&mut self, now: Instant) -> Result<(), Failure> {
        match &self.state {
            State::Closed => Ok(()),
            State::Open(cause) if self.until.is_none_or(|until| now >= until) => {
                self.state = State::HalfOpen(cause.clone());
                Ok(())
            }
            State::Open(cause) | State::HalfOpen(cause) => Err(cause.clone()),
        }
    }

    /// A session began: the service is there and takes us.
    pub fn created(&mut self) {
        *self = Self::default();
    }

    /// An attempt failed, or the service said something that concerns every call.
    pub fn failed(&mut self, now: Instant, failure: &Failure) {
        match (failure, &self.state) {
            (Failure::Fatal(_), _) => self.open(failure.clone(), now + LONGEST_REST),
            (Failure::Retry(_), State::HalfOpen(_)) => {
                let rest = self.rest();
                self.open(failure.clone(), now + rest);
            }
            // Attempts that were under way when it opened add nothing.
            (Failure::Retry(_), State::Open(_)) => {}
            (Failure::Retry(_), State::Closed) => {
                self.failures.push_back(now);
                while self.failures.front().is_some_and(|at| now.saturating_duration_since(*at) > WITHIN) {
                    self.failures.pop_front();
                }
                if self.failures.len() >= FAILURES {
                    let rest = self.rest();
                    self.open(failure.clone(), now + rest);
                }
            }
        }
    }

    /// The one attempt was given up before it was decided, because its call ended: another may try.
    pub fn abandoned(&mut self, now: Instant) {
        if let State::HalfOpen(cause) = &self.state {
            self.state = State::Open(cause.clone());
            self.until = Some(now);
        }
    }

    fn rest(&self) -> Duration {
        (SHORTEST_REST * (1 << self.openings.min(8))).min(LONGEST_REST)
    }

    fn open(&mut self, cause: Failure, until: Instant) {
        self.state = State::Open(cause);
        self.until = Some(until);
        self.openings = self.openings.saturating_add(1);
        self.failures.clear();
    }
}

/// One [`Core`] for all who use the same key. A clone is the same breaker.
#[derive(Debug, Clone, Default)]
pub struct Breaker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Known {
    core: Core,
    created_at: Option<Instant>,
}

impl Breaker {
    /// Closed; tells `metrics` what happens.
    pub fn new(metrics: Metrics) -> Self {
        Self(Arc::new(Shared { known: Mutex::default(), metrics }))
    }

    /// What it does with attempts now.
    pub fn state(&self) -> State {
        self.known().core.state.clone()
    }

    /// When a session with the model last began.
    pub fn created_at(&self) -> Option<Instant> {
        self.known().created_at
    }

    /// Begins an attempt, if one may be made.
    ///
    /// # Errors
    /// The failure that opened the breaker.
    pub(crate) fn ask(&self) -> Result<Attempt, Failure> {
        let now = Instant::now();
        self.change(|known| known.core.ask(now)).inspect_err(|_| self.0.metrics.breaker_refused())?;
        Ok(Attempt { breaker: self.clone(), since: Some(now) })
    }

    /// Something that an open session said. Only what concerns every call is of interest.
    fn heard(&self, event: &ServerEvent) {
        let code = match event {
            ServerEvent::Error(said) => said.error.code.clone(),
            ServerEvent::ResponseDone(done) => done.response.failure().code,
            _ => None,
        };
        if let Some(code) = code.filter(|code| is_fatal(code)) {
            self.failed(&Failure::Fatal(code));
        }
    }

    fn failed(&self, failure: &Failure) {
        self.change(|known| known.core.failed(Instant::now(), failure));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known();
        let before = known.core.state.clone();
        let given = change(&mut known);
        if known.core.state != before {
            self.0.metrics.breaker(match &known.core.state {
                State::Closed => metrics::Breaker::Closed,
                State::Open(_) => metrics::Breaker::Open,
                State::HalfOpen(_) => metrics::Breaker::HalfOpen,
            });
            match &known.core.state {
                State::Closed => tracing::info!("the model takes calls again"),
                // The alarm `ModelRefuses` of the template looks for this line.
                State::Open(Failure::Fatal(code)) => tracing::error!(code, "the model refuses every call"),
                State::Open(Failure::Retry(code)) => tracing::warn!(code, "the model does not answer any call"),
                State::HalfOpen(_) => {}
            }
        }
        given
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection to the model, from asking for it to its end, as the breaker sees it. Dropping it
/// undecided gives it up.
#[derive(Debug)]
pub(crate) struct Attempt {
    breaker: Breaker,
    /// When it began; `None` once it is decided.
    since: Option<Instant>,
}

impl Attempt {
    /// The server said something.
    pub(crate) fn heard(&mut self, event: &ServerEvent) {
        if matches!(event, ServerEvent::SessionCreated(_))
            && let Some(since) = self.since.take()
        {
            self.breaker.0.metrics.model_connected(since.elapsed());
            self.breaker.change(|known| {
                known.core.created();
                known.created_at = Some(Instant::now());
            });
        }
        self.breaker.heard(event);
    }

    /// The connection did not come about, or is gone.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        if self.since.take().is_some() {
            self.breaker.0.metrics.model_refused(failure);
            self.breaker.failed(failure);
        } else if matches!(failure, Failure::Fatal(_)) {
            // A session that was there and ends with such a code says what the next one would hear.
            self.breaker.failed(failure);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Some(since) = self.since else { return };
        if since.elapsed() >= MUTE_AFTER {
            self.failed(&Failure::Retry("handshake_timeout".to_owned()));
        } else {
            self.breaker.change(|known| known.core.abandoned(Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn fatal() -> Failure {
        Failure::Fatal("invalid_api_key".to_owned())
    }

    fn passing() -> Failure {
        Failure::Retry("http_503".to_owned())
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Letters, each 100 ms after the one before: `f` a fatal failure, `p` a passing one, `c` a
    /// session that begins, `a` an attempt that is asked for, `x` one that is given up, `.` nothing.
    fn play(core: &mut Core, start: Instant, story: &str) -> Vec<bool> {
        let mut let_through = Vec::new();
        for (n, letter) in story.chars().enumerate() {
            let now = start + ms(100) * u32::try_from(n).unwrap();
            match letter {
                'f' => core.failed(now, &fatal()),
                'p' => core.failed(now, &passing()),
                'c' => core.created(),
                'x' => core.abandoned(now),
                'a' => let_through.push(core.ask(now).is_ok()),
                _ => {}
            }
        }
        let_through
    }

    #[test_case("" => State::Closed)]
    #[test_case("f" => State::Open(fatal()); "one that no retry cures opens at once")]
    #[test_case("pppp" => State::Closed; "four passing ones do not")]
    #[test_case("ppppp" => State::Open(passing()); "five do")]
    #[test_case("ppcppp" => State::Closed; "a success in between starts the count anew")]
    #[test_case("pppppf" => State::Open(fatal()); "what no retry cures outweighs what one may")]
    #[test_case("pppppp" => State::Open(passing()); "late ones change nothing")]
    #[test_case("fc" => State::Closed; "a session that began elsewhere closes it")]
    fn what_opens_it_and_what_does_not(story: &str) -> State {
        let mut core = Core::default();
        play(&mut core, Instant::now(), story);
        core.state().clone()
    }

    #[test]
    fn five_failures_that_take_longer_than_ten_seconds_do_not_open_it() {
        let (mut core, start) = (Core::default(), Instant::now());
        for second in [0, 3, 6, 9, 12] {
            core.failed(start + ms(second * 1000), &passing());
        }
        assert_eq!(core.state(), &State::Closed);
        core.failed(start + ms(13_100), &passing());
        assert_eq!(core.state(), &State::Closed, "those at 0 and 3 s are forgotten");
        core.failed(start + ms(13_200), &passing());
        assert_eq!(core.state(), &State::Open(passing()));
    }

    #[test]
    fn while_open_attempts_fail_as_the_real_one_did() {
        let (mut core, start) = (Core::default(), Instant::now());
        core.failed(start, &fatal());
        assert_eq!(core.ask(start + ms(14_999)), Err(fatal()));
    }

    #[test]
    fn after_fifteen_seconds_exactly_one_may_try() {
        let (mut core, start) = (Core::default(), Instant::now());
        core.failed(start, &fatal());
        assert_eq!(play(&mut core, start + ms(15_000), "aaa"), [true, false, false]);
        assert_eq!(core.state(), &State::HalfOpen(fatal()));
        core.created();
        assert_eq!(play(&mut core, start + ms(16_000), "aaa"), [true, true, true]);
    }

    #[test]
    fn one_that_fails_opens_it_for_another_fifteen_seconds() {
        let (mut core, start) = (Core::default(), Instant::now());
        core.failed(start, &fatal());
        assert_eq!(play(&mut core, start + ms(15_000), "afa"), [true, false]);
        assert!(core.ask(start + ms(30_000)).is_err());
        assert!(core.ask(start + ms(30_100)).is_ok());
    }

    #[test]
    fn one_that_is_given_up_leaves_its_place_to_the_next() {
        let (mut core, start) = (Core::default(), Instant::now());
        core.failed(start, &fatal());
        assert_eq!(play(&mut core, start + ms(15_000), "axaa"), [true, true, false]);
    }

    #[test]
    fn after_passing_failures_the_rests_grow_from_two_seconds_to_fifteen() {
        let (mut core, mut now) = (Core::default(), Instant::now());
        for _ in 0..FAILURES {
            core.failed(now, &passing());
        }
        for rest in [2000, 4000, 8000, 15_000, 15_000] {
            assert!(core.ask(now + ms(rest - 1)).is_err(), "{rest}");
            now += ms(rest);
            assert!(core.ask(now).is_ok(), "{rest}");
            core.failed(now, &passing());
        }
    }

    #[test]
    fn an_account_without_money_is_noticed_in_a_session_that_is_open() {
        let breaker = Breaker::default();
        let mut attempt = breaker.ask().unwrap();
        let event = |text| ServerEvent::parse(text).unwrap();
        attempt.heard(&event(r#"{"type":"session.created","session":{}}"#));
        assert!(breaker.created_at().is_some());
        let done = r#"{"type":"response.done","response":{"status":"failed",
            "status_details":{"type":"failed","error":{"type":"x","code":"insufficient_quota"}}}}"#;
        attempt.heard(&event(done));
        assert_eq!(breaker.state(), State::Open(Failure::Fatal("insufficient_quota".to_owned())));
    }

    #[test]
    fn a_session_that_ends_after_it_began_is_no_failed_attempt() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            let mut attempt = breaker.ask().unwrap();
            attempt.heard(&ServerEvent::parse(r#"{"type":"session.created","session":{}}"#).unwrap());
            attempt.failed(&Failure::Retry("close_1006".to_owned()));
        }
        assert_eq!(breaker.state(), State::Closed);
    }
}
