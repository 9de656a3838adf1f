//! The outside systems, one module each: what [`domain::ports`] orders, in the words of the system.
//!
//! An outlet keeps nothing between orders but connections. It bounds each order in time, and tells a refusal for good from one for now
//! and from an end that is not known; when to try again is for the domain to say.

pub mod email;
