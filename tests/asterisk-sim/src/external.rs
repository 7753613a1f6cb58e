//! `POST /channels/externalMedia`: the application's own channel.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use serde_json::json;

use crate::media::{Datagrams, Media, Socket, Transport};
use crate::server::{Answered, Params, Refused};
use crate::show;
use crate::world::{Channel, Far, World};

/// The formats with 160 bytes for 20 ms, and their RTP payload types (RFC 3551).
const FORMATS: [(&str, u8); 2] = [("ulaw", 0), ("alaw", 8)];

fn bad(what: &str) -> Refused {
    Refused(400, what.to_owned())
}

pub(crate) async fn create(State(world): State<Arc<World>>, Query(params): Params) -> Answered {
    let of = |name: &str, default: &str| params.get(name).map_or(default, String::as_str).to_owned();
    let app = params.get("app").ok_or_else(|| bad("Missing parameter app"))?.clone();
    let host = of("external_host", "");
    let wanted = of("format", "");
    let how = (of("encapsulation", "rtp"), of("transport", "udp"), of("connection_type", "client"));
    let websocket = match (how.0.as_str(), how.1.as_str(), how.2.as_str()) {
        ("rtp", "udp", "client") => false,
        ("none", "websocket", "server") => true,
        // Audiosocket, and websockets that Asterisk opens, exist in the real one and not here.
        _ => return Err(bad("The encapsulation, transport and connection_type do not fit together")),
    };
    let there: Option<SocketAddr> = host.parse().ok();
    if !websocket && there.is_none() {
        return Err(bad("external_host must be <host>:<port> for all transports other than websocket"));
    }
    let Some((format, payload_type)) = FORMATS.into_iter().find(|(name, _)| *name == wanted) else {
        return Err(Refused(500, "An internal error prevented this request from being handled".to_owned()));
    };
    let id = params.get("channelId").cloned().unwrap_or_else(|| format!("{}.{}", world.number(), world.number()));
    if !world.is_free(&id) {
        return Err(Refused(409, format!("Channel with id '{id}' already exists")));
    }

    let unique = world.number();
    let (transport, name, dialstring, variables) = if websocket {
        let connection_id =
            format!("{:08x}-{unique:04x}-4000-8000-{:012x}", rand::random::<u32>(), rand::random::<u32>());
        let socket = Socket::new(&id, connection_id.clone(), format, world.config.control);
        let variables = [
            ("MEDIA_WEBSOCKET_CONNECTION_ID", connection_id),
            ("MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE", "160".to_owned()),
        ];
        let name = format!("WebSocket/INCOMING/0x7f{unique:010x}");
        (Transport::Socket(Box::new(socket)), name, "INCOMING/d(both)".to_owned(), variables)
    } else {
        let there = there.ok_or_else(|| bad("external_host"))?;
        let stranger = Arc::clone(&world.stranger);
        let bound = Datagrams::bind(world.ip, there, payload_type, &world.config.net, &id, stranger).await;
        let failed = |error: std::io::Error| Refused(500, error.to_string());
        let datagrams = bound.map_err(failed)?;
        let here = datagrams.address().map_err(failed)?;
        let variables =
            [("UNICASTRTP_LOCAL_ADDRESS", here.ip().to_string()), ("UNICASTRTP_LOCAL_PORT", here.port().to_string())];
        let name = format!("UnicastRTP/{there}-0x7f{unique:010x}");
        (Transport::Datagrams(Box::new(datagrams)), name, format!("{there}/c({format})"), variables)
    };
    let media = Media::new(transport);
    let variables: BTreeMap<String, String> = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let channel = Channel {
        id: id.clone(),
        name,
        state: "Down",
        protocol_id: String::new(),
        caller: String::new(),
        connected: String::new(),
        context: "default",
        running: ("AppDial2".to_owned(), "(Outgoing Line)".to_owned()),
        created: show::now(),
        app,
        args: Vec::new(),
        bridge: None,
        variables: variables.clone(),
        dialstring,
        far: Far::Media(Arc::clone(&media)),
        story: None,
    };
    let mut answer = show::channel(&channel);
    answer["channelvars"] = json!(variables);
    {
        let mut state = world.state();
        if let Some(socket) = media.socket() {
            state.sockets.insert(socket.connection_id.clone(), Arc::clone(&media));
        }
        state.channels.insert(id.clone(), channel);
    }
    if !websocket {
        // RTP is answered at once; a WebSocket when the application has connected.
        world.media_up(&id);
    }
    Ok(Json(answer).into_response())
}

impl World {
    /// The application's channel is answered and enters the application.
    pub(crate) fn media_up(&self, id: &str) {
        self.dial(id, "");
        self.set_state(id, "Up");
        self.dial(id, "ANSWER");
        self.enter(id);
    }
}
