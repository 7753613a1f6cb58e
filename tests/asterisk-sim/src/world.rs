//! What exists in this Asterisk: channels, bridges, and who is told about them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::AbortHandle;

use crate::line::Line;
use crate::media::Media;
use crate::wheel::Wheel;
use crate::{Answers, Config, show};

/// Normal clearing, Q.850.
pub(crate) const NORMAL: u32 = 16;

/// A channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `Down`, `Ring`, `Ringing` or `Up`.
    pub(crate) state: &'static str,
    /// Made up once, as a SIP Call-ID is.
    pub(crate) protocol_id: String,
    pub(crate) caller: String,
    pub(crate) connected: String,
    pub(crate) context: &'static str,
    /// The dialplan application that runs.
    pub(crate) running: (String, String),
    pub(crate) created: String,
    /// Who controls it, or will once it is answered.
    pub(crate) app: String,
    /// Arguments it enters the application with.
    pub(crate) args: Vec<String>,
    pub(crate) bridge: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) dialstring: String,
    pub(crate) far: Far,
    /// The task that decides what becomes of it.
    pub(crate) story: Option<AbortHandle>,
}

/// What is at the other end of a channel.
#[derive(Debug, Clone)]
pub(crate) enum Far {
    /// A telephone that has not been picked up.
    Ringing,
    /// A telephone.
    Line(Arc<Line>),
    /// The application's own sound.
    Media(Arc<Media>),
}

impl Channel {
    pub(crate) fn in_stasis(&self) -> bool {
        self.running.0 == "Stasis"
    }
}

/// A bridge.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) id: String,
    pub(crate) created: String,
    pub(crate) channels: Vec<String>,
}

#[derive(Debug)]
struct Subscriber {
    number: u64,
    events: UnboundedSender<String>,
}

/// Everything, behind one lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) channels: HashMap<String, Channel>,
    pub(crate) bridges: HashMap<String, Bridge>,
    subscribers: HashMap<String, Subscriber>,
    /// Media channels that wait for, or have, a WebSocket: by connection id.
    pub(crate) sockets: HashMap<String, Arc<Media>>,
}

/// This Asterisk, as its parts see it.
pub(crate) struct World {
    pub(crate) config: Config,
    /// Where RTP is received.
    pub(crate) ip: IpAddr,
    /// An address that is not Asterisk's.
    pub(crate) stranger: Arc<UdpSocket>,
    pub(crate) answers: Answers,
    pub(crate) wheel: Wheel,
    pub(crate) started: String,
    pub(crate) totals: Mutex<crate::Totals>,
    state: Mutex<State>,
    counter: AtomicU64,
}

/// An event socket's part in an application. Ends when it is dropped; channels stay in the application.
pub(crate) struct Subscription {
    world: Arc<World>,
    app: String,
    number: u64,
    pub(crate) events: UnboundedReceiver<String>,
}

impl Subscription {
    pub(crate) fn new(world: Arc<World>, app: String) -> Self {
        let (number, events) = world.subscribe(&app);
        Self { world, app, number, events }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.world.state();
        if state.subscribers.get(&self.app).is_some_and(|subscriber| subscriber.number == self.number) {
            state.subscribers.remove(&self.app);
        }
    }
}

