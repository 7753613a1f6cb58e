//! Texts of the model's server.

#![no_main]

use bridge::realtime::event::ServerEvent;
use bridge::realtime::failure;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ServerEvent::parse(text) {
        Ok(ServerEvent::Error(info)) => {
            let _ = failure::classify(&info.error);
        }
        Ok(ServerEvent::ResponseDone(event)) => {
            let _ = failure::classify(&event.response.failure());
        }
        _ => {}
    }
    let _ = failure::of_status(429, text.as_bytes());
    let _ = failure::of_close(4000, text);
});
