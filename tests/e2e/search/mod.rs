//! Incidents are found by words of their names, summaries and timelines, as they are now, and by nobody who may not see them.

mod speed;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use domain::archive;
use domain::chores::{Chore, carry_out};
use domain::incident::{self as incidents, IncidentFilter};
use domain::search::words::{named, words};
use domain::timeline::others::is_searched;
use entity::{counter, incident, incident_word, timeline_event};
use futures_util::future::join_all;
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::fixture::{Words, long_timeline};

both_dbs![
    what_is_found_is_what_a_look_at_every_text_finds,
    a_word_is_found_by_its_beginning_whatever_its_case_accents_and_signs,
    what_is_restricted_is_neither_found_nor_counted,
    what_is_taken_out_is_found_only_where_it_still_stands,
    many_writers_at_once_lose_no_word,
    an_incident_that_is_taken_in_is_found,
    incidents_of_before_are_found_once_the_chore_was_there,
    who_watches_what_is_searched_for_is_told_of_that,
];

/// What people write at night. Some begin like others, and one of their parts is a word as well.
const WRITTEN: [&str; 16] = [
    "disk",
    "diskless",
    "web-3.example.org",
    "web-31.example.org",
    "10.0.0.7:8080",
    "502",
    "5021",
    "ERR_CONN_42",
    "checkout",
    "check",
    "(checkout)",
    "/var/log/mail.log",
    "#4711",
    "expired,",
    "expires",
    "mail",
];

/// The references of what `text` finds, newest first.
async fn found(who: &Client, text: &str) -> Vec<String> {
    let query = "query($t: String!) { incidents(filter: { text: $t }, first: 200) { totalCount nodes { reference } } }";
    let found = who.query(query, json!({ "t": text })).await["incidents"].take();
    let nodes = found["nodes"].as_array().unwrap();
    assert_eq!(found["totalCount"], nodes.len(), "{text}");
    nodes.iter().map(|node| node["reference"].as_str().unwrap().to_owned()).collect()
}

/// Fails unless each incident is found by exactly what it says, by the rows.
async fn assert_exact(app: &TestApp) {
    let db = app.domain.db.read();
    let incidents = incident::Entity::find().all(db).await.unwrap();
    let mut expected: BTreeMap<i32, BTreeSet<String>> = incidents.iter().map(|row| (row.number, named(row))).collect();
    for event in timeline_event::Entity::find().all(db).await.unwrap().iter().filter(|event| is_searched(event.kind, &event.text)) {
        let number = incidents.iter().find(|row| row.id == event.incident_id).unwrap().number;
        expected.entry(number).or_default().extend(words(&event.text));
    }
    let mut kept: BTreeMap<i32, BTreeSet<String>> = incidents.iter().map(|row| (row.number, BTreeSet::new())).collect();
    for row in incident_word::Entity::find().all(db).await.unwrap() {
        kept.entry(row.number).or_default().insert(row.word);
    }
    assert_eq!(kept, expected);
}

/// Whether a word of `text` begins like this, by looking at every place in it.
fn says(text: &str, beginning: &str) -> bool {
    let (text, beginning) = (text.to_lowercase(), beginning.to_lowercase());
    let begins = |at: usize| text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    text.char_indices().any(|(at, _)| text[at..].starts_with(&beginning) && begins(at))
}

struct Night {
    dice: Words,
    /// Incidents that go on, as their ids.
    incidents: Vec<Value>,
    /// Notes that nobody took out.
    notes: Vec<Value>,
}

impl Night {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.dice.next(u64::try_from(bound).unwrap())).unwrap()
    }

    fn written(&mut self, count: usize) -> String {
        (0..count).map(|_| WRITTEN[self.below(WRITTEN.len())]).collect::<Vec<_>>().join(" ")
    }

    async fn declare(&mut self, app: &TestApp, sam: &Client) {
        app.advance(Duration::from_secs(1));
        let input = json!({ "name": self.written(2), "description": self.written(2), "severity": "MINOR" });
        self.incidents.push(sam.declare_with(input).await["id"].take());
    }

    async fn go_on(&mut self, ada: &Client) {
        let at = self.below(self.incidents.len());
        let incident = self.incidents[at].clone();
        match self.below(8) {
            0 => drop(ada.incident_of("updateIncident", json!({ "incidentId": incident, "name": self.written(2) })).await),
            1 => {
                let summary = if self.below(2) == 0 { Value::Null } else { self.written(3).into() };
                ada.incident_of("updateIncident", json!({ "incidentId": incident, "summary": summary })).await;
            }
            2 if !self.notes.is_empty() => {
                let at = self.below(self.notes.len());
                let note = self.notes.swap_remove(at);
                ada.mutate("redactEvent", json!({ "eventId": note, "reason": self.written(1) }), "event { id }").await;
            }
            3 if !self.notes.is_empty() => {
                let at = self.below(self.notes.len());
                ada.event_of("amendTimelineEvent", json!({ "eventId": self.notes[at], "text": self.written(1) })).await;
            }
            _ => {
                let note = self.written(2);
                self.notes.push(ada.note(incident.as_str().unwrap(), &note).await["id"].take());
            }
        }
    }
}

