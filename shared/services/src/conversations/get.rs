//! Looking at a conversation.

use domain::audit::Subject;
use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, Result};

use crate::calls::{self, CallView};
use crate::{CallCtx, audit};

/// A conversation and its call. They share their id, so a call that was not answered yet is found
/// too, without turns: the app asks for the conversation while the phone still rings.
///
/// # Errors
/// `conversation_not_found` outside the caller's scope.
pub async fn get(ctx: &CallCtx, caller: &Caller, conversation: CallId) -> Result<CallView> {
    let work = async {
        policy::grant(caller, Action::Read, Resource::Conversation)?;
        let found = calls::found(ctx, caller, conversation).await.map_err(|error| match error.code {
            "call_not_found" => domain::Error::not_found("conversation_not_found", "There is no such conversation."),
            _ => error,
        })?;
        Ok((found.call.org, found))
    };
    audit::look_often(ctx, caller, Subject::Conversation, conversation, work).await
}
