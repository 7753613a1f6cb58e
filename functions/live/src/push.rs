//! Telling those who watch what has changed.

use std::collections::HashMap;

use api::v1::{AlertBody, CallStatusBody};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use domain::live::News;
use domain::{Caller, Kind, Result, SessionId};
use futures_util::future::join_all;
use services::live::{Watcher, watchers};
use services::{alerts, calls, caregivers};

use crate::message::Told;
use crate::wire::PushCtx;

/// Turns of a call that a message carries, the latest ones: earlier ones do not change any more, and a message is small.
const TURNS: usize = 10;
/// The largest message that the gateway takes (API Gateway quotas: WebSocket message payload size, 128 KB).
const LARGEST: usize = 128 * 1024;

/// Tells of everything in a batch. What several messages say is told once. Only the messages that could not be told of come
/// back to the queue.
pub async fn push(ctx: &PushCtx, event: SqsEvent) -> SqsBatchResponse {
    let mut messages: HashMap<News, Vec<String>> = HashMap::new();
    for message in event.records {
        match serde_json::from_str(message.body.as_deref().unwrap_or_default()) {
            Ok(news) => messages.entry(news).or_default().push(message.message_id.unwrap_or_default()),
            // It would not become one by coming back.
            Err(error) => tracing::error!(kind = ?error.classify(), "a message is no news"),
        }
    }
    let told = join_all(messages.iter().map(async |(news, ids)| (tell(ctx, *news).await, ids))).await;
    let mut response = SqsBatchResponse::default();
    for (told, ids) in told {
        if let Err(error) = told {
            tracing::warn!(%error, "a change could not be told yet");
            response.batch_item_failures.extend(ids.iter().map(|id| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier.clone_from(id);
                failure
            }));
        }
    }
    response
}

async fn tell(ctx: &PushCtx, news: News) -> Result<()> {
    let mut by_session: HashMap<SessionId, Vec<Watcher>> = HashMap::new();
    for watcher in watchers(&ctx.base, news).await? {
        by_session.entry(watcher.connection.session).or_default().push(watcher);
    }
    // Screens of one person show the same.
    let told = join_all(by_session.into_values().map(|screens| tell_one(ctx, news, screens))).await;
    told.into_iter().collect()
}

async fn tell_one(ctx: &PushCtx, news: News, screens: Vec<Watcher>) -> Result<()> {
    let Some(caller) = screens.first().and_then(|screen| screen.caller.clone()) else {
        join_all(screens.iter().map(|screen| end(ctx, &screen.connection.id))).await;
        return Ok(());
    };
    let text = match text(ctx, &caller, news).await {
        Ok(text) => text,
        // Not theirs to see, or gone already.
        Err(error) if matches!(error.kind, Kind::NotFound | Kind::Forbidden) => return Ok(()),
        Err(error) => return Err(error),
    };
    let sent = join_all(screens.iter().map(|screen| send(ctx, &screen.connection.id, text.clone()))).await;
    sent.into_iter().collect()
}

/// What somebody is told: what the API would answer them now.
async fn text(ctx: &PushCtx, caller: &Caller, news: News) -> Result<String> {
    match news {
        News::Alert { alert_id, .. } => {
            let shown = alerts::shown(&ctx.base, caller, alert_id).await?;
            let language = caregivers::language(&ctx.base, caller).await?;
            Told::Alert { alert: AlertBody::new(&shown.alert, shown.patient.as_ref(), language) }.text()
        }
        News::AlertRemoved { alert_id, .. } => Told::AlertRemoved { alert_id }.text(),
        News::Call { call_id, .. } | News::Words { call_id, .. } => {
            let view = calls::shown(&ctx.base, caller, call_id).await?;
            let latest = view.messages.len().saturating_sub(TURNS);
            let with = |messages| {
                let body = CallStatusBody::new(
                    &view.call,
                    &view.patient,
                    view.agent.as_ref(),
                    messages,
                    view.speaking,
                    view.at,
                );
                Told::Call { call: body.data }.text()
            };
            let text = with(&view.messages[latest..])?;
            if text.len() > LARGEST { with(&[]) } else { Ok(text) }
        }
    }
}

/// One that could not be told now is told when the message comes back.
async fn send(ctx: &PushCtx, connection: &str, text: String) -> Result<()> {
    match ctx.sockets.send(connection, text).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            forget(ctx, connection).await;
            Ok(())
        }
        Err(error) => {
            tracing::warn!(connection, %error, "a screen was not told");
            Err(error)
        }
    }
}

/// Ends a connection whose sign-in has ended.
async fn end(ctx: &PushCtx, connection: &str) {
    if let Err(error) = ctx.sockets.close(connection).await {
        tracing::warn!(connection, %error, "a connection could not be ended");
    }
    forget(ctx, connection).await;
}

async fn forget(ctx: &PushCtx, connection: &str) {
    if let Err(error) = ctx.base.connections.remove(connection).await {
        tracing::warn!(connection, %error, "a connection that ended is not forgotten yet");
    }
}
