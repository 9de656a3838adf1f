//! What tests of several subjects begin with: rows that requests can't make, or not quickly, and a few that they can.

use domain::Ctx;
use domain::incident::{Declare, declare};
use domain::people::{UpdatePerson, update};
use domain::playbook::{AlertRules, Playbook};
use domain::telling::reminders::remind_some;
use domain::timeline::chain;
use entity::{
    AlertId, ClientId, EventId, Grant, Importance, IncidentId, Severity, Source, System, TicketId, TicketLink, TimelineKind, Visibility,
    alert, client, incident, incident_client, ticket, timeline_event,
};
use harness::drive::id;
use harness::{Client, Engine, TestApp};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel, QueryFilter, Statement};
use serde_json::{Value, json};

/// Rows in one statement; SQLite takes 32,766 values.
const BATCH: usize = 1_000;

/// Reminds people of everything that is due.
pub async fn remind_all(ctx: &Ctx) {
    while remind_some(ctx).await.unwrap() {}
}

/// Gives a person this grant, and no other.
pub async fn grant(app: &TestApp, to: &Client, grant: Grant) {
    let input = UpdatePerson { grants: Some(vec![grant]), ..UpdatePerson::default() };
    update(&app.system(), to.person_id(), input).await.unwrap();
}

/// Puts these rules for alerts into the playbook in force.
pub fn put_in_force(app: &TestApp, rules: &str) {
    let alert_rules = AlertRules::read(rules).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let before = app.domain.playbook();
    app.domain.replace_playbook(Playbook { alert_rules, ..(*before).clone() });
}

/// A client with these contacts.
pub async fn client_with(by: &Client, name: &str, contacts: Value) -> String {
    id(&by.mutate("saveClient", json!({ "name": name, "contacts": contacts }), "client { id }").await["client"]).to_owned()
}

/// An incident with this many events in a valid chain.
pub async fn long_timeline(ctx: &Ctx, events: i32) -> IncidentId {
    let input = Declare {
        incident_id: None,
        name: Some("a long night".into()),
        description: None,
        severity: Severity::Major,
        lead_id: None,
        site_ids: Vec::new(),
        affected_client_ids: Vec::new(),
        flags: None,
        visibility: Visibility::Open,
        impact_started_at: None,
    };
    let mut incident = declare(ctx, input, None).await.unwrap();
    let id = incident.id;
    let mut rows = Vec::new();
    for sequence in incident.last_sequence + 1..=events {
        let mut event = timeline_event::Model {
            id: EventId(ctx.ids.uuid(ctx.now())),
            incident_id: id,
            sequence,
            kind: TimelineKind::Note,
            occurred_at: ctx.now(),
            recorded_at: ctx.now(),
            actor_id: ctx.actor.person_id(),
            source: Source::Api,
            text: format!("event {sequence}"),
            details: None,
            amends_id: None,
            starred: sequence % 1_000 == 0,
            hash: Vec::new(),
            redacted_at: None,
        };
        event.hash = chain::hash(&incident.last_hash, &event);
        incident.last_hash.clone_from(&event.hash);
        rows.push(event.into_active_model());
    }
    for batch in rows.chunks(BATCH) {
        timeline_event::Entity::insert_many(batch.to_vec()).exec_without_returning(ctx.db.write()).await.unwrap();
    }
    incident.last_sequence = events;
    // As the door does: what a server keeps of an incident counts for its version.
    incident.version += 1;
    let row: incident::ActiveModel = incident.into_active_model();
    row.reset_all().update(ctx.db.write()).await.unwrap();
    id
}

/// An alert that belongs to `incident`, as its id.
pub async fn alert_of(app: &TestApp, incident: &str) -> String {
    let ctx = app.system();
    let row = alert::Model {
        id: AlertId(ctx.ids.uuid(ctx.now())),
        source: "alertmanager".into(),
        fingerprint: incident.into(),
        identity: String::new(),
        group_key: "intrusion".into(),
        title: "strange log-in".into(),
        firing: true,
        starts_at: ctx.now(),
        ends_at: None,
        told_start: None,
        told_end: None,
        severity: None,
        count: 1,
        incident_id: IncidentId::parse(incident),
        labels: serde_json::json!({}),
        received_at: ctx.now(),
        stretch: None,
        look_at: None,
    };
    alert::Entity::insert(row.clone().into_active_model()).exec_without_returning(ctx.db.write()).await.unwrap();
    row.id.to_string()
}

