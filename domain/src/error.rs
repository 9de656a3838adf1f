//! Everything that can go wrong, with the code and the message that a caller sees.
//!
//! A message says what is wrong and how to fix it. Internals (SQL, paths, names that the caller may not
//! know) never appear in a message: they stay in [`Error::Internal`], which only the log sees.

use entity::{IncidentField, IncidentId, PersonId, Timestamp};
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

use crate::words;

/// The values of `extensions.code`: part of the public contract, described in `docs/api.md`.
pub mod code {
    /// The document, a variable or an input field is wrong.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// Somebody else was faster.
    pub const CONFLICT: &str = "CONFLICT";
    /// Valid input at the wrong moment.
    pub const FAILED_PRECONDITION: &str = "FAILED_PRECONDITION";
    /// The caller may see it but not do this, or a cookie came with a request from another site.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// A fault in Muster.
    pub const INTERNAL: &str = "INTERNAL";
    /// It does not exist, or the caller may not know that it does.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// A document is over a limit.
    pub const QUERY_TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
    /// One caller has too much open, running or reported at once.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// A subscription was read more slowly than events came.
    pub const TOO_SLOW: &str = "TOO_SLOW";
    /// There is no valid credential.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The database, or an outside system that people wait for, does not answer.
    pub const UNAVAILABLE: &str = "UNAVAILABLE";
}

/// Result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No secret, or one that is unknown, expired or revoked.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller is not allowed to do this.
    #[error("{0}")]
    Forbidden(String),
    /// It does not exist, or the caller may not know that it does.
    #[error("There is no such {0}, or you may not see it.")]
    NotFound(&'static str),
    /// An input field that can't be accepted as it is.
    #[error("{reason}")]
    Invalid {
        /// Name of the input field, as in the public schema.
        field: &'static str,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// Valid input at the wrong moment.
    #[error("{reason}")]
    FailedPrecondition {
        /// What is in the way.
        reason: String,
        /// What must be done first, by key or name.
        missing: Vec<String>,
    },
    /// Somebody else was faster.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// Somebody else wrote the section of a report that the caller was writing.
    #[error("{0}")]
    Overwritten(Box<Overwritten>),
    /// A key under which another request is being processed right now; see [`crate::idempotency`].
    #[error("Another request with this idempotencyKey is still being processed.")]
    KeyTaken,
    /// A row that another process has just created; the use case looks again.
    #[error("Another request has just created it.")]
    AlreadyThere,
    /// More than one person may do at once or in a while.
    #[error("{0}")]
    RateLimited(String),
    /// A subscriber that can't keep up.
    #[error("You are reading more slowly than events arrive: reopen the subscription with your last cursor.")]
    TooSlow,
    /// The database can't be reached or is overloaded.
    #[error("The database is not answering at the moment: try again shortly. With an idempotencyKey, nothing happens twice.")]
    Unavailable(#[source] DbErr),
    /// What is restricted isn't shown to whom it wasn't shared with, because the audit log can't say that they saw it.
    #[error(
        "The audit log takes no entry at the moment, so what is restricted and was not shared with you is not shown: try again shortly."
    )]
    Unrecorded {
        /// What isn't shown.
        incidents: Vec<IncidentId>,
        /// Why.
        #[source]
        cause: Box<Error>,
    },
    /// An outside system that the caller is waiting for does not answer.
    #[error("{0}")]
    Outside(&'static str),
    /// A fault in Muster.
    #[error("Something went wrong inside Muster.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What others changed of an incident since the version that a caller had seen, of what the caller wanted to change.
#[derive(Debug)]
pub struct Conflict {
    /// The incident.
    pub incident: IncidentId,
    /// Its version now.
    pub version: i32,
    /// What was changed, oldest first; nothing if that version is not one that the incident's record of changes knows.
    pub changes: Vec<Overtaking>,
}

/// A field that somebody else changed.
#[derive(Debug)]
pub struct Overtaking {
    /// The field.
    pub field: IncidentField,
    /// Who changed it, with their name; nobody if it was Muster.
    pub by: Option<(PersonId, String)>,
    /// When.
    pub at: Timestamp,
    /// What it holds now, in the form of the input.
    pub value: serde_json::Value,
}

/// A section of a report that somebody else wrote since the version that a caller had seen.
#[derive(Debug)]
pub struct Overwritten {
    /// Its title.
    pub title: String,
    /// Its version now.
    pub version: i32,
    /// Who wrote it, with their name.
    pub by: Option<(PersonId, String)>,
    /// When.
    pub at: Timestamp,
    /// What it says now.
    pub body: String,
}

impl std::fmt::Display for Overwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { title, version, by, at, .. } = self;
        let who = by.as_ref().map_or("Muster", |(_, name)| name);
        write!(
            f,
            "{who} wrote “{title}” at {}. Nothing of yours was written: take what is there now (version {version}) into your text, and send it \
             with that version.",
            readable(*at)
        )
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { version, changes, .. } = self;
        if changes.is_empty() {
            return write!(f, "It has changed in the meantime: reload it (it is now version {version}) and try again.");
        }
        // What was changed at once is told at once.
        for together in changes.chunk_by(|one, next| one.at == next.at && one.by == next.by) {
            let fields: Vec<&str> = together.iter().map(|change| words::incident_field(change.field)).collect();
            let who = together[0].by.as_ref().map_or("Muster", |(_, name)| name);
            write!(f, "{who} changed {} at {}. ", fields.join(", "), readable(together[0].at))?;
        }
        write!(
            f,
            "Nothing of yours was written: look at what is there now (version {version}), and send it again with that version if you still want it."
        )
    }
}

