//! The review of an incident (R30 to R32): a meeting that learns from it, led by somebody who had no part in it.
//!
//! Who is invited and why ([`attendance`]), which rules a plan breaks ([`rules`]), when there is time ([`slots`]), and what is worth talking
//! about ([`moments`], [`guide`]) are pure functions of the record. Plans, invitations and outcomes go through the door. Anonymous comments
//! don't, on purpose: what the door keeps of a change would tell who wrote them ([`comments`]).

mod answer;
mod attendance;
mod busy;
mod comments;
mod consider;
mod guide;
mod held;
mod invitation;
mod moments;
mod plan;
mod query;
mod rules;
mod schedule;
mod sitting;
mod slots;

pub use answer::answer;
pub use comments::{Comment, comment, comments_of};
pub use consider::{Candidate, Considered, Wishes, consider, warnings_of};
pub use guide::{Guide, Question, Topic, guide};
pub use held::{Outcome, begin, choose_moment, park, record, unpark};
pub(crate) use invitation::uid;
pub use moments::{Moment, MomentKind};
pub use plan::Plan;
pub use query::{attendees_of, by_ids, comments_by_ids, find, of_incidents, topics_by_ids, topics_of};
pub(crate) use query::{ends_at, of_person};
pub use rules::{ReviewRule, Warning};
pub use schedule::{call_off, schedule};
pub use slots::Slot;
