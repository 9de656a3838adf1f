//! The inbox of alerts: what senders posted to the hooks, or wrote to mailboxes, kept for [`crate::limits::ALERT_POSTS_KEPT`], to be looked at
//! and read again.
//!
//! The hooks of `api` hand over each body whose sender proved who they are, with what came of it ([`keep()`]), and so does what takes mails
//! ([`super::mailbox`]); what strangers post is never kept. It is away from the alerts' own transactions, because an alert must not wait for its copy, and never fails because of it.
//! So a copy may be missing: if the database is away, or much more is posted than can be written.
//!
//! Secrets are cut out before anything is stored ([`cut`]), and no header is kept but those that reading a body again takes. What is
//! kept is bounded by age, number and size ([`room`]). A body may tell of restricted incidents, so it is for administrators.
//!
//! What a body means is for the translators of `api` to say; they are passed in where bodies are read again ([`foresee()`], [`again()`]).

mod again;
mod cut;
mod delete;
mod foresee;
mod keep;
mod pack;
mod post;
mod query;
mod room;

pub use again::again;
pub use delete::delete;
pub use foresee::{Difference, Foresight, OfRule, Prospect, foresee, foresee_one};
pub use keep::{keep, make_room};
pub use post::{Came, NewPost};
pub use query::{Filter, Kept, bodies, by_ids, find, kept, posts};