impl Error {
    /// An input field that can't be accepted.
    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    /// Valid input at the wrong moment, with nothing to list.
    pub fn precondition(reason: impl Into<String>) -> Self {
        Self::FailedPrecondition { reason: reason.into(), missing: Vec::new() }
    }

    /// A fault in Muster.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Everything that is known, including internals: for the log only.
    pub fn for_the_log(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text = format!("{text} <- {inner}");
            cause = inner.source();
        }
        text
    }

    /// Logs that `what` did not work: as a warning while the database or an outside system is away, which is no fault of what failed.
    pub fn log(&self, what: &str) {
        let error = self.for_the_log();
        if self.is_outage() {
            tracing::warn!(error, "{what}");
        } else {
            tracing::error!(error, "{what}");
        }
    }

    fn is_outage(&self) -> bool {
        match self {
            Self::Unrecorded { cause, .. } => cause.is_outage(),
            _ => matches!(self, Self::Unavailable(_) | Self::Outside(_)),
        }
    }

    /// The code in `extensions.code`: part of the public contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => code::UNAUTHENTICATED,
            Self::Forbidden(_) => code::FORBIDDEN,
            Self::NotFound(_) => code::NOT_FOUND,
            Self::Invalid { .. } => code::BAD_USER_INPUT,
            Self::FailedPrecondition { .. } => code::FAILED_PRECONDITION,
            Self::Conflict(_) | Self::Overwritten(_) | Self::KeyTaken | Self::AlreadyThere => code::CONFLICT,
            Self::RateLimited(_) => code::RATE_LIMITED,
            Self::TooSlow => code::TOO_SLOW,
            Self::Unavailable(_) | Self::Unrecorded { .. } | Self::Outside(_) => code::UNAVAILABLE,
            Self::Internal(_) => code::INTERNAL,
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_outage(&error) { Self::Unavailable(error) } else { Self::internal(error) }
    }
}

/// Whether the database could not be reached, as opposed to having rejected a statement.
pub fn is_outage(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_outage_code(&code)),
            _ => false,
        },
        _ => false,
    }
}

/// PostgreSQL: connection exceptions (08), out of resources (53), operator intervention (57), system error (58),
/// read-only (25006, a standby after a failover). SQLite: busy, locked, read-only, I/O error, disk full, can't open.
fn is_outage_code(code: &str) -> bool {
    const SQLITE: [i32; 6] = [5, 6, 8, 10, 13, 14];
    match code.parse::<i32>() {
        // The low byte is SQLite's primary code; PostgreSQL's codes are five characters long.
        Ok(number) if code.len() < 5 => SQLITE.contains(&(number & 0xff)),
        _ => ["08", "53", "57", "58", "25006"].iter().any(|class| code.starts_with(class)),
    }
}

/// Whether the database has no room for what was to be written.
pub fn is_disk_full(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let sqlx::Error::Database(error) = &**error else { return false };
    // SQLite: full, I/O error while writing, which is how a limit on the size of files shows.
    error.code().is_some_and(|code| matches!(&*code, "53100" | "13" | "778"))
}

/// Whether trying the same transaction again may succeed: PostgreSQL's serialisation failure and deadlock,
/// SQLite's busy and locked.
pub fn is_retryable(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let sqlx::Error::Database(error) = &**error else { return false };
    error.code().is_some_and(|code| match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6),
        _ => matches!(&*code, "40001" | "40P01"),
    })
}

/// Whether `error` reports a second row in `table` where only one is allowed. PostgreSQL names the constraint and
/// SQLite the columns; both contain the table's name.
pub fn is_duplicate(error: &DbErr, table: &str) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(message)) if message.contains(table))
}

/// A time for people: to the second, with its zone.
pub fn readable(time: Timestamp) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outage_codes_of_both_databases_are_recognised() {
        for code in ["08006", "53300", "57P01", "58030", "25006", "5", "10", "13", "14", "778"] {
            assert!(is_outage_code(code), "{code}");
        }
        for code in ["23505", "42P01", "40001", "19", "1555", "2067"] {
            assert!(!is_outage_code(code), "{code}");
        }
    }

    #[test]
    fn messages_of_hidden_causes_reveal_no_internals() {
        let error = Error::from(DbErr::Custom("SELECT secret FROM person".into()));
        assert_eq!(error.to_string(), "Something went wrong inside Muster.");
        assert_eq!(error.code(), "INTERNAL");
    }
}
