//! An incident begins: reported, or declared at once (R1, R6).

use entity::{ClientId, IncidentId, IncidentStatus, SiteId, Visibility, incident};

use super::filled::Filled;
use super::judged::{self, Verdict};
use crate::authz::Right;
use crate::catalogue::SiteFilter;
use crate::chat::answer::Answer;
use crate::chat::asked::Asked;
use crate::chat::form::{Choice, Field, FieldKind, Form, FormKind};
use crate::chat::people::{Mentions, meant};
use crate::chat::phrases::headline;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Window};
use crate::error::{Error, Result};
use crate::incident::{self as incidents, Declare, IncidentFilter, IncidentOrder, Raise, UpdateIncident};
use crate::{catalogue, limits, validate, words};

/// How many incidents that are under way are named.
const NAMED: usize = 5;
/// How many incidents that are under way are looked at.
const LOOKED_AT: usize = 100;
/// Those that can be chosen from a list: as many as an input takes, and no chat offers more.
const OFFERED: Window<NameKey> = Window::first(limits::LIST_ITEMS);

/// Opens the form, with what is known already.
pub(in crate::chat) async fn open(asked: &Asked<'_>, name: &str) -> Result<Answer> {
    let ctx = asked.ctx;
    ctx.require(Right::Report)?;
    let reported = asked.incident.filter(|incident| incident.status == IncidentStatus::Triage);
    let name = reported.map_or(name, |incident| incident.name.as_str());
    let summary = reported.and_then(|incident| incident.summary.as_deref()).unwrap_or_default();
    let title = reported.map_or_else(|| "A new incident".to_owned(), |incident| format!("Declare {}", incidents::reference(incident)));
    let mut fields = vec![
        Field::new("name", "What is wrong, in a few words?", FieldKind::Text).required().initially(name),
        Field::new("description", "What happens?", FieldKind::Lines).initially(summary),
    ];
    // Others report, and whoever is on call takes it from there.
    if ctx.actor.may(Right::Respond) {
        fields.extend(judged::fields());
        fields.push(Field::new("leadId", "Who leads?", FieldKind::Person));
        fields.push(clients(ctx).await?);
        let visibility = vec![
            Choice::new(Visibility::Open.as_str(), "Everybody with access to Muster"),
            Choice::new(Visibility::Restricted.as_str(), "Only those who work on it, and administrators"),
        ];
        fields.push(Field::new("visibility", "Who may see it?", FieldKind::Choice(visibility)).initially(Visibility::Open.as_str()));
    }
    fields.push(sites(ctx).await?);
    let (incident, version) = (reported.map(|incident| incident.id), reported.map(|incident| incident.version));
    let notes = under_way(ctx, name, incident).await?;
    Ok(Answer::form(Form { kind: FormKind::Declare, title, notes, fields, incident, version }))
}

async fn clients(ctx: &Ctx) -> Result<Field> {
    let found = catalogue::clients(ctx, None, &OFFERED).await?;
    let choices = found.items.into_iter().map(|client| Choice::new(client.id.to_string(), client.name)).collect();
    Ok(offered("affectedClientIds", "Which clients are affected?", choices, found.has_next))
}

async fn sites(ctx: &Ctx) -> Result<Field> {
    let found = catalogue::sites(ctx, &SiteFilter::default(), &OFFERED).await?;
    let choices = found.items.into_iter().map(|site| Choice::new(site.id.to_string(), site.name)).collect();
    Ok(offered("siteIds", "Which sites is it about?", choices, found.has_next))
}

/// A list to choose from, which says so if there are more.
fn offered(key: &str, asked: &str, choices: Vec<Choice>, has_more: bool) -> Field {
    let hint = has_more.then(|| format!("Only the first {} are offered here: the console has all.", choices.len()));
    Field { hint, ..Field::new(key, asked, FieldKind::Many(choices)) }
}

