//! A Realtime server that does as little as a bridge under load needs, as cheaply as it can.
//!
//! The strict simulator of the house (`openai-sim`) is about as cheap, but it speaks the same script in every call and
//! keeps all it hears. This one believes the client, answers in coded frames of the call that its session belongs to
//! (its number is read from the instructions), and notes when every frame arrived.

mod session;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use crate::board::Board;
use session::Session;

/// How the model speaks.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Sound is sent this many times faster than it plays.
    pub pace: u32,
    /// From the end of a turn, or a request, to the first delta.
    pub think: Duration,
    /// Frames of an answer, at least and with the largest addition.
    pub frames: (u32, u32),
}

impl Default for Manner {
    /// Answers of 2 to 4 s, at four times real time, after 300 ms.
    fn default() -> Self {
        Self { pace: 4, think: Duration::from_millis(300), frames: (100, 100) }
    }
}

/// A running server; dropping it stops it.
pub struct Model {
    addr: SocketAddr,
    server: JoinHandle<()>,
}

impl Model {
    /// Starts to listen on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(board: Arc<Board>, manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&board), manner));
            }
        });
        Ok(Self { addr, server })
    }

    /// The address of the Realtime API.
    pub fn url(&self) -> String {
        format!("ws://{}/v1/realtime", self.addr)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, board: Arc<Board>, manner: Manner) {
    stream.set_nodelay(true).ok();
    let Ok(mut socket) = accept_async(stream).await else { return };
    let mut session = Session::new(board, manner);
    loop {
        session.tick(Instant::now());
        while let Some(event) = session.next_event() {
            if socket.send(Message::text(event)).await.is_err() {
                return;
            }
        }
        let due = session.due();
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => session.receive(Instant::now(), text.as_str()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            () = at(due) => {}
        }
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
