//! What was answered to requests that come again.

use domain::idempotency::{Answer, Claim, Fingerprint, Kept, LEASE, Lease, REMEMBERED, Slot};
use domain::{Idempotency, Phi};
use jiff::{SignedDuration, Timestamp};
use store::KeptAnswers;
use testkit::TestApp;

use crate::app;

const ASKED: Fingerprint = Fingerprint::new([1; 32]);
const OTHER: Fingerprint = Fingerprint::new([2; 32]);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// One slot that no other test has, and the time.
struct Desk {
    answers: KeptAnswers,
    slot: Slot,
    now: Timestamp,
    app: TestApp,
}

impl Desk {
    async fn new() -> Self {
        let app = app().await;
        let aws = clients::aws::sdk_config(&config::Aws::from_env(&app.env).unwrap()).await;
        let answers = KeptAnswers::new(&aws, &config::Tables::from_env(&app.env).unwrap());
        Self { answers, slot: Slot::new(rand::random()), now: app.ctx.now(), app }
    }

    fn lease(&self) -> Lease {
        Lease::generate(&*self.app.ctx.random)
    }

    async fn claim(&self, asked: Fingerprint, lease: Lease, now: Timestamp) -> Claim {
        self.answers.claim(&self.slot, &asked, lease, now).await.unwrap()
    }

    async fn keep(&self, lease: Lease, kept: &Kept, now: Timestamp) -> bool {
        self.answers.keep(&self.slot, lease, kept, now).await.unwrap()
    }
}

fn created(body: &[u8]) -> Kept {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Kept { status: 201, answer: Some(Answer { headers, body: Phi::new(body.to_vec()) }) }
}

