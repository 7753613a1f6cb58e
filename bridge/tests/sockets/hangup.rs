//! What the caller said last is written down however slowly the telephone is hung up.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bridge::audio::frame::{FRAME_BYTES, FRAME_TIME, Frame};
use bridge::driver::{self, Outside};
use bridge::realtime::connection::Connector;
use bridge::session::{Control, PhoneEvent, Plan, Record};
use bridge::telephony::leg::{Leg, LegEvent};
use bytes::Bytes;
use domain::calls::EndReason;
use domain::{Language, Secret};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// A telephone that takes its time when it is hung up.
struct Slow {
    events: VecDeque<PhoneEvent>,
    hanging_up: Arc<Notify>,
    /// How long it holds up its caller.
    hangup: Duration,
}

impl Leg for Slow {
    fn next(&mut self) -> BoxFuture<'_, LegEvent> {
        Box::pin(async {
            if let Some(event) = self.events.pop_front() {
                return LegEvent::Phone(event);
            }
            sleep(FRAME_TIME).await;
            LegEvent::Audio(Bytes::from_static(&[0xFF; FRAME_BYTES]))
        })
    }

    fn play(&mut self, _frame: &Frame, _skipped: u32) {}

    fn hangup(&mut self) -> BoxFuture<'_, ()> {
        self.hanging_up.notify_one();
        Box::pin(sleep(std::mem::take(&mut self.hangup)))
    }

    fn gone(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, event: Value) {
    socket.send(Message::text(event.to_string())).await.unwrap();
}

/// Hears the caller say something and writes it down when the telephone is being hung up.
async fn model(listener: TcpListener, hanging_up: Arc<Notify>) {
    let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
    say(&mut socket, json!({"type": "session.created", "session": {}})).await;
    socket.next().await.unwrap().unwrap();
    say(&mut socket, json!({"type": "session.updated", "session": {}})).await;
    say(&mut socket, json!({"type": "input_audio_buffer.committed", "item_id": "u"})).await;
    say(&mut socket, json!({"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 0})).await;
    say(&mut socket, json!({"type": "input_audio_buffer.speech_stopped", "item_id": "u", "audio_end_ms": 0})).await;
    hanging_up.notified().await;
    let kind = "conversation.item.input_audio_transcription.completed";
    say(&mut socket, json!({"type": kind, "item_id": "u", "transcript": "My chest hurts."})).await;
    while socket.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_words_are_kept_although_hanging_up_takes_longer_than_they_are_waited_for() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("ws://{}/v1/realtime", listener.local_addr().unwrap());
    let connector = Connector::new(url.parse().unwrap(), Secret::new("sk-test".to_owned()));
    let hanging_up = Arc::new(Notify::new());
    let serving = tokio::spawn(model(listener, hanging_up.clone()));
    let events = [PhoneEvent::Ringing, PhoneEvent::Answered, PhoneEvent::MediaUp].into();
    let leg = Box::new(Slow { events, hanging_up, hangup: Duration::from_millis(2500) });
    let (records, mut received) = mpsc::channel(8);
    let (commands, commanded) = mpsc::channel(1);
    let plan = Plan::new("call-1", Language::En);
    let outside = Outside::alone(&plan, records, commanded);
    let running = tokio::spawn(driver::run(plan, leg, connector, outside));
    let listening = async {
        let mut texts = Vec::new();
        while let Some(record) = received.recv().await {
            match record {
                Record::Speaking { caller: true, .. } => {
                    commands.send(Control::End { reason: EndReason::EndedByCaregiver }).await.unwrap();
                }
                Record::Turn(turn) => texts.push(turn.text.into_inner()),
                _ => {}
            }
        }
        texts
    };
    let texts = timeout(Duration::from_secs(30), listening).await.expect("the call ends");
    assert_eq!(texts, ["My chest hurts."]);
    assert_eq!(running.await.unwrap().reason, EndReason::EndedByCaregiver);
    serving.abort();
}
