//! Texts on Asterisk's event socket.

#![no_main]

use bridge::telephony::ari_event::{self, AriEvent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(event) = AriEvent::parse(text) {
        let _ = event.about();
        if let AriEvent::Destroyed { cause, .. } = event {
            let _ = ari_event::cause(cause);
        }
    }
});
