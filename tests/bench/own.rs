//! The made-up incidents in Muster's own tables, with everything that its use cases keep: sequences, the hash
//! chain, the columns for the board, the counter.

use std::collections::BTreeSet;

use anyhow::Result;
use domain::search::words::words;
use domain::timeline::chain;
use entity::{EventId, IncidentId, PersonId, Source, TimelineKind, timeline_event};
use migration::{Migrator, MigratorTrait};
use uuid::Uuid;

use crate::data::{self, Incident, Incidents, Random, State, Time};
use crate::store::{Cell, Place, Store, Table};

const PERSON: usize = 0;
const CLIENT: usize = 1;
const INCIDENT: usize = 2;
const EVENT: usize = 3;
const ROLE: usize = 4;
const ACTION: usize = 5;
const AFFECTED: usize = 6;
const WORD: usize = 7;

const TABLES: &[Table] = &[
    Table { name: "person", columns: "id,name,email,access_level,grants,created_at" },
    Table { name: "client", columns: "id,name,importance,created_at" },
    Table {
        name: "incident",
        columns: "id,number,name,summary,severity,status,live,visibility,flags,reporter_id,lead_id,comms_manager_id,reported_at,\
                  declared_at,resolved_at,closed_at,version,last_sequence,last_hash,changed_at",
    },
    Table { name: "timeline_event", columns: "id,incident_id,sequence,kind,occurred_at,recorded_at,actor_id,source,text,starred,hash" },
    Table { name: "role_assignment", columns: "id,incident_id,role,person_id,assigned_at" },
    Table { name: "action", columns: "id,incident_id,title,assignee_id,state,created_at,settled_at" },
    Table { name: "incident_client", columns: "incident_id,client_id,since,note" },
    Table { name: "incident_word", columns: "number,word" },
];

const ROLES: [&str; 3] = ["INCIDENT_LEAD", "CLIENT_COMMS_MANAGER", "RESPONDER"];
const LIVE: [&str; 3] = ["INVESTIGATING", "FIXING", "MONITORING"];
const KINDS: [TimelineKind; 5] =
    [TimelineKind::Note, TimelineKind::StatusChanged, TimelineKind::Message, TimelineKind::Alert, TimelineKind::Action];

/// Makes Muster's tables at `place` and fills them with `scale` incidents; returns their ids, oldest first.
pub async fn load(place: &Place, scale: usize) -> Result<Vec<IncidentId>> {
    migrate(place).await?;
    let mut filler = Filler { store: Store::open(place, TABLES).await?, random: Random::new(1), people: Vec::new(), clients: Vec::new() };
    let incidents = Incidents::new(scale);
    filler.catalogue().await?;
    let mut ids = Vec::with_capacity(scale);
    for incident in incidents {
        ids.push(filler.incident(&incident).await?);
    }
    filler.store.run(&format!("UPDATE counter SET value = {scale} WHERE name = 'incident'")).await?;
    filler.store.finish().await?;
    Ok(ids)
}

/// Makes Muster's tables at `place`.
pub async fn migrate(place: &Place) -> Result<()> {
    let url = match place {
        Place::Postgres(url) => url.clone(),
        Place::Sqlite(file) => format!("sqlite:{}?mode=rwc", file.display()),
    };
    let connection = sea_orm::Database::connect(&url).await?;
    Migrator::up(&connection, None).await?;
    connection.close().await?;
    Ok(())
}

struct Filler {
    store: Store,
    random: Random,
    people: Vec<Uuid>,
    clients: Vec<Uuid>,
}

