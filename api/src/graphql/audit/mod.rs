//! The audit log.

mod object;
mod query;
mod row;

pub use query::AuditQuery;
pub use row::AuditEntry;
