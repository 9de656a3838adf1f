//! A form that came back.

use entity::IncidentId;

use crate::chat::form::Values;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// A form that came back.
pub(super) struct Filled<'a> {
    pub ctx: &'a Ctx,
    pub incident: Option<IncidentId>,
    /// The incident's version when the form was opened.
    pub version: Option<i32>,
    pub values: &'a Values,
    pub key: Option<&'a str>,
}

impl Filled<'_> {
    /// The incident that the form is about.
    pub fn incident(&self) -> Result<IncidentId> {
        self.incident.ok_or_else(|| Error::invalid("incidentId", "This form is about an incident: name it in incidentId."))
    }

    /// What a field holds, or nothing.
    pub fn text(&self, key: &str) -> &str {
        self.values.one(key).unwrap_or_default()
    }
}
