//! Saying in short what was said.

use clients::Text;
use domain::conversations::transcript;
use domain::{CallId, Result, policy, prompt};
use store::mongo::Conversations;

use crate::Ctx;
use crate::audit::{self, Action, Subject};

/// Writes the summary of a finished call, in the language it was held in. Does nothing when there
/// is one already or nothing was said, so a job that comes twice costs one request to the model.
pub async fn summarise(ctx: &Ctx, text: &Text, call: CallId) -> Result<()> {
    let system = policy::system("summarise a call");
    let Some(conversation) = ctx.store.conversations().find(&system, call).await? else { return Ok(()) };
    if conversation.summary.is_some() {
        return Ok(());
    }
    let messages = ctx.store.conversations().messages(call).await?;
    let transcript = transcript(messages.iter().map(|message| &message.turn));
    if transcript.reveal().is_empty() {
        return Ok(());
    }
    let summary = text.complete(&prompt::summary_instructions(conversation.language), &transcript).await?;
    let org = conversation.org;
    let noted = audit::by_system(ctx, "summarise a call", org, Action::Update, Subject::Conversation, call)?;
    ctx.store.commit([Conversations::summarise(call, &summary), noted]).await
}
