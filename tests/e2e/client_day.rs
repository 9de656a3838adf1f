//! A day of affected clients on the test clock (R12, R21, R22): reminders come by the hour, begin again with each update, and end with
//! the resolution; nobody outside hears anything unless a person pressed Send.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{DeskOrder, Effect, MailOrder, Outlet};
use domain::{Ctx, delivery};
use entity::{ClientId, IncidentId, System};
use harness::drive::{id, text};
use harness::worker::Outside;
use harness::{Client, Engine, TestApp, run_with};
use serde_json::{Value, json};

use crate::fixture;

/// How often the day looks at the clock.
const TICK: Duration = Duration::from_mins(5);
const NOBODY: [&str; 0] = [];

#[test]
fn clients_are_told_by_the_hour_and_only_by_people() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine).connected(System::Email).connected(System::Zendesk), a_day);
    }
}

/// One incident, those who work on it, and everything outside.
struct Day<'a> {
    app: &'a TestApp,
    ctx: Ctx,
    outside: Arc<Outside>,
    sam: Client,
    incident: Value,
}

impl Day<'_> {
    /// Lets time pass until the clock shows `time`, like a worker that never sleeps long.
    async fn until(&self, time: &str) {
        while self.app.now().format("%H:%M").to_string() != time {
            self.app.advance(TICK);
            fixture::remind_all(&self.ctx).await;
            self.deliver().await;
        }
    }

    async fn deliver(&self) {
        loop {
            let mut claims = delivery::claim_due(&self.ctx, System::Email, 100).await.unwrap();
            claims.extend(delivery::claim_due(&self.ctx, System::Zendesk, 100).await.unwrap());
            if claims.is_empty() {
                return;
            }
            for claim in claims {
                let outcome = self.outside.carry_out(&claim.order).await;
                delivery::record(&self.ctx, &claim, outcome).await.unwrap();
            }
        }
    }

    async fn affect(&self, client: &str, affected: bool) {
        let input = json!({ "incidentId": self.incident["id"], "clientId": client, "affected": affected });
        self.sam.incident_of("markClientAffected", input).await;
    }

    /// A person presses Send.
    async fn press(&self, clients: Option<&[&str]>) {
        let input = json!({ "incidentId": self.incident["id"], "body": "We are on it.", "clientIds": clients });
        let sent = self.sam.mutate("sendClientUpdate", input, "clientUpdate { id }").await;
        self.deliver().await;
        let sent = self.sam.node(id(&sent["clientUpdate"]), "ClientUpdate { state }").await;
        assert_eq!(sent["state"], "SENT");
    }

    /// Everyone outside who was told something after the first `known`.
    fn told_after(&self, known: usize) -> Vec<String> {
        let orders = self.outside.orders();
        let told = orders.iter().filter_map(|order| match &order.effect {
            Effect::Desk(DeskOrder::Comment(comment)) if comment.public => Some(format!("ticket {}", comment.ticket)),
            Effect::Mail(MailOrder::Email(email)) if email.to.ends_with("@client.example") => {
                Some(email.to.trim_end_matches("@client.example").to_owned())
            }
            _ => None,
        });
        let mut told: Vec<String> = told.skip(known).collect();
        told.sort_unstable();
        told
    }

    /// The board: who must be told next, by when, and the state of that.
    async fn board(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let board = self.sam.incident("INC-1", "clientBoard { client { name } nextDueAt nextState standing toldCount }").await;
        let row = |row: &Value| {
            let due = row["nextDueAt"].as_str().map(|at| at[11..16].to_owned());
            (text(&row["client"], "name").to_owned(), due, row["nextState"].as_str().map(str::to_owned))
        };
        board["clientBoard"].as_array().unwrap().iter().map(row).collect()
    }

    async fn expect(&self, expected: &[(&str, &str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(name, due, state)| ((*name).to_owned(), Some((*due).to_owned()), Some((*state).to_owned()))).collect();
        assert_eq!(self.board().await, expected, "at {}", self.app.now().format("%H:%M"));
    }

    async fn standing(&self, name: &str) -> String {
        let board = self.sam.incident("INC-1", "clientBoard { client { name } standing }").await;
        let row = board["clientBoard"].as_array().unwrap().iter().find(|row| row["client"]["name"] == name).unwrap().clone();
        text(&row, "standing").to_owned()
    }

    /// When people were reminded to tell clients.
    async fn reminders(&self) -> Vec<String> {
        let events = self.sam.timeline(id(&self.incident)).await;
        let prompts = events.iter().filter(|event| event["kind"] == "PROMPT");
        let steps = prompts.flat_map(|event| event["details"]["steps"].as_array().unwrap().iter().map(move |step| (event, step)));
        let words = |(event, step): (&Value, &Value)| {
            let (at, key) = (text(event, "occurredAt"), text(step, "step").trim_start_matches("client-update:"));
            format!("{} {} {key}", &at[11..16], text(step, "stage"))
        };
        steps.filter(|(_, step)| step["rule"] == "client-update").map(words).collect()
    }
}

