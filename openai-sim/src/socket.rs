//! One WebSocket: frames in, frames out, and the ways a connection ends.

use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::sleep_until;

use crate::{
    faults::Faults,
    record::SessionRecord,
    refusal::Refusal,
    session::{Opening, Session},
    sim::House,
};

/// Close code of the service for a request it does not accept.
const INVALID_REQUEST: u16 = 4000;
/// Close code for a session that has expired, and for a simulator that stops (RFC 6455, "going away").
const GOING_AWAY: u16 = 1001;
/// Never sent: it stands for a connection lost without a close frame (RFC 6455).
const ABNORMAL: u16 = 1006;

/// What the upgrade request said.
pub(crate) struct Entry {
    pub(crate) attempt: usize,
    pub(crate) faults: Faults,
    pub(crate) beta_header: bool,
    pub(crate) model: Option<String>,
    /// Unix seconds.
    pub(crate) opened_at: u64,
}

/// How a connection ends.
enum End {
    /// The client has gone, or the connection is lost.
    Gone,
    /// The simulator closes it.
    Close(u16, String),
}

/// Serves a connection until it ends.
pub(crate) async fn serve(house: &House, entry: Entry, mut socket: WebSocket) {
    let end = match entry_refusal(&entry) {
        Some(refusal) => refuse(&refusal, &mut socket).await,
        None => converse(house, entry, &mut socket).await,
    };
    if let End::Close(code, reason) = end
        && code != ABNORMAL
    {
        let frame = CloseFrame { code, reason: reason.into() };
        // The other side may have gone already; then there is nobody to tell.
        let _ = socket.send(Message::Close(Some(frame))).await;
    }
}

/// The service upgrades first and explains afterwards, in an error event.
fn entry_refusal(entry: &Entry) -> Option<Refusal> {
    let model = entry.model.as_deref().unwrap_or_default();
    if entry.beta_header {
        let message =
            "The Realtime Beta API is no longer supported. Please use /v1/realtime without the OpenAI-Beta header.";
        Some(Refusal::new("beta_api_shape_disabled", message))
    } else if model.is_empty() {
        Some(Refusal::new("missing_model", "You must provide a model parameter."))
    } else if !model.starts_with("gpt-realtime") && !model.starts_with("gpt-audio") {
        Some(Refusal::new("model_not_found", "The model does not exist or you do not have access to it."))
    } else {
        None
    }
}

async fn refuse(refusal: &Refusal, socket: &mut WebSocket) -> End {
    let event = serde_json::json!({ "type": "error", "event_id": "event_refused", "error": refusal.to_json() });
    match socket.send(event.to_string().into()).await {
        Ok(()) => End::Close(INVALID_REQUEST, format!("invalid_request_error.{}", refusal.code())),
        Err(_) => End::Gone,
    }
}

async fn converse(house: &House, entry: Entry, socket: &mut WebSocket) -> End {
    let limit = house.config.session_limit;
    let nonce = format!("{}{:03}", house.nonce, entry.attempt);
    let id = format!("sess_{nonce}");
    let model = entry.model.unwrap_or_default();
    let recorder = house.keep(SessionRecord::new(id.clone(), entry.attempt, &model));
    let opening = Opening {
        id,
        model,
        nonce,
        expires_at: entry.opened_at + limit.as_secs(),
        timing: house.config.timing(),
        context_tokens: house.config.context_tokens,
        calls: house.config.calls.clone(),
        faults: entry.faults.clone(),
        recorder: recorder.clone(),
    };
    let ends = Ends { limit, drop: entry.faults.drop_after(), stall: entry.faults.stall_after() };
    let rest = entry.faults.slow_reader().unwrap_or_default();
    let end = tokio::select! {
        end = run(Session::open(opening), &ends, rest, socket) => end,
        () = house.lose.notified() => End::Close(ABNORMAL, String::new()),
        () = house.stop.cancelled() => End::Close(GOING_AWAY, "the simulator stops".to_owned()),
    };
    recorder.close();
    end
}

/// The moments, since the connection was made, at which something ends it or makes it hang.
struct Ends {
    limit: Duration,
    drop: Option<(Duration, u16)>,
    stall: Option<Duration>,
}

impl Ends {
    fn next(&self) -> Duration {
        [Some(self.limit), self.drop.map(|(after, _)| after), self.stall]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(self.limit)
    }
}

/// `rest` is how long nothing is read after a frame.
async fn run(mut session: Session, ends: &Ends, rest: Duration, socket: &mut WebSocket) -> End {
    let started = Instant::now();
    let mut read_at = Duration::ZERO;
    loop {
        let now = started.elapsed();
        session.tick(now);
        let expired = ends.limit <= now;
        if expired {
            session.expire(now);
        }
        if send_all(&mut session, socket).await.is_err() {
            return End::Gone;
        }
        if ends.stall.is_some_and(|stall| stall <= now) {
            std::future::pending::<()>().await;
        }
        let dropped = ends.drop.filter(|(after, _)| *after <= now).map(|(_, code)| code);
        if let Some(code) = session.close_code().or(dropped) {
            return End::Close(code, "dropped on purpose".to_owned());
        }
        if expired {
            return End::Close(GOING_AWAY, "Your session hit the maximum duration of 60 minutes.".to_owned());
        }
        let resting = (read_at > now).then_some(read_at);
        let wake = [session.due(), resting].into_iter().flatten().fold(ends.next(), Duration::min);
        tokio::select! {
            frame = socket.recv(), if resting.is_none() => {
                let now = started.elapsed();
                read_at = now + rest;
                match frame {
                    Some(Ok(Message::Text(text))) => session.receive(now, &text),
                    Some(Ok(Message::Binary(_))) => session.receive_binary(now),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                }
            },
            () = sleep_until((started + wake).into()) => {}
        }
    }
}

async fn send_all(session: &mut Session, socket: &mut WebSocket) -> Result<(), axum::Error> {
    while let Some(event) = session.next_event() {
        socket.send(event.into()).await?;
    }
    Ok(())
}
