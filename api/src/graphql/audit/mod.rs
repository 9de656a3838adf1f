//! The audit log.

mod object;
mod query;
mod row;
mod subject;

pub use query::AuditQuery;
pub use row::AuditEntry;