async fn client(sam: &Client, name: &str, contacts: &[&str]) -> String {
    let contacts: Vec<Value> = contacts.iter().map(|to| json!({ "name": to, "email": format!("{to}@client.example") })).collect();
    id(&sam.mutate("saveClient", json!({ "name": name, "contacts": contacts }), "client { id }").await["client"]).to_owned()
}

async fn begin(app: &TestApp) -> Day<'_> {
    let (sam, cleo) = (app.responder("Sam").await, app.responder("Cleo").await);
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() })).await;
    let comms = json!({ "incidentId": incident["id"], "role": "CLIENT_COMMS_MANAGER", "personId": cleo.id() });
    sam.incident_of("assignRole", comms).await;
    Day { app, ctx: app.system(), outside: Outside::new(), sam, incident }
}

async fn a_day(app: &TestApp) {
    let day = begin(app).await;
    let sam = &day.sam;
    let alpha = client(sam, "Alpha", &["anne"]).await;
    let beta = client(sam, "Beta", &["bob"]).await;
    let gamma = client(sam, "Gamma", &["gil", "gus"]).await;

    day.affect(&alpha, true).await;
    day.until("03:20").await;
    day.affect(&beta, true).await;
    let incident = IncidentId::parse(id(&day.incident)).unwrap();
    fixture::keep_tickets(&day.ctx, vec![fixture::linked_ticket(&day.ctx, incident, ClientId::parse(&beta).unwrap(), "21")]).await;
    day.until("04:05").await;
    day.expect(&[("Alpha", "04:00", "DUE"), ("Beta", "04:20", "UPCOMING")]).await;
    assert_eq!(day.standing("Alpha").await, "No update yet; next due 5 min ago.");
    assert_eq!(day.told_after(0), NOBODY, "a reminder goes to the team and to nobody else");

    day.press(None).await;
    assert_eq!(day.told_after(0), ["anne", "ticket 21"]);
    day.until("04:30").await;
    day.affect(&gamma, true).await;
    day.expect(&[("Alpha", "05:05", "UPCOMING"), ("Beta", "05:05", "UPCOMING"), ("Gamma", "05:30", "UPCOMING")]).await;
    assert_eq!(day.standing("Beta").await, "Last update 25 min ago; next in 35 min.");
    day.until("05:20").await;
    day.expect(&[("Alpha", "05:05", "OVERDUE"), ("Beta", "05:05", "OVERDUE"), ("Gamma", "05:30", "UPCOMING")]).await;

    // Only two of the three are told: the third one's hour keeps running.
    day.press(Some(&[&alpha, &beta])).await;
    day.until("05:30").await;
    let worse = json!({ "incidentId": day.incident["id"], "severity": "CRITICAL", "reason": "it spreads" });
    sam.incident_of("changeSeverity", worse).await;
    day.expect(&[("Alpha", "06:20", "UPCOMING"), ("Beta", "06:20", "UPCOMING"), ("Gamma", "05:30", "DUE")]).await;
    day.until("06:00").await;
    day.press(Some(&[&gamma])).await;
    assert_eq!(day.told_after(2), ["anne", "gil", "gus", "ticket 21"]);
    day.until("06:25").await;
    day.expect(&[("Alpha", "06:20", "DUE"), ("Beta", "06:20", "DUE"), ("Gamma", "07:00", "UPCOMING")]).await;

    // Clients that are no longer affected are no longer told.
    day.affect(&beta, false).await;
    day.until("06:40").await;
    day.press(None).await;
    assert_eq!(day.told_after(6), ["anne", "gil", "gus"]);
    day.expect(&[("Alpha", "07:40", "UPCOMING"), ("Gamma", "07:40", "UPCOMING")]).await;

    // Nobody presses for hours.
    day.until("10:10").await;
    assert_eq!(day.told_after(9), NOBODY);
    day.expect(&[("Alpha", "07:40", "OVERDUE"), ("Gamma", "07:40", "OVERDUE")]).await;
    day.press(None).await;
    day.until("10:30").await;
    sam.resolve(id(&day.incident)).await;
    assert_eq!(day.board().await, [("Alpha".to_owned(), None, None), ("Gamma".to_owned(), None, None)]);
    assert_eq!(day.standing("Alpha").await, "Last update 20 min ago.");
    day.until("11:00").await;
    day.press(None).await;
    day.until("10:55").await;
    assert_eq!(day.told_after(15), NOBODY, "after the last update there is silence");
    let stages = [
        "04:00 DUE 0.1",
        "05:05 DUE 1.1",
        "05:15 OVERDUE 1.1",
        "05:30 DUE 2.1",
        "05:40 OVERDUE 2.1",
        "06:20 DUE 3.1",
        "06:30 OVERDUE 3.1",
        "07:40 DUE 4.1",
        "07:50 OVERDUE 4.1",
        "08:40 DUE 4.2",
        "08:50 OVERDUE 4.2",
        "09:40 DUE 4.3",
        "09:50 OVERDUE 4.3",
    ];
    assert_eq!(day.reminders().await, stages);
}
