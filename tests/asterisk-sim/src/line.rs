//! A telephone that was picked up: what joins a [`Phone`] to the world.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use serde_json::json;

use crate::media::Media;
use crate::phone::{Does, Heard, Moment, Phone};
use crate::world::{NORMAL, World};

/// How long a key is held down.
const KEY_MS: u32 = 100;

/// The wire of one telephone.
pub(crate) struct Line {
    channel: String,
    phone: Mutex<Box<dyn Phone>>,
    media: Mutex<Option<Arc<Media>>>,
    over: AtomicBool,
    world: Weak<World>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({})", self.channel)
    }
}

impl Line {
    pub(crate) fn new(channel: &str, phone: Box<dyn Phone>, world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self {
            channel: channel.to_owned(),
            phone: Mutex::new(phone),
            media: Mutex::default(),
            over: AtomicBool::new(false),
            world: Arc::downgrade(world),
        })
    }

    fn phone(&self) -> MutexGuard<'_, Box<dyn Phone>> {
        self.phone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn media(&self) -> MutexGuard<'_, Option<Arc<Media>>> {
        self.media.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the telephone with the application's sound, or parts them.
    pub(crate) fn join(self: &Arc<Self>, media: Option<Arc<Media>>) {
        let mut joined = self.media();
        if let Some(before) = joined.as_ref()
            && !media.as_ref().is_some_and(|media| Arc::ptr_eq(media, before))
        {
            before.listen(None);
        }
        if let Some(media) = &media {
            media.listen(Some(self));
        }
        *joined = media;
    }

    /// Twenty milliseconds have passed. Answers whether there will be more.
    pub(crate) fn tick(&self) -> bool {
        if self.over.load(Ordering::Acquire) {
            return false;
        }
        let media = self.media().clone();
        if let Some(media) = &media {
            media.play();
        }
        let at = Instant::now();
        let does = self.phone().speak(Moment { at, joined: media.is_some() });
        match does {
            Does::Says(sound) => {
                if let Some(media) = media {
                    media.send(&sound);
                }
            }
            Does::Nothing => {
                if let Some(media) = media {
                    media.pause();
                }
            }
            Does::Presses(digit) => {
                if let Some(world) = self.world.upgrade() {
                    let event = json!({ "type": "ChannelDtmfReceived", "digit": digit, "duration_ms": KEY_MS });
                    world.about(&self.channel, event);
                }
            }
            Does::HangsUp => {
                if let Some(world) = self.world.upgrade() {
                    world.end(&self.channel, NORMAL, "Normal Clearing", Some(json!({})));
                }
                return false;
            }
        }
        true
    }

    /// Sound of the application.
    pub(crate) fn hear(&self, at: Instant, sound: &[u8]) {
        if !self.over.load(Ordering::Acquire) {
            self.phone().hear(Heard { at, sound });
        }
    }

    /// The application presses keys.
    pub(crate) fn keys(&self, digits: &str) {
        digits.chars().for_each(|digit| self.phone().key(digit));
    }

    /// The channel is gone.
    pub(crate) fn over(self: &Arc<Self>, cause: u32) {
        self.join(None);
        if !self.over.swap(true, Ordering::AcqRel) {
            self.phone().over(cause);
        }
    }
}