/// Incidents that are under way, those with the most similar name first, so that nobody declares one twice.
async fn under_way(ctx: &Ctx, name: &str, except: Option<IncidentId>) -> Result<Vec<String>> {
    let window = Window::first(LOOKED_AT);
    let mut found = incidents::page(ctx, &IncidentFilter::running(), IncidentOrder::Newest, &window).await?.slice.items;
    found.retain(|incident| Some(incident.id) != except);
    let wanted = name.to_lowercase();
    let likeness = |incident: &incident::Model| strsim::sorensen_dice(&incident.name.to_lowercase(), &wanted);
    found.sort_by(|one, other| likeness(other).total_cmp(&likeness(one)));
    let line = |incident: &incident::Model| {
        format!("Under way already: {} ({}). {}", headline(incident), words::status(incident.status), incidents::link(ctx, incident))
    };
    Ok(found.iter().take(NAMED).map(|incident| line(incident)).collect())
}

/// Declares it, or reports it where somebody else is to decide.
pub(super) async fn submit(filled: &Filled<'_>) -> Result<Answer> {
    let (ctx, values) = (filled.ctx, filled.values);
    let (name, description) = (filled.text("name").to_owned(), validate::optional_text("description", values.one("description"))?);
    let site_ids = ids(values.many("siteIds"), "siteIds", SiteId::parse)?;
    let verdict = if ctx.actor.may(Right::Respond) { judged::verdict(values)? } else { Verdict::Undecided };
    let (severity, reasons) = match verdict {
        Verdict::Declared(severity, reasons) => (severity, reasons),
        // What was reported already waits for a decision.
        Verdict::Undecided if filled.incident.is_some() => {
            return Err(Error::invalid(
                "severity",
                "It is reported already: choose a severity to declare it, or write “decline because …”.",
            ));
        }
        Verdict::Undecided => {
            let incident = incidents::raise(ctx, Raise { name, description, site_ids }, filled.key).await?;
            let text =
                format!("{} is reported. Whoever is on call decides what it is.\n{}", headline(&incident), incidents::link(ctx, &incident));
            return Ok(Answer::aloud(text, incident));
        }
    };
    let lead_id = match values.one("leadId") {
        Some(said) => Some(meant(ctx, &Mentions::default(), "leadId", said).await?.id),
        None => None,
    };
    let declare = Declare {
        incident_id: filled.incident,
        name: Some(name),
        description,
        severity,
        lead_id,
        site_ids,
        affected_client_ids: ids(values.many("affectedClientIds"), "affectedClientIds", ClientId::parse)?,
        flags: Some(judged::flags(values)?).filter(|flags| !flags.is_empty()),
        visibility: visibility(values.one("visibility"))?,
        impact_started_at: None,
    };
    overwrite_nothing(filled, &declare).await?;
    let incident = incidents::declare(ctx, declare, filled.key).await?;
    let because = if reasons.is_empty() { String::new() } else { format!(" {}", reasons.join(" ")) };
    let text = format!(
        "{} is declared: {}.{because}\n{}",
        headline(&incident),
        words::severity(incident.severity),
        incidents::link(ctx, &incident)
    );
    Ok(Answer::aloud(text, incident))
}

/// Sets what declaring a report would overwrite, unless somebody else has changed it while the form was open.
async fn overwrite_nothing(filled: &Filled<'_>, declare: &Declare) -> Result<()> {
    let Some(id) = filled.incident else { return Ok(()) };
    // Declaring what has left triage is refused.
    if incidents::find(filled.ctx, id).await?.status == IncidentStatus::Triage {
        let known =
            UpdateIncident { name: declare.name.clone(), summary: declare.description.clone().map(Some), ..UpdateIncident::default() };
        incidents::update(filled.ctx, id, known, filled.version).await?;
    }
    Ok(())
}

fn visibility(value: Option<&str>) -> Result<Visibility> {
    let Some(value) = value else { return Ok(Visibility::Open) };
    let known = Visibility::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(value));
    known.ok_or_else(|| Error::invalid("visibility", "visibility must be OPEN or RESTRICTED."))
}

fn ids<T>(values: &[String], field: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let given = values.iter().filter(|value| !value.trim().is_empty());
    given.map(|value| parse(value).ok_or_else(|| Error::invalid(field, format!("{field} takes ids, not names.")))).collect()
}
