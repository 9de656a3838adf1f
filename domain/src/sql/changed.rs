//! Incidents in the order in which they changed, by an index that a change need not touch.
//!
//! Whoever asks for that order goes by the hour first (`incident.changed_hour`, which the databases derive from `changed_at`), and by the moment within it:
//! the order is the same, the index gives the hours, and what is in one is sorted. An index on the moment would cost each change of an incident an entry
//! in every index of the table on PostgreSQL.

use chrono::Duration;
use entity::{Timestamp, incident};
use sea_orm::sea_query::{Expr, ExprTrait};

/// The hour in which an incident changed last.
pub fn hour() -> Expr {
    Expr::col((incident::Entity, "changed_hour"))
}

/// Passes all that changed at `time` or later, and few others.
pub fn since(time: Timestamp) -> Expr {
    hour().gte(number(time))
}

/// Passes all that changed at `time` or earlier, and few others.
pub fn until(time: Timestamp) -> Expr {
    hour().lte(number(time))
}

fn number(time: Timestamp) -> i32 {
    let hours = time.timestamp().div_euclid(Duration::hours(1).num_seconds());
    i32::try_from(hours).unwrap_or(if hours < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_on_the_hour_and_ends_with_its_last_moment() {
        let at = |text: &str| number(text.parse().unwrap());
        assert_eq!(at("1970-01-01T00:00:00Z"), 0);
        let hour = at("2026-11-22T03:00:00Z");
        assert_eq!((at("2026-11-22T03:59:59.999999Z"), at("2026-11-22T04:00:00Z")), (hour, hour + 1));
        assert_eq!(at("1969-12-31T23:59:59Z"), -1);
    }
}
