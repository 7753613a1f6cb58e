//! Who asks, under which key, with how much.

use axum::body::{Body, Bytes};
use test_case::test_case;

use super::{is_replayed, key, kitchen, request};

/// A body that does not say how long it is.
fn of_unknown_length(size: usize) -> Body {
    let half = Bytes::from(vec![b'x'; size / 2]);
    let chunks = [half.clone(), half].map(Ok::<_, std::io::Error>);
    Body::from_stream(futures_util::stream::iter(chunks))
}

#[tokio::test]
async fn callers_with_the_same_key_never_meet() {
    let kitchen = kitchen(async |run| run.created()).await;
    let key = key();
    let from = async |who: &str| {
        kitchen.guest.request(request(&[("idempotency-key", &key), ("from", who)], "/orders", "{}")).await
    };
    assert_eq!(from("ada").await.ok(201)["order"], 1);
    assert_eq!(from("bob").await.ok(201)["order"], 2);
    assert_eq!(from("ada").await.ok(201)["order"], 1);
}

#[tokio::test]
async fn a_key_is_the_same_in_quotes() {
    let kitchen = kitchen(async |run| run.created()).await;
    let key = key();
    kitchen.order(&key, "{}").await.ok(201);
    assert!(is_replayed(&kitchen.order(&format!("\"{key}\""), "{}").await));
    assert_eq!(kitchen.runs(), 1);
}

#[test_case(&[("idempotency-key", "")]; "empty")]
#[test_case(&[("idempotency-key", "two words")]; "with a space")]
#[test_case(&[("idempotency-key", "\"open")]; "not closed")]
#[test_case(&[("idempotency-key", "a"), ("idempotency-key", "a")]; "given twice")]
#[tokio::test]
async fn what_is_no_key_is_refused(headers: &[(&str, &str)]) {
    let kitchen = kitchen(async |run| run.created()).await;
    kitchen.guest.request(request(headers, "/orders", "{}")).await.refused(400, "idempotency_key_invalid");
    assert_eq!(kitchen.runs(), 0);
}

#[test_case("application/json", 256 * 1024 => 201; "as much as is read")]
#[test_case("application/json", 256 * 1024 + 2 => 413; "more than is read")]
#[test_case("multipart/form-data; boundary=b", 4_500_000 => 201; "as large a form as is read")]
#[test_case("multipart/form-data; boundary=b", 4_500_002 => 413; "a larger form than is read")]
#[tokio::test]
async fn a_body_is_read_up_to_its_limit(kind: &str, size: usize) -> u16 {
    let kitchen = kitchen(async |run| run.created()).await;
    let key = key();
    let headers = [("idempotency-key", key.as_str()), ("content-type", kind)];
    let reply = kitchen.guest.request(request(&headers, "/orders", of_unknown_length(size))).await;
    if reply.status == 201 {
        assert_eq!(reply.json["size"], size, "the handler got another body");
        assert!(is_replayed(&kitchen.guest.request(request(&headers, "/orders", of_unknown_length(size))).await));
    }
    assert_eq!(kitchen.runs(), usize::from(reply.status == 201));
    // It was not claimed: a smaller one may have the key.
    if reply.status == 413 {
        kitchen.order(&key, "{}").await.ok(201);
    }
    reply.status.as_u16()
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_request() {
    let kitchen = kitchen(async |run| run.created()).await;
    let key = key();
    let broken = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures_util::stream::iter(broken));
    let reply = kitchen.guest.request(request(&[("idempotency-key", &key)], "/orders", body)).await;
    reply.refused(400, "body_incomplete");
    kitchen.order(&key, "{}").await.ok(201);
    assert_eq!(kitchen.runs(), 1);
}
