//! The yardstick's own tables and statements: the least that does the same work, without a server around it.

use anyhow::Result;

use crate::data::{self, Incidents};
use crate::store::{Cell, Place, Store, Table};

const PERSON: usize = 0;
const CLIENT: usize = 1;
const INCIDENT: usize = 2;
const EVENT: usize = 3;
const ROLE: usize = 4;
const ACTION: usize = 5;
const AFFECTED: usize = 6;

const TABLES: &[Table] = &[
    Table { name: "person", columns: "id,name,email" },
    Table { name: "client", columns: "id,name,tier" },
    Table { name: "incident", columns: "id,reference,title,summary,status,severity,opened_at,resolved_at" },
    Table { name: "timeline_event", columns: "id,incident_id,author_id,kind,body,occurred_at" },
    Table { name: "role_assignment", columns: "id,incident_id,person_id,role,assigned_at" },
    Table { name: "action", columns: "id,incident_id,assignee_id,title,status,due_at" },
    Table { name: "incident_client", columns: "incident_id,client_id,impact" },
];

/// Made before the rows. `{id}`, `{integer}` and `{time}` differ between the databases.
const CREATE: &str = "
    CREATE TABLE client (id {id}, name text NOT NULL, tier text NOT NULL);
    CREATE TABLE person (id {id}, name text NOT NULL, email text NOT NULL);
    CREATE TABLE incident (id {id}, reference text NOT NULL, title text NOT NULL, summary text NOT NULL, status text NOT NULL,
      severity text NOT NULL, opened_at {time} NOT NULL, resolved_at {time});
    CREATE TABLE timeline_event (id {id}, incident_id {integer} NOT NULL REFERENCES incident (id),
      author_id {integer} NOT NULL REFERENCES person (id), kind text NOT NULL, body text NOT NULL, occurred_at {time} NOT NULL);
    CREATE TABLE role_assignment (id {id}, incident_id {integer} NOT NULL REFERENCES incident (id),
      person_id {integer} NOT NULL REFERENCES person (id), role text NOT NULL, assigned_at {time} NOT NULL);
    CREATE TABLE action (id {id}, incident_id {integer} NOT NULL REFERENCES incident (id),
      assignee_id {integer} NOT NULL REFERENCES person (id), title text NOT NULL, status text NOT NULL, due_at {time});
    CREATE TABLE incident_client (incident_id {integer} NOT NULL REFERENCES incident (id),
      client_id {integer} NOT NULL REFERENCES client (id), impact text NOT NULL, PRIMARY KEY (incident_id, client_id));
    CREATE UNIQUE INDEX incident_reference ON incident (reference);
    CREATE INDEX incident_board ON incident (status, opened_at DESC, id DESC);
    CREATE INDEX incident_newest ON incident (opened_at DESC, id DESC);
    CREATE INDEX timeline_by_incident ON timeline_event (incident_id, occurred_at DESC, id DESC);
    CREATE INDEX timeline_by_author ON timeline_event (author_id);
    CREATE UNIQUE INDEX role_by_incident ON role_assignment (incident_id, role);
    CREATE INDEX role_by_person ON role_assignment (person_id);
    CREATE INDEX action_by_incident ON action (incident_id, status);
    CREATE INDEX action_by_assignee ON action (assignee_id);
    CREATE INDEX affected_by_client ON incident_client (client_id);";

/// Statements of one database. Board and page give one JSON value each.
pub struct Statements {
    pub board: &'static str,
    pub page: &'static str,
    pub append: &'static str,
    pub append_locked: &'static str,
}

/// Scripts for pgbench; `n` is the number of incidents.
pub const POSTGRES: Statements = Statements {
    board: "select coalesce(json_agg(r), '[]') from (
  select i.id, i.reference, i.title, i.status, i.severity, i.opened_at,
    (select json_build_object('id', p.id, 'name', p.name) from role_assignment ra join person p on p.id = ra.person_id
      where ra.incident_id = i.id and ra.role = 'lead') as lead,
    (select coalesce(json_agg(e), '[]') from (
       select t.id, t.kind, t.body, t.occurred_at from timeline_event t
        where t.incident_id = i.id order by t.occurred_at desc, t.id desc limit 3) e) as last_events,
    (select count(*) from action a where a.incident_id = i.id and a.status = 'open') as open_actions
  from incident i where i.status = 'open' order by i.opened_at desc, i.id desc limit 50) r;",
    page: r"\set id random(1, 100)
