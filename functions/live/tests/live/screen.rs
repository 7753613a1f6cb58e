//! A house with a gateway, and screens that connect to it.

use std::net::SocketAddr;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use clients::Queues;
use config::Env;
use domain::jobs::Queue;
use futures_util::{SinkExt as _, StreamExt as _};
use live::PushCtx;
use local_gateway::{Gateway, Handler, Limits};
use serde_json::{Value, json};
use services::{CallCtx, Front, LiveCtx};
use testkit::{Client, TestApp, house};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a screen waits for what should come: the servers of a test are slow.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long what should not come has time to.
const A_WHILE: Duration = Duration::from_millis(1_500);

#[derive(Clone)]
struct Function(Front<LiveCtx>);

impl Handler for Function {
    async fn handle(&self, event: ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        live::handle(&self.0, event).await
    }
}

/// Live updates of a house of its own.
pub(crate) struct Live {
    pub(crate) app: TestApp,
    pub(crate) ctx: LiveCtx,
    pub(crate) push: PushCtx,
    address: SocketAddr,
    pushing: Option<JoinHandle<()>>,
}

impl Live {
    /// Everything, with what has changed told at once.
    pub(crate) async fn start() -> Self {
        let mut live = Self::silent(house().env_with_queues().await).await;
        let (push, queues) = (live.push.clone(), live.app.ctx.queues.clone());
        live.pushing = Some(tokio::spawn(async move { tell(&push, &queues).await }));
        live
    }

    /// The same with nobody who tells.
    pub(crate) async fn silent(env: Env) -> Self {
        let app = TestApp::configured(env, |_| axum::Router::new()).await;
        let ctx = LiveCtx::of(CallCtx::clone(&app.ctx), &app.env).await.unwrap();
        let gateway = Gateway::new(Function(app.ctx.with(ctx.clone())), Limits::default());
        let address = serve(gateway.screens()).await;
        let management = serve(gateway.management()).await;
        let env = app.env.clone().with("LIVE_ENDPOINT", format!("http://{management}"));
        let push = PushCtx::of(ctx.clone(), &env).await.unwrap();
        Self { app, ctx, push, address, pushing: None }
    }

    /// Tries to connect with these headers.
    pub(crate) async fn connect(&self, headers: &[(&'static str, &str)]) -> Result<Screen, u16> {
        let mut request = format!("ws://{}/live", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|value| value.to_str().unwrap().to_owned());
                Ok(Screen { socket, protocol })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A screen of somebody, connected.
    pub(crate) async fn screen(&self, of: &Client) -> Screen {
        self.connect(&[("authorization", &format!("Bearer {}", of.token()))]).await.unwrap()
    }

    /// A screen of somebody that hears about these topics.
    pub(crate) async fn watching(&self, of: &Client, topics: &[&str]) -> Screen {
        let mut screen = self.screen(of).await;
        screen.ask(json!({ "action": "subscribe", "topics": topics })).await;
        assert_eq!(screen.hear().await["type"], "subscribed");
        screen
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(pushing) = &self.pushing {
            pushing.abort();
        }
    }
}

async fn serve(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

/// Hands what has changed to the function, as Lambda does.
async fn tell(push: &PushCtx, queues: &Queues) {
    loop {
        let messages = queues.receive(Queue::News, 10, Duration::from_secs(1)).await.unwrap();
        live::push(push, batch(messages.iter().map(|message| message.body.clone()))).await;
        for message in messages {
            queues.done(Queue::News, &message).await.unwrap();
        }
    }
}

/// A batch of messages, called 0, 1, 2 ...
pub(crate) fn batch(bodies: impl IntoIterator<Item = String>) -> SqsEvent {
    let mut event = SqsEvent::default();
    for (number, body) in bodies.into_iter().enumerate() {
        let mut message = SqsMessage::default();
        (message.message_id, message.body) = (Some(number.to_string()), Some(body));
        event.records.push(message);
    }
    event
}

/// A screen.
pub(crate) struct Screen {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The protocol that was chosen.
    pub(crate) protocol: Option<String>,
}

impl Screen {
    /// Says something.
    pub(crate) async fn ask(&mut self, message: Value) {
        self.say(&message.to_string()).await;
    }

    /// Says anything.
    pub(crate) async fn say(&mut self, text: &str) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next message; `None` when the connection was ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something should have come");
            match next {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> Value {
        self.next().await.expect("the connection was ended")
    }

    /// The first message of which this holds; those before it are let pass.
    pub(crate) async fn hear_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.hear().await;
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        if let Ok(next) = tokio::time::timeout(A_WHILE, self.socket.next()).await {
            panic!("{next:?} came");
        }
    }

    /// Closes the connection.
    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
    }
}
