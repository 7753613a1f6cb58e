//! Connections as API Gateway has them.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::encodings::Body;
use futures_util::{SinkExt as _, StreamExt as _};
use local_gateway::{Gateway, Handler, LARGEST_MESSAGE, Limits};
use test_case::test_case;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Answers every message with its text and the connection's id, and writes down what it was asked.
#[derive(Clone, Default)]
struct Echo {
    asked: Arc<Mutex<Vec<ApiGatewayWebsocketProxyRequest>>>,
}

impl Echo {
    fn routes(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|event| event.request_context.route_key.clone().unwrap()).collect()
    }

    async fn asked(&self, routes: &[&str]) {
        let asked = async {
            while self.routes() != routes {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), asked).await.unwrap_or_else(|_| panic!("{:?}", self.routes()));
    }
}

impl Handler for Echo {
    async fn handle(&self, event: ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        let mut answer = ApiGatewayProxyResponse::default();
        answer.status_code = if event.headers.contains_key("x-refuse") { 401 } else { 200 };
        if event.headers.contains_key("sec-websocket-protocol") {
            answer.headers.insert("sec-websocket-protocol", "echo.v1".parse().unwrap());
        }
        let id = event.request_context.connection_id.clone().unwrap();
        answer.body = event.body.as_ref().map(|text| Body::Text(format!("{id} {text}")));
        self.asked.lock().unwrap().push(event);
        answer
    }
}

async fn serve(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

/// A gateway with these limits: where screens connect, and where messages are handed over.
async fn gateway(echo: &Echo, limits: Limits) -> (String, String) {
    let gateway = Gateway::new(echo.clone(), limits);
    let (screens, management) = (serve(gateway.screens()).await, serve(gateway.management()).await);
    (format!("ws://{screens}/live"), format!("http://{management}/@connections"))
}

async fn connect(address: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = address.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn next(socket: &mut Socket) -> Option<String> {
    match tokio::time::timeout(Duration::from_secs(10), socket.next()).await.unwrap() {
        Some(Ok(Message::Text(text))) => Some(text.to_string()),
        _ => None,
    }
}

/// The id of the connection of a socket.
async fn id(socket: &mut Socket) -> String {
    socket.send(Message::Text("hello".into())).await.unwrap();
    next(socket).await.unwrap().split_once(' ').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_connection_is_asked_for_speaks_and_ends() {
    let echo = Echo::default();
    let (screens, _) = gateway(&echo, Limits::default()).await;
    let mut socket = connect(&screens, &[("sec-websocket-protocol", "echo.v1, secret")]).await.unwrap();
    let id = id(&mut socket).await;
    socket.close(None).await.unwrap();
    echo.asked(&["$connect", "$default", "$disconnect"]).await;
    let asked = echo.asked.lock().unwrap();
    assert!(asked.iter().all(|event| event.request_context.connection_id.as_ref() == Some(&id)));
    assert_eq!(asked[0].headers["sec-websocket-protocol"], "echo.v1, secret");
    assert_eq!(asked[0].request_context.identity.source_ip.as_deref(), Some("127.0.0.1"));
    assert!(asked[1].headers.is_empty(), "only the handshake has headers");
}

#[tokio::test]
async fn who_is_refused_does_not_connect() {
    let echo = Echo::default();
    let (screens, _) = gateway(&echo, Limits::default()).await;
    assert_eq!(connect(&screens, &[("x-refuse", "yes")]).await.err(), Some(401));
    echo.asked(&["$connect"]).await;
}

#[tokio::test]
async fn messages_are_handed_over_and_connections_ended_from_outside() {
    let echo = Echo::default();
    let (screens, management) = gateway(&echo, Limits::default()).await;
    let mut socket = connect(&screens, &[]).await.unwrap();
    let at = format!("{management}/{}", id(&mut socket).await);
    // The HTTP client wants to know how it would encrypt.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::new();
    assert_eq!(client.get(&at).send().await.unwrap().status(), 200);
    assert_eq!(client.post(&at).body("news").send().await.unwrap().status(), 200);
    assert_eq!(next(&mut socket).await.as_deref(), Some("news"));
    let large = client.post(&at).body("x".repeat(LARGEST_MESSAGE + 1)).send().await.unwrap();
    assert_eq!(
        (large.status().as_u16(), large.headers()["x-amzn-errortype"].as_bytes()),
        (413, &b"PayloadTooLargeException"[..])
    );
    assert_eq!(client.delete(&at).send().await.unwrap().status(), 204);
    assert_eq!(next(&mut socket).await, None);
    echo.asked(&["$connect", "$default", "$disconnect"]).await;
    for gone in [client.get(&at), client.post(&at).body("news"), client.delete(&at)] {
        let answer = gone.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["x-amzn-errortype"].as_bytes()),
            (410, &b"GoneException"[..])
        );
    }
}

#[test_case(Message::Text("x".repeat(LARGEST_MESSAGE + 1).into()); "too long")]
#[test_case(Message::Binary(vec![1, 2, 3].into()); "binary")]
#[tokio::test]
async fn what_the_gateway_does_not_take_ends_the_connection(message: Message) {
    let echo = Echo::default();
    let (screens, _) = gateway(&echo, Limits::default()).await;
    let mut socket = connect(&screens, &[]).await.unwrap();
    socket.send(message).await.ok();
    assert_eq!(next(&mut socket).await, None);
    echo.asked(&["$connect", "$disconnect"]).await;
}

#[tokio::test]
async fn a_connection_that_is_silent_ends_and_one_that_speaks_ends_later() {
    let echo = Echo::default();
    let limits = Limits { idle: Duration::from_millis(400), longest: Duration::from_millis(1_500) };
    let (screens, _) = gateway(&echo, limits).await;
    let mut silent = connect(&screens, &[]).await.unwrap();
    let mut lively = connect(&screens, &[]).await.unwrap();
    let began = std::time::Instant::now();
    let spoken = async {
        let mut words = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if lively.send(Message::Text("word".into())).await.is_err() || next(&mut lively).await.is_none() {
                return words;
            }
            words += 1;
        }
    };
    let (end, words) = tokio::join!(next(&mut silent), spoken);
    assert_eq!(end, None);
    assert!(words > 4, "it outlived the idle time by far: {words}");
    assert!(began.elapsed() >= limits.longest);
}
