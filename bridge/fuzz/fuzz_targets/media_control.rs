//! Control messages of chan_websocket.

#![no_main]

use bridge::telephony::websocket_message::Control;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Control::parse(text);
});
