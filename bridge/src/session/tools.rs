//! Functions the model calls. They run once, and only after the response that called them is over.

use std::time::Instant;

use domain::calls::EndReason;

use super::Session;
use super::plan::END_CALL;
use super::turns::Purpose;
use crate::realtime::command::{Command, NewItem};
use crate::realtime::event::{Item, Response};

/// Results remembered by the event that sent them, in case the server does not know the call.
const REMEMBERED: usize = 8;

/// A result on its way: the event that carried it, and the result.
pub(super) type SentResult = (String, String);

impl Session {
    /// Runs what a completed response asks for and hands the results over.
    pub(super) fn run_tools(&mut self, now: Instant, response: &Response) {
        let mut ending = false;
        let mut answered = false;
        for call in response.output.iter().filter(|item| item.kind == "function_call") {
            let Some(call_id) = call.call_id.clone() else { continue };
            if self.handled_calls.contains(&call_id) {
                continue;
            }
            self.handled_calls.push(call_id.clone());
            let (output, ends) = self.run_tool(call);
            ending |= ends;
            answered = true;
            self.send_result(call_id, output);
        }
        if ending {
            self.begin_farewell(now, EndReason::Goodbye, true);
            // A goodbye in the same breath is being played already; otherwise one is asked for.
            if self.queue.queued_of(&response.id) == 0 {
                self.ask(now, Purpose::Farewell);
            }
        } else if answered && self.caller_since.is_none() {
            self.ask(now, Purpose::Answer);
        }
    }

    fn run_tool(&self, call: &Item) -> (String, bool) {
        let name = call.name.as_deref().unwrap_or_default();
        let offered = self.plan.tools.iter().any(|tool| tool.name == name);
        match name {
            END_CALL if offered => (r#"{"status":"ending"}"#.to_owned(), true),
            _ => (r#"{"error":"unknown_tool"}"#.to_owned(), false),
        }
    }

    fn send_result(&mut self, call_id: String, output: String) {
        let item = NewItem::FunctionCallOutput { call_id, output: output.clone() };
        self.send(Command::ItemCreate { previous_item_id: None, item });
        if self.sent_results.len() == REMEMBERED {
            self.sent_results.remove(0);
        }
        self.sent_results.push((format!("evt_{}", self.events_sent), output));
    }

    /// The server does not know the function call any more (the session is a new one): the model
    /// learns the result as a remark.
    pub(super) fn results_as_text(&mut self, event_id: Option<&str>) {
        let sent = self.sent_results.iter().position(|(event, _)| Some(event.as_str()) == event_id);
        let Some(at) = sent else { return };
        let (_, output) = self.sent_results.remove(at);
        let text = format!("Result of the function you called: {output}");
        let item = NewItem::message(None, "system", text);
        self.send(Command::ItemCreate { previous_item_id: None, item });
    }
}
