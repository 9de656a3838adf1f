//! Commands in words, and forms to fill in.

mod mutation;
mod object;

pub use mutation::CommandMutation;
