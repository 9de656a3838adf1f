//! Incidents, from the first report to the last action.
//!
//! Called by `api`, by [`crate::alerts`] and by the demo. Every function here that changes something checks the caller's
//! right, validates, and goes through the one door; which status may follow which is in [`state`].

mod asked;
mod children;
mod edit;
mod handover;
pub mod kept;
pub mod marks;
mod merge;
mod names;
pub mod parts;
mod query;
mod raise;
pub mod reading;
pub mod reference;
mod resolution;
mod response;
pub(crate) mod seen;
pub mod state;
mod steps;
mod team;
pub mod triage;
pub mod writes;

pub use children::{
    actions_of, affected_clients_of, changed_since, checklist_of, goals_of, participants, passes, roles_by_ids, roles_of, sites_of,
};
pub use edit::{Impact, UpdateIncident, update};
pub use handover::{
    Candidate, Offer, answer_offer, answer_offer_by_link, brief, candidates, find_offer, offer, offer_by_link, offers_by_ids, offers_of,
};
pub use merge::merge;
pub use names::{Names, names};
pub use query::{
    IncidentFilter, IncidentOrder, Page, by_ids, by_number, count, find, key, matches, numbered_after, open_by_ids, page, seen_by_ids,
    seen_by_number, touches_rows_only,
};
pub use raise::{Declare, Raise, declare, decline, raise};
pub use reference::{began, link, parse_reference, reference};
pub use resolution::{close, reopen, resolve};
pub use response::{
    ConfirmGoal, actions_by_ids, add_action, change_severity, change_status, confirm_goal, find_action, mark_client_affected, settle_action,
};
pub use state::is_running;
pub use steps::{Listed, StepState, settle_step, snooze_step, steps_of};
pub use team::{AssignRole, assign_role, end_role, share};
