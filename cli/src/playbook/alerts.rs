//! `muster playbook simulate --alerts`: a recorded night of alerts, played by the code that a server runs.
//!
//! It has a database of its own in a temporary folder and a clock that jumps from one moment at which something happens to the next.
//! Nothing is sent, because no worker runs, and nobody answers. What it prints is what the timelines say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::{Datelike, Duration, SecondsFormat};
use domain::alerts::{self, Alarms};
use domain::authz::Actor;
use domain::clock::{Clock, ManualClock};
use domain::config::{ChatRules, Config, TicketRules};
use domain::limits::ON_CALL_AHEAD;
use domain::playbook::Playbook;
use domain::telling::reminders;
use domain::{Ctx, Domain, calendar, incident, on_call, people};
use entity::{AccessLevel, IncidentId, OnCallLine, PersonId, Severity, Source, System, TimelineKind, Timestamp, timeline_event};
use sea_orm::{ColumnTrait, EntityTrait, QueryOrder, QuerySelect};
use serde_json::{Value, json};

use super::moment;
use crate::database::{self, Intent, Place};
use crate::output;
use crate::settings::{Secret, Settings};

/// How long to watch after the last alert.
pub const LENGTH: Duration = Duration::hours(1);

/// What is played.
pub struct Night {
    /// Lines of JSON: `at`, `hook`, `body`.
    pub alerts: PathBuf,
    /// The rota of each line.
    pub rotas: [(OnCallLine, Option<PathBuf>); 2],
    /// Who is paged after both lines, the most senior first.
    pub seniors: Vec<String>,
    /// How long to watch after the last of them.
    pub length: Duration,
    /// Whether to print JSON.
    pub json: bool,
}

/// A call of a hook.
struct Call {
    at: Timestamp,
    notifications: Vec<Alarms>,
}

/// What a timeline says.
struct Event {
    at: Timestamp,
    incident: String,
    kind: TimelineKind,
    text: String,
    paged: Option<String>,
}

impl Night {
    /// Plays it and prints what happens. The exit code is 2 if a file can't be used.
    pub fn run(&self, settings: &Settings, playbook: &Playbook) -> ExitCode {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(anyhow::Error::from);
        let played = async {
            tokio::select! {
                played = Box::pin(self.play(settings, playbook)) => played,
                _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            }
        };
        match runtime.and_then(|runtime| runtime.block_on(played)) {
            Ok(events) => {
                // A reader that has seen enough, such as head, is no failure.
                let _ = std::io::stdout().write_all(self.text(&events, playbook).as_bytes());
                ExitCode::SUCCESS
            }
            Err(error) => {
                output::complain(format_args!("The alerts can't be played: {error:#}"));
                ExitCode::from(2)
            }
        }
    }

    async fn play(&self, settings: &Settings, playbook: &Playbook) -> anyhow::Result<Vec<Event>> {
        let calls = self.calls(settings)?;
        let (Some(first), Some(last)) = (calls.first(), calls.last()) else { bail!("{} has no lines", self.alerts.display()) };
        let (start, end) = (first.at, last.at + self.length);
        let folder = tempfile::TempDir::with_prefix("muster-simulate-")?;
        let clock = Arc::new(ManualClock::new(start));
        let domain = stage(settings, playbook, folder.path(), clock.clone()).await?;
        let system = domain.ctx(Actor::System, Source::Cli);
        self.staff(&system).await?;
        let ctx = domain.ctx(Actor::System, Source::Alert);
        let mut unstaffed = BTreeSet::new();
        for Call { at, notifications } in calls {
            pass_until(&system, &clock, at).await?;
            for alarms in notifications {
                alerts::receive(&ctx, alarms).await?;
            }
            let on_call = on_call::now(&system).await?;
            if on_call.first_line.or(on_call.second_line).is_none() {
                unstaffed.insert(at);
            }
        }
        pass_until(&system, &clock, end).await?;
        let events = events(&system, &unstaffed).await?;
        domain.db.close().await;
        Ok(events)
    }

