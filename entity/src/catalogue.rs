//! What the catalogue tells of sites, and where it comes from.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a site is for: the tiers of GitLab's environments.
    Environment {
        /// What the public uses.
        Production = "PRODUCTION",
        /// As production, for looking at before something goes there.
        Staging = "STAGING",
        /// For tests, by people and by machines.
        Testing = "TESTING",
        /// For those who write it.
        Development = "DEVELOPMENT",
    }
}

text_enum! {
    /// Where what the catalogue says of a site comes from.
    Origin {
        /// Somebody set it here.
        Hand = "HAND",
        /// A list that was imported.
        Csv = "CSV",
        /// The base at Airtable.
        Airtable = "AIRTABLE",
    }
}

text_enum! {
    /// What the catalogue says of a site, in the order in which lists have it.
    SiteField {
        /// Its name.
        Name = "NAME",
        /// Where it is.
        Url = "URL",
        /// Where it is as well.
        Hosts = "HOSTS",
        /// Whose it is.
        Client = "CLIENT",
        /// What it is for.
        Environment = "ENVIRONMENT",
        /// How important it is.
        Importance = "IMPORTANCE",
        /// Where it runs.
        Hosting = "HOSTING",
        /// Where its code is.
        Repository = "REPOSITORY",
        /// What to do when it breaks.
        Runbook = "RUNBOOK",
        /// Links that help to inspect and fix it.
        Tooling = "TOOLING",
        /// What is normal there (R3).
        Expected = "EXPECTED",
        /// Whether it is attacked all the time (R3).
        RoutinelyAttacked = "ROUTINELY_ATTACKED",
        /// When people rely on it most (R3).
        BusyHours = "BUSY_HOURS",
        /// When nothing may be deployed there.
        CodeFreeze = "CODE_FREEZE",
        /// Whether the team no longer looks after it.
        Gone = "GONE",
    }
}
