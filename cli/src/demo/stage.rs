//! Plays lines: sets the clock, finds who and what a line names, calls the use case.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::Duration;
use domain::alerts::episode::Identity;
use domain::alerts::{self, Alarm, Alarms};
use domain::authz::Actor;
use domain::catalogue::{self, NewContact, SaveClient, SaveSite};
use domain::clock::{Clock, ManualClock};
use domain::files::Upload;
use domain::incident::{self, AssignRole, ConfirmGoal, Declare, Impact, Raise, UpdateIncident};
use domain::on_call;
use domain::people::{self, Invite};
use domain::timeline::{self, AddEvent, Amend, PostUpdate};
use domain::{Ctx, Domain};
use entity::{ActionId, ActionState, ClientId, EventId, IncidentId, SiteId, Source, TimelineKind, Timestamp, Visibility, person};
use sea_orm::prelude::Json;

use super::cast;
use super::script::{Act, Alert, Declaration, Story};

/// Seconds between two lines of one minute.
const BREATH_SECONDS: i64 = 7;

/// The agency with its people and sites, and what has been played so far.
pub struct Stage {
    domain: Arc<Domain>,
    clock: Arc<ManualClock>,
    start: Timestamp,
    now: Timestamp,
    people: HashMap<&'static str, person::Model>,
    clients: HashMap<&'static str, ClientId>,
    sites: HashMap<&'static str, SiteId>,
    incidents: HashMap<Story, (IncidentId, String)>,
    events: Vec<(EventId, String)>,
    actions: HashMap<&'static str, ActionId>,
}

impl Stage {
    /// Adds people, clients and sites. `now` is when the play must be over.
    pub async fn set(domain: Arc<Domain>, clock: Arc<ManualClock>, now: Timestamp) -> anyhow::Result<Self> {
        let ctx = domain.ctx(Actor::System, Source::Cli);
        let mut stage = Self {
            start: clock.now(),
            domain,
            clock,
            now,
            people: HashMap::new(),
            clients: HashMap::new(),
            sites: HashMap::new(),
            incidents: HashMap::new(),
            events: Vec::new(),
            actions: HashMap::new(),
        };
        for person in cast::PEOPLE {
            let row = match people::by_email(&ctx, person.email).await? {
                Some(row) => row,
                None => people::invite(&ctx, invitation(person)).await?.0,
            };
            stage.people.insert(first_name(person.name), row);
        }
        let duty = on_call::Set {
            first_line_id: Some(stage.people[cast::FIRST_LINE].id),
            second_line_id: Some(stage.people[cast::SECOND_LINE].id),
            starts_at: None,
            until: None,
        };
        on_call::set(&ctx, duty).await?;
        for client in cast::CLIENTS {
            let id = catalogue::save_client(&ctx, client_input(client)).await?.id;
            stage.clients.insert(client.name, id);
        }
        for site in cast::SITES {
            let input = SaveSite { client_id: Some(Some(stage.clients[site.client])), ..site_input(site) };
            stage.sites.insert(site.name, catalogue::save_site(&ctx, input).await?.id);
        }
        Ok(stage)
    }

    /// What people call the incident of `story`.
    pub fn reference(&self, story: Story) -> &str {
        self.incidents.get(&story).map_or("-", |(_, reference)| reference)
    }

    /// Plays one line.
    pub async fn play(&mut self, story: Story, minute: i64, who: &str, act: &Act) -> anyhow::Result<()> {
        self.wait_for(minute);
        match act {
            Act::Report(name, description) => {
                let input = Raise { name: (*name).into(), description: Some((*description).into()), site_ids: Vec::new() };
                let made = incident::raise(&self.ctx(who)?, input, None).await?;
                self.begin(story, &made);
                Ok(())
            }
            Act::Alert(alert) => self.alert(story, alert).await,
            Act::Declare(declaration) => self.declare(story, who, declaration).await,
            act => {
                let id = self.incidents.get(&story).context("the story has not begun")?.0;
                let ctx = self.ctx(who)?;
                match act {
                    Act::Write(..) | Act::Late(..) | Act::File(..) | Act::Correct(..) | Act::Star(_) | Act::Update(..) => {
                        self.record(&ctx, id, act).await
                    }
                    Act::Todo(..) | Act::Done(_) | Act::Dropped(_) => self.work(&ctx, id, act).await,
                    act => self.steer(&ctx, id, act).await,
                }
            }
        }
    }

