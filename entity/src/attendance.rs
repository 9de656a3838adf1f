//! How people come to reviews (R30).

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

text_enum! {
    /// How much a person is expected at a review (R30).
    Expectation {
        /// They had a part in the response, or lead the review.
        Must = "MUST",
        /// It concerns them.
        Should = "SHOULD",
        /// They are welcome.
        May = "MAY",
    }
}

text_enum! {
    /// What a person answered to an invitation.
    InvitationAnswer {
        /// They will be there.
        Yes = "YES",
        /// They hope to be there.
        Maybe = "MAYBE",
        /// They can't be there.
        No = "NO",
    }
}
