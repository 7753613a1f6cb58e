//! What API Gateway asks: may this screen connect, and what does it want?

use api::FieldBody;
use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::encodings::Body;
use domain::{Error, Kind, Origin, Result, Secret};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue, SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use services::{Front, LiveCtx, live};

use crate::message::{Asked, Told, topics};

/// The name of the protocol (RFC 6455, 1.9).
pub const PROTOCOL: &str = "bianca.v1";
/// What precedes a token among the protocols that a browser offers: it cannot send any other header of its choice, and an
/// address is written into logs.
const BEARER: &str = "bearer.";
/// Longest name of a client that is kept, in characters.
const LONGEST_NAME: usize = 200;

/// Answers one event of the WebSocket API.
pub async fn handle(ctx: &Front<LiveCtx>, event: ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
    let context = &event.request_context;
    let id = context.connection_id.clone().unwrap_or_default();
    let device = event.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let origin = Origin {
        address: context.identity.source_ip.as_deref().and_then(|address| address.parse().ok()),
        device: device.map(|device| device.chars().take(LONGEST_NAME).collect()),
        request: context.request_id.clone().unwrap_or_default(),
    };
    match context.route_key.as_deref() {
        Some("$connect") => connected(ctx, &id, &event.headers, origin).await,
        Some("$disconnect") => {
            if let Err(error) = live::disconnect(ctx, &id).await {
                tracing::warn!(connection = id, %error, "a connection that ended is not forgotten yet");
            }
            answer(200)
        }
        _ => said(ctx, &id, event.body.as_deref().unwrap_or_default(), origin).await,
    }
}

async fn connected(ctx: &Front<LiveCtx>, id: &str, headers: &HeaderMap, origin: Origin) -> ApiGatewayProxyResponse {
    let protocols = offered(headers);
    let token = bearer(headers).or_else(|| protocols.iter().find_map(|name| name.strip_prefix(BEARER)));
    let connecting = async {
        let missing = || Error::unauthenticated("token_missing", "Please sign in.");
        let token = Secret::new(token.ok_or_else(missing)?.to_owned());
        live::connect(ctx, id, &token, origin).await
    };
    match connecting.await {
        Ok(()) => {
            tracing::info!(connection = id, "a screen connected");
            let mut response = answer(200);
            if protocols.contains(&PROTOCOL) {
                response.headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
            }
            response
        }
        Err(error) => {
            log(id, &error);
            answer(api::status(error.kind).as_u16().into())
        }
    }
}

async fn said(ctx: &Front<LiveCtx>, id: &str, text: &str, origin: Origin) -> ApiGatewayProxyResponse {
    let told = match done(ctx, id, text, origin).await {
        Ok(told) => told.text(),
        Err(error) => {
            log(id, &error);
            let errors = error.fields.iter().map(|f| FieldBody { path: f.path.clone(), message: f.message.clone() });
            Told::Error { code: error.code, message: &error.message, errors: errors.collect() }.text()
        }
    };
    // A message has no status: whatever came of it is in the text.
    let mut response = answer(200);
    response.body = told.ok().map(Body::Text);
    response
}

async fn done(ctx: &Front<LiveCtx>, id: &str, text: &str, origin: Origin) -> Result<Told<'static>> {
    Ok(match Asked::read(text)? {
        Asked::Subscribe { topics: names } => {
            Told::subscribed(&live::subscribe(ctx, id, &topics(&names)?, origin).await?)
        }
        Asked::Unsubscribe { topics: names } => Told::subscribed(&live::unsubscribe(ctx, id, &topics(&names)?).await?),
        Asked::Authenticate { token } => {
            let until = live::authenticate(ctx, id, &token, origin).await?;
            Told::Authenticated { until: format!("{until:.3}") }
        }
        Asked::Ping {} => Told::Pong,
    })
}

fn log(id: &str, error: &Error) {
    if matches!(error.kind, Kind::Internal | Kind::Unavailable) {
        tracing::error!(connection = id, code = error.code, %error, "a screen could not be answered");
    } else {
        tracing::info!(connection = id, code = error.code, "a screen was refused");
    }
}

/// The protocols that a client offers, however many headers it writes them in.
fn offered(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn answer(status: i64) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response
}
