//! The tests, by what they are about.

mod barge_in;
mod emergency;
mod inbound;
mod keys;
mod machine;
mod ordinary;
mod outage;
mod restart;
mod transfer;
mod unanswered;
mod websocket;

use openai_sim::speech;
use serde_json::Value;

use crate::rig::system::Call;
use crate::rig::telephone::Telephone;

fn contains(sound: &[u8], part: &[u8]) -> bool {
    sound.windows(part.len()).any(|window| window == part)
}

/// Whether the nth turn has all of these words and has been spoken to its end.
fn has_said(status: &Value, nth: usize, text: &str) -> bool {
    let turn = &status["messages"][nth];
    turn["content"] == text && turn["complete"] == true && status["aiSpeaking"]["isSpeaking"] == false
}

/// The phone rings, is picked up, and Bianca has said her greeting.
async fn greeted(call: &Call<'_>, telephone: &mut Telephone) {
    greeted_in("en", call, telephone).await;
}

/// The same in a language.
async fn greeted_in(language: &str, call: &Call<'_>, telephone: &mut Telephone) {
    telephone.rings().await;
    call.comes_to("ringing").await;
    telephone.pick_up().await;
    call.comes_to("connected").await;
    let greeting = speech::assistant(language)[0].text;
    call.until("the greeting is over", |status| has_said(status, 0, greeting)).await;
}
