//! It is over: what is missing, and how it ended (R15, R24).

use super::filled::Filled;
use crate::authz::Right;
use crate::chat::answer::Answer;
use crate::chat::asked::Asked;
use crate::chat::form::{Choice, Field, FieldKind, Form, FormKind};
use crate::chat::phrases::headline;
use crate::error::Result;
use crate::incident::{self as incidents, ConfirmGoal};
use crate::playbook::Goal;
use crate::playbook::steps::is_breach;
use crate::validate;

/// Opens the form, which asks for each goal that is missing.
pub(in crate::chat) async fn open(asked: &Asked<'_>) -> Result<Answer> {
    asked.ctx.require(Right::Respond)?;
    let incident = asked.incident()?;
    let met = incidents::goals_of(asked.ctx, &[incident.id]).await?;
    let ticked = incidents::checklist_of(asked.ctx, &[incident.id]).await?;
    let playbook = asked.ctx.playbook();
    let mut fields = Vec::new();
    for goal in playbook.goals.iter().filter(|goal| !is_met(&met, goal)) {
        fields.push(Field::new(FormKind::goal_field(&goal.key), &goal.title, FieldKind::Lines).hint("How do you know?").required());
        let left = goal.breach_checklist.iter().filter(|item| !ticked.iter().any(|row| row.goal == goal.key && row.item == item.key));
        let left: Vec<Choice> = left.map(|item| Choice::new(&item.key, &item.text)).collect();
        if is_breach(incident.flags) && !left.is_empty() {
            fields.push(Field::new(checklist_field(goal), "After a breach, each of these must be done", FieldKind::Many(left)));
        }
    }
    fields.push(Field::new("summary", "How did it end?", FieldKind::Lines).required());
    let title = format!("Resolve {}", incidents::reference(incident));
    let form = Form::about(incident, FormKind::Resolve, title, vec![headline(incident)], fields);
    Ok(Answer::form(form).about(incident))
}

fn is_met(rows: &[entity::goal::Model], goal: &Goal) -> bool {
    rows.iter().any(|row| row.goal == goal.key && row.met_at.is_some())
}

/// What is ticked of a goal's checklist.
fn checklist_field(goal: &Goal) -> String {
    format!("checklist:{}", goal.key)
}

/// Confirms the goals that evidence was given for, and resolves it. What was confirmed stays if the rest is refused, and so does the
/// evidence of others who confirmed a goal meanwhile.
pub(super) async fn submit(filled: &Filled<'_>) -> Result<Answer> {
    let (ctx, id) = (filled.ctx, filled.incident()?);
    let summary = validate::text("summary", filled.text("summary"))?;
    let met = incidents::goals_of(ctx, &[id]).await?;
    for goal in ctx.playbook().goals.iter().filter(|goal| !is_met(&met, goal)) {
        let Some(evidence) = filled.values.one(&FormKind::goal_field(&goal.key)) else { continue };
        let ticked = filled.values.many(&checklist_field(goal)).to_vec();
        let checklist_done = Some(ticked).filter(|ticked| !ticked.is_empty());
        let confirm = ConfirmGoal { incident_id: id, goal: goal.key.clone(), evidence: evidence.to_owned(), met: true, checklist_done };
        incidents::confirm_goal(ctx, confirm).await?;
    }
    let incident = incidents::resolve(ctx, id, &summary, filled.version).await?;
    Ok(Answer::aloud(format!("{} is resolved: {summary}", headline(&incident)), incident))
}