    fn calls(&self, settings: &Settings) -> anyhow::Result<Vec<Call>> {
        let file = self.alerts.display();
        let text = std::fs::read_to_string(&self.alerts).with_context(|| format!("{file} can't be read"))?;
        let levels = settings.alert_levels.clone().unwrap_or_else(|| api::Settings::default().alert_levels);
        let mut calls: Vec<Call> = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let call = call(line, &levels).and_then(|call| match calls.last() {
                Some(before) if before.at > call.at => Err("at is earlier than in the line before: sort the lines by time".to_owned()),
                _ => Ok(call),
            });
            calls.push(call.map_err(|why| anyhow::anyhow!("{file} line {}: {why}", index + 1))?);
        }
        Ok(calls)
    }

    /// The leadership, the seniors, and on call those of the rotas, or without one somebody on each line.
    async fn staff(&self, ctx: &Ctx) -> anyhow::Result<()> {
        let playbook = ctx.playbook();
        for (contact, address) in &playbook.contacts {
            people::find_or_add(ctx, playbook.contact_title(contact), address, AccessLevel::Responder).await?;
        }
        for (line, file) in self.rotas.iter().filter_map(|(line, file)| Some((*line, file.as_deref()?))) {
            import(ctx, line, file).await.with_context(|| format!("{} can't be used as a rota", file.display()))?;
        }
        if self.rotas.iter().all(|(_, file)| file.is_none()) {
            let first_line_id = Some(named(ctx, "First line").await?);
            let second_line_id = Some(named(ctx, "Second line").await?);
            on_call::set(ctx, on_call::Set { first_line_id, second_line_id, starts_at: None, until: None }).await?;
        }
        for (name, seniority) in self.seniors.iter().rev().zip(1..) {
            let person = named(ctx, name).await?;
            people::update(ctx, person, people::UpdatePerson { seniority: Some(Some(seniority)), ..Default::default() }).await?;
        }
        Ok(())
    }

    fn text(&self, events: &[Event], playbook: &Playbook) -> String {
        let mut out = String::new();
        for Event { at, incident, kind, text, paged } in events {
            // Writing to text can't fail.
            let _ = if self.json {
                let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                writeln!(out, "{}", json!({ "at": at, "incident": incident, "kind": kind.as_str(), "text": text, "paged": paged }))
            } else {
                let start = format!("{}  {incident}  ", playbook.local(*at));
                let next = format!("\n{:1$}", "", start.chars().count());
                writeln!(out, "{start}{}", text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(&next))
            };
        }
        if events.is_empty() && !self.json {
            out.push_str("Nothing is reported, so nobody is paged: no alert has a level that opens an incident (alerts.levels).\n");
        }
        out
    }
}

/// An empty database in `folder`, with a mail server that nobody speaks to: pages count as on their way.
async fn stage(settings: &Settings, playbook: &Playbook, folder: &Path, clock: Arc<ManualClock>) -> anyhow::Result<Arc<Domain>> {
    let url = Secret(Place::url_of(&folder.join("muster.db")));
    let apart = Settings { database_url: url, data_dir: folder.to_owned(), ..settings.clone().disconnected() };
    let opened = database::open(&apart, Intent::Migrate).await?;
    let config = Config {
        data_dir: apart.data_dir,
        public_url: apart.public_url,
        systems: vec![System::Email],
        tickets: TicketRules::default(),
        pauses: apart.pauses,
        retention: apart.retention,
        client_reply_to: None,
        watches_cards: false,
        chat: ChatRules::default(),
        ops_docs: None,
        webhooks: None,
        reads_mailboxes: false,
        alert_sources: BTreeMap::new(),
        catalogue: None,
        cache_bytes: 0,
    };
    Ok(Domain::new(opened.db, clock, playbook.clone(), config, None))
}

fn call(line: &str, levels: &BTreeMap<String, Severity>) -> Result<Call, String> {
    let call: Value = serde_json::from_str(line).map_err(|error| format!("this is not JSON: {error}"))?;
    let text = |name: &str| call[name].as_str().ok_or_else(|| format!("{name} is missing, or not a text"));
    let at = moment(text("at")?).map_err(|why| format!("at: {why}"))?;
    if !(2000..2200).contains(&at.year()) {
        return Err("at must be between the years 2000 and 2199".to_owned());
    }
    let body = call.get("body").ok_or("body is missing: it is what the hook was sent")?;
    // A form is written as a text.
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let notifications = api::alarms(text("hook")?, body.as_bytes(), levels)?;
    Ok(Call { at, notifications })
}

