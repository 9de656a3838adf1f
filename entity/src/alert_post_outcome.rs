//! What came of a body that was posted to a hook of alerts.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What came of a body that was posted to a hook of alerts.
    AlertPostOutcome {
        /// Its alerts were heard.
        Taken = "TAKEN",
        /// It is not as its kind of source writes it.
        Unreadable = "UNREADABLE",
        /// Muster could not take it at that moment, and asked for it again.
        Failed = "FAILED",
    }
}
