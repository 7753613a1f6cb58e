//! Looking through a patient's conversations.

use std::collections::HashMap;

use domain::audit::Subject;
use domain::calls::Call;
use domain::conversations::{Conversation, Message};
use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, OrgId, Page, PageRequest, PatientId, Result};

use crate::{Ctx, audit, patients};

/// A conversation of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The conversation.
    pub conversation: Conversation,
    /// Its call.
    pub call: Option<Call>,
    /// Its turns, in spoken order.
    pub messages: Vec<Message>,
}

/// A page of a patient's conversations with their turns.
///
/// # Errors
/// `patient_not_found` outside the caller's scope.
pub async fn list(ctx: &Ctx, caller: &Caller, patient: PatientId, request: &PageRequest) -> Result<Page<Listed>> {
    let work = found(ctx, caller, patient, request);
    audit::look(ctx, caller, Subject::Conversation, patient, work).await
}

async fn found(ctx: &Ctx, caller: &Caller, patient: PatientId, request: &PageRequest) -> Result<(OrgId, Page<Listed>)> {
    let scope = policy::grant(caller, Action::Read, Resource::Conversation)?;
    let org = patients::visible(ctx, &scope, patient).await?.org;
    let page = ctx.store.conversations().list(&scope, patient, request).await?;
    let ids: Vec<CallId> = page.results.iter().map(|conversation| conversation.id).collect();
    let calls = ctx.store.calls().among(&scope, &ids).await?;
    let mut calls: HashMap<CallId, Call> = calls.into_iter().map(|call| (call.id, call)).collect();
    let mut messages: HashMap<CallId, Vec<Message>> = HashMap::new();
    for message in ctx.store.conversations().messages_of(&ids).await? {
        messages.entry(message.call).or_default().push(message);
    }
    let page = page.map(|conversation| Listed {
        call: calls.remove(&conversation.id),
        messages: messages.remove(&conversation.id).unwrap_or_default(),
        conversation,
    });
    Ok((org, page))
}
