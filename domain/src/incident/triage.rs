//! Helps decide whether a report is an incident (R2), and what its sites mean for that (R3).
//!
//! Called by `api`. The questions are the playbook's; each answer is stored and recorded on the timeline. What the answers and
//! sites add up to is computed here from facts already loaded. It is only advice: people declare or decline.

use chrono::NaiveDateTime;
use entity::{Environment, Importance, IncidentId, IncidentStatus, TimelineKind, TriageVerdict, client, incident, site, triage_answer};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;

use crate::authz::Right;
use crate::catalogue::busy::BusyHours;
use crate::catalogue::freeze::{CodeFreeze, Period};
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::playbook::ChecklistItem;
use crate::record::{Draft, Facts, Light, NewEvent};
use crate::{limits, validate, words};

/// An answer to one criterion.
#[derive(Clone, Debug)]
pub struct TriageAnswer {
    /// The criterion's key in the playbook.
    pub criterion: String,
    /// Whether it holds.
    pub answer: TriageVerdict,
    /// How we know; leaving it out removes an earlier note.
    pub note: Option<String>,
}

/// An incident and the answers so far.
struct Answered {
    incident: incident::Model,
    answers: Vec<triage_answer::Model>,
}

impl Facts for Answered {
    type Scope = Light;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let answers = triage_answer::Entity::find().filter(triage_answer::Column::IncidentId.eq(incident.id)).all(ctx.db.read()).await?;
        Ok(Self { incident, answers })
    }

    fn scope(&self) -> &Light {
        &self.incident
    }
}

