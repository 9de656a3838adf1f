//! What an incident is not found by any more, because a draft takes it out of its name, its summary or an event.
//!
//! Another event may say the same, so the timeline is read. That is before the transaction, like all that is read for a change: the version
//! proves that it still holds.

use entity::IncidentId;

use crate::error::Result;
use crate::record::{Draft, Scope};
use crate::search::fill::texts;
use crate::search::words::words;

/// Keeps it in the draft, which is complete otherwise. Costs nothing where nothing is taken out.
pub(super) async fn forget<S: Scope>(draft: &mut Draft<'_, S>) -> Result<()> {
    let mut unsaid = draft.unsaid();
    if unsaid.is_empty() {
        return Ok(());
    }
    let (incident, emptied) = (draft.incident().id, draft.emptied());
    let hear = |_: IncidentId, sequence: i32, text: &str| {
        if !unsaid.is_empty() && !emptied.contains(&sequence) {
            for word in words(text) {
                unsaid.remove(&word);
            }
        }
    };
    texts(draft.ctx().db.read(), &[incident], hear).await?;
    draft.forget(unsaid);
    Ok(())
}
