//! What a report's author decides about words that may be names (R27).

use entity::{ReportId, TimelineKind, report};

use super::proof::Proof;
use super::query::find;
use crate::authz::Right;
use crate::blameless::{Decision, Key};
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::NewEvent;
use crate::{limits, validate};

/// Decides whether a word in a report names somebody: `person`, or nobody. Without `context`, wherever it stands in the report.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` once the report is final.
pub async fn decide_name(ctx: &Ctx, id: ReportId, form: &str, context: Option<&str>, person: Option<&str>) -> Result<report::Model> {
    ctx.require(Right::Respond)?;
    let report = find(ctx, id).await?;
    let form = validate::text_within("form", form, limits::NAME_CHARS)?;
    let changed = change::<Proof, _>(ctx, report.incident_id, Right::Respond, None, |proof, draft| {
        let report = proof.desk.open_report()?.clone();
        let (_, manuscript) = proof.report()?;
        let mut names = manuscript.names().clone();
        let decision = match person {
            Some(person) if names.cast.name_of(person).is_some() => Decision::Person(person.to_owned()),
            Some(_) => {
                return Err(Error::invalid(
                    "personId",
                    "personId names nobody on the team, nor at a client that the report is about or mentions.",
                ));
            }
            None => Decision::NotAName,
        };
        match context {
            Some(context) => names.decisions.decide(Key { form: form.clone(), context: context.to_owned() }, decision),
            None => names.decisions.decide_everywhere(form.clone(), decision),
        }
        names.keep(draft, report.id)?;
        draft.record(NewEvent::new(TimelineKind::Report, "Decided whether a word in the report is a name"));
        Ok(report)
    });
    Ok(changed.await?.output)
}