impl World {
    pub(crate) fn new(config: Config, ip: IpAddr, stranger: Arc<UdpSocket>, answers: Answers, wheel: Wheel) -> Self {
        let (state, totals, counter) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
        Self { config, ip, stranger, answers, wheel, started: show::now(), totals, state, counter }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that nothing else has.
    pub(crate) fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a channel may have this id. Asterisk 22 refuses one that another channel's id begins with, and the
    /// other way round.
    pub(crate) fn is_free(&self, id: &str) -> bool {
        self.state().channels.keys().all(|known| !known.starts_with(id) && !id.starts_with(known.as_str()))
    }

    /// Events of an application go to a new socket. It replaces the one before, which is told so.
    fn subscribe(&self, app: &str) -> (u64, UnboundedReceiver<String>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let number = self.number();
        let before = self.state().subscribers.insert(app.to_owned(), Subscriber { number, events });
        if let Some(before) = before {
            let event = stamped(app, json!({ "type": "ApplicationReplaced" }));
            before.events.send(event).ok();
        }
        (number, receiver)
    }

    /// Ends every event socket.
    pub(crate) fn unsubscribe_all(&self) {
        self.state().subscribers.clear();
    }

    pub(crate) fn is_subscribed(&self, app: &str) -> bool {
        self.state().subscribers.contains_key(app)
    }

    /// Tells an application something.
    pub(crate) fn tell(&self, app: &str, event: Value) {
        let event = stamped(app, event);
        if let Some(subscriber) = self.state().subscribers.get(app) {
            subscriber.events.send(event).ok();
        }
    }

    /// Tells what happened to a channel, with the channel as it is now.
    pub(crate) fn about(&self, id: &str, mut event: Value) {
        let (app, channel) = match self.state().channels.get(id) {
            Some(channel) => (channel.app.clone(), show::channel(channel)),
            None => return,
        };
        event["channel"] = channel;
        self.tell(&app, event);
    }

    /// Tells how dialling goes.
    pub(crate) fn dial(&self, id: &str, status: &str) {
        let (app, event) = match self.state().channels.get(id) {
            Some(channel) => {
                let event = json!({
                    "type": "Dial", "dialstatus": status, "forward": "", "dialstring": channel.dialstring,
                    "peer": show::channel(channel),
                });
                (channel.app.clone(), event)
            }
            None => return,
        };
        self.tell(&app, event);
    }

    pub(crate) fn set_variable(&self, id: &str, name: &str, value: &str) {
        if let Some(channel) = self.state().channels.get_mut(id) {
            channel.variables.insert(name.to_owned(), value.to_owned());
        }
        self.about(id, json!({ "type": "ChannelVarset", "variable": name, "value": value }));
    }

    pub(crate) fn set_state(&self, id: &str, state: &'static str) {
        if let Some(channel) = self.state().channels.get_mut(id) {
            channel.state = state;
        }
        self.about(id, json!({ "type": "ChannelStateChange" }));
    }

    /// A channel that is up enters its application, if anybody listens there.
    pub(crate) fn enter(&self, id: &str) -> bool {
        let entered = {
            let mut state = self.state();
            let State { channels, subscribers, .. } = &mut *state;
            let Some(channel) = channels.get_mut(id) else { return false };
            if !subscribers.contains_key(&channel.app) {
                return false;
            }
            let data = std::iter::once(channel.app.as_str()).chain(channel.args.iter().map(String::as_str));
            channel.running = ("Stasis".to_owned(), data.collect::<Vec<_>>().join(","));
            channel.args.clone()
        };
        self.set_variable(id, "STASISSTATUS", "");
        self.about(id, json!({ "type": "StasisStart", "args": entered }));
        true
    }

    /// A channel leaves its bridge.
    pub(crate) fn leave_bridge(&self, id: &str) {
        let bridge = {
            let mut state = self.state();
            let Some(bridge_id) = state.channels.get_mut(id).and_then(|channel| channel.bridge.take()) else { return };
            let Some(bridge) = state.bridges.get_mut(&bridge_id) else { return };
            bridge.channels.retain(|channel| channel != id);
            show::bridge(bridge)
        };
        self.join_sound();
        self.set_variable(id, "BRIDGEPEER", "");
        self.about(id, json!({ "type": "ChannelLeftBridge", "bridge": bridge }));
    }

    /// A channel enters a bridge.
    pub(crate) fn enter_bridge(&self, id: &str, bridge_id: &str) {
        self.leave_bridge(id);
        let (bridge, others) = {
            let mut state = self.state();
            let State { channels, bridges, .. } = &mut *state;
            let (Some(channel), Some(bridge)) = (channels.get_mut(id), bridges.get_mut(bridge_id)) else { return };
            channel.bridge = Some(bridge_id.to_owned());
            let others: Vec<_> = bridge.channels.iter().filter_map(|other| channels.get(other)).collect();
            let others: Vec<_> = others.into_iter().map(|other| (other.id.clone(), other.name.clone())).collect();
            bridge.channels.push(id.to_owned());
            (show::bridge(bridge), others)
        };
        self.join_sound();
        self.about(id, json!({ "type": "ChannelEnteredBridge", "bridge": bridge }));
        let name = self.state().channels.get(id).map(|channel| channel.name.clone()).unwrap_or_default();
        for (other, other_name) in others {
            self.set_variable(&other, "BRIDGEPEER", &name);
            self.set_variable(id, "BRIDGEPEER", &other_name);
            self.about(id, json!({ "type": "ChannelConnectedLine" }));
            self.about(&other, json!({ "type": "ChannelConnectedLine" }));
        }
    }

    /// Every telephone is joined with the media channel in its bridge, or with none.
    fn join_sound(&self) {
        let state = self.state();
        for channel in state.channels.values() {
            let Far::Line(line) = &channel.far else { continue };
            let bridge = channel.bridge.as_ref().and_then(|id| state.bridges.get(id));
            let together = bridge.map(|bridge| bridge.channels.as_slice()).unwrap_or_default();
            let media = together.iter().find_map(|other| match &state.channels.get(other)?.far {
                Far::Media(media) => Some(Arc::clone(media)),
                _ => None,
            });
            line.join(media);
        }
    }

    /// A channel ends. `requested` is what its `ChannelHangupRequest` says, if there is one.
    pub(crate) fn end(&self, id: &str, cause: u32, text: &str, requested: Option<Value>) {
        let ringing = match self.state().channels.get_mut(id) {
            Some(channel) => {
                if let Some(story) = channel.story.take() {
                    story.abort();
                }
                channel.state == "Ringing"
            }
            None => return,
        };
        if let Some(mut requested) = requested {
            requested["type"] = "ChannelHangupRequest".into();
            self.about(id, requested);
        }
        if ringing {
            self.dial(id, "NOANSWER");
        }
        self.leave_stasis(id);
        self.destroy(id, json!({ "cause": cause, "cause_txt": text }), cause);
    }

    /// A channel leaves its application and its bridge.
    pub(crate) fn leave_stasis(&self, id: &str) {
        self.leave_bridge(id);
        if !self.state().channels.get(id).is_some_and(Channel::in_stasis) {
            return;
        }
        self.about(id, json!({ "type": "StasisEnd" }));
        self.set_variable(id, "STASISSTATUS", "SUCCESS");
        if let Some(channel) = self.state().channels.get_mut(id) {
            channel.running = ("AppDial2".to_owned(), "(Outgoing Line)".to_owned());
        }
    }

    /// A channel is gone.
    pub(crate) fn destroy(&self, id: &str, mut event: Value, cause: u32) {
        // Gone before it is told: whoever hears of it finds it nowhere.
        let Some(channel) = self.state().channels.remove(id) else { return };
        event["type"] = "ChannelDestroyed".into();
        event["channel"] = show::channel(&channel);
        self.tell(&channel.app, event);
        match channel.far {
            Far::Ringing => {}
            Far::Line(line) => line.over(cause),
            Far::Media(media) => {
                self.state().sockets.retain(|_, known| !Arc::ptr_eq(known, &media));
                let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
                totals.add(&media.close());
            }
        }
    }

    /// The telephone was picked up.
    pub(crate) fn pick_up(self: &Arc<Self>, id: &str, phone: Box<dyn crate::Phone>) {
        let line = Line::new(id, phone, self);
        if let Some(channel) = self.state().channels.get_mut(id) {
            channel.far = Far::Line(Arc::clone(&line));
            channel.story = None;
        }
        self.set_state(id, "Up");
        self.wheel.turn(line, Instant::now());
    }
}

/// The event as it is sent.
fn stamped(app: &str, mut event: Value) -> String {
    event["timestamp"] = show::now().into();
    event["asterisk_id"] = show::ENTITY.into();
    event["application"] = app.into();
    event.to_string()
}
