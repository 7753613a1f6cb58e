//! Text messages: what SNS is told, and what its refusals mean. That messages arrive is tested where
//! they are used, with the emulator; it refuses none.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use clients::Sms;
use config::{Aws, Env};
use domain::{Kind, Phone, Result};
use test_case::test_case;
use tokio::net::TcpListener;

const NUMBER: &str = "+15550100123";

/// What came of a message to a service that answers like this, and what it was asked.
async fn sent(status: u16, answer: &'static str) -> (Result<()>, String) {
    clients::tls::install();
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&asked);
    let router = Router::new().fallback(move |body: String| async move {
        *heard.lock().unwrap() = body;
        (StatusCode::from_u16(status).unwrap(), answer)
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let env = Env::default().with("STAGE", "local").with("AWS_ENDPOINT_URL", endpoint);
    let sms = Sms::new(&clients::aws::sdk_config(&Aws::from_env(&env).unwrap()).await);
    let done = sms.send(&NUMBER.parse::<Phone>().unwrap(), &"012345 is it".to_owned().into()).await;
    let asked = asked.lock().unwrap().clone();
    (done, asked)
}

#[tokio::test]
async fn a_message_is_transactional_and_names_no_sender() {
    let answer = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
    let (done, asked) = sent(200, answer).await;
    done.unwrap();
    for part in ["Action=Publish", "PhoneNumber=%2B15550100123", "Message=012345%20is%20it", "SMSType", "Transactional"]
    {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(!asked.contains("SenderID"));
}

#[tokio::test]
async fn what_may_have_been_accepted_is_not_sent_again_by_itself() {
    clients::tls::install();
    let asked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&asked);
    let router = Router::new().fallback(move || async move {
        *counted.lock().unwrap() += 1;
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let env = Env::default().with("STAGE", "local").with("AWS_ENDPOINT_URL", endpoint);
    let env = env.with("MAIL_FROM", "bianca@demo.example");
    let aws = clients::aws::sdk_config(&Aws::from_env(&env).unwrap()).await;
    let text = "012345 is it".to_owned().into();
    Sms::new(&aws).send(&NUMBER.parse::<Phone>().unwrap(), &text).await.unwrap_err();
    assert_eq!(*asked.lock().unwrap(), 1);
    let mail = clients::Mail::new(&aws, &config::Mail::from_env(&env).unwrap());
    let text = domain::alerts::MailText { subject: "Hello".to_owned().into(), body: "Hello".to_owned().into() };
    mail.send(&"nora@demo.example".parse().unwrap(), &text).await.unwrap_err();
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[test_case(400, "InvalidParameter" => (Kind::Invalid, "sms_not_possible"); "a number that nothing reaches")]
#[test_case(400, "OptedOut" => (Kind::Invalid, "sms_not_possible"); "one that wants nothing")]
#[test_case(403, "AuthorizationError" => (Kind::Unavailable, "unavailable"); "we may not")]
#[test_case(400, "Throttled" => (Kind::Unavailable, "unavailable"); "too many")]
#[test_case(500, "InternalError" => (Kind::Unavailable, "unavailable"); "a fault of theirs")]
#[tokio::test]
async fn refusals(status: u16, code: &'static str) -> (Kind, &'static str) {
    let words = format!("Invalid parameter: PhoneNumber Reason: {NUMBER} is not valid");
    let answer = format!("<ErrorResponse><Error><Code>{code}</Code><Message>{words}</Message></Error></ErrorResponse>");
    let (done, _) = sent(status, answer.leak()).await;
    let error = done.unwrap_err();
    assert!(!error.to_string().contains(NUMBER), "{error}");
    (error.kind, error.code)
}