/// All that each incident says, newest first.
async fn texts(ada: &Client) -> Vec<(String, Vec<String>)> {
    let list = ada.query("{ incidents(first: 200) { nodes { id reference name summary } } }", Value::Null).await;
    let mut all = Vec::new();
    for node in list["incidents"]["nodes"].as_array().unwrap() {
        let mut texts = vec![text(node, "name").to_owned(), node["summary"].as_str().unwrap_or_default().to_owned()];
        let events = ada.timeline(id(node)).await;
        texts.extend(events.iter().filter(|event| event["kind"] != "MERGED").map(|event| text(event, "text").to_owned()));
        all.push((text(node, "reference").to_owned(), texts));
    }
    all
}

async fn what_is_found_is_what_a_look_at_every_text_finds(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let mut night = Night { dice: Words(51), incidents: Vec::new(), notes: Vec::new() };
    for _ in 0..16 {
        night.declare(app, &sam).await;
    }
    for _ in 0..90 {
        night.go_on(&ada).await;
    }
    sam.incident_of("mergeIncident", json!({ "incidentId": night.incidents[0], "intoIncidentId": night.incidents[1] })).await;
    assert_exact(app).await;
    let all = texts(&ada).await;
    let mut told_apart = 0;
    for _ in 0..80 {
        let beginnings: Vec<String> = (0..=night.below(3))
            .map(|_| {
                let word = night.written(1);
                let length = 1 + night.below(word.len());
                word[..length].trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
            })
            .collect();
        let says_all = |texts: &[String]| beginnings.iter().all(|beginning| texts.iter().any(|text| says(text, beginning)));
        let expected: Vec<&str> = all.iter().filter(|(_, texts)| says_all(texts)).map(|(reference, _)| reference.as_str()).collect();
        assert_eq!(found(&ada, &beginnings.join(" ")).await, expected, "{beginnings:?}");
        told_apart += usize::from(!expected.is_empty() && expected.len() < all.len());
    }
    assert!(told_apart > 30, "most searches find some and not all: {told_apart}");
}

async fn a_word_is_found_by_its_beginning_whatever_its_case_accents_and_signs(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "DiskAlmostFull: Café Zoë", "description": "errors", "severity": "MINOR" })).await;
    sam.note(id(&incident), "web-3.example.org answered “502” (ERR_CONN_42), see https://status.example.com/x?y=1 and 数据库").await;
    for (typed, count) in [
        ("almost", 1),
        ("DISKALM", 1),
        ("cafe zoe", 1),
        ("CAFÉ", 1),
        ("web-3", 1),
        ("example.org", 1),
        ("err_conn", 1),
        ("conn_42", 1),
        ("\"502\"", 1),
        ("status.example.com/x", 1),
        ("https://status", 1),
        ("据库", 1),
        ("-- 502", 1),
        ("ample", 0),
        ("web-4", 0),
        ("502 504", 0),
        ("conn-42", 0),
    ] {
        assert_eq!(found(&sam, typed).await.len(), count, "{typed}");
    }
    assert_eq!(found(&sam, "--").await, ["INC-1"], "signs alone look for nothing");
}

async fn what_is_restricted_is_neither_found_nor_counted(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    kim.declare("a quokka in the shop").await;
    let secret = sam.declare_with(json!({ "name": "quokka and numbat", "severity": "CRITICAL", "visibility": "RESTRICTED" })).await;
    sam.note(id(&secret), "the bilby door").await;
    for (typed, of_sam, of_kim) in [("quokka", 2, 1), ("numbat", 1, 0), ("bilby", 1, 0), ("quokka bil", 1, 0)] {
        assert_eq!((found(&sam, typed).await.len(), found(&kim, typed).await.len()), (of_sam, of_kim), "{typed}");
    }
    sam.incident_of("shareIncident", json!({ "incidentId": secret["id"], "personId": kim.id(), "shared": true })).await;
    assert_eq!(found(&kim, "bilby").await, ["INC-2"]);
}

async fn what_is_taken_out_is_found_only_where_it_still_stands(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let incident = sam.declare_with(json!({ "name": "quokka on the stairs", "description": "all is down", "severity": "MINOR" })).await;
    let note = sam.note(id(&incident), "the numbat said bilby").await;
    sam.note(id(&incident), "bilby again, says dunnart").await;
    sam.event_of("amendTimelineEvent", json!({ "eventId": note["id"], "text": "the potoroo said bilby" })).await;
    for word in ["quokka", "stairs", "down", "numbat", "bilby", "potoroo", "dunnart"] {
        assert_eq!(found(&sam, word).await.len(), 1, "{word}");
    }
    ada.mutate("redactEvent", json!({ "eventId": note["id"], "reason": "a name" }), "event { id }").await;
    let edit = json!({ "incidentId": incident["id"], "name": "dunnart on the stairs", "summary": null });
    sam.incident_of("updateIncident", edit).await;
    for (word, count) in [("quokka", 0), ("stairs", 1), ("down", 1), ("numbat", 0), ("potoroo", 0), ("bilby", 1), ("dunnart", 1)] {
        assert_eq!(found(&sam, word).await.len(), count, "{word}");
    }
    // The name gives it up, the note has it still.
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "name": "stairs" })).await;
    assert_eq!(found(&sam, "dunnart").await.len(), 1);
    assert_exact(app).await;
}

