//! What a decision is made on.

use entity::{IncidentId, incident};

use crate::ctx::Ctx;
use crate::error::Result;

/// How much of an incident a decision sees and may change: [`super::Whole`], or [`Light`].
pub trait Scope: Clone + Send + Sync {
    /// The incident itself.
    fn incident(&self) -> &incident::Model;
    /// The incident itself, to be changed.
    fn incident_mut(&mut self) -> &mut incident::Model;
}

/// The incident alone: enough for a decision that changes nothing that the playbook counts from, such as a note.
pub type Light = incident::Model;

impl Scope for Light {
    fn incident(&self) -> &incident::Model {
        self
    }

    fn incident_mut(&mut self) -> &mut incident::Model {
        self
    }
}

/// What a decision needs to know of an incident, loaded before it.
pub trait Facts: Sized + Send {
    /// How much of the incident the decision may change.
    type Scope: Scope;

    /// What is known of the incident without a look at the database, if that is all that a decision needs. It may be old: what is
    /// decided on it is written on condition that it is not.
    fn known(_ctx: &Ctx, _id: IncidentId) -> Option<Self> {
        None
    }

    /// Loads what belongs to `incident`.
    fn load(ctx: &Ctx, incident: incident::Model) -> impl Future<Output = Result<Self>> + Send;

    /// The incident as it is.
    fn scope(&self) -> &Self::Scope;
}

impl Facts for Light {
    type Scope = Self;

    fn known(ctx: &Ctx, id: IncidentId) -> Option<Self> {
        ctx.kept.newest(id).map(|row| Self::clone(&row))
    }

    async fn load(_: &Ctx, incident: incident::Model) -> Result<Self> {
        Ok(incident)
    }

    fn scope(&self) -> &Self {
        self
    }
}
