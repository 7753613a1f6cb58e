//! Functions the model calls. They run once, and only after the response that called them is over;
//! the model goes on when all results of that response are in.

use std::time::{Duration, Instant};

use domain::Phi;
use domain::alerts::AlertKind;
use domain::calls::EndReason;
use domain::emergencies::Severity;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use super::deadlines::Reason;
use super::directions;
use super::emergency::Emergency;
use super::output::{Output, Record};
use super::responses::Purpose;
use super::task::{Done, Task, Work};
use super::toolbox as tool;
use crate::metrics::ToolResult;
use crate::realtime::command::{Command, NewItem};
use crate::realtime::event::{Item, Response};

/// How long the model waits for results before it is told that they will come later.
const RESULTS_WITHIN: Duration = Duration::from_secs(5);

/// Results remembered by the event that sent them, in case the server does not know the call.
const REMEMBERED: usize = 8;

/// Remarks remembered for a new session.
const ASIDES: usize = 16;

/// Longest reason or note taken from the model, in characters.
const LONGEST_TEXT: usize = 2_000;

/// When the patient may be called again, in minutes: five minutes to a week.
const CALL_BACK: std::ops::RangeInclusive<u32> = 5..=10_080;

/// Functions under way and done.
#[derive(Debug, Default)]
pub struct Tools {
    /// Function calls that were taken on: each happens once.
    handled: Vec<String>,
    /// Results on their way: the event that carried each, and the result.
    sent: Vec<(String, String)>,
    tasks: u64,
    pending: Vec<Pending>,
    /// The model goes on when the last result is in.
    owed: bool,
}

/// A task whose answer has not come.
#[derive(Debug)]
struct Pending {
    task: u64,
    why: Why,
}

/// Why a task was asked for, which decides who hears of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// The model called a function, and waits for its output.
    Function {
        /// The call, as the model names it.
        call_id: String,
        /// The function.
        name: String,
    },
    /// The model called a function and has been told that the output comes later.
    Late,
    /// The model wants to hand the call over.
    Transfer,
    /// The call itself raised an alert.
    Alert,
    /// The caller said something that sounds like an emergency.
    Emergency(Emergency),
    /// Nobody waits for it.
    Quiet,
}

/// What a function call comes to at once.
enum Step {
    /// It is not done; the model learns why.
    Refuse(ToolResult, Value),
    End,
    Run(Work),
    Transfer,
}

impl Session {
    /// Runs what a completed response asks for and hands the results over.
    pub(super) fn run_tools(&mut self, now: Instant, response: &Response) {
        let (mut ending, mut answered) = (false, false);
        for call in response.output.iter().filter(|item| item.kind == "function_call") {
            let Some(call_id) = call.call_id.clone() else { continue };
            let name = call.name.clone().unwrap_or_default();
            if self.tools.handled.contains(&call_id) {
                self.came_out(name, ToolResult::Repeated);
                continue;
            }
            self.tools.handled.push(call_id.clone());
            self.stats.tools += 1;
            match self.step(call, &call_id) {
                Step::Refuse(result, output) => {
                    answered = true;
                    self.came_out(name, result);
                    self.send_result(call_id, output.to_string());
                }
                Step::End => {
                    ending = true;
                    self.came_out(name, ToolResult::Done);
                    self.send_result(call_id, json!({"status": "ending"}).to_string());
                }
                Step::Transfer => {
                    self.came_out(name, ToolResult::Done);
                    self.send_result(call_id, json!({"status": "looking for a caregiver"}).to_string());
                    self.run(Work::FindCaregiver, Why::Transfer);
                }
                Step::Run(work) => self.run(work, Why::Function { call_id, name }),
            }
        }
        let waiting = self.tools.pending.iter().any(|pending| matches!(pending.why, Why::Function { .. }));
        if ending {
            self.begin_farewell(now, EndReason::Goodbye, true);
            // A goodbye in the same breath is being played already; otherwise one is asked for.
            if self.queue.queued_of(&response.id) == 0 {
                self.ask(now, Purpose::Farewell);
            }
        } else if waiting {
            self.tools.owed = true;
            self.deadlines.set_if_clear(Reason::Results, now + RESULTS_WITHIN);
        } else if answered {
            self.go_on(now);
        }
    }

