//! When keys are fetched and when not. Who fetches makes two requests.

use domain::Kind;
use serde_json::json;
use testkit::Signer;

use crate::{SignIn, in_seconds, later, with_nonce};

impl SignIn {
    fn good(&self) -> String {
        self.provider.token(with_nonce(json!({})))
    }

    /// One that is still good later.
    fn good_in(&self, seconds: i64) -> String {
        self.provider.token(with_nonce(json!({ "iat": in_seconds(seconds), "exp": in_seconds(seconds + 600) })))
    }

    fn of_key(&self, kid: &str) -> String {
        self.provider.token_with(json!({ "kid": kid }), Signer::Rsa, with_nonce(json!({})))
    }
}

#[tokio::test]
async fn keys_are_fetched_once_an_hour() {
    let google = SignIn::google().await;
    for _ in 0..3 {
        google.verify(google.good()).await.unwrap();
    }
    google.verify_at(google.good_in(3500), later(3500)).await.unwrap();
    assert_eq!(google.provider.requests(), 2);
    google.verify_at(google.good_in(3700), later(3700)).await.unwrap();
    assert_eq!(google.provider.requests(), 4);
}

#[tokio::test]
async fn keys_are_fetched_sooner_when_the_provider_says_so() {
    let google = SignIn::google().await;
    google.provider.keys_are_good_for(300);
    google.verify(google.good()).await.unwrap();
    google.verify_at(google.good_in(290), later(290)).await.unwrap();
    assert_eq!(google.provider.requests(), 2);
    google.verify_at(google.good_in(310), later(310)).await.unwrap();
    assert_eq!(google.provider.requests(), 4);
}

#[tokio::test]
async fn new_keys_are_noticed() {
    let google = SignIn::google().await;
    let old = google.good();
    google.verify(old.clone()).await.unwrap();
    google.provider.rotate_keys();
    google.verify(google.good()).await.unwrap();
    assert_eq!(google.provider.requests(), 4);
    assert_eq!(google.reason(old).await, "unknown_key", "the provider does not publish the old one any more");
    // Once more within a minute: nobody looks.
    google.provider.rotate_keys();
    assert_eq!(google.reason(google.good()).await, "unknown_key");
    assert_eq!(google.provider.requests(), 4);
    google.verify_at(google.good_in(61), later(61)).await.unwrap();
    assert_eq!(google.provider.requests(), 6);
}

#[tokio::test]
async fn unknown_keys_cause_one_fetch_a_minute() {
    let google = SignIn::google().await;
    google.verify(google.good()).await.unwrap();
    for number in 100..150 {
        assert_eq!(google.reason(google.of_key(&format!("rsa-{number}"))).await, "unknown_key");
    }
    assert_eq!(google.provider.requests(), 4);
    google.verify(google.good()).await.unwrap();
    for number in 100..150 {
        google.verify_at(google.of_key(&format!("rsa-{number}")), later(70)).await.unwrap_err();
    }
    assert_eq!(google.provider.requests(), 6);
}

#[tokio::test]
async fn an_unknown_key_at_first_is_not_looked_for_twice() {
    let google = SignIn::google().await;
    assert_eq!(google.reason(google.of_key("rsa-9")).await, "unknown_key");
    assert_eq!(google.provider.requests(), 2);
}

#[tokio::test]
async fn those_who_come_together_share_a_fetch() {
    let google = SignIn::google().await;
    let (first, second, third, odd) = tokio::join!(
        google.verify(google.good()),
        google.verify(google.good()),
        google.verify(google.provider.token_with(json!({}), Signer::Ec, with_nonce(json!({})))),
        google.verify(google.of_key("rsa-9")),
    );
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(odd.unwrap_err().code, "sso_token_invalid");
    assert_eq!(google.provider.requests(), 2);
}

#[tokio::test]
async fn those_who_come_together_share_a_failure() {
    let google = SignIn::google().await;
    google.provider.go_down();
    let (first, second, third) =
        tokio::join!(google.verify(google.good()), google.verify(google.good()), google.verify(google.good()));
    for result in [first, second, third] {
        assert_eq!(result.unwrap_err().kind, Kind::Unavailable);
    }
    assert_eq!(google.provider.requests(), 1);
}

#[tokio::test]
async fn without_the_provider_nobody_new_signs_in_until_it_is_back() {
    for sign_in in [SignIn::google().await, SignIn::microsoft().await] {
        sign_in.provider.go_down();
        let error = sign_in.verify(sign_in.good()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable);
        assert!(error.to_string().contains("sso provider: status 503"), "{error}");
        sign_in.provider.come_back();
        sign_in.verify(sign_in.good()).await.unwrap();
    }
}

#[tokio::test]
async fn known_keys_outlive_the_provider_for_their_hour() {
    let google = SignIn::google().await;
    google.verify(google.good()).await.unwrap();
    google.provider.go_down();
    google.verify_at(google.good_in(3500), later(3500)).await.unwrap();
    let error = google.verify_at(google.good_in(3700), later(3700)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
}

#[tokio::test]
async fn a_key_that_may_be_new_is_not_called_wrong_while_the_provider_is_away() {
    let google = SignIn::google().await;
    google.verify(google.good()).await.unwrap();
    google.provider.rotate_keys();
    google.provider.go_down();
    for _ in 0..10 {
        assert_eq!(google.verify(google.good()).await.unwrap_err().kind, Kind::Unavailable);
    }
    assert_eq!(google.provider.requests(), 3, "and nobody insists");
    google.provider.come_back();
    google.verify_at(google.good_in(61), later(61)).await.unwrap();
}

#[tokio::test]
async fn somebody_who_gives_up_does_not_hold_up_the_others() {
    let google = SignIn::google().await;
    let gone = tokio::time::timeout(std::time::Duration::ZERO, google.verify(google.good())).await;
    assert!(gone.is_err());
    google.verify(google.good()).await.unwrap();
}
