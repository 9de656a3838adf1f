//! Why something in the chat was not done, and how it is told whether a text is the same.

use sea_orm::DbErr;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::ports::Refusal;

/// Why something was not done.
pub(super) enum Stop {
    /// The chat refused.
    Refused(Refusal),
    /// Muster failed.
    Failed(Error),
}

impl Stop {
    /// Passes over a refusal that will be the same next time.
    pub fn unless_for_ever(refusal: Refusal) -> Result<(), Self> {
        match refusal {
            Refusal::Never(_) => Ok(()),
            refusal @ (Refusal::Later { .. } | Refusal::Unclear(_) | Refusal::Locked(_)) => Err(Self::Refused(refusal)),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<DbErr> for Stop {
    fn from(error: DbErr) -> Self {
        Self::Failed(error.into())
    }
}

/// Names a text, to tell whether it is the same.
pub(super) fn fingerprint(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