    fn step(&self, call: &Item, call_id: &str) -> Step {
        let name = call.name.as_deref().unwrap_or_default();
        if !self.plan.tools.iter().any(|tool| tool.name == name) {
            return Step::Refuse(ToolResult::Unknown, json!({"error": "unknown_tool"}));
        }
        let arguments = call
            .arguments
            .as_ref()
            .map(|text| text.reveal().as_str())
            .filter(|text| !text.trim().is_empty())
            .unwrap_or("{}");
        let step = match name {
            tool::END_CALL => Ok(Step::End),
            tool::TRANSFER if self.transfer.is_some() => {
                Ok(Step::Refuse(ToolResult::Repeated, json!({"status": "already ringing"})))
            }
            tool::TRANSFER => Ok(Step::Transfer),
            tool::ALERT => alert(arguments, call_id).map(Step::Run),
            tool::NOTE => note(arguments, call_id).map(Step::Run),
            tool::CALL_BACK => call_back(arguments, call_id).map(Step::Run),
            _ => Err("there is no such function".to_owned()),
        };
        step.unwrap_or_else(|message| {
            Step::Refuse(ToolResult::Failed, json!({"error": "invalid_arguments", "message": message}))
        })
    }

    /// Whether the caller waits for something that is done outside.
    pub(super) fn is_worked_for(&self) -> bool {
        self.tools.pending.iter().any(|pending| matches!(pending.why, Why::Function { .. } | Why::Transfer))
    }

    /// Whether an alert of an emergency was asked for and nothing came of it yet.
    pub(super) fn is_alert_pending(&self) -> bool {
        self.tools.pending.iter().any(|pending| matches!(pending.why, Why::Emergency(_)))
    }

    /// Has work done outside.
    pub(super) fn run(&mut self, work: Work, why: Why) {
        self.tools.tasks += 1;
        let id = self.tools.tasks;
        if why != Why::Quiet {
            self.tools.pending.push(Pending { task: id, why });
        }
        self.out.push(Output::Run(Task { id, work }));
    }

    /// Work is done, or cannot be.
    pub(super) fn on_done(&mut self, now: Instant, task: u64, done: &Done) {
        let Some(at) = self.tools.pending.iter().position(|pending| pending.task == task) else { return };
        match self.tools.pending.remove(at).why {
            Why::Function { call_id, name } => {
                let failed = matches!(done, Done::Failed(_));
                self.came_out(name, if failed { ToolResult::Failed } else { ToolResult::Done });
                self.send_result(call_id, output(done));
                self.results_in(now);
            }
            Why::Late => self.remark(directions::late_result(&output(done))),
            Why::Transfer => self.on_caregiver_found(now, done),
            Why::Alert => self.on_alert_done(now, done),
            Why::Emergency(emergency) => self.on_emergency_told(now, emergency, done),
            Why::Quiet => {}
        }
    }

    fn results_in(&mut self, now: Instant) {
        let waiting = self.tools.pending.iter().any(|pending| matches!(pending.why, Why::Function { .. }));
        if !waiting && std::mem::take(&mut self.tools.owed) {
            self.deadlines.clear(Reason::Results);
            self.go_on(now);
        }
    }

    /// Results take too long: the model goes on without them and is told later.
    pub(super) fn on_results_late(&mut self, now: Instant) {
        let late = json!({"status": "pending", "note": "It takes longer. You will be told how it went."});
        for at in 0..self.tools.pending.len() {
            if let Why::Function { call_id, name } = self.tools.pending[at].why.clone() {
                self.tools.pending[at].why = Why::Late;
                self.came_out(name, ToolResult::TimedOut);
                self.send_result(call_id, late.to_string());
            }
        }
        self.results_in(now);
    }

    /// The session that called functions is gone: what they yield is told to the next as a remark.
    pub(super) fn forget_function_calls(&mut self) {
        for pending in &mut self.tools.pending {
            if matches!(pending.why, Why::Function { .. }) {
                pending.why = Why::Late;
            }
        }
        self.tools.owed = false;
        self.deadlines.clear(Reason::Results);
    }

    /// The model shall speak to what it was just told, unless the caller speaks: then the server
    /// answers both.
    fn go_on(&mut self, now: Instant) {
        if self.caller_since.is_none() && self.transfer.is_none() {
            self.ask(now, Purpose::Answer);
        }
    }

