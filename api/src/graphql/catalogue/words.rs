//! Words of the catalogue in the public schema.

use async_graphql::Enum;

/// What a site is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::Environment")]
pub enum Environment {
    /// What the public uses.
    Production,
    /// As production, for looking at before something goes there.
    Staging,
    /// For tests.
    Testing,
    /// For those who write it.
    Development,
}

/// Where what the catalogue says of a site comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::Origin")]
pub enum SiteSource {
    /// Somebody set it here.
    Hand,
    /// A list that was imported.
    Csv,
    /// Airtable.
    Airtable,
}

/// What the catalogue says of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::SiteField")]
pub enum SiteField {
    /// Its name.
    Name,
    /// Where it is.
    Url,
    /// Where it is as well.
    Hosts,
    /// The client it belongs to.
    Client,
    /// What it is for.
    Environment,
    /// How important it is.
    Importance,
    /// Where it runs, and with whom.
    Hosting,
    /// Where its code lives.
    Repository,
    /// What to do when it breaks.
    Runbook,
    /// Links that help to inspect and fix it.
    Tooling,
    /// What is normal there and not an incident.
    Expected,
    /// Whether it is attacked all the time.
    RoutinelyAttacked,
    /// When people rely on it most.
    BusyHours,
    /// When nothing may be deployed there.
    CodeFreeze,
    /// Whether the team no longer looks after it.
    Gone,
}

/// What an import does to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::catalogue::plan::Effect")]
pub enum SiteImportEffect {
    /// It is new.
    Added,
    /// The lists that brought it no longer have it: it is marked, and stays on its incidents.
    Gone,
    /// It says something else.
    Changed,
    /// Nothing: the list says something else, and by hand it is set otherwise.
    Kept,
}