/// Imports a rota, whose people are made up from its titles and invitations.
async fn import(ctx: &Ctx, line: OnCallLine, file: &Path) -> anyhow::Result<()> {
    let calendar = std::fs::read(file)?;
    let (now, zone) = (ctx.now(), ctx.playbook().working_hours.zone.clone());
    let events = calendar::read(&calendar, &zone, now, now + ON_CALL_AHEAD).map_err(anyhow::Error::msg)?;
    for event in events.iter().filter(|event| event.times.as_ref().is_ok_and(|times| !times.is_empty())) {
        if event.attendees.is_empty() {
            named(ctx, &event.summary).await?;
        }
        for who in &event.attendees {
            people::find_or_add(ctx, &who.address, &who.address, AccessLevel::Responder).await?;
        }
    }
    let imported = on_call::import(ctx, on_call::Import { line, calendar, only: None, strict: false }).await?;
    if !imported.replaced {
        bail!("it has no shift from {} on", ctx.playbook().local(now));
    }
    for event in imported.skipped.iter().filter(|event| event.is_lost) {
        output::complain(format_args!("skipped in {}: {}: {}", file.display(), event.summary, event.reason));
    }
    Ok(())
}

/// The person with this name; made up where there is none.
async fn named(ctx: &Ctx, name: &str) -> anyhow::Result<PersonId> {
    let team = people::all(ctx).await?;
    if let Some(person) = team.iter().find(|person| person.name.eq_ignore_ascii_case(name)) {
        return Ok(person.id);
    }
    let address = format!("person-{}@rota.invalid", team.len() + 1);
    Ok(people::find_or_add(ctx, name, &address, AccessLevel::Responder).await?.id)
}

/// Lets time pass until `at`; what falls due on the way is done at its moment.
async fn pass_until(ctx: &Ctx, clock: &ManualClock, at: Timestamp) -> anyhow::Result<()> {
    loop {
        let due = entity::incident::Entity::find().select_only().column_as(entity::incident::Column::NextDueAt.min(), "at");
        let due: Option<Option<Timestamp>> = due.into_tuple().one(ctx.db.read()).await?;
        let Some(due) = due.flatten().filter(|due| *due <= at) else { break };
        clock.advance((due - clock.now()).max(Duration::zero()));
        while reminders::remind_some(ctx).await? {}
    }
    clock.advance(at - clock.now());
    Ok(())
}

/// What the timelines say, in order. Those that were reported at a time in `unstaffed` say that nobody is on call.
async fn events(ctx: &Ctx, unstaffed: &BTreeSet<Timestamp>) -> anyhow::Result<Vec<Event>> {
    let names: HashMap<String, String> = people::all(ctx).await?.into_iter().map(|person| (person.id.to_string(), person.name)).collect();
    let incidents = entity::incident::Entity::find().all(ctx.db.read()).await?;
    let incidents: HashMap<IncidentId, String> = incidents.iter().map(|row| (row.id, incident::reference(row))).collect();
    let rows = timeline_event::Entity::find().order_by_asc(timeline_event::Column::RecordedAt);
    let rows = rows.order_by_asc(timeline_event::Column::IncidentId).order_by_asc(timeline_event::Column::Sequence);
    let event = |row: timeline_event::Model| {
        let details: Value = row.details.and_then(|details| serde_json::from_str(&details).ok()).unwrap_or_default();
        let person = details["person"].as_str().and_then(|id| names.get(id).cloned());
        let is_unstaffed = row.kind == TimelineKind::Reported && unstaffed.contains(&row.recorded_at);
        let text = if is_unstaffed { row.text + "\nNobody is on call." } else { row.text };
        let incident = incidents.get(&row.incident_id).cloned().unwrap_or_default();
        Event { at: row.recorded_at, incident, kind: row.kind, text, paged: person.filter(|_| row.kind == TimelineKind::Paged) }
    };
    Ok(rows.all(ctx.db.read()).await?.into_iter().map(event).collect())
}