select json_build_object('id', i.id, 'reference', i.reference, 'title', i.title, 'summary', i.summary,
  'status', i.status, 'severity', i.severity, 'opened_at', i.opened_at, 'resolved_at', i.resolved_at,
  'timeline', (select coalesce(json_agg(json_build_object('id', t.id, 'kind', t.kind, 'body', t.body, 'occurred_at', t.occurred_at,
                 'author', json_build_object('id', p.id, 'name', p.name)) order by t.occurred_at desc, t.id desc), '[]')
       from (select * from timeline_event where incident_id = i.id order by occurred_at desc, id desc limit 100) t
       join person p on p.id = t.author_id),
  'roles', (select coalesce(json_agg(json_build_object('role', ra.role, 'person', json_build_object('id', p.id, 'name', p.name))
                 order by ra.id), '[]') from role_assignment ra join person p on p.id = ra.person_id where ra.incident_id = i.id),
  'actions', (select coalesce(json_agg(json_build_object('id', a.id, 'title', a.title, 'status', a.status, 'due_at', a.due_at,
                 'assignee', json_build_object('id', p.id, 'name', p.name)) order by a.id), '[]')
       from action a join person p on p.id = a.assignee_id where a.incident_id = i.id),
  'clients', (select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'tier', c.tier, 'impact', ic.impact)
                 order by c.id), '[]') from incident_client ic join client c on c.id = ic.client_id where ic.incident_id = i.id))
from incident i where i.id = :id;",
    append: r"\set id random(1, :n)
\set a random(1, 500)
insert into timeline_event (incident_id, author_id, kind, body, occurred_at)
values (:id, :a, 'note', 'responder confirmed mitigation: traffic shifted to the standby region, error rate falling', now())
returning id, incident_id, author_id, kind, body, occurred_at;",
    append_locked: r"\set id random(1, :n)
\set a random(1, 500)
begin;
select id, status from incident where id = :id for update;
insert into timeline_event (incident_id, author_id, kind, body, occurred_at)
values (:id, :a, 'note', 'responder confirmed mitigation: traffic shifted to the standby region, error rate falling', now())
returning id;
update incident set resolved_at = resolved_at where id = :id;
commit;",
};

/// Statements for SQLite; `?1` is the incident, `?2` the author.
pub const SQLITE: Statements = Statements {
    board: "select json_group_array(json_object('id', i.id, 'reference', i.reference, 'title', i.title, 'status', i.status,
    'severity', i.severity, 'opened_at', i.opened_at,
    'lead', json((select json_object('id', p.id, 'name', p.name) from role_assignment ra join person p on p.id = ra.person_id
      where ra.incident_id = i.id and ra.role = 'lead')),
    'last_events', json((select json_group_array(json_object('id', e.id, 'kind', e.kind, 'body', e.body, 'occurred_at', e.occurred_at))
      from (select * from timeline_event t where t.incident_id = i.id order by t.occurred_at desc, t.id desc limit 3) e)),
    'open_actions', (select count(*) from action a where a.incident_id = i.id and a.status = 'open')))
  from (select * from incident where status = 'open' order by opened_at desc, id desc limit 50) i",
    page: "select json_object('id', i.id, 'reference', i.reference, 'title', i.title, 'summary', i.summary,
  'status', i.status, 'severity', i.severity, 'opened_at', i.opened_at, 'resolved_at', i.resolved_at,
  'timeline', json((select json_group_array(json_object('id', t.id, 'kind', t.kind, 'body', t.body, 'occurred_at', t.occurred_at,
                 'author', json_object('id', p.id, 'name', p.name)))
       from (select * from timeline_event where incident_id = i.id order by occurred_at desc, id desc limit 100) t
       join person p on p.id = t.author_id)),
  'roles', json((select json_group_array(json_object('role', ra.role, 'person', json_object('id', p.id, 'name', p.name)))
       from role_assignment ra join person p on p.id = ra.person_id where ra.incident_id = i.id)),
  'actions', json((select json_group_array(json_object('id', a.id, 'title', a.title, 'status', a.status, 'due_at', a.due_at,
                 'assignee', json_object('id', p.id, 'name', p.name)))
       from action a join person p on p.id = a.assignee_id where a.incident_id = i.id)),
  'clients', json((select json_group_array(json_object('id', c.id, 'name', c.name, 'tier', c.tier, 'impact', ic.impact))
       from incident_client ic join client c on c.id = ic.client_id where ic.incident_id = i.id)))
