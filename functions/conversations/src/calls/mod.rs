//! `/v1/calls`.

pub(crate) mod active;
pub(crate) mod conversation;
pub(crate) mod end;
pub(crate) mod initiate;
pub(crate) mod report;
pub(crate) mod status;

use api::v1::{CallStatusBody, ConversationBody};
use services::calls::CallView;

pub(crate) fn conversation_body(view: &CallView) -> ConversationBody {
    let ids = (view.call.id, view.call.patient);
    ConversationBody::new(ids, Some(&view.call), view.conversation.as_ref(), &view.messages, view.at)
}

fn status_body(view: &CallView) -> CallStatusBody {
    CallStatusBody::new(&view.call, &view.patient, view.agent.as_ref(), &view.messages, view.speaking, view.at)
}
