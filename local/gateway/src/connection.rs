//! One connection, from the handshake to its end.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lambda_events::apigw::{
    ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest, ApiGatewayWebsocketProxyRequestContext,
};
use aws_lambda_events::encodings::Body;
use axum::RequestExt as _;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::{Handler, LARGEST_MESSAGE, Limits, Open, Outgoing, with};

/// Messages that wait for a connection that takes them slowly.
const WAITING: usize = 64;

/// Asks whether a screen may connect, and lets it.
pub(crate) async fn connect<H: Handler>(handler: H, limits: Limits, open: Arc<Open>, mut request: Request) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
    let line = Line {
        id: format!("{:016x}=", rand::random::<u64>()),
        headers: request.headers().clone(),
        address,
        since: Timestamp::now(),
    };
    let upgrade = match request.extract_parts::<WebSocketUpgrade>().await {
        Ok(upgrade) => upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE),
        Err(refusal) => return refusal.into_response(),
    };
    let answer = handler.handle(line.event("$connect", "CONNECT", None)).await;
    let status = u16::try_from(answer.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    if status != Some(StatusCode::OK) {
        return status.unwrap_or(StatusCode::BAD_GATEWAY).into_response();
    }
    let chosen = answer.headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let upgrade = match chosen {
        Some(protocol) => upgrade.protocols([protocol]),
        None => upgrade,
    };
    upgrade.on_upgrade(move |socket| carry(handler, limits, open, line, socket))
}

/// What stays the same in all events of a connection.
struct Line {
    id: String,
    headers: HeaderMap,
    address: Option<String>,
    since: Timestamp,
}

impl Line {
    fn event(&self, route: &str, kind: &str, body: Option<String>) -> ApiGatewayWebsocketProxyRequest {
        let now = Timestamp::now();
        let mut context = ApiGatewayWebsocketProxyRequestContext::default();
        context.route_key = Some(route.to_owned());
        context.event_type = Some(kind.to_owned());
        context.message_direction = Some("IN".to_owned());
        context.connection_id = Some(self.id.clone());
        context.connected_at = self.since.as_millisecond();
        context.request_time_epoch = now.as_millisecond();
        context.request_id = Some(format!("{:016x}", rand::random::<u64>()));
        context.identity.source_ip.clone_from(&self.address);
        context.stage = Some("live".to_owned());
        let mut event = ApiGatewayWebsocketProxyRequest::default();
        // Only the handshake has headers.
        if route == "$connect" {
            event.headers = self.headers.clone();
        }
        event.request_context = context;
        event.body = body;
        event
    }
}

async fn carry<H: Handler>(handler: H, limits: Limits, open: Arc<Open>, line: Line, mut socket: WebSocket) {
    let (sender, mut outgoing) = mpsc::channel(WAITING);
    with(&open, |open| open.insert(line.id.clone(), sender));
    let began = Instant::now();
    let mut last = began;
    loop {
        let ends = (last + limits.idle).min(began + limits.longest);
        let reply = tokio::select! {
            () = sleep_until(ends) => {
                say_goodbye(&mut socket).await;
                break;
            }
            next = outgoing.recv() => match next {
                Some(Outgoing::Text(text)) => Some(text),
                Some(Outgoing::Close) | None => {
                    say_goodbye(&mut socket).await;
                    break;
                }
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    text_of(handler.handle(line.event("$default", "MESSAGE", Some(text.to_string()))).await)
                }
                // API Gateway has no binary messages here; pings are answered by the socket.
                Some(Ok(Message::Binary(_))) => {
                    say_goodbye(&mut socket).await;
                    break;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        };
        last = Instant::now();
        if let Some(text) = reply
            && socket.send(Message::Text(text.into())).await.is_err()
        {
            break;
        }
    }
    with(&open, |open| open.remove(&line.id));
    handler.handle(line.event("$disconnect", "DISCONNECT", None)).await;
}

fn text_of(answer: ApiGatewayProxyResponse) -> Option<String> {
    match answer.body {
        Some(Body::Text(text)) => Some(text),
        _ => None,
    }
}

async fn say_goodbye(socket: &mut WebSocket) {
    let close = CloseFrame { code: close_code::AWAY, reason: "Going away".into() };
    // It may be gone already.
    socket.send(Message::Close(Some(close))).await.ok();
}
