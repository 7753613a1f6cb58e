//! `Idempotency-Key`: a request that is sent again has its effect once (draft-ietf-httpapi-idempotency-key-header).
//!
//! | what arrives | what it gets |
//! |---|---|
//! | no key | whatever the handler says |
//! | a key that is none | 400 `idempotency_key_invalid` |
//! | a key for the first time | the handler's answer |
//! | the same again | the same answer, byte for byte, with `Idempotency-Replayed: true` |
//! | the same again, but the answer was too large (350 kB) or set a cookie | 409 `idempotency_answer_not_kept` |
//! | another request under the key | 409 `idempotency_key_reused` (the draft would like 422, which this API never says) |
//! | the same while the first is carried out | waits up to 10 s, then 409 `request_in_progress` with `Retry-After` |
//! | any key while the store is down | 503; the handler has not run |
//!
//! Answers below 500 are kept for a day, but for 401, 403, 408, 413 and 429, which the same request may not get
//! again. After those, after 5xx and after a panic the slot is released and the next attempt is a real one. Of the
//! headers only what describes the result is kept: `Content-Type`, `Location` and `X-...`. The `requestId` in the
//! body of a kept error is the first request's.
//!
//! **An owner that vanishes.** When the handler's future is dropped (the client went away, the request took too
//! long) or the process dies, nobody knows how far it got. The slot then stays taken until its lease runs out (35 s
//! after the claim), so that what was on its way can arrive; the next attempt after that carries the request out
//! again. The same happens when the store fails between the handler's answer and its being kept. What protects the
//! effect then is not this layer but the place where it happens: a unique index (a patient's one live call), the one
//! transaction that data and outbox share, or a provider's own idempotency key. For the last, a handler finds its
//! request's [`Slot`](domain::idempotency::Slot) in an `Extension`: the same at every attempt, unlike anybody else's.
//!
//! Only whole answers can be kept: a route that streams must not be covered. Nor must one that answers with tokens.

mod answer;
mod digest;
mod key;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::idempotency::{Claim, Fingerprint, Kept, Lease, Slot};
use domain::{Clock, Error, Idempotency, Random};
use futures_util::FutureExt as _;
use jiff::SignedDuration;

use crate::error::Result;

/// The first pause between two looks at a request that somebody else carries out; each is twice the one before.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// After this long a request that is still carried out is worth asking for again.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// The code of a request that is still carried out.
const IN_PROGRESS: &str = "request_in_progress";

/// Carries requests out once.
#[derive(Clone)]
pub struct Once<I> {
    /// Remembers what was carried out.
    pub store: I,
    /// For leases.
    pub clock: Arc<dyn Clock>,
    /// For leases.
    pub random: Arc<dyn Random>,
    /// How long a request waits for another that is the same.
    pub patience: Duration,
}

impl<I: Idempotency> Once<I> {
    /// With the usual patience.
    pub fn new(store: I, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { store, clock, random, patience: Duration::from_secs(10) }
    }

    /// Hands `request` to `next`, unless it was carried out before. `who` is whoever asks, under a name that is
    /// theirs alone and stays the same when they sign in again (a caregiver's id, for strangers a hash of their
    /// address); `route` is the pattern that `request` matched.
    ///
    /// The caller decides which routes are covered, and has found out by then who is asking: an answer that was kept
    /// is given to `who` without another question. A layer for it, inside the one for timeouts:
    ///
    /// ```text
    /// async fn once(State(once): State<Once<KeptAnswers>>, route: MatchedPath, request: Request, next: Next) -> Response {
    ///     once.run(&who(&request), route.as_str(), request, next).await
    /// }
    /// ```
    pub async fn run(&self, who: &str, route: &str, request: Request, next: Next) -> Response {
        self.answer(who, route, request, next).await.unwrap_or_else(IntoResponse::into_response)
    }

    async fn answer(&self, who: &str, route: &str, request: Request, next: Next) -> Result<Response> {
        let Some(key) = key::of(request.headers())? else {
            return Ok(next.run(request).await);
        };
        let (mut parts, body) = request.into_parts();
        let body = digest::whole(&parts.headers, body).await?;
        let slot = digest::slot(who, route, &key);
        let fingerprint = digest::fingerprint(route, &parts, &body);
        let lease = Lease::generate(&*self.random);
        if let Some(kept) = self.turn(&slot, &fingerprint, lease).await? {
            return answer::again(kept);
        }
        parts.extensions.insert(slot.clone());
        Ok(self.carry_out(&slot, lease, Request::from_parts(parts, Body::from(body)), next).await)
    }

    /// Waits for the request's turn (`None`) or for the answer that another of its kind got.
    async fn turn(&self, slot: &Slot, fingerprint: &Fingerprint, lease: Lease) -> Result<Option<Kept>> {
        let began = Instant::now();
        let mut pause = SHORTEST;
        loop {
            let left = self.patience.saturating_sub(began.elapsed());
            match self.store.claim(slot, fingerprint, lease, self.clock.now()).await? {
                Claim::Mine => return Ok(None),
                Claim::Done(kept) => return Ok(Some(kept)),
                Claim::OtherRequest => {
                    let message = "This Idempotency-Key was used for another request. Every request needs its own.";
                    return Err(Error::conflict("idempotency_key_reused", message).into());
                }
                Claim::InProgress if left.is_zero() => {
                    let message = "The same request is still being carried out. Please ask again in a moment.";
                    return Err(Error::conflict(IN_PROGRESS, message).after(AGAIN).into());
                }
                Claim::InProgress => {}
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    async fn carry_out(&self, slot: &Slot, lease: Lease, request: Request, next: Next) -> Response {
        let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                self.release(slot, lease).await;
                // Answered further out, where every panic is.
                resume_unwind(panic)
            }
        };
        if !answer::is_final(&response) {
            self.release(slot, lease).await;
            return response;
        }
        let (response, kept) = answer::split(response).await;
        // The effect is there, and whoever waits for the answer must hear of it, kept or not.
        match self.store.keep(slot, lease, &kept, self.clock.now()).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("a request outlived its lease and was carried out twice"),
            Err(error) => tracing::warn!(%error, "an answer was not kept"),
        }
        response
    }

    async fn release(&self, slot: &Slot, lease: Lease) {
        if let Err(error) = self.store.release(slot, lease).await {
            tracing::warn!(%error, "a request was not released; its lease runs out");
        }
    }
}
