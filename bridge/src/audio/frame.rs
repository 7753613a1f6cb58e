//! The unit of telephone sound: 20 ms of G.711, 160 bytes.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};

/// Samples, and with G.711 also bytes, a second.
pub const SAMPLE_RATE: u64 = 8000;

/// Bytes of one frame.
pub const FRAME_BYTES: usize = 160;

/// Time one frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// How long `bytes` of G.711 last, rounded down to whole milliseconds.
pub const fn bytes_to_ms(bytes: u64) -> u64 {
    bytes * 1000 / SAMPLE_RATE
}

/// Bytes of G.711 that last `ms` milliseconds.
pub const fn ms_to_bytes(ms: u64) -> u64 {
    ms * SAMPLE_RATE / 1000
}

/// How long `bytes` of G.711 last.
pub const fn bytes_to_time(bytes: u64) -> Duration {
    Duration::from_micros(bytes * 1_000_000 / SAMPLE_RATE)
}

/// The two companding laws of ITU-T G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Mu-law, used in North America and Japan; RTP payload type 0.
    Ulaw,
    /// A-law, used elsewhere; RTP payload type 8.
    Alaw,
}

impl Codec {
    /// The byte that stands for digital silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Ulaw => 0xFF,
            Self::Alaw => 0xD5,
        }
    }

    /// The static RTP payload type (RFC 3551, table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Ulaw => 0,
            Self::Alaw => 8,
        }
    }

    /// The name the Realtime API gives to this format.
    pub const fn realtime_format(self) -> &'static str {
        match self {
            Self::Ulaw => "audio/pcmu",
            Self::Alaw => "audio/pcma",
        }
    }

    /// The name Asterisk gives to this format.
    pub const fn asterisk_format(self) -> &'static str {
        match self {
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
        }
    }
}

/// Twenty milliseconds of G.711 for the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(pub [u8; FRAME_BYTES]);

impl Frame {
    /// A frame of digital silence.
    pub const fn silence(codec: Codec) -> Self {
        Self([codec.silence(); FRAME_BYTES])
    }

    /// The bytes as they go on the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Frame {
    /// As base64 text, for traces.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl std::fmt::Debug for Frame {
    /// Sound is patient data: only its size is printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Frame(160 bytes)")
    }
}
