//! Calls through a real Asterisk to real telephones, with the whole system around them: the
//! program `local` is started as a user starts it, and asked through its API only.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]
#![expect(clippy::print_stdout, reason = "figures that are worth seeing, such as how fast a phone is hung up")]

mod calls;
mod rig;
