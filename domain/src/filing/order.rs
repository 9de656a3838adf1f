//! What a decision orders of the incidents' folder, as written on a draft.

use entity::{DeliveryId, Operation, System, Visibility};

use crate::delivery::order::{New, cancel_filings};
use crate::incident::reference::{link, reference};
use crate::ports::Folder;
use crate::record::Draft;

/// Has the folder of the incident follow, if there is one to be had. Whoever reads the folder would read a restricted incident, so that goes
/// there only at somebody's word.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let is_connected = draft.ctx().config.systems.contains(&System::Drive);
    if is_connected && draft.incident().visibility == Visibility::Open {
        order(draft, false);
    }
}

/// Orders it, in the place of what was ordered before.
pub(super) fn order(draft: &mut Draft<'_>, though_restricted: bool) -> DeliveryId {
    cancel_filings(draft);
    let incident = draft.incident();
    let folder = Folder {
        marker: incident.id.to_string(),
        folder: None,
        name: format!("{} {}", reference(incident), incident.name),
        url: link(draft.ctx(), incident),
        though_restricted,
        parts: Vec::new(),
    };
    draft.send(New::of(Operation::Filing, folder))
}
