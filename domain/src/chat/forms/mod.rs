//! The forms: what each asks, and what is done with what was filled in.

mod beginning;
mod filled;
mod judged;
mod resolution;
mod steps;
mod update;

use entity::IncidentId;

use super::answer::Answer;
use super::form::{FormKind, Values};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use filled::Filled;

pub(super) use beginning::open as declare;
pub(super) use resolution::open as resolve;
pub(super) use steps::open as step;
pub use steps::{NOT_NEEDED, NOT_NOW, OUTCOME, command_for};
pub(super) use update::open as update;

/// Carries out what was filled in. `incident` and `version` are those of the form: if others have changed since what it would overwrite,
/// nothing is written. The same `key` again writes nothing twice.
///
/// # Errors
/// `CONFLICT`, saying what was changed by whom; `BAD_USER_INPUT` and `FAILED_PRECONDITION`, of which [`fields_of`] says where they belong;
/// and those of the use cases.
pub async fn submit(
    ctx: &Ctx,
    kind: &FormKind,
    incident: Option<IncidentId>,
    version: Option<i32>,
    values: &Values,
    key: Option<&str>,
) -> Result<Answer> {
    let filled = Filled { ctx, incident, version, values, key };
    match kind {
        FormKind::Declare => beginning::submit(&filled).await,
        FormKind::Update => update::submit(&filled).await,
        FormKind::Resolve => resolution::submit(&filled).await,
        FormKind::Step(step) => steps::submit(&filled, step).await,
    }
}

/// The fields of a form that an error is about, each with what is wrong; none if it is about the whole.
pub fn fields_of(ctx: &Ctx, kind: &FormKind, error: &Error) -> Vec<(String, String)> {
    let playbook = ctx.playbook();
    belonging(kind, error, |key| playbook.goal(key).is_some())
}

fn belonging(kind: &FormKind, error: &Error, is_goal: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    match (kind, error) {
        // It stands below the field, which people know by its label.
        (_, Error::Invalid { field, reason }) => {
            let reason = reason.strip_prefix(*field).map_or_else(|| reason.clone(), |rest| format!("This{rest}"));
            vec![((*field).to_owned(), reason)]
        }
        (FormKind::Resolve, Error::FailedPrecondition { missing, .. }) => {
            let goals = missing.iter().filter(|key| is_goal(key));
            goals.map(|key| (FormKind::goal_field(key), "Say how you know that this is met.".to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_belongs_to_the_fields_that_it_is_about() {
        let missing = vec!["restore".into(), "monitor".into(), "revoke-access".into()];
        let missing = Error::FailedPrecondition { reason: "Not all is done.".into(), missing };
        let of = |kind: &FormKind, error: &Error| belonging(kind, error, |key| key != "revoke-access");
        let fields: Vec<String> = of(&FormKind::Resolve, &missing).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["goal:restore", "goal:monitor"]);
        assert!(of(&FormKind::Update, &missing).is_empty());
        let invalid = Error::invalid("text", "text is empty.");
        assert_eq!(of(&FormKind::Update, &invalid), [("text".to_owned(), "This is empty.".to_owned())]);
    }
}
