//! The second opinion: what rules and learned layer cannot decide, the model is asked about, beside the conversation.
//!
//! It is a text response out of band (`conversation: none`): nothing of it is heard, nothing of it enters the conversation, and it
//! runs while an answer is spoken. Nobody waits for it. What it takes for an emergency is one; what it does not answer is none.

use std::time::Instant;

use domain::emergencies::{Finding, SECOND_OPINION, Severity};

use super::Session;
use super::directions;
use crate::realtime::command::{Command, NewItem, ResponseConfig};
use crate::realtime::event::Response;

/// Questions that may be open at a time; more than that is a conversation that the model follows anyhow.
const OPEN: usize = 4;
/// Words of the answer, in tokens: one word, and what a model may put around it.
const LONGEST: u32 = 16;
/// The name under which the server sends back which question it answers.
const TAG: &str = "opinion";

/// Questions that are open.
#[derive(Debug, Default)]
pub(super) struct Opinions {
    open: Vec<Question>,
    asked: u64,
}

#[derive(Debug)]
struct Question {
    number: u64,
    item: String,
    /// What it would be, if it is one.
    finding: Finding,
    /// The message that asked, as an error would name it.
    event_id: String,
}

impl Opinions {
    /// Whether an answer is still to come.
    pub(super) const fn are_awaited(&self) -> bool {
        !self.open.is_empty()
    }

    /// The server lost them.
    pub(super) fn reset(&mut self) {
        self.open.clear();
    }

    /// The question could not be asked; whether it was one.
    pub(super) fn refused(&mut self, event_id: Option<&str>) -> bool {
        let open = self.open.len();
        self.open.retain(|question| event_id != Some(question.event_id.as_str()));
        self.open.len() < open
    }
}

/// Which question this response answers.
pub(super) fn number(response: &Response) -> Option<u64> {
    response.metadata.as_ref()?.get(TAG)?.as_str()?.parse().ok()
}

impl Session {
    /// Asks the model whether these words are an emergency, if it may be asked.
    pub(super) fn ask_opinion(&mut self, item: &str, finding: Finding) {
        // A server that does not send tags back could take the answer for one to the caller.
        let may = self.plan.second_opinion && self.link.is_ready() && self.responses.tags_are_echoed();
        let asked = self.opinions.open.iter().any(|question| question.item == item);
        let Some((words, _)) = self.transcript.text(item) else { return };
        if !may || asked || self.is_with_machine() || self.opinions.open.len() >= OPEN {
            return;
        }
        let input = vec![NewItem::message(None, "user", words.to_owned())];
        self.opinions.asked += 1;
        let number = self.opinions.asked;
        let response = ResponseConfig {
            conversation: Some("none"),
            output_modalities: Some(["text"]),
            input: Some(input),
            max_output_tokens: Some(LONGEST),
            instructions: Some(directions::OPINION.to_owned().into()),
            tool_choice: Some("none"),
            metadata: Some([(TAG.to_owned(), number.to_string())].into()),
        };
        self.send(Command::ResponseCreate { response: Some(response) });
        let event_id = format!("evt_{}", self.events_sent);
        self.opinions.open.push(Question { number, item: item.to_owned(), finding, event_id });
        self.stats.opinions += 1;
    }

    /// The model has answered.
    pub(super) fn on_opinion(&mut self, now: Instant, number: u64, response: &Response) {
        let Some(at) = self.opinions.open.iter().position(|question| question.number == number) else { return };
        let Question { item, mut finding, .. } = self.opinions.open.remove(at);
        let said = response.output.iter().flat_map(|item| &item.content).filter_map(|part| part.text.as_ref());
        let said: String = said.map(|text| text.reveal().as_str()).collect();
        let Some(severity) = severity(&said) else { return };
        finding.severity = finding.severity.max(severity);
        finding.cues.push(SECOND_OPINION);
        self.on_emergency(now, &item, finding);
    }
}

/// The severity that an answer names: the one word it was asked for, whatever stands around it.
fn severity(answer: &str) -> Option<Severity> {
    let mut words = answer.split(|letter: char| !letter.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    Severity::parse(&words.next()?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("CRITICAL", Some(Severity::Critical))]
    #[test_case(" high.", Some(Severity::High))]
    #[test_case("**Medium**", Some(Severity::Medium))]
    #[test_case("NO", None)]
    #[test_case("No, this is not critical", None)]
    #[test_case("", None)]
    fn an_answer_is_its_first_word(answer: &str, expected: Option<Severity>) {
        assert_eq!(severity(answer), expected);
    }
}
