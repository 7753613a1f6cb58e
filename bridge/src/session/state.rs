//! How far a call has come. Each phase owns what only it needs.

use std::time::Duration;

use domain::calls::EndReason;

use super::output::Ending;

/// The phase of a call; it only moves forward, except from a farewell back to talking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The telephone network was asked for the call.
    Dialing,
    /// The far phone rings; the model is being connected and prepares the greeting.
    Ringing,
    /// Picked up; the greeting is being spoken, or is still to come. It cannot be interrupted, but
    /// what the caller says meanwhile is heard.
    Greeting,
    /// The conversation.
    Talking,
    /// A machine has answered; its beep is waited for, then a message is left.
    Machine,
    /// A caregiver has taken over; nobody here listens or speaks any more.
    Transferred,
    /// Goodbye is being said.
    Farewell(Farewell),
    /// The telephone is hung up; the last words are still being written down.
    Lingering(Lingering),
    /// Over.
    Ended,
}

/// What is waited for after the phone was hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lingering {
    /// How the call came out.
    pub ending: Ending,
    /// It was hung up in mid-sentence, and the server was asked to make an item of that.
    pub committing: bool,
}

/// How far the greeting has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Greeting {
    /// It was asked for.
    pub asked: bool,
    /// The response that speaks it, once known.
    pub response_id: Option<String>,
    /// That response is complete; what remains is playing it.
    pub done: bool,
}

/// How far the farewell has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    /// Why the call will end.
    pub reason: EndReason,
    /// Whether the caller can talk the model out of ending the call.
    pub negotiable: bool,
    /// How long the caller has spoken since it began.
    pub caller_spoke: Duration,
    /// Words of farewell have begun to sound, the model's or recorded ones.
    pub spoken: bool,
}
