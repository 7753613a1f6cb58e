//! Keys as another telephone sends them, for `sipp-phone type`: a packet capture of telephone events (RFC 4733).

use std::path::{Path, PathBuf};

/// Samples in a millisecond of RTP's clock.
const SAMPLES_PER_MS: u32 = 8;
/// Milliseconds between two packets of one key.
const UPDATE_MS: u32 = 20;
/// Payload type of telephone events in the scenarios.
const EVENTS: u8 = 101;
/// How often the end of a key is told, against loss.
const ENDS: usize = 3;

/// Writes the capture: each key is pressed for `on_ms` and followed by `off_ms` of nothing.
pub fn capture(folder: &Path, keys: &str, on_ms: u32, off_ms: u32) -> PathBuf {
    let mut file = pcap_header();
    let mut sequence = 100_u16;
    for (n, key) in (0_u32..).zip(keys.chars()) {
        let begins_ms = 20 + n * (on_ms + off_ms);
        let event = "0123456789*#ABCD".find(key).and_then(|code| u8::try_from(code).ok()).expect("a key");
        let updates = (0..on_ms).step_by(UPDATE_MS as usize).map(|at| (at, false));
        for (at, end) in updates.chain(std::iter::repeat_n((on_ms, true), ENDS)) {
            let held_ms = if end { at } else { at + UPDATE_MS };
            let marker = if at == 0 { 0x80 } else { 0 };
            let mut rtp = vec![0x80, marker | EVENTS];
            rtp.extend(sequence.to_be_bytes());
            rtp.extend((begins_ms * SAMPLES_PER_MS).to_be_bytes());
            rtp.extend(0x5055_4B45_u32.to_be_bytes());
            rtp.extend([event, if end { 0x8A } else { 0x0A }]);
            rtp.extend(u16::try_from(held_ms * SAMPLES_PER_MS).expect("a short press").to_be_bytes());
            file.extend(record(begins_ms + at, &rtp));
            sequence += 1;
        }
    }
    let path = folder.join("keys.pcap");
    std::fs::write(&path, file).expect("the folder of the run can be written");
    path
}

/// Classic pcap, little-endian, microseconds, Ethernet.
fn pcap_header() -> Vec<u8> {
    let mut header = 0xA1B2_C3D4_u32.to_le_bytes().to_vec();
    header.extend([2, 0, 4, 0]);
    header.extend([0; 8]);
    header.extend(65_535_u32.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    header
}

/// A packet of the capture. `sipp` takes the payload and the times and writes addresses of its own.
fn record(at_ms: u32, rtp: &[u8]) -> Vec<u8> {
    let udp = u16::try_from(8 + rtp.len()).expect("a short packet");
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((20 + udp).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    frame.extend([0x56, 0x54, 0x56, 0x54]);
    frame.extend(udp.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(rtp);
    let length = u32::try_from(frame.len()).expect("a short packet").to_le_bytes();
    let mut record = (at_ms / 1000).to_le_bytes().to_vec();
    record.extend((at_ms % 1000 * 1000).to_le_bytes());
    record.extend(length);
    record.extend(length);
    record.extend(frame);
    record
}
