//! Messages of an export of the chat, for an incident that was declared afterwards.

use entity::IncidentId;

use super::capture::{is_known, write_alone};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::incident::state::require_open_timeline;
use crate::limits;
use crate::ports::SeenChatMessage;

/// What became of the messages of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many are on the timeline now that were not before.
    pub new: usize,
    /// How many were there already.
    pub known: usize,
}

/// Takes messages onto the timeline of an incident, each once; their files stay where they are. What is interrupted goes on when it is done
/// again.
///
/// # Errors
/// `FORBIDDEN` for all but administrators; `BAD_USER_INPUT` for more than can be taken at once; `NOT_FOUND`; `FAILED_PRECONDITION` on a merged
/// incident.
pub async fn import(ctx: &Ctx, id: IncidentId, messages: Vec<SeenChatMessage>) -> Result<Taken> {
    ctx.require(Right::Administer)?;
    if messages.len() > limits::CHAT_IMPORT_MESSAGES {
        return Err(Error::invalid("messages", format!("At most {} messages can be taken at once.", limits::CHAT_IMPORT_MESSAGES)));
    }
    let incident = incidents::find(ctx, id).await?;
    require_open_timeline(&incident)?;
    let mut taken = Taken::default();
    for message in messages {
        if is_known(ctx, id, &message.at).await? {
            taken.known += 1;
        } else {
            write_alone(ctx, &incident, &message).await?;
            taken.new += 1;
        }
    }
    Ok(taken)
}