async fn many_writers_at_once_lose_no_word(app: &TestApp) {
    let ada = app.admin().await;
    let second = if app.engine() == Engine::Postgres { Some(app.second_process().await) } else { None };
    let there = second.as_ref().map_or_else(|| ada.clone(), |second| ada.at(second));
    let incident = ada.declare("quokka").await;
    let note = ada.note(id(&incident), "secret of the numbat").await;
    let writers = (0..24_usize).map(async |number| {
        let who = if number % 2 == 0 { &ada } else { &there };
        let of = |rest: Value| {
            let mut input = json!({ "incidentId": incident["id"] });
            input.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            input
        };
        match number % 6 {
            0 => drop(who.incident_of("updateIncident", of(json!({ "name": format!("name{number} of it") }))).await),
            1 => drop(who.mutate("redactEvent", json!({ "eventId": note["id"], "reason": "a name" }), "event { id }").await),
            _ => drop(who.note(id(&incident), &format!("word{number} of the numbat")).await),
        }
    });
    join_all(writers).await;
    assert_exact(app).await;
    assert_eq!((found(&ada, "numbat word23").await.len(), found(&ada, "secret").await.len()), (1, 0));
    if let Some(second) = second {
        second.stop().await;
    }
}

async fn an_incident_that_is_taken_in_is_found(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let incident = sam.report("quokka in the shop").await;
    sam.note(id(&incident), "web-3 says numbat").await;
    sam.incident_of("declineIncident", json!({ "incidentId": incident["id"], "reason": "only a bilby" })).await;
    let bytes = ada.get("/incidents/INC-1/archive.zip").await.bytes().await.unwrap();
    let other = if app.engine() == Engine::Sqlite { Engine::Postgres } else { Engine::Sqlite };
    app.elsewhere(other, async |there| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        archive::import(&there.system(), file).await.unwrap();
        let kim = there.responder("Kim").await;
        for word in ["quokka", "web-3", "numbat bilby"] {
            assert_eq!(found(&kim, word).await, ["INC-1"], "{word}");
        }
        assert_exact(there).await;
    })
    .await;
}

async fn incidents_of_before_are_found_once_the_chore_was_there(app: &TestApp) {
    let (sam, ctx) = (app.responder("Sam").await, app.system());
    // More than are read at once, and written past the door.
    long_timeline(&ctx, 2_300).await;
    let second = sam.declare("quokka").await;
    let to_do = |value: i32| {
        let update = counter::Entity::update_many().col_expr(counter::Column::Value, Expr::val(value));
        update.filter(counter::Column::Name.eq("unsearched"))
    };
    // As it was before there were words, and as the step leaves it.
    let db = app.domain.db.write();
    let later = Migrator::migrations().iter().skip_while(|step| step.name() != "m20261130_000051_incident_words").count();
    Migrator::down(db, Some(u32::try_from(later).unwrap())).await.unwrap();
    Migrator::up(db, None).await.unwrap();
    assert!(found(&sam, "quokka").await.is_empty() && found(&sam, "2299").await.is_empty());
    // What happens meanwhile is found at once.
    sam.note(id(&second), "numbat").await;
    assert_eq!(found(&sam, "numbat").await, ["INC-2"]);
    carry_out(&ctx, Chore::FindIncidents).await.unwrap();
    assert_eq!((found(&sam, "quokka").await, found(&sam, "event 2299").await), (vec!["INC-2".to_owned()], vec!["INC-1".to_owned()]));
    assert_exact(app).await;
    // Once more changes nothing, and from then on there is nothing to do.
    to_do(2).exec(db).await.unwrap();
    carry_out(&ctx, Chore::FindIncidents).await.unwrap();
    assert_exact(app).await;
    let left = counter::Entity::find_by_id("unsearched").one(db).await.unwrap().unwrap();
    assert_eq!(left.value, 0);
}

async fn who_watches_what_is_searched_for_is_told_of_that(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let ctx = app.ctx(&sam).await;
    let (one, _) = (sam.declare("quokka").await, sam.declare("numbat").await);
    sam.note(id(&one), "a bilby").await;
    for (number, typed, passes) in [(1, "quok bil", true), (2, "quok bil", false), (2, "NUM", true), (1, "ilby", false)] {
        let incident = incidents::by_number(&ctx, number).await.unwrap();
        let filter = IncidentFilter { text: Some(typed.to_owned()), ..IncidentFilter::default() };
        assert_eq!(incidents::passes(&ctx, &incident, &filter).await.unwrap(), passes, "{typed} in INC-{number}");
    }
}
