//! Filing an incident at somebody's word.

use entity::{IncidentId, System, TimelineKind, Visibility, incident};
use serde_json::json;

use super::order::order;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state::require_open_timeline;
use crate::record::{NewEvent, Whole};

/// Has an incident put into the incidents' folder now, or brought up to date there. Where no folder is connected, a person does it. A restricted
/// one is put there only `though_restricted`.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for a merged incident, and for a restricted one without a word.
pub async fn file(ctx: &Ctx, id: IncidentId, though_restricted: bool) -> Result<incident::Model> {
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |whole, draft| {
        require_open_timeline(&whole.incident)?;
        let is_restricted = whole.incident.visibility == Visibility::Restricted;
        if is_restricted && !though_restricted {
            return Err(Error::precondition(
                "This incident is restricted, and whoever reads the incidents' folder would read it: say thoughRestricted if they may.",
            ));
        }
        let delivery = order(draft, is_restricted);
        let details = json!({ "delivery": delivery.to_string(), "system": System::Drive });
        draft.record(NewEvent::new(TimelineKind::Delivery, "To be put into the incidents' folder").details(details));
        Ok(())
    });
    Ok(changed.await?.incident)
}
