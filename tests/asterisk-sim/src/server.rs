//! The HTTP side: who is let in, the routes, the event socket.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{Subscription, World};
use crate::{bridges, channels, external, media, show};

/// Query parameters.
pub(crate) type Params = Query<HashMap<String, String>>;

/// What a handler answers.
pub(crate) type Answered = Result<Response, Refused>;

/// A request that is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) u16, pub(crate) String);

impl Refused {
    pub(crate) fn no_channel() -> Self {
        Self(404, "Channel not found".to_owned())
    }

    pub(crate) fn no_bridge() -> Self {
        Self(404, "Bridge not found".to_owned())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "message": self.1 }))).into_response()
    }
}

pub(crate) fn router(world: Arc<World>) -> Router {
    let ari = Router::new()
        .route("/events", get(events))
        .route("/asterisk/info", get(info))
        .route("/channels", get(channels::list).post(channels::originate))
        .route("/channels/externalMedia", post(external::create))
        .route("/channels/{id}", get(channels::show).post(channels::originate_as).delete(channels::hang_up))
        .route("/channels/{id}/answer", post(channels::answer))
        .route("/channels/{id}/continue", post(channels::carry_on))
        .route("/channels/{id}/dtmf", post(channels::dtmf))
        .route("/channels/{id}/rtp_statistics", get(channels::statistics))
        .route("/channels/{id}/variable", get(channels::variable).post(channels::set_variable))
        .route("/bridges", get(bridges::list).post(bridges::create))
        .route("/bridges/{id}", get(bridges::show).delete(bridges::destroy))
        .route("/bridges/{id}/addChannel", post(bridges::add))
        .route("/bridges/{id}/removeChannel", post(bridges::remove))
        .layer(middleware::from_fn_with_state(Arc::clone(&world), let_in));
    Router::new().nest("/ari", ari).route("/media/{id}", get(attach)).with_state(world)
}

/// By password in the header, or as `api_key` in the query.
async fn let_in(State(world): State<Arc<World>>, Query(params): Params, request: Request, next: Next) -> Response {
    let right = format!("{}:{}", world.config.user, world.config.password);
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Basic ")).and_then(|key| STANDARD.decode(key).ok());
    if given.is_some_and(|given| given == right.as_bytes()) || params.get("api_key") == Some(&right) {
        return next.run(request).await;
    }
    let status = StatusCode::UNAUTHORIZED;
    (status, Json(json!({ "message": "Authentication required" }))).into_response()
}

async fn info(State(world): State<Arc<World>>) -> Json<Value> {
    Json(show::info(&world.config.version, &world.started))
}

async fn events(State(world): State<Arc<World>>, Query(params): Params, upgrade: WebSocketUpgrade) -> Answered {
    let Some(app) = params.get("app").filter(|app| !app.is_empty()).cloned() else {
        return Err(Refused(400, "Missing parameter app".to_owned()));
    };
    // Before the socket is there, as Asterisk does it (`websocket_attempted_cb`, `res/ari/ari_websockets.c`): whoever has
    // a socket misses nothing of what follows.
    let subscription = Subscription::new(world, app);
    Ok(upgrade.on_upgrade(async move |socket| tell(subscription, socket).await))
}

async fn tell(mut subscription: Subscription, mut socket: WebSocket) {
    loop {
        tokio::select! {
            event = subscription.events.recv() => {
                let Some(event) = event else { break };
                if socket.send(Message::text(event)).await.is_err() {
                    break;
                }
            }
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
}

async fn attach(State(world): State<Arc<World>>, Path(id): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    let Some(media) = world.state().sockets.get(&id).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !media.socket().is_some_and(media::Socket::is_free) {
        return StatusCode::CONFLICT.into_response();
    }
    upgrade.protocols(["media"]).on_upgrade(async move |socket| media::serve(world, media, socket).await)
}