#[tokio::test]
async fn of_many_claims_one_gets_the_slot() {
    let desk = Desk::new().await;
    let claims = (0..50).map(|_| {
        let (answers, slot, lease, now) = (desk.answers.clone(), desk.slot.clone(), desk.lease(), desk.now);
        tokio::spawn(async move { answers.claim(&slot, &ASKED, lease, now).await.unwrap() })
    });
    let mut owners = 0;
    for claim in claims.collect::<Vec<_>>() {
        match claim.await.unwrap() {
            Claim::Mine => owners += 1,
            other => assert_eq!(other, Claim::InProgress),
        }
    }
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn what_was_kept_comes_back_as_it_was() {
    let desk = Desk::new().await;
    let lease = desk.lease();
    assert_eq!(desk.claim(ASKED, lease, desk.now).await, Claim::Mine);
    let kept = created(b"{\"name\":\"Ada\"}\0\xff");
    assert!(desk.keep(lease, &kept, desk.now).await);
    assert_eq!(desk.claim(ASKED, desk.lease(), desk.now).await, Claim::Done(kept.clone()));
    // Long after its lease.
    let later = desk.now + LEASE + LEASE;
    assert_eq!(desk.claim(ASKED, desk.lease(), later).await, Claim::Done(kept));
}

#[tokio::test]
async fn an_answer_may_be_empty() {
    let desk = Desk::new().await;
    let lease = desk.lease();
    desk.claim(ASKED, lease, desk.now).await;
    let kept = Kept { status: 204, answer: Some(Answer { headers: Vec::new(), body: Phi::default() }) };
    assert!(desk.keep(lease, &kept, desk.now).await);
    assert_eq!(desk.claim(ASKED, desk.lease(), desk.now).await, Claim::Done(kept));
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let desk = Desk::new().await;
    let lease = desk.lease();
    desk.claim(ASKED, lease, desk.now).await;
    assert_eq!(desk.claim(OTHER, desk.lease(), desk.now).await, Claim::OtherRequest, "while it is carried out");
    let later = desk.now + LEASE + SECOND;
    assert_eq!(desk.claim(OTHER, desk.lease(), later).await, Claim::OtherRequest, "when its owner died");
    desk.keep(lease, &created(b"{}"), desk.now).await;
    assert_eq!(desk.claim(OTHER, desk.lease(), desk.now).await, Claim::OtherRequest, "when it is done");
}

#[tokio::test]
async fn a_lease_that_ran_out_can_be_taken_and_its_old_owner_keeps_nothing() {
    let desk = Desk::new().await;
    let (old, new) = (desk.lease(), desk.lease());
    desk.claim(ASKED, old, desk.now).await;
    assert_eq!(desk.claim(ASKED, new, desk.now + LEASE).await, Claim::InProgress);
    let later = desk.now + LEASE + SECOND;
    assert_eq!(desk.claim(ASKED, new, later).await, Claim::Mine);
    assert!(!desk.keep(old, &created(b"old"), later).await);
    // Nor does it let go of what is not its own any more.
    desk.answers.release(&desk.slot, old).await.unwrap();
    assert_eq!(desk.claim(ASKED, desk.lease(), later).await, Claim::InProgress);
    assert!(desk.keep(new, &created(b"new"), later).await);
    assert!(!desk.keep(old, &created(b"old"), later).await);
    assert_eq!(desk.claim(ASKED, desk.lease(), later).await, Claim::Done(created(b"new")));
}

#[tokio::test]
async fn an_owner_that_is_late_and_alone_still_keeps() {
    let desk = Desk::new().await;
    let lease = desk.lease();
    desk.claim(ASKED, lease, desk.now).await;
    let later = desk.now + LEASE + SECOND;
    assert!(desk.keep(lease, &created(b"{}"), later).await);
    assert_eq!(desk.claim(ASKED, desk.lease(), later).await, Claim::Done(created(b"{}")));
}

#[tokio::test]
async fn what_was_released_is_claimed_at_once_and_what_was_kept_is_not_released() {
    let desk = Desk::new().await;
    let (first, second) = (desk.lease(), desk.lease());
    desk.claim(ASKED, first, desk.now).await;
    desk.answers.release(&desk.slot, first).await.unwrap();
    desk.answers.release(&desk.slot, first).await.unwrap();
    assert_eq!(desk.claim(OTHER, second, desk.now).await, Claim::Mine, "nothing came of it: the key is free");
    desk.keep(second, &created(b"{}"), desk.now).await;
    desk.answers.release(&desk.slot, second).await.unwrap();
    assert_eq!(desk.claim(OTHER, desk.lease(), desk.now).await, Claim::Done(created(b"{}")));
}

#[tokio::test]
async fn requests_whose_answers_were_lost_can_be_repeated() {
    let desk = Desk::new().await;
    let lease = desk.lease();
    for _ in 0..2 {
        assert_eq!(desk.claim(ASKED, lease, desk.now).await, Claim::Mine);
    }
    for _ in 0..2 {
        assert!(desk.keep(lease, &created(b"{}"), desk.now).await);
    }
    // A claim that was on its way all the time does not undo what was kept.
    assert_eq!(desk.claim(ASKED, lease, desk.now).await, Claim::Done(created(b"{}")));
}

#[tokio::test]
async fn a_request_is_forgotten_after_a_day_whether_or_not_it_was_removed() {
    let desk = Desk::new().await;
    let lease = desk.lease();
    desk.claim(ASKED, lease, desk.now).await;
    desk.keep(lease, &created(b"{}"), desk.now).await;
    let day = desk.now + REMEMBERED;
    assert_eq!(desk.claim(ASKED, desk.lease(), day - SECOND).await, Claim::Done(created(b"{}")));
    assert_eq!(desk.claim(OTHER, desk.lease(), day).await, Claim::Mine);
}

#[tokio::test]
async fn of_an_answer_that_is_too_large_only_the_status_is_kept() {
    let desk = Desk::new().await;
    for (size, fits) in [(349_000, true), (351_000, false)] {
        let desk = Desk { slot: Slot::new(rand::random()), answers: desk.answers.clone(), app: app().await, ..desk };
        let (lease, kept) = (desk.lease(), created(&vec![b'x'; size]));
        desk.claim(ASKED, lease, desk.now).await;
        assert!(desk.keep(lease, &kept, desk.now).await);
        let found = if fits { kept } else { Kept { answer: None, ..kept } };
        assert!(desk.claim(ASKED, desk.lease(), desk.now).await == Claim::Done(found), "{size}");
    }
}

#[tokio::test]
async fn when_the_table_is_gone_nothing_is_known() {
    let desk = Desk::new().await;
    let env = desk.app.env.clone().with("IDEMPOTENCY_TABLE", "no-such-table");
    let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
    let answers = KeptAnswers::new(&aws, &config::Tables::from_env(&env).unwrap());
    let (slot, lease) = (&desk.slot, desk.lease());
    let claimed = answers.claim(slot, &ASKED, lease, desk.now).await.unwrap_err();
    assert!(claimed.is_passing() && claimed.to_string().contains("ResourceNotFoundException"), "{claimed}");
    assert!(answers.keep(slot, lease, &created(b"{}"), desk.now).await.unwrap_err().is_passing());
    assert!(answers.release(slot, lease).await.unwrap_err().is_passing());
}
