//! Traces of calls, as an operator may hand them in.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|trace: &[u8]| {
    let _ = bridge::trace::replay(Cursor::new(trace));
});