    /// Moves the clock to `minute`, or a little on when it is there already; never past the end.
    fn wait_for(&self, minute: i64) {
        let seconds = (minute * 23) % 41;
        let wanted = self.start + Duration::minutes(minute) + Duration::seconds(seconds);
        let next = (self.clock.now() + Duration::seconds(BREATH_SECONDS)).max(wanted).min(self.now);
        self.clock.advance(next - self.clock.now());
    }

    fn ctx(&self, who: &str) -> anyhow::Result<Ctx> {
        let person = self.person(who)?;
        let actor = Actor::of(person);
        Ok(self.domain.ctx(actor, Source::Web))
    }

    fn person(&self, who: &str) -> anyhow::Result<&person::Model> {
        self.people.get(who).with_context(|| format!("nobody is called {who}"))
    }

    fn begin(&mut self, story: Story, incident: &entity::incident::Model) {
        self.incidents.insert(story, (incident.id, incident::reference(incident)));
    }

    fn ago(&self, minutes: i64) -> Timestamp {
        self.clock.now() - Duration::minutes(minutes)
    }

    /// Text with the times of the museum's certificate in place.
    fn text(&self, text: &str) -> String {
        let expiry = self.start - Duration::minutes(9);
        let clear = self.start + Duration::minutes(107);
        text.replace("{expiry}", &expiry.format("%b %e %H:%M:00 %Y GMT").to_string())
            .replace("{clear}", &clear.format("%H:%M UTC").to_string())
    }

    async fn alert(&mut self, story: Story, alert: &Alert) -> anyhow::Result<()> {
        let ctx = self.domain.ctx(Actor::System, Source::Alert);
        let labels: Json = alert.labels.iter().copied().collect();
        let notice = Alarm {
            fingerprint: alert.fingerprint.into(),
            title: alert.title.into(),
            description: Some(alert.description.into()),
            firing: true,
            starts_at: Some(self.ago(alert.since_minutes)),
            ends_at: None,
            labels: Json::from_iter([("labels", labels)]),
            links: Vec::new(),
            severity: alert.severity,
        };
        let notices = Alarms {
            source: alert.source.into(),
            group_key: alert.group.into(),
            identity: Identity::OneAtATime,
            alerts: vec![notice],
            truncated: 0,
        };
        let outcome = alerts::receive(&ctx, notices).await?;
        let id = outcome.incident.context("the alert reported nothing")?;
        let made = incident::find(&ctx, id).await?;
        self.begin(story, &made);
        Ok(())
    }

    async fn declare(&mut self, story: Story, who: &str, declaration: &Declaration) -> anyhow::Result<()> {
        let input = Declare {
            incident_id: self.incidents.get(&story).map(|(id, _)| *id),
            name: declaration.name.map(str::to_owned),
            description: declaration.description.map(str::to_owned),
            severity: declaration.severity,
            lead_id: Some(self.person(who)?.id),
            site_ids: declaration.sites.iter().map(|name| self.sites[name]).collect(),
            affected_client_ids: declaration.clients.iter().map(|name| self.clients[name]).collect(),
            flags: (!declaration.flags.is_empty()).then(|| declaration.flags.to_vec()),
            visibility: Visibility::Open,
            impact_started_at: Some(self.ago(declaration.since_minutes)),
        };
        let declared = incident::declare(&self.ctx(who)?, input, None).await?;
        self.begin(story, &declared);
        Ok(())
    }

    /// What people write on the timeline.
    async fn record(&mut self, ctx: &Ctx, id: IncidentId, act: &Act) -> anyhow::Result<()> {
        match act {
            Act::Write(kind, text) => self.write(ctx, id, *kind, text, 0).await,
            Act::Late(kind, minutes, text) => self.write(ctx, id, *kind, text, *minutes).await,
            Act::File(name, text, content) => {
                let mut upload = Upload::begin(ctx).await?;
                upload.write(content.as_bytes()).await?;
                upload.finish(ctx, id, name, Some(text), false).await?;
                Ok(())
            }
            Act::Correct(words, text, reason) => {
                let input =
                    Amend { event_id: self.event(words)?, text: Some(self.text(text)), occurred_at: None, reason: Some((*reason).into()) };
                timeline::amend(ctx, input).await?;
                Ok(())
            }
            Act::Star(words) => {
                timeline::star(ctx, self.event(words)?, true).await?;
                Ok(())
            }
            Act::Update(status, text) => {
                let update = PostUpdate { status: *status, ..PostUpdate::new(id, self.text(text)) };
                timeline::post_update(ctx, update, None).await?;
                Ok(())
            }
            _ => bail!("this is nothing that is written down"),
        }
    }

