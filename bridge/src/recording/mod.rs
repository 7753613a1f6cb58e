//! Stereo recordings of calls: the caller left, Bianca right, as both were heard on the wire.
//!
//! Nothing is recorded unless somebody asks for it call by call, and who asks answers for the
//! consent of everybody on the line. Sound leaves the call through a bounded channel that never holds
//! it up; what does not fit is dropped and counted, and leaves a hole of its own length. Every two
//! seconds a [segment] is encrypted and handed to a [vault], so a crash costs the segment that was
//! being filled and the one on its way.
//!
//! A recording takes at most 64 kB for the channel, 64 kB for the window that sound may still come
//! for, and 32 kB for the segment on its way.

mod restore;
mod s3;
mod segment;
mod track;
mod vault;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Random;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::restore::{RestoreError, Restored, restore};
pub use self::s3::S3;
pub use self::segment::RecordingKey;
pub use self::track::SEGMENT;
pub use self::vault::{Folder, Vault};

use self::segment::Place;
use self::track::{Piece, Placing, Segment, Window};
use crate::audio::frame::{Codec, Frame};
use crate::metrics::Metrics;

/// Pieces on their way to storage: 64 kB, almost four seconds of a call.
const WAITING: usize = 64_000 / std::mem::size_of::<Piece>();
/// How long storage may take for one segment, attempts included. Sound waits in the channel meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where and how calls are recorded.
#[derive(Clone)]
pub struct Recordings {
    vault: Arc<dyn Vault>,
    key: Arc<RecordingKey>,
    random: Arc<dyn Random>,
    metrics: Metrics,
}

impl Recordings {
    /// Recordings in `vault`, encrypted with `key`; `random` makes the nonces.
    pub fn new(vault: Arc<dyn Vault>, key: RecordingKey, random: Arc<dyn Random>, metrics: Metrics) -> Self {
        Self { vault, key: Arc::new(key), random, metrics }
    }

    /// Begins to record a call that may be recorded. `call` is its id and becomes a folder's name:
    /// letters, digits, `-` and `_` only. A call that another process goes on with is another
    /// recording and needs another name, such as the id with `-2`: under the same it would take the
    /// first one's place.
    pub fn start(&self, call: &str, codec: Codec) -> (Recorder, Recording) {
        let (pieces, received) = mpsc::channel(WAITING);
        let keeper = Keeper { recordings: self.clone(), call: call.to_owned(), codec, kept: Kept::default() };
        let task = tokio::spawn(keeper.run(received));
        (Recorder { placing: Placing::default(), pieces, metrics: self.metrics.clone() }, Recording { task })
    }
}

/// What a call puts its sound into. Dropping it ends the recording.
#[derive(Debug)]
pub struct Recorder {
    placing: Placing,
    pieces: mpsc::Sender<Piece>,
    metrics: Metrics,
}

impl Recorder {
    /// A frame went on the wire at `now`, after `skipped` frames of time that passed unsent. Never
    /// waits.
    pub fn bianca(&mut self, now: Instant, frame: &Frame, skipped: u32) {
        let piece = self.placing.bianca(now, &frame.0, skipped);
        self.hand_over(piece);
    }

    /// Sound of the caller arrived at `now`, heard or filled in. Never waits.
    pub fn caller(&mut self, now: Instant, sound: &[u8]) {
        for piece in self.placing.caller(now, sound) {
            self.hand_over(piece);
        }
    }

    fn hand_over(&self, piece: Piece) {
        if self.pieces.try_send(piece).is_err() {
            self.metrics.unrecorded(1);
        }
    }
}

/// The task that keeps a recording.
#[derive(Debug)]
pub struct Recording {
    task: JoinHandle<Kept>,
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Segments that are in the vault.
    pub segments: u32,
    /// Segments that the vault did not take.
    pub lost: u32,
}

impl Recording {
    /// Waits until everything is kept or lost. The [`Recorder`] must have been dropped.
    pub async fn kept(self) -> Kept {
        self.task.await.unwrap_or_default()
    }
}

struct Keeper {
    recordings: Recordings,
    call: String,
    codec: Codec,
    kept: Kept,
}

impl Keeper {
    async fn run(mut self, mut pieces: mpsc::Receiver<Piece>) -> Kept {
        let mut window = Window::new(self.codec);
        while let Some(piece) = pieces.recv().await {
            for segment in window.put(&piece) {
                self.keep(segment, false).await;
            }
        }
        let mut rest = window.finish();
        let last = rest.pop();
        for segment in rest {
            self.keep(segment, false).await;
        }
        if let Some(last) = last {
            self.keep(last, true).await;
        }
        self.kept
    }

    async fn keep(&mut self, segment: Segment, last: bool) {
        let Recordings { vault, key, random, metrics } = &self.recordings;
        let place = Place { call: &self.call, number: segment.number };
        let kept = match segment::seal(key, random.as_ref(), place, self.codec, &segment.stereo, last) {
            None => Err("it could not be encrypted".to_owned()),
            Some(sealed) => match timeout(PATIENCE, vault.put(place.name(), sealed)).await {
                Ok(kept) => kept.map_err(|error| error.to_string()),
                Err(_) => Err("the storage does not answer".to_owned()),
            },
        };
        metrics.segment(kept.is_ok());
        match kept {
            Ok(()) => self.kept.segments += 1,
            Err(error) => {
                if self.kept.lost == 0 {
                    tracing::error!(call = self.call, error, "a part of a recording is lost; the call goes on");
                }
                self.kept.lost += 1;
            }
        }
    }
}
