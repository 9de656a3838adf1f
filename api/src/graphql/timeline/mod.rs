//! Timeline events and files.

mod attachment;
mod connection;
mod mutation;
mod object;
mod row;

pub use attachment::Attachment;
pub use connection::{TimelineConnection, TimelineEdge, TimelineFilter};
pub use mutation::TimelineMutation;
pub use row::TimelineEvent;
