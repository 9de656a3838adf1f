//! A report with all that it is rendered from, for decisions about its texts.

use entity::{incident, report};

use super::desk::Desk;
use super::rendered::Manuscript;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::{Facts, Whole};

/// The whole report of an incident: what people wrote, and what the facts say.
pub struct Proof {
    pub desk: Desk<Whole>,
    manuscript: Option<Manuscript>,
}

impl Proof {
    /// The report of an incident whose timeline is open, and what it is rendered from.
    pub fn report(&self) -> Result<(&report::Model, &Manuscript)> {
        let report = self.desk.report()?;
        Ok((report, self.manuscript.as_ref().ok_or(Error::NotFound("report"))?))
    }
}

impl Facts for Proof {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let desk = Desk::<Whole>::load(ctx, incident).await?;
        let manuscript = match &desk.report {
            Some(report) => Some(Manuscript::load(ctx, Some(report), desk.scope.clone()).await?),
            None => None,
        };
        Ok(Self { desk, manuscript })
    }

    fn scope(&self) -> &Whole {
        &self.desk.scope
    }
}
