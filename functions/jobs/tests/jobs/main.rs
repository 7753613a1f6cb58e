//! What the job functions do with messages and minutes.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod alerts;
mod audit;
mod audit_sign_in;
mod briefing;
mod calls;
mod changes;
mod crashes;
mod dispatch;
mod escalation;
mod inbound;
mod lost;
mod mails;
mod office;
mod room;
mod schedules;
mod silence;
mod texts;
mod tick;
mod tools;
mod worker;