    async fn write(&mut self, ctx: &Ctx, id: IncidentId, kind: TimelineKind, text: &str, minutes_ago: i64) -> anyhow::Result<()> {
        let occurred_at = (minutes_ago > 0).then(|| self.ago(minutes_ago));
        let input = AddEvent { occurred_at, ..AddEvent::new(id, kind, self.text(text)) };
        let (event, _) = timeline::add(ctx, input, None).await?;
        self.events.push((event.id, event.text));
        Ok(())
    }

    /// The event that begins with `words`.
    fn event(&self, words: &str) -> anyhow::Result<EventId> {
        self.events
            .iter()
            .find(|(_, text)| text.starts_with(words))
            .map(|(id, _)| *id)
            .with_context(|| format!("no event begins with {words}"))
    }

    /// What is to be done.
    async fn work(&mut self, ctx: &Ctx, id: IncidentId, act: &Act) -> anyhow::Result<()> {
        let (title, state) = match act {
            Act::Todo(title, assignee) => {
                let assignee = assignee.map(|who| self.person(who).map(|person| person.id)).transpose()?;
                let (action, _) = incident::add_action(ctx, id, title, assignee).await?;
                self.actions.insert(title, action.id);
                return Ok(());
            }
            Act::Done(title) => (title, ActionState::Done),
            Act::Dropped(title) => (title, ActionState::Dropped),
            _ => bail!("this is no action"),
        };
        let action = self.actions.get(title).with_context(|| format!("there is no action {title}"))?;
        incident::settle_action(ctx, *action, state).await?;
        Ok(())
    }

    /// Where the incident goes.
    async fn steer(&mut self, ctx: &Ctx, id: IncidentId, act: &Act) -> anyhow::Result<()> {
        match act {
            Act::Decline(reason) => incident::decline(ctx, id, reason).await?,
            Act::Severity(severity, reason) => incident::change_severity(ctx, id, *severity, reason, None).await?,
            Act::Status(status, note) => incident::change_status(ctx, id, *status, Some(note), None).await?,
            Act::Role(role, who, note) => {
                let person_id = self.person(who)?.id;
                incident::assign_role(ctx, AssignRole { incident_id: id, role: *role, person_id, handover_note: note.map(str::to_owned) })
                    .await?
            }
            Act::Goal(goal, evidence) => {
                let input =
                    ConfirmGoal { incident_id: id, goal: (*goal).into(), evidence: (*evidence).into(), met: true, checklist_done: None };
                incident::confirm_goal(ctx, input).await?
            }
            Act::Impact(requests, users, words, minutes_ago) => {
                let impact = Impact { requests: Some(*requests), visits: None, users: Some(*users), description: Some((*words).into()) };
                let input = UpdateIncident {
                    impact: Some(impact),
                    impact_ended_at: Some(Some(self.ago(*minutes_ago))),
                    ..UpdateIncident::default()
                };
                incident::update(ctx, id, input, None).await?
            }
            Act::Settle(step, note) => incident::settle_step(ctx, id, step, false, Some(note)).await?,
            Act::Skip(step, why) => incident::settle_step(ctx, id, step, true, Some(why)).await?,
            Act::Resolve(summary) => incident::resolve(ctx, id, summary, None).await?,
            Act::Close(note) => incident::close(ctx, id, Some(note), None).await?,
            _ => bail!("this does not steer an incident"),
        };
        Ok(())
    }
}

fn first_name(name: &'static str) -> &'static str {
    name.split(' ').next().unwrap_or(name)
}

fn invitation(person: &cast::Person) -> Invite {
    Invite {
        name: person.name.into(),
        email: person.email.into(),
        access_level: person.access,
        grants: person.grants.to_vec(),
        seniority: Some(person.seniority),
        phone: None,
        ntfy_topic: None,
    }
}

fn client_input(client: &cast::Client) -> SaveClient {
    let contacts =
        client.contacts.iter().map(|(name, email, kind)| NewContact { name: (*name).into(), email: (*email).into(), kind: *kind });
    SaveClient {
        name: client.name.into(),
        importance: Some(client.importance),
        contacts: Some(contacts.collect()),
        ..SaveClient::default()
    }
}

fn site_input(site: &cast::Site) -> SaveSite {
    SaveSite {
        name: site.name.into(),
        url: Some(Some(site.url.into())),
        repository: Some(Some(site.repository.into())),
        runbook: Some(site.runbook.map(str::to_owned)),
        importance: Some(site.importance),
        expected: Some(site.expected.map(str::to_owned)),
        ..SaveSite::default()
    }
}