/// Answers criteria of a report (R2). Answers that are the same as before are ignored and not recorded.
///
/// # Errors
/// `BAD_USER_INPUT` for a criterion that the playbook does not have, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` once the
/// report has left triage.
pub async fn answer(ctx: &Ctx, id: IncidentId, answers: Vec<TriageAnswer>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let playbook = ctx.playbook();
    let answers = checked(&playbook.criteria, answers)?;
    let changed = change::<Answered, _>(ctx, id, Right::Respond, None, |facts, draft| {
        require_triage(&facts.incident)?;
        let differs = |(_, given): &&(&ChecklistItem, TriageAnswer)| {
            let known = facts.answers.iter().find(|row| row.criterion == given.criterion);
            known.is_none_or(|row| row.answer != given.answer || row.note != given.note)
        };
        let new: Vec<&(&ChecklistItem, TriageAnswer)> = answers.iter().filter(differs).collect();
        for (_, given) in &new {
            draft.upsert(triage_answer::ActiveModel {
                incident_id: Set(id),
                criterion: Set(given.criterion.clone()),
                answer: Set(given.answer),
                note: Set(given.note.clone()),
                answered_by_id: Set(draft.actor()),
                answered_at: Set(draft.now),
            });
        }
        if !new.is_empty() {
            record(draft, &new);
        }
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// The answers with their criteria, each criterion once: the last answer counts.
fn checked(criteria: &[ChecklistItem], answers: Vec<TriageAnswer>) -> Result<Vec<(&ChecklistItem, TriageAnswer)>> {
    if answers.len() > limits::LIST_ITEMS {
        return Err(Error::invalid("answers", format!("answers has more than {} entries.", limits::LIST_ITEMS)));
    }
    let mut checked: Vec<(&ChecklistItem, TriageAnswer)> = Vec::new();
    for given in answers {
        let Some(criterion) = criteria.iter().find(|criterion| criterion.key == given.criterion) else {
            let keys: Vec<&str> = criteria.iter().map(|criterion| criterion.key.as_str()).collect();
            return Err(Error::invalid("answers.criterion", format!("There is no such criterion. The playbook has {}.", keys.join(", "))));
        };
        let note = validate::optional_text("answers.note", given.note.as_deref())?;
        checked.retain(|(known, _)| known.key != criterion.key);
        checked.push((criterion, TriageAnswer { note, ..given }));
    }
    Ok(checked)
}

fn require_triage(incident: &incident::Model) -> Result<()> {
    if incident.status == IncidentStatus::Triage {
        return Ok(());
    }
    let status = words::status(incident.status);
    Err(Error::precondition(format!(
        "INC-{} is {status}: triage questions can only be answered while a report needs triage.",
        incident.number
    )))
}

fn record(draft: &mut Draft<'_, Light>, new: &[&(&ChecklistItem, TriageAnswer)]) {
    let line = |(criterion, given): &&(&ChecklistItem, TriageAnswer)| match &given.note {
        Some(note) => format!("{} {}: {note}", criterion.text, verdict_words(given.answer)),
        None => format!("{} {}", criterion.text, verdict_words(given.answer)),
    };
    let text = new.iter().map(line).collect::<Vec<_>>().join("\n");
    let details = |(criterion, given): &&(&ChecklistItem, TriageAnswer)| json!({ "criterion": criterion.key, "answer": given.answer });
    let triage: Vec<_> = new.iter().map(details).collect();
    // Together, notes may be longer than an event's text can be.
    let text: String = text.chars().take(limits::TEXT_CHARS).collect();
    draft.record(NewEvent::new(TimelineKind::Finding, text).details(json!({ "triage": triage })));
}

fn verdict_words(answer: TriageVerdict) -> &'static str {
    match answer {
        TriageVerdict::Yes => "Yes",
        TriageVerdict::No => "No",
        TriageVerdict::Unsure => "Not sure",
    }
}

/// What the answers add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recommendation {
    /// It is an incident, or may be one.
    Declare,
    /// Nothing suggests an incident.
    Decline,
    /// Too few questions are answered.
    AnswerMore,
}

/// What the answers add up to, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriageAdvice {
    /// What to do.
    pub recommendation: Recommendation,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// What `answers` to `criteria` add up to (R2): one criterion that holds, or may hold, is enough. Answers to criteria that the
/// playbook no longer has do not count.
pub fn advise(criteria: &[ChecklistItem], answers: &[triage_answer::Model]) -> TriageAdvice {
    let answered = |criterion: &ChecklistItem| answers.iter().find(|row| row.criterion == criterion.key).map(|row| row.answer);
    let with = |wanted: Option<TriageVerdict>| {
        criteria.iter().filter(move |criterion| answered(criterion) == wanted).map(|criterion| criterion.text.as_str())
    };
    let yes: Vec<String> = with(Some(TriageVerdict::Yes)).map(|text| format!("Answered yes: {text}")).collect();
    let unsure: Vec<String> =
        with(Some(TriageVerdict::Unsure)).map(|text| format!("Not sure: {text} If unsure, assume it is an incident.")).collect();
    let open: Vec<String> = with(None).map(|text| format!("Not answered yet: {text}")).collect();
    if !yes.is_empty() || !unsure.is_empty() {
        return TriageAdvice { recommendation: Recommendation::Declare, reasons: yes.into_iter().chain(unsure).collect() };
    }
    if !open.is_empty() {
        return TriageAdvice { recommendation: Recommendation::AnswerMore, reasons: open };
    }
    TriageAdvice {
        recommendation: Recommendation::Decline,
        reasons: vec!["All questions were answered no: it is reasonable to decline, and you can reopen it later.".into()],
    }
}

/// What to keep in mind about a site when triaging a report about it (R3), in words. `local` is the team's local time.
pub fn weigh(site: &site::Model, client: Option<&client::Model>, local: NaiveDateTime) -> Vec<String> {
    let mut weighing = Vec::new();
    if let Some(gone) = site.gone_at {
        weighing.push(format!("The team has not looked after this site since {}: find out who does.", gone.format("%Y-%m-%d")));
    }
    if let Some(tier) = site.environment.and_then(other_tier) {
        weighing.push(format!("This is {tier}, not production: what happens here rarely reaches anybody outside."));
    }
    if site.importance == Importance::High {
        weighing.push("This is an important site: if in doubt, treat it as an incident and choose the higher severity.".to_owned());
    }
    if let Some(client) = client.filter(|client| client.importance == Importance::High) {
        weighing
            .push(format!("{} is an important client: if in doubt, treat it as an incident and choose the higher severity.", client.name));
    }
    if site.routinely_attacked {
        weighing.push(
            "This site is attacked all the time: slightly slow pages or rejected requests may be normal there. Pages that do not load at \
             all never are."
                .to_owned(),
        );
    }
    // Stored values were checked when they were saved.
    if let Some((text, hours)) = site.busy_hours.as_deref().and_then(|text| Some((text, text.parse::<BusyHours>().ok()?))) {
        weighing.push(if hours.contains(local) {
            format!("It is busy there now ({text}): many people will notice.")
        } else {
            format!(
                "It is quiet there now (busy hours are {text}): fewer people will notice, which may lower the severity but is no reason to \
                 decline."
            )
        });
    }
    weighing.extend(frozen(site, local));
    if let Some(expected) = &site.expected {
        weighing.push(format!("Known to be normal there: {expected}"));
    }
    weighing
}

/// What a site is for that is not in production.
fn other_tier(environment: Environment) -> Option<&'static str> {
    match environment {
        Environment::Production => None,
        Environment::Staging => Some("staging"),
        Environment::Testing => Some("for tests"),
        Environment::Development => Some("for development"),
    }
}

/// That nothing may be deployed there now, or soon.
fn frozen(site: &site::Model, local: NaiveDateTime) -> Option<String> {
    // Stored values were checked when they were saved.
    let freeze = site.code_freeze.as_deref()?.parse::<CodeFreeze>().ok()?;
    let because = |period: &Period| if period.why.is_empty() { String::new() } else { format!(" ({})", period.why) };
    if let Some(period) = freeze.on(local.date()) {
        return Some(format!("There is a code freeze until {}{}: deploy only what fixes this.", period.last, because(period)));
    }
    let period = freeze.soon_after(local.date())?;
    Some(format!(
        "A code freeze begins on {} and lasts until {}{}: what this leaves to deploy must be out before.",
        period.first,
        period.last,
        because(period)
    ))
}

