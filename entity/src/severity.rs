//! How bad an incident is.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// How bad it is. Stored as a rank so that the database can sort by it; 1 is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// The whole service, or a serious breach.
    #[sea_orm(num_value = 1)]
    Critical,
    /// A main function, or a small breach.
    #[sea_orm(num_value = 2)]
    Major,
    /// A minor function or an internal tool.
    #[sea_orm(num_value = 3)]
    Minor,
    /// Over before anybody had to act.
    #[sea_orm(num_value = 4)]
    Trivial,
}

impl Severity {
    /// Every one, the worst first.
    pub const ALL: &'static [Self] = &[Self::Critical, Self::Major, Self::Minor, Self::Trivial];

    /// The name in the public schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Major => "MAJOR",
            Self::Minor => "MINOR",
            Self::Trivial => "TRIVIAL",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