    fn came_out(&mut self, name: String, result: ToolResult) {
        self.persist(Record::Tool { name, result });
    }

    fn send_result(&mut self, call_id: String, output: String) {
        let item = NewItem::FunctionCallOutput { call_id, output: output.clone().into() };
        self.send(Command::ItemCreate { previous_item_id: None, item });
        if self.tools.sent.len() == REMEMBERED {
            self.tools.sent.remove(0);
        }
        self.tools.sent.push((format!("evt_{}", self.events_sent), output));
    }

    /// The server does not know the function call any more (the session is a new one): the model
    /// learns the result as a remark.
    pub(super) fn results_as_text(&mut self, event_id: Option<&str>) {
        let sent = self.tools.sent.iter().position(|(event, _)| Some(event.as_str()) == event_id);
        let Some(at) = sent else { return };
        let (_, output) = self.tools.sent.remove(at);
        self.remark(directions::late_result(&output));
    }

    /// Puts a remark of ours into the conversation. It is no turn of anybody.
    pub(super) fn remark(&mut self, text: impl Into<String>) {
        self.tell_aside("system", text.into());
    }

    /// Tells the model something that nobody said, now or, while it is away, when it is back.
    pub(super) fn tell_aside(&mut self, role: &'static str, text: String) {
        if self.asides.len() == ASIDES {
            self.asides.remove(0);
        }
        self.asides.push((role, text.clone()));
        if self.link.is_ready() {
            let item = NewItem::message(None, role, text);
            self.send(Command::ItemCreate { previous_item_id: None, item });
        }
    }

    /// What the model was told besides, for a new session.
    pub(super) fn asides(&self) -> Vec<NewItem> {
        self.asides.iter().map(|(role, text)| NewItem::message(None, role, text.clone())).collect()
    }

    /// An idempotency key that no other alert of this call has, in this process or in one that goes on
    /// with the call.
    pub(super) fn key(&self, what: &str, now: Instant) -> String {
        format!("{what}_{}", self.since_answer(now).as_millis())
    }
}

/// What the model is told of how it went.
fn output(done: &Done) -> String {
    let output = match done {
        Done::Alerted { informed: 0 } => {
            json!({"status": "recorded", "note": "Nobody was reached yet. Do not say that anybody was told."})
        }
        Done::Alerted { informed } => json!({"status": "sent", "people": informed}),
        Done::Noted => json!({"status": "noted"}),
        Done::CallBackIn { minutes } => json!({"status": "scheduled", "minutes_from_now": minutes}),
        Done::Caregiver(_) => json!({"status": "done"}),
        Done::Failed(code) => json!({"error": code, "note": "It was not done. Say so if it matters."}),
    };
    output.to_string()
}

fn arguments<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    // The parser's message may quote what was said; the shape is all the model needs.
    serde_json::from_str(json).map_err(|_| "the arguments do not have the shape of the function's schema".to_owned())
}

fn text(text: &str) -> Result<Phi<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("the text must not be empty".to_owned());
    }
    Ok(Phi::new(text.chars().take(LONGEST_TEXT).collect()))
}

fn alert(json: &str, key: &str) -> Result<Work, String> {
    #[derive(Deserialize)]
    struct Arguments {
        severity: Severity,
        reason: String,
    }
    let Arguments { severity, reason } = arguments(json)?;
    let (words, cues) = (Some(text(&reason)?), vec!["asked_by_model".to_owned()]);
    Ok(Work::Alert { kind: AlertKind::Asked, severity, key: key.to_owned(), cues, phrases: Vec::new(), words })
}

fn note(json: &str, key: &str) -> Result<Work, String> {
    #[derive(Deserialize)]
    struct Arguments {
        text: String,
    }
    let Arguments { text: note } = arguments(json)?;
    Ok(Work::Note { key: key.to_owned(), text: text(&note)? })
}

fn call_back(json: &str, key: &str) -> Result<Work, String> {
    #[derive(Deserialize)]
    struct Arguments {
        minutes_from_now: u32,
    }
    let Arguments { minutes_from_now: minutes } = arguments(json)?;
    if !CALL_BACK.contains(&minutes) {
        return Err(format!("minutes_from_now must be {} to {}", CALL_BACK.start(), CALL_BACK.end()));
    }
    Ok(Work::CallBack { key: key.to_owned(), minutes })
}
