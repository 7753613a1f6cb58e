//! What the model is told before a call: text files, filled with what we know of the patient.
//!
//! The texts are versioned with the code: `persona.txt` and `limits.txt` stand in every call, the others
//! where they fit. The order is: who Bianca is, what she never does, this call, whom she speaks with, the
//! language, what she remembers. When it is too long, the oldest memory goes first, and neither the limits
//! nor the language ever.

mod budget;
mod memory;
mod time;

use jiff::Timestamp;

use crate::calls::Direction;
use crate::id::PatientId;
use crate::locale::Language;
use crate::patients::Profile;
use crate::phi::Phi;
use crate::text::one_line;
use crate::time::Zone;

pub use budget::{MAX_TOKENS, tokens};

const PERSONA: &str = include_str!("persona.txt");
const LIMITS: &str = include_str!("limits.txt");
const OUTBOUND: &str = include_str!("outbound.txt");
const INBOUND: &str = include_str!("inbound.txt");
const MANNER: &str = include_str!("manner.txt");
const GREETINGS: &str = include_str!("greetings.txt");
const TOPICS: &str = include_str!("topics.txt");
const VOICEMAIL: &str = include_str!("voicemail.txt");

const SHARED_LINE: &str = include_str!("shared-line.txt");

/// What the model is told to do with a transcript when a call is over.
pub const SUMMARY: &str = include_str!("summary.txt");

/// Summaries of earlier calls that are told, newest first; more would crowd out the present.
pub const MEMORY: u32 = 5;
/// Notes that are told, newest first.
pub const NOTES: u32 = 10;
/// Open alerts that are told, newest first.
pub const CONCERNS: u32 = 10;

/// The most that a name may take, in tokens; long ones are no names.
const NAME: usize = 60;
/// The same for what a caregiver wrote about the patient.
const CARE: usize = 900;

/// What is known before a call.
#[derive(Clone, Debug)]
pub struct Briefing<'a> {
    /// Whom Bianca speaks with.
    pub profile: &'a Profile,
    /// Who telephones whom. Of a call that came in nothing is told but the name, the language and the
    /// manner: the caller's number can be forged.
    pub direction: Direction,
    /// When they last spoke.
    pub last_contact: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
    /// The organisation's time zone.
    pub zone: &'a Zone,
    /// Summaries of earlier calls, newest first.
    pub summaries: &'a [Phi<String>],
    /// Notes taken in earlier calls, newest first.
    pub notes: &'a [Phi<String>],
    /// Names of what caregivers were told lately and have not acknowledged, newest first.
    pub concerns: &'a [Phi<String>],
    /// The call came from a number that several patients have.
    pub shared_line: bool,
    /// What this call may be about; see [`topic`].
    pub topic: Option<&'a str>,
}

/// The session's instructions, at most [`MAX_TOKENS`] of them.
pub fn instructions(briefing: &Briefing<'_>) -> Phi<String> {
    let profile = briefing.profile;
    let outbound = briefing.direction == Direction::Outbound;
    let mut text = format!("{}\n\n{}\n\n", PERSONA.trim_end(), LIMITS.trim_end());
    text.push_str(if outbound { OUTBOUND } else { INBOUND });
    text.push_str(&format!("\n# With whom you speak\n- They are called {}. Use the name sparingly.\n", name(profile)));
    if let Some(age) = profile.age.filter(|_| outbound) {
        text.push_str(&format!("- They are {age} years old.\n"));
    }
    text.push_str(&format!("- {}\n", part(MANNER, profile.manner.patience.as_str())));
    text.push_str(pace(profile.manner.speech_rate));
    text.push_str(&format!("- It is {}.\n", time::now(briefing.now, briefing.zone)));
    if let Some(topic) = briefing.topic {
        text.push_str(&format!("- If the conversation leaves room: {}.\n", quoted(topic, NAME)));
    }
    let language = profile.language.name();
    text.push_str(&format!("\n# Language\nSpeak only {language}, whatever language you are addressed in.\n"));
    if outbound {
        memory::append(&mut text, briefing);
    } else if briefing.shared_line {
        text.push_str(&format!("\n{}", SHARED_LINE.trim_end()));
    }
    Phi::new(text)
}

/// What the model is asked to say first.
pub fn greeting(briefing: &Briefing<'_>) -> Phi<String> {
    let section = match (briefing.direction, briefing.last_contact) {
        (Direction::Inbound, _) => "inbound",
        (Direction::Outbound, Some(_)) => "outbound",
        (Direction::Outbound, None) => "outbound_first",
    };
    let text = part(GREETINGS, section).replace("{language}", briefing.profile.language.name());
    Phi::new(text.replace("{name}", &name(briefing.profile)))
}

/// What is said after the beep of an answering machine. Anyone may hear it, so it names nobody and tells
/// nothing of health.
pub fn voicemail(language: Language) -> &'static str {
    part(VOICEMAIL, language.code())
}

/// What a call on this day may be about: another topic each day, and not the same for everybody.
pub fn topic(patient: PatientId, now: Timestamp, zone: &Zone) -> &'static str {
    let topics: Vec<&str> = TOPICS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let day = now.to_zoned(zone.time_zone().clone()).date();
    let days = i64::from(day.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| span.get_days()));
    let own: i64 = patient.0.bytes().iter().map(|byte| i64::from(*byte)).sum();
    let at = usize::try_from(days + own).unwrap_or_default();
    topics.get(at % topics.len().max(1)).copied().unwrap_or_default()
}

/// What the caregiver's language means for the summary's model.
pub fn summary_instructions(language: Language) -> String {
    SUMMARY.trim_end().replace("{language}", language.name())
}

fn name(profile: &Profile) -> String {
    quoted(profile.called(), NAME)
}

const fn pace(percent: u8) -> &'static str {
    match percent {
        ..85 => "- Speak much more slowly than usual.\n",
        85..100 => "- Speak a little more slowly than usual.\n",
        100 => "",
        101.. => "- Speak a little faster than usual.\n",
    }
}

/// What others wrote is data for the model, not instructions: one line, in quotation marks that the text
/// itself cannot close, of at most so many tokens.
fn quoted(text: &str, most: usize) -> String {
    format!("\"{}\"", budget::cut(&one_line(text), most).replace(['"', '“', '”'], "'"))
}

/// The text between `[name]` and the next such line.
fn part(file: &'static str, name: &str) -> &'static str {
    let parts = file.split('[').skip(1).filter_map(|part| part.split_once("]\n"));
    parts.into_iter().find(|(found, _)| *found == name).map(|(_, text)| text.trim()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
