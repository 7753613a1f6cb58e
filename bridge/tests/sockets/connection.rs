//! The socket to the model, against a server that does one thing at a time.

use std::net::Ipv4Addr;
use std::time::Duration;

use bridge::breaker::State;
use bridge::realtime::command::{ClientEvent, Command};
use bridge::realtime::connection::{Connection, Connector, SocketEvent};
use bridge::realtime::event::ServerEvent;
use bridge::realtime::failure::Failure;
use bytes::Bytes;
use domain::Secret;
use futures_util::{SinkExt, StreamExt};
use test_case::test_case;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

async fn listen() -> (TcpListener, Connector) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("ws://{}/v1/realtime", listener.local_addr().unwrap());
    (listener, Connector::new(url.parse().unwrap(), Secret::new("sk-test".to_owned())))
}

/// Both ends of one connection.
async fn pair() -> (WebSocketStream<TcpStream>, Connection) {
    let (listener, connector) = listen().await;
    let serving = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
    let (server, connection) = tokio::join!(serving, connector.connect("gpt-realtime"));
    (server, connection.unwrap())
}

#[tokio::test]
async fn the_key_and_the_model_are_sent_and_no_beta_header() {
    let (listener, connector) = listen().await;
    #[expect(clippy::result_large_err, reason = "the signature is the library's")]
    let check = |request: &Request, response: Response| {
        assert_eq!(request.uri().query(), Some("model=gpt-realtime"));
        assert_eq!(request.headers()["authorization"], "Bearer sk-test");
        assert!(!request.headers().contains_key("openai-beta"));
        Ok(response)
    };
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        accept_hdr_async(stream, check).await.unwrap()
    };
    let (_server, connection) = tokio::join!(serving, connector.connect("gpt-realtime"));
    connection.unwrap();
}

#[tokio::test]
async fn events_and_commands_cross_and_nonsense_does_not_end_it() {
    let (mut server, mut connection) = pair().await;
    server.send(Message::text("no JSON")).await.unwrap();
    server.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    server.send(Message::text(r#"{"type":"input_audio_buffer.cleared"}"#)).await.unwrap();
    assert_eq!(connection.next().await, SocketEvent::Malformed);
    assert_eq!(connection.next().await, SocketEvent::Malformed);
    let cleared = Box::new(ServerEvent::Ignored("input_audio_buffer.cleared".into()));
    assert_eq!(connection.next().await, SocketEvent::Event(cleared));

    let command = Command::Append { audio: Bytes::from_static(&[1, 2, 3]) };
    assert!(connection.send(ClientEvent { event_id: None, command }));
    let received = server.next().await.unwrap().unwrap();
    assert_eq!(received, Message::text(r#"{"type":"input_audio_buffer.append","audio":"AQID"}"#));
}

#[tokio::test]
async fn an_event_in_fragments_arrives_whole() {
    let (mut server, mut connection) = pair().await;
    // RFC 6455, 5.4: the first fragment names the kind, the others continue it; a ping may come between.
    let fragment = |text: &'static str, kind, last| Message::Frame(Frame::message(text, OpCode::Data(kind), last));
    server.send(fragment(r#"{"type":"input_audio_"#, Data::Text, false)).await.unwrap();
    server.send(Message::Ping(Bytes::new())).await.unwrap();
    server.send(fragment("buffer.", Data::Continue, false)).await.unwrap();
    server.send(fragment(r#"cleared"}"#, Data::Continue, true)).await.unwrap();
    let cleared = Box::new(ServerEvent::Ignored("input_audio_buffer.cleared".into()));
    assert_eq!(connection.next().await, SocketEvent::Event(cleared));
}

#[test_case(4000, "invalid_request_error.missing_model" => Failure::Fatal("missing_model".into()))]
#[test_case(1000, "" => Failure::Retry("close_1000".into()))]
#[test_case(1001, "session expired" => Failure::Retry("close_1001".into()))]
#[tokio::test]
async fn a_close_is_told_with_its_meaning(code: u16, reason: &str) -> Failure {
    let (mut server, mut connection) = pair().await;
    server.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await.unwrap();
    match connection.next().await {
        SocketEvent::Closed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_that_reads_nothing_is_left_within_seconds() {
    let (_server, mut connection) = pair().await;
    let audio = Bytes::from(vec![0x55; 1 << 20]);
    let piece = || ClientEvent { event_id: None, command: Command::Append { audio: audio.clone() } };
    let taken = (0..100).take_while(|_| connection.send(piece())).count();
    assert!(taken >= 10, "{taken}");
    let end = timeout(Duration::from_secs(30), connection.next()).await.expect("it is noticed");
    assert_eq!(end, SocketEvent::Closed(Failure::Retry("write_timeout".into())));
}

#[tokio::test]
async fn a_connection_that_breaks_without_a_word_is_worth_a_retry() {
    let (server, mut connection) = pair().await;
    drop(server);
    assert!(matches!(connection.next().await, SocketEvent::Closed(Failure::Retry(_))));
}

#[tokio::test]
async fn dropping_the_connection_closes_the_socket() {
    let (mut server, connection) = pair().await;
    drop(connection);
    assert!(matches!(server.next().await, Some(Ok(Message::Close(_)))));
}

#[tokio::test]
async fn nobody_listening_is_worth_a_retry() {
    let (listener, connector) = listen().await;
    drop(listener);
    let failure = connector.connect("gpt-realtime").await.unwrap_err();
    assert!(matches!(failure, Failure::Retry(_)), "{failure:?}");
}

async fn refuse(listener: TcpListener, attempts: usize) -> usize {
    let mut heard = 0;
    for _ in 0..attempts {
        let Ok((mut stream, _)) = listener.accept().await else { return heard };
        heard += 1;
        stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    }
    heard
}

#[tokio::test]
async fn after_a_refused_key_no_call_asks_the_service_again() {
    let (listener, connector) = listen().await;
    let serving = tokio::spawn(refuse(listener, 2));
    let refused = Failure::Fatal("http_401".to_owned());
    assert_eq!(connector.connect("gpt-realtime").await.unwrap_err(), refused);
    let another_call = connector.clone();
    for _ in 0..10 {
        assert_eq!(another_call.connect("gpt-realtime").await.unwrap_err(), refused);
    }
    assert_eq!(connector.breaker().state(), State::Open(refused));
    assert!(!serving.is_finished(), "a second attempt reached the service");
    serving.abort();
}

#[tokio::test]
async fn five_attempts_that_fail_leave_the_service_in_peace() {
    let (listener, connector) = listen().await;
    drop(listener);
    for _ in 0..4 {
        connector.connect("gpt-realtime").await.unwrap_err();
        assert_eq!(connector.breaker().state(), State::Closed);
    }
    let failure = connector.connect("gpt-realtime").await.unwrap_err();
    assert_eq!(connector.breaker().state(), State::Open(failure));
}
