//! Bridges: where a telephone and the application's sound meet.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::server::{Answered, Params, Refused};
use crate::show;
use crate::world::{Bridge, World};

pub(crate) async fn list(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.state().bridges.values().map(show::bridge).collect())
}

pub(crate) async fn show(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    let shown = world.state().bridges.get(&id).map(show::bridge);
    Ok(Json(shown.ok_or_else(Refused::no_bridge)?).into_response())
}

pub(crate) async fn create(State(world): State<Arc<World>>, Query(params): Params) -> Answered {
    let id = params.get("bridgeId").cloned().unwrap_or_else(|| format!("bridge-{}", world.number()));
    let mut state = world.state();
    if state.bridges.contains_key(&id) {
        return Err(Refused(409, format!("Bridge with id '{id}' already exists")));
    }
    let bridge = Bridge { id: id.clone(), created: show::now(), channels: Vec::new() };
    let shown = show::bridge(&bridge);
    state.bridges.insert(id, bridge);
    Ok(Json(shown).into_response())
}

pub(crate) async fn destroy(State(world): State<Arc<World>>, Path(id): Path<String>) -> Answered {
    let channels = world.state().bridges.get(&id).map(|bridge| bridge.channels.clone());
    let channels = channels.ok_or_else(Refused::no_bridge)?;
    let app = channels.first().and_then(|id| world.state().channels.get(id).map(|channel| channel.app.clone()));
    for channel in &channels {
        world.leave_bridge(channel);
    }
    let removed = world.state().bridges.remove(&id);
    if let (Some(bridge), Some(app)) = (removed, app) {
        world.tell(&app, json!({ "type": "BridgeDestroyed", "bridge": show::bridge(&bridge) }));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn add(State(world): State<Arc<World>>, Path(id): Path<String>, Query(params): Params) -> Answered {
    let wanted = params.get("channel").cloned().unwrap_or_default();
    let channels: Vec<&str> = wanted.split(',').collect();
    {
        let state = world.state();
        if !state.bridges.contains_key(&id) {
            return Err(Refused::no_bridge());
        }
        for channel in &channels {
            let Some(known) = state.channels.get(*channel) else {
                return Err(Refused(400, "Channel not found".to_owned()));
            };
            if !known.in_stasis() {
                return Err(Refused(409, "Channel not in Stasis application".to_owned()));
            }
        }
    }
    for channel in channels {
        world.enter_bridge(channel, &id);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn remove(State(world): State<Arc<World>>, Path(id): Path<String>, Query(params): Params) -> Answered {
    let channel = params.get("channel").cloned().unwrap_or_default();
    let is_in = world.state().bridges.get(&id).map(|bridge| bridge.channels.contains(&channel));
    if !is_in.ok_or_else(Refused::no_bridge)? {
        return Err(Refused(422, "Channel not in this bridge".to_owned()));
    }
    world.leave_bridge(&channel);
    Ok(StatusCode::NO_CONTENT.into_response())
}
