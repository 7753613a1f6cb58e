//! How far the transcript on a screen is behind what is being said.

use jiff::Timestamp;
use openai_sim::speech::Line;
use openai_sim::{script, speech};
use serde_json::Value;

/// How many milliseconds of what Bianca has said by `now` a screen does not show that has this of the call; `None` while she is
/// silent. The recordings of the simulated model say how long each text takes; within one, time and letters go together.
pub(crate) fn behind(call: &Value, now: Timestamp) -> Option<i64> {
    let speaking = &call["aiSpeaking"];
    if speaking["isSpeaking"] != true {
        return None;
    }
    let begun: Timestamp = speaking["lastAiSpeechStart"].as_str()?.parse().ok()?;
    let said = now.as_millisecond() - begun.as_millisecond();
    let last = call["messages"].as_array()?.last().filter(|last| last["role"] == "assistant");
    let Some((message, shown)) = last.and_then(|message| Some((message, message["content"].as_str()?))) else {
        // Not a word of it yet.
        return Some(said);
    };
    let shown = shown.trim_end_matches('…');
    let line = line(shown)?;
    let whole = i64::try_from(line.millis()).ok()?;
    if message["complete"] == true {
        // All of it is there before her silence is; or it is what she said before this.
        return Some(if said < whole { said } else { 0 });
    }
    let letters = |text: &str| i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    Some((said.min(whole) - whole * letters(shown) / letters(line.text)).max(0))
}

/// The recording of which this is a beginning.
fn line(shown: &str) -> Option<&'static Line> {
    let mut all = script::LANGUAGES.iter().flat_map(|language| speech::assistant(language));
    all.find(|line| line.text.starts_with(shown))
}