#[cfg(test)]
mod tests {
    use TriageVerdict::{No, Unsure, Yes};
    use chrono::NaiveDate;
    use entity::{ClientId, SiteId, Timestamp};
    use uuid::Uuid;

    use super::*;
    use crate::catalogue::fields::blank;

    fn criteria() -> Vec<ChecklistItem> {
        ["security", "data", "outage"].map(|key| ChecklistItem { key: key.into(), text: format!("Is it about {key}?") }).to_vec()
    }

    fn rows(answers: &[(&str, TriageVerdict)]) -> Vec<triage_answer::Model> {
        let row = |(criterion, answer): &(&str, TriageVerdict)| triage_answer::Model {
            incident_id: IncidentId(Uuid::nil()),
            criterion: (*criterion).into(),
            answer: *answer,
            note: None,
            answered_by_id: None,
            answered_at: Timestamp::UNIX_EPOCH,
        };
        answers.iter().map(row).collect()
    }

    #[test]
    fn one_criterion_that_may_hold_is_enough() {
        use Recommendation::{AnswerMore, Declare, Decline};
        for (answers, recommendation, said) in [
            (&[][..], AnswerMore, &["about security", "about data", "about outage"][..]),
            (&[("security", No)], AnswerMore, &["about data", "about outage"]),
            (&[("security", No), ("data", No), ("outage", No)], Decline, &["All questions were answered no"]),
            (&[("outage", Yes)], Declare, &["Answered yes: Is it about outage?"]),
            (&[("security", No), ("data", Unsure)], Declare, &["If unsure, assume"]),
            (
                &[("security", Unsure), ("data", Yes), ("outage", No)],
                Declare,
                &["Answered yes: Is it about data?", "Not sure: Is it about security?"],
            ),
            // The playbook has dropped that criterion.
            (&[("weather", Yes)], AnswerMore, &["about security", "about data", "about outage"]),
        ] {
            let advice = advise(&criteria(), &rows(answers));
            assert_eq!(advice.recommendation, recommendation, "{answers:?}");
            assert_eq!(advice.reasons.len(), said.len(), "{:?}", advice.reasons);
            for (reason, said) in advice.reasons.iter().zip(said) {
                assert!(reason.contains(said), "{reason}");
            }
        }
    }

    #[test]
    fn the_last_of_two_answers_to_one_criterion_counts() {
        let given = |answer| TriageAnswer { criterion: "data".into(), answer, note: Some("  ".into()) };
        let criteria = criteria();
        let checked = checked(&criteria, vec![given(Yes), given(No)]).unwrap();
        assert_eq!(checked.len(), 1);
        assert_eq!((checked[0].1.answer, &checked[0].1.note), (No, &None));
    }

    #[test]
    fn a_site_says_what_to_keep_in_mind() {
        let plain = site::Model { name: "example.org".into(), ..blank(SiteId(Uuid::nil()), Timestamp::UNIX_EPOCH) };
        let client = client::Model {
            id: ClientId(Uuid::nil()),
            name: "Example Ltd".into(),
            importance: Importance::High,
            zendesk_organization_id: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let noon = NaiveDate::from_ymd_opt(2026, 11, 16).unwrap().and_hms_opt(12, 0, 0).unwrap();
        let night = NaiveDate::from_ymd_opt(2026, 11, 16).unwrap().and_hms_opt(3, 0, 0).unwrap();
        assert!(weigh(&plain, None, noon).is_empty());
        let site = site::Model {
            importance: Importance::High,
            routinely_attacked: true,
            busy_hours: Some("Mon-Fri 08:00-20:00".into()),
            code_freeze: Some("2026-11-10 to 2026-11-20 Museums at night".into()),
            environment: Some(Environment::Production),
            expected: Some("404 for old leaflets".into()),
            ..plain.clone()
        };
        let said = weigh(&site, Some(&client), noon);
        for (words, part) in said.iter().zip([
            "important site",
            "Example Ltd is an important client",
            "attacked all the time",
            "busy there now",
            "code freeze until 2026-11-20 (Museums at night)",
            "404 for old leaflets",
        ]) {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(said.len(), 6);
        assert!(weigh(&site, None, night)[2].contains("quiet there now"));
        let normal = client::Model { importance: Importance::Normal, ..client };
        assert_eq!(weigh(&site, Some(&normal), noon).len(), 5);
        let other = site::Model {
            environment: Some(Environment::Staging),
            gone_at: Some(Timestamp::UNIX_EPOCH),
            code_freeze: Some("2026-11-01; 2026-11-20 to 2026-11-21".into()),
            ..plain
        };
        let said = weigh(&other, None, noon);
        for (words, part) in said.iter().zip(["since 1970-01-01", "This is staging", "begins on 2026-11-20 and lasts until 2026-11-21:"]) {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(said.len(), 3);
    }
}
