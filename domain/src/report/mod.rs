//! The report about an incident (R25 to R27, R29): facts by themselves, explanations by people.
//!
//! A report begins when an incident is resolved that owes one, or when somebody starts it. Its sections are the playbook's. What Muster
//! knows is filled in by [`prefill`], a pure function of the [`sources::Sources`]; as long as nobody has written a section, it is not
//! stored and so follows the facts. Once somebody has, the row remembers the prefill that it was written from, and what the facts say
//! since is offered as a merge. Nothing that a person wrote is overwritten.
//!
//! Changes go through the door, so the incident's version guards them; each section has a version of its own, so that two people who
//! write two sections never meet. Callers: `api` for people, `incident::resolution` begins one.

mod approval;
pub(crate) mod begin;
mod canonical;
mod clients;
mod comments;
mod desk;
mod difference;
mod doubts;
mod edit;
mod handout;
mod leaving;
mod names;
mod outgoing;
mod part;
mod prefill;
mod progress;
mod proof;
mod publish;
mod query;
mod rendered;
mod sections;
mod sources;
mod state;

pub use approval::{Reading, approvals_of, approve, may_approve, publications_of, read, sees_unapproved};
pub use clients::{Mention, MentionKind};
pub use comments::{Comment, comment, resolve_comment};
pub use difference::{Merge, Part, TextChange, changes, merge};
pub use doubts::decide_name;
pub use edit::{EditSection, edit_section};
pub(crate) use handout::versions;
pub use handout::{Handout, hand_out};
pub(crate) use leaving::may_leave;
pub use progress::{circulate, finish, mark_read, start, take_back};
pub use publish::publish;
pub use query::{by_ids, comments_by_ids, comments_of, find, of_incidents, readers_of, revisions};
pub(crate) use rendered::Manuscript;
pub use rendered::{Audience, Rendered};
pub use sections::{Section, sections_of};
pub(crate) use sources::Told;
