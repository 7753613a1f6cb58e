//! Datagrams from anybody.

#![no_main]

use bridge::telephony::rtp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Ok(packet) = rtp::parse(datagram) {
        let sound = &datagram[packet.payload.clone()];
        assert!(!sound.is_empty(), "a packet without sound was taken");
        assert!(packet.payload_type < 128);
        assert!(packet.payload.start >= rtp::HEADER);
    }
});
