//! Telephone channels, as requests see them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::phone::Dialled;
use crate::server::{Answered, Params, Refused};
use crate::world::{Channel, Far, NORMAL, World};
use crate::{dial, show};

/// How long the dialplan speaks to a channel that is handed back to it.
const FALLBACK: Duration = Duration::from_secs(1);

pub(crate) async fn list(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.state().channels.values().map(show::channel).collect())
}

pub(crate) async fn show(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    let shown = world.state().channels.get(&id).map(show::channel);
    Ok(Json(shown.ok_or_else(Refused::no_channel)?).into_response())
}

/// What may come in the body of an origination.
#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

pub(crate) async fn originate(
    State(world): State<Arc<World>>,
    Query(params): Params,
    body: axum::body::Bytes,
) -> Answered {
    let id = params.get("channelId").cloned().unwrap_or_else(|| format!("{}.1", world.number()));
    dialled(&world, id, &params, &body)
}

pub(crate) async fn originate_as(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(params): Params,
    body: axum::body::Bytes,
) -> Answered {
    dialled(&world, id, &params, &body)
}

fn dialled(
    world: &Arc<World>,
    id: String,
    params: &std::collections::HashMap<String, String>,
    body: &[u8],
) -> Answered {
    let of = |name: &str| params.get(name).cloned().unwrap_or_default();
    let (endpoint, app) = (of("endpoint"), of("app"));
    if endpoint.is_empty() || app.is_empty() {
        return Err(Refused(400, "Missing parameter endpoint or app".to_owned()));
    }
    if !endpoint.contains('/') {
        return Err(Refused(500, "Allocation failed".to_owned()));
    }
    let body: Body = if body.is_empty() {
        Body::default()
    } else {
        serde_json::from_slice(body).map_err(|_| Refused(400, "Invalid body".to_owned()))?
    };
    if !world.is_free(&id) {
        return Err(Refused(409, format!("Channel with id '{id}' already exists")));
    }
    let caller = of("callerId");
    let args = of("appArgs");
    let technology = endpoint.split_once('/').map_or("", |(technology, _)| technology);
    let channel = Channel {
        id: id.clone(),
        name: format!("{technology}/trunk-{:08x}", world.number()),
        state: "Down",
        protocol_id: format!("{:016x}-{:08x}", rand::random::<u64>(), rand::random::<u32>()),
        caller: caller.clone(),
        connected: caller.clone(),
        context: "from-trunk",
        running: ("AppDial2".to_owned(), "(Outgoing Line)".to_owned()),
        created: show::now(),
        app,
        args: args.split(',').filter(|arg| !arg.is_empty()).map(str::to_owned).collect(),
        bridge: None,
        variables: body.variables,
        dialstring: endpoint.split_once('/').map_or(String::new(), |(_, rest)| rest.to_owned()),
        far: Far::Ringing,
        story: None,
    };
    let answer = show::channel(&channel);
    world.state().channels.insert(id.clone(), channel);
    let patience = params.get("timeout").and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let dialled = Dialled { channel: id.clone(), endpoint, caller_id: caller };
    let fate = (world.answers)(&dialled);
    let story = tokio::spawn(dial::story(Arc::clone(world), id.clone(), fate, Duration::from_secs(patience)));
    if let Some(channel) = world.state().channels.get_mut(&id) {
        channel.story = Some(story.abort_handle());
    }
    Ok(Json(answer).into_response())
}

pub(crate) async fn hang_up(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    known(&world, &id)?;
    world.end(&id, NORMAL, "Normal Clearing", Some(json!({ "cause": 32, "soft": true })));
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn known(world: &World, id: &str) -> Result<(), Refused> {
    if world.state().channels.contains_key(id) { Ok(()) } else { Err(Refused::no_channel()) }
}

/// The channel must be controlled by an application.
fn controlled(world: &World, id: &str) -> Result<(), Refused> {
    let in_stasis = world.state().channels.get(id).map(Channel::in_stasis);
    if in_stasis.ok_or_else(Refused::no_channel)? {
        Ok(())
    } else {
        Err(Refused(409, "Channel not in Stasis application".to_owned()))
    }
}

pub(crate) async fn answer(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    controlled(&world, &id)?;
    let waiting = match world.state().channels.get_mut(&id) {
        Some(channel) if channel.state == "Ring" => match &channel.far {
            Far::Line(line) => Some(Arc::clone(line)),
            _ => None,
        },
        _ => None,
    };
    if let Some(line) = waiting {
        world.set_state(&id, "Up");
        world.wheel.turn(line, std::time::Instant::now());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Back into the dialplan, which speaks a sentence and hangs up.
pub(crate) async fn carry_on(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    controlled(&world, &id)?;
    world.leave_stasis(&id);
    dial::fall_back(&world, &id);
    tokio::spawn(async move {
        tokio::time::sleep(FALLBACK).await;
        world.end(&id, NORMAL, "Normal Clearing", None);
    });
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn dtmf(State(world): State<Arc<World>>, Path(id): Path<String>, Query(params): Params) -> Answered {
    controlled(&world, &id)?;
    let far = world.state().channels.get(&id).map(|channel| channel.far.clone());
    if let (Some(Far::Line(line)), Some(digits)) = (far, params.get("dtmf")) {
        line.keys(digits);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn variable(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(params): Params,
) -> Answered {
    known(&world, &id)?;
    let name = params.get("variable").cloned().unwrap_or_default();
    let value = world.state().channels.get(&id).and_then(|channel| channel.variables.get(&name).cloned());
    let value = value.ok_or_else(|| Refused(404, "Provided variable was not found".to_owned()))?;
    Ok(Json(json!({ "value": value })).into_response())
}

pub(crate) async fn set_variable(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(params): Params,
) -> Answered {
    known(&world, &id)?;
    let of = |name: &str| params.get(name).cloned().unwrap_or_default();
    world.set_variable(&id, &of("variable"), &of("value"));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The counters of the media channel that the telephone is joined with; nothing is lost between them.
pub(crate) async fn statistics(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    known(&world, &id)?;
    let joined = {
        let state = world.state();
        let bridge = state.channels.get(&id).and_then(|channel| state.bridges.get(channel.bridge.as_ref()?));
        let together = bridge.map(|bridge| bridge.channels.as_slice()).unwrap_or_default();
        together.iter().find_map(|other| match &state.channels.get(other)?.far {
            Far::Media(media) => Some(Arc::clone(media)),
            _ => None,
        })
    };
    let totals = joined.map(|media| media.totals()).unwrap_or_default();
    let statistics = json!({
        "txcount": totals.stream.packets, "rxcount": totals.sent, "txploss": 0, "rxploss": 0,
        "txoctetcount": totals.stream.packets * 160, "rxoctetcount": totals.sent * 160,
        "txjitter": 0.0, "rxjitter": 0.0, "rtt": 0.0, "channel_uniqueid": id,
    });
    Ok(Json(statistics).into_response())
}

impl World {
    /// Everything that was counted, of calls that are over and of those that run.
    pub(crate) fn totals(&self) -> crate::Totals {
        let mut totals = *self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in self.state().channels.values() {
            if let Far::Media(media) = &channel.far {
                totals.add(&media.totals());
            }
        }
        totals
    }
}
