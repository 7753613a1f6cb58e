//! Looking at a call.

use domain::audit::Subject;
use domain::calls::{Call, Speaking};
use domain::caregivers::Caregiver;
use domain::conversations::{Conversation, Message};
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, OrgId, Result, Scope};
use jiff::Timestamp;

use super::visible;
use crate::{CallCtx, audit};

/// A call with everything a screen shows of it.
#[derive(Clone, Debug)]
pub struct CallView {
    /// The call.
    pub call: Call,
    /// Its patient.
    pub patient: Patient,
    /// Who asked for it.
    pub agent: Option<Caregiver>,
    /// What was said, once it was answered.
    pub conversation: Option<Conversation>,
    /// The turns so far, in spoken order.
    pub messages: Vec<Message>,
    /// What it is doing this moment.
    pub speaking: Speaking,
    /// When this was looked at.
    pub at: Timestamp,
}

/// A call as it is now.
///
/// # Errors
/// `call_not_found` outside the caller's scope.
pub async fn status(ctx: &CallCtx, caller: &Caller, call: CallId) -> Result<CallView> {
    audit::look_often(ctx, caller, Subject::Call, call, Box::pin(of_org(ctx, caller, call))).await
}

/// A call as it is now, for who watches without having asked for this one: that it is not theirs leaves no trace.
///
/// # Errors
/// `call_not_found` outside the caller's scope.
pub async fn shown(ctx: &CallCtx, caller: &Caller, call: CallId) -> Result<CallView> {
    audit::show(ctx, caller, Subject::Call, call, of_org(ctx, caller, call)).await
}

async fn of_org(ctx: &CallCtx, caller: &Caller, call: CallId) -> Result<(OrgId, CallView)> {
    let found = found(ctx, caller, call).await?;
    Ok((found.call.org, found))
}

/// The same, without a note of it.
pub(crate) async fn found(ctx: &CallCtx, caller: &Caller, call: CallId) -> Result<CallView> {
    let scope = policy::grant(caller, Action::Read, Resource::Call)?;
    let (call, patient) = visible(ctx, &scope, call).await?;
    view(ctx, &scope, caller, call, patient).await
}

pub(super) async fn view(
    ctx: &CallCtx,
    scope: &Scope,
    caller: &Caller,
    call: Call,
    patient: Patient,
) -> Result<CallView> {
    let agent = match call.agent {
        Some(agent) => {
            let colleagues = policy::grant(caller, Action::Read, Resource::Caregiver)?;
            ctx.store.caregivers().find(&colleagues, agent).await?
        }
        None => None,
    };
    let conversation = ctx.store.conversations().find(scope, call.id).await?;
    let messages = ctx.store.conversations().messages(call.id).await?;
    let speaking = if call.is_live() { speaking(ctx, call.id).await } else { Speaking::default() };
    let at = ctx.now();
    Ok(CallView { call, patient, agent, conversation, messages, speaking, at })
}

/// Who speaks is a nicety; the registry's absence must not hide the call itself.
async fn speaking(ctx: &CallCtx, call: CallId) -> Speaking {
    match ctx.live.find(call).await {
        Ok(live) => live.map(|live| live.speaking).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "who is speaking is not known");
            Speaking::default()
        }
    }
}