/// A ticket of `client` that is linked to `incident`.
pub fn linked_ticket(ctx: &Ctx, incident: IncidentId, client: ClientId, number: &str) -> ticket::Model {
    ticket::Model {
        id: TicketId(ctx.ids.uuid(ctx.now())),
        incident_id: incident,
        system: System::Zendesk,
        external_id: number.to_owned(),
        url: None,
        parent: false,
        link: TicketLink::Linked,
        subject: None,
        status: Some("open".to_owned()),
        client_id: Some(client),
        created_at: ctx.now(),
        seen_at: None,
    }
}

/// Keeps these tickets.
pub async fn keep_tickets(ctx: &Ctx, tickets: Vec<ticket::Model>) {
    let rows = tickets.into_iter().map(IntoActiveModel::into_active_model);
    ticket::Entity::insert_many(rows).exec_without_returning(ctx.db.write()).await.unwrap();
}

/// This many clients that `incident` affects, each with one linked ticket.
pub async fn affected_clients(ctx: &Ctx, incident: IncidentId, count: usize) -> Vec<ClientId> {
    let clients: Vec<client::Model> = (0..count)
        .map(|number| client::Model {
            id: ClientId(ctx.ids.uuid(ctx.now())),
            name: format!("Client {number:03}"),
            importance: Importance::Normal,
            zendesk_organization_id: None,
            created_at: ctx.now(),
        })
        .collect();
    let ids: Vec<ClientId> = clients.iter().map(|client| client.id).collect();
    let affected =
        ids.iter().map(|id| incident_client::Model { incident_id: incident, client_id: *id, since: ctx.now(), note: None, told_at: None });
    let tickets = ids.iter().zip(1_000..).map(|(id, number)| linked_ticket(ctx, incident, *id, &number.to_string())).collect();
    let (clients, affected) =
        (clients.into_iter().map(IntoActiveModel::into_active_model), affected.map(IntoActiveModel::into_active_model));
    client::Entity::insert_many(clients).exec_without_returning(ctx.db.write()).await.unwrap();
    incident_client::Entity::insert_many(affected).exec_without_returning(ctx.db.write()).await.unwrap();
    let raised = incident::Entity::update_many().col_expr(incident::Column::Version, Expr::col(incident::Column::Version).add(1));
    raised.filter(incident::Column::Id.eq(incident)).exec(ctx.db.write()).await.unwrap();
    keep_tickets(ctx, tickets).await;
    ids
}

/// All that the database keeps, as tables and the texts of their rows, in lower case and in order.
pub async fn rows(app: &TestApp) -> Vec<(String, String)> {
    #[derive(FromQueryResult)]
    struct Text {
        text: String,
    }
    let db = app.domain.db.read();
    let texts = async |sql: &str| -> Vec<String> {
        let rows = Text::find_by_statement(Statement::from_string(app.domain.db.backend(), sql)).all(db).await.unwrap();
        rows.into_iter().map(|row| row.text).collect()
    };
    let tables = texts(match app.engine() {
        Engine::Sqlite => "SELECT name AS text FROM sqlite_master WHERE type = 'table' ORDER BY name",
        Engine::Postgres => "SELECT table_name AS text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1",
    })
    .await;
    assert!(tables.len() > 40, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let row = match app.engine() {
            Engine::Sqlite => {
                let columns = texts(&format!("SELECT name AS text FROM pragma_table_info('{table}')")).await;
                let text = |column: &String| {
                    format!(
                        "coalesce(CASE typeof(\"{column}\") WHEN 'blob' THEN hex(\"{column}\") ELSE CAST(\"{column}\" AS TEXT) END, '')"
                    )
                };
                columns.iter().map(text).collect::<Vec<_>>().join(" || ' ' || ")
            }
            Engine::Postgres => format!("\"{table}\"::text"),
        };
        let rows = texts(&format!("SELECT lower({row}) AS text FROM \"{table}\" ORDER BY 1")).await;
        found.extend(rows.into_iter().map(|row| (table.clone(), row)));
    }
    found
}

/// Words as texts have them: few that are in many of them, and many that are in few.
pub struct Words(pub u64);

impl Words {
    /// A number below `bound`, always the same ones in turn.
    pub fn next(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }

    /// The next word.
    pub fn word(&mut self) -> String {
        // The rank of each word is the product of two numbers: half of all words are among some 200.
        let mut rank = self.next(200) * self.next(100);
        let mut word = String::new();
        for _ in 0..4 {
            word.push(char::from(b"bdfgklmnprst"[usize::try_from(rank % 12).unwrap()]));
            word.push(char::from(b"aeiou"[usize::try_from(rank % 5).unwrap()]));
            rank /= 12;
        }
        word
    }

    /// So many of them.
    pub fn text(&mut self, words: usize) -> String {
        (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }
}
