//! Traces, as a collector receives them.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bridge::metrics::{Latency, SetUp, ToolResult};
use bridge::realtime::failure::Failure;
use bridge::telemetry::{Piece, Telemetry};
use domain::calls::{EndReason, Outcome};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::Url;

type Received = (HeaderMap, Bytes);

/// A collector that answers with `status` and hands over what it is sent.
async fn collector(status: StatusCode) -> (Url, mpsc::UnboundedReceiver<Received>) {
    let (sender, received) = mpsc::unbounded_channel();
    let take = move |State(sender): State<mpsc::UnboundedSender<Received>>, headers: HeaderMap, body: Bytes| async move {
        sender.send((headers, body)).unwrap();
        status
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

fn traced(telemetry: &Telemetry) {
    let call = telemetry.call("call-1", "en");
    let (start, ms) = (Instant::now(), Duration::from_millis);
    call.piece(Piece::SetUp(SetUp::Model), start, start + ms(300));
    let latency = Latency { endpointing: Some(ms(700)), model: Some(ms(420)), wire: None };
    call.piece(Piece::Turn { number: 0, latency, interrupted: true }, start + ms(1000), start + ms(4000));
    call.piece(Piece::Tool { name: "tell +15550100123", result: ToolResult::Unknown }, start, start + ms(1));
    let after = Failure::Retry("close_1006".to_owned());
    call.piece(Piece::Reconnect { after: &after, attempts: 2 }, start, start + ms(800));
    call.end(Outcome::Answered, EndReason::Goodbye, Duration::from_secs(5));
}

fn attributes(span: &Span) -> Vec<String> {
    let shown = span.attributes.iter().map(|pair| format!("{}={:?}", pair.key, pair.value.as_ref().unwrap().value));
    shown.map(|shown| shown.replace("Some(StringValue(", "(").replace("Some(IntValue(", "(")).collect()
}

#[tokio::test]
async fn a_call_arrives_as_one_trace_without_anything_about_the_patient() {
    let (url, mut received) = collector(StatusCode::OK).await;
    let telemetry = Telemetry::to(&url, "cell-1").unwrap();
    traced(&telemetry);
    telemetry.shutdown().await;

    let (headers, body) = received.recv().await.unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert!(!String::from_utf8_lossy(&body).contains("5550100123"));
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let resource = &request.resource_spans[0];
    let of_process: Vec<_> = resource.resource.as_ref().unwrap().attributes.iter().map(|pair| &pair.key).collect();
    assert_eq!(of_process.len(), 3, "{of_process:?}");

    let spans = &resource.scope_spans[0].spans;
    let root = spans.iter().find(|span| span.name == "call").unwrap();
    assert!(root.parent_span_id.is_empty());
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["call", "reconnect", "set_up", "tool", "turn"]);
    for span in spans.iter().filter(|span| span.name != "call") {
        assert_eq!((&span.trace_id, &span.parent_span_id), (&root.trace_id, &root.span_id), "{}", span.name);
    }
    let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let turn = of("turn");
    assert_eq!(turn.end_time_unix_nano - turn.start_time_unix_nano, 3_000_000_000);
    let all: Vec<_> =
        ["call", "turn", "tool", "reconnect", "set_up"].map(of).into_iter().flat_map(attributes).collect();
    let expected = [
        "call.id=(\"call-1\"))",
        "call.language=(\"en\"))",
        "call.outcome=(\"answered\"))",
        "call.end_reason=(\"goodbye\"))",
        "call.talked_ms=(5000))",
        "turn.number=(0))",
        "turn.interrupted=Some(BoolValue(true))",
        "latency.endpointing_ms=(700))",
        "latency.model_ms=(420))",
        "tool.name=(\"other\"))",
        "tool.result=(\"unknown\"))",
        "failure.class=(\"closed\"))",
        "reconnect.attempts=(2))",
        "stage=(\"model\"))",
    ];
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_collector_that_refuses_or_is_away_holds_nobody_up() {
    let (refusing, _received) = collector(StatusCode::SERVICE_UNAVAILABLE).await;
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let away: Url = format!("http://{}", nobody.local_addr().unwrap()).parse().unwrap();
    drop(nobody);
    for url in [refusing, away] {
        let telemetry = Telemetry::to(&url, "cell-1").unwrap();
        let began = Instant::now();
        for _ in 0..100 {
            traced(&telemetry);
        }
        assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
        tokio::time::timeout(Duration::from_secs(10), telemetry.shutdown()).await.expect("the end is not held up");
    }
}

#[tokio::test]
async fn without_a_collector_nothing_happens() {
    let telemetry = Telemetry::off();
    traced(&telemetry);
    telemetry.shutdown().await;
}
