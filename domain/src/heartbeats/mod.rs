//! Silence is a signal (S8): jobs that tell again and again that they live, and sources of alerts that are usually heard from.
//!
//! People say what is expected ([`create`] and what follows); the hook of `api` takes beats ([`admit`], [`hear`]); the clockwork of `worker`
//! ([`look`]) has [`crate::alerts`] hear of what fell silent, failed or came back. When that is so is decided in [`due`], which knows no
//! database.
//!
//! Guarantees: a missed beat is one alarm, however many workers run and die; the next beat ends it. A heartbeat that never beat is not waited
//! for. While Muster is away, nobody counts as silent.

mod alarm;
pub mod due;
mod hear;
pub(crate) mod lately;
mod listening;
mod manage;
mod query;
mod silence;
mod sources;
mod watch;

pub use alarm::SOURCE;
pub use hear::{Sign, admit, hear};
pub use lately::SourceSign;
pub use manage::{CreateHeartbeat, UpdateHeartbeat, create, delete, rotate, update};
pub use query::{by_ids, incidents, page};
pub use sources::{
    BUILT_IN as BUILT_IN_SOURCES, SourceState, all as sources, is_news as source_is_news, no_such_source, note as note_source,
};
pub use watch::look;