impl Filler {
    /// An id as Muster would have given it at that time.
    fn id(&mut self, at: Time) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.random.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&self.random.bits().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(at.timestamp_millis().unsigned_abs(), &bytes).into_uuid()
    }

    async fn catalogue(&mut self) -> Result<()> {
        let made = Time::UNIX_EPOCH + chrono::Duration::days(365 * 50);
        for number in 1..=data::PEOPLE {
            let id = self.id(made);
            self.people.push(id);
            let (name, email) = (data::person_name(number), data::person_email(number));
            let level = Cell::Text("RESPONDER");
            self.store.push(PERSON, &[Cell::Id(id), Cell::Text(&name), Cell::Text(&email), level, Cell::Int(0), Cell::Time(made)]).await?;
        }
        for number in 1..=data::CLIENTS {
            let id = self.id(made);
            self.clients.push(id);
            let name = data::client_name(number);
            self.store.push(CLIENT, &[Cell::Id(id), Cell::Text(&name), Cell::Text("NORMAL"), Cell::Time(made)]).await?;
        }
        Ok(())
    }

    async fn incident(&mut self, incident: &Incident) -> Result<IncidentId> {
        let id = self.id(incident.opened_at);
        let (last_hash, changed_at) = self.timeline(id, incident).await?;
        let [lead, comms, responder] = incident.roles.map(|person| Cell::Id(self.people[person - 1]));
        let live = incident.state == State::Live;
        let status = match incident.state {
            State::Live => LIVE[incident.number / 10 % 3],
            State::Resolved => "RESOLVED",
            State::Closed => "CLOSED",
        };
        let closed_at = incident.resolved_at.filter(|_| incident.state == State::Closed);
        let row = [
            Cell::Id(id),
            Cell::Int(incident.number as i64),
            Cell::Text(&incident.name),
            Cell::Text(&incident.summary),
            Cell::Int(1 + incident.severity as i64),
            Cell::Text(status),
            Cell::Bool(live),
            Cell::Text("OPEN"),
            Cell::Int(0),
            responder,
            lead,
            comms,
            Cell::Time(incident.opened_at),
            Cell::Time(incident.opened_at),
            incident.resolved_at.into(),
            closed_at.into(),
            Cell::Int(incident.events.len() as i64),
            Cell::Int(incident.events.len() as i64),
            Cell::Bytes(&last_hash),
            Cell::Time(changed_at),
        ];
        self.store.push(INCIDENT, &row).await?;
        let texts = [&incident.name, &incident.summary].into_iter().chain(incident.events.iter().map(|event| &event.text));
        let said: BTreeSet<String> = texts.flat_map(|text| words(text)).collect();
        for word in &said {
            self.store.push(WORD, &[Cell::Int(incident.number as i64), Cell::Text(word)]).await?;
        }
        self.team(id, incident).await?;
        Ok(IncidentId(id))
    }

    /// Writes the events; returns the hash and the time of the last.
    async fn timeline(&mut self, incident_id: Uuid, incident: &Incident) -> Result<(Vec<u8>, Time)> {
        let mut last = (domain::chain::START.to_vec(), incident.opened_at);
        for (event, sequence) in incident.events.iter().zip(1..) {
            let mut row = timeline_event::Model {
                id: EventId(self.id(event.at)),
                incident_id: IncidentId(incident_id),
                sequence,
                kind: KINDS[event.kind],
                occurred_at: event.at,
                recorded_at: event.at,
                actor_id: Some(PersonId(self.people[event.author - 1])),
                source: Source::Web,
                text: event.text.clone(),
                details: None,
                amends_id: None,
                starred: false,
                hash: Vec::new(),
                redacted_at: None,
            };
            row.hash = chain::hash(&last.0, &row);
            let cells = [
                Cell::Id(row.id.0),
                Cell::Id(incident_id),
                Cell::Int(sequence.into()),
                Cell::Text(row.kind.as_str()),
                Cell::Time(event.at),
                Cell::Time(event.at),
                Cell::Id(self.people[event.author - 1]),
                Cell::Text(row.source.as_str()),
                Cell::Text(&event.text),
                Cell::Bool(false),
                Cell::Bytes(&row.hash),
            ];
            self.store.push(EVENT, &cells).await?;
            last = (row.hash, event.at);
        }
        Ok(last)
    }

    async fn team(&mut self, incident_id: Uuid, incident: &Incident) -> Result<()> {
        let (incident_id, at) = (Cell::Id(incident_id), Cell::Time(incident.opened_at));
        for (role, person) in ROLES.iter().zip(incident.roles) {
            let id = Cell::Id(self.id(incident.opened_at));
            self.store.push(ROLE, &[id, incident_id, Cell::Text(role), Cell::Id(self.people[person - 1]), at]).await?;
        }
        for action in &incident.actions {
            let id = Cell::Id(self.id(incident.opened_at));
            let (state, settled) = if action.open { ("OPEN", Cell::Null) } else { ("DONE", at) };
            let assignee = Cell::Id(self.people[action.assignee - 1]);
            self.store.push(ACTION, &[id, incident_id, Cell::Text(&action.title), assignee, Cell::Text(state), at, settled]).await?;
        }
        for affected in &incident.clients {
            let client = Cell::Id(self.clients[affected.client - 1]);
            self.store.push(AFFECTED, &[incident_id, client, at, Cell::Text(affected.impact)]).await?;
        }
        Ok(())
    }
}
