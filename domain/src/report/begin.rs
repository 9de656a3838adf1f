//! How a report begins.

use entity::{ReportId, ReportState, report};

use crate::playbook::steps::owes_report;
use crate::record::Draft;

/// Begins the report of an incident that was just resolved, if it owes one and has none yet (R25).
pub(crate) fn when_resolved(draft: &mut Draft<'_>) {
    if owes_report(draft.incident().severity, draft.incident().flags) && draft.whole().reports.is_empty() {
        begin(draft);
    }
}

/// Writes that the report begins.
pub(super) fn begin(draft: &mut Draft<'_>) -> report::Model {
    let row = report::Model {
        id: ReportId(draft.id()),
        incident_id: draft.incident().id,
        state: ReportState::Draft,
        started_at: draft.now,
        circulated_at: None,
        final_at: None,
        final_by_id: None,
        review_waived: None,
        abridged_at: None,
        clients_at: None,
    };
    draft.add::<report::Entity>(row.clone());
    row
}