from incident i where i.id = ?1",
    append: "insert into timeline_event (incident_id, author_id, kind, body, occurred_at) values (?1, ?2, 'note',
  'responder confirmed mitigation: traffic shifted to the standby region, error rate falling', '2026-06-01T00:00:00+00:00')
  returning id",
    append_locked: "update incident set resolved_at = resolved_at where id = ?1",
};

/// Makes the plain tables at `place` and fills them with `scale` incidents.
pub async fn load(place: &Place, scale: usize) -> Result<()> {
    let [id, integer, time] = match place {
        Place::Postgres(_) => ["bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "bigint", "timestamptz"],
        Place::Sqlite(_) => ["integer PRIMARY KEY", "integer", "text"],
    };
    let create = CREATE.replace("{id}", id).replace("{integer}", integer).replace("{time}", time);
    Store::execute(place, &create).await?;
    let mut store = Store::open(place, TABLES).await?;
    for number in 1..=data::PEOPLE {
        let (name, email) = (data::person_name(number), data::person_email(number));
        store.push(PERSON, &[Cell::Int(number as i64), Cell::Text(&name), Cell::Text(&email)]).await?;
    }
    for number in 1..=data::CLIENTS {
        store.push(CLIENT, &[Cell::Int(number as i64), Cell::Text(&data::client_name(number)), Cell::Text("silver")]).await?;
    }
    let mut numbers = Numbers::default();
    for incident in Incidents::new(scale) {
        fill(&mut store, &mut numbers, &incident).await?;
    }
    if let Place::Postgres(_) = place {
        for (table, last) in [("timeline_event", numbers.event), ("role_assignment", numbers.role), ("action", numbers.action)] {
            store.run(&format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})")).await?;
        }
    }
    store.finish().await?;
    if let Place::Sqlite(_) = place {
        Store::execute(place, "ANALYZE").await?;
    }
    Ok(())
}

#[derive(Default)]
struct Numbers {
    event: i64,
    role: i64,
    action: i64,
}

async fn fill(store: &mut Store, numbers: &mut Numbers, incident: &data::Incident) -> Result<()> {
    let id = Cell::Int(incident.number as i64);
    let person = |number: usize| Cell::Int(number as i64);
    let reference = format!("INC-{:07}", incident.number);
    let status = match incident.state {
        data::State::Live => "open",
        data::State::Resolved => "resolved",
        data::State::Closed => "closed",
    };
    let severity = ["SEV1", "SEV2", "SEV3", "SEV4"][incident.severity];
    let at = Cell::Time(incident.opened_at);
    let texts = [&reference, &incident.name, &incident.summary, status, severity].map(Cell::Text);
    let [reference, title, summary, status, severity] = texts;
    store.push(INCIDENT, &[id, reference, title, summary, status, severity, at, incident.resolved_at.into()]).await?;
    for event in &incident.events {
        numbers.event += 1;
        let kind = ["note", "status_change", "message", "alert", "action_added"][event.kind];
        let row = [Cell::Int(numbers.event), id, person(event.author), Cell::Text(kind), Cell::Text(&event.text), Cell::Time(event.at)];
        store.push(EVENT, &row).await?;
    }
    for (role, holder) in ["lead", "comms", "scribe"].into_iter().zip(incident.roles) {
        numbers.role += 1;
        store.push(ROLE, &[Cell::Int(numbers.role), id, person(holder), Cell::Text(role), at]).await?;
    }
    for action in &incident.actions {
        numbers.action += 1;
        let status = if action.open { "open" } else { "done" };
        let row = [Cell::Int(numbers.action), id, person(action.assignee), Cell::Text(&action.title), Cell::Text(status), at];
        store.push(ACTION, &row).await?;
    }
    for affected in &incident.clients {
        store.push(AFFECTED, &[id, person(affected.client), Cell::Text(affected.impact)]).await?;
    }
    Ok(())
}
