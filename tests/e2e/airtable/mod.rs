//! The catalogue from Airtable (R4, S5): what is read there comes into the catalogue, and what goes wrong there takes nothing away.

mod check;
mod followed;
mod lists;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::catalogue::reading::{self, Outcome};
use entity::SiteField;
use harness::drive::{id, text};
use harness::fakes::AirtableFake;
use harness::fakes::airtable::{BASE, FIELDS, TABLE, TOKEN, VIEW};
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};
use worker::airtable::{Airtable, AirtableSettings, Pauses};
use worker::outlets::client::CallLimits;

both_dbs![by with_catalogue:
    the_first_reading_adds_sites_with_all_that_is_said_of_them,
    what_was_set_by_hand_stays_and_who_is_gone_comes_back,
    a_hidden_view_does_not_empty_the_catalogue,
    a_column_that_is_cleared_waits_for_somebody,
    a_reading_that_waits_is_left_until_it_would_do_something_else,
    a_reading_that_waits_is_taken_exactly_as_it_was_seen,
    a_field_that_is_renamed_while_it_is_read_loses_nothing,
    what_can_not_be_read_is_noted_and_keeps_nothing_else_back,
    two_who_take_the_same_reading_do_it_once,
    what_is_asked_for_while_it_is_read_is_read_once_more,
    a_reading_that_fails_leaves_what_somebody_decided,
    what_is_noted_can_be_kept_whatever_it_says,
];

/// Short, so that what hangs costs little; long enough for a busy machine.
const LIMITS: CallLimits = CallLimits { connect: Duration::from_secs(2), whole: Duration::from_secs(4) };
const PAUSES: Pauses = Pauses { too_many: Duration::from_millis(50), again: Duration::from_millis(20) };
/// All there is to know of a reading.
const READING: &str = "{ siteReading { source listedCount readAt problem noteCount notes { site field problem } waiting { since leftAt listedCount \
    knownCount goneCount emptiedField emptiedCount import { plan goneCount changedCount needsAcceptance rows { effect name } } } } }";

fn with_catalogue(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).with_catalogue(), test);
}

/// A fake; requests are checked against what is known of Airtable if that is at hand.
async fn fake() -> AirtableFake {
    let fake = AirtableFake::start().await;
    if std::env::var_os("MUSTER_CONTRACTS").is_some() { fake.checked() } else { fake }
}

fn settings(fake: &AirtableFake) -> AirtableSettings {
    let field = |name: &str| SiteField::ALL.iter().copied().find(|field| field.as_str().eq_ignore_ascii_case(name)).unwrap();
    let fields: BTreeMap<SiteField, String> = FIELDS.iter().map(|(name, theirs)| (field(name), (*theirs).to_owned())).collect();
    let [base_url, token, base, table] = [fake.url(), TOKEN, BASE, TABLE].map(str::to_owned);
    AirtableSettings { base_url, token, base, table, view: Some(VIEW.to_owned()), fields }
}

fn airtable(fake: &AirtableFake) -> Airtable {
    Airtable::with_limits(&settings(fake), LIMITS, PAUSES).unwrap()
}

/// Reads once, as the worker does.
async fn read(app: &TestApp, airtable: &Airtable) -> Outcome {
    let read = airtable.read().await.unwrap();
    reading::take(&app.system(), read).await.unwrap()
}

async fn status(by: &Client) -> Value {
    by.query(READING, Value::Null).await["siteReading"].take()
}

/// The names of the sites that the team looks after.
async fn sites(by: &Client) -> Vec<String> {
    let data = by.query("{ sites(first: 200) { nodes { name } } }", Value::Null).await;
    data["sites"]["nodes"].as_array().unwrap().iter().map(|site| text(site, "name").to_owned()).collect()
}

/// The site of this name.
async fn site(by: &Client, name: &str) -> Value {
    let selection = "id name url hosts environment importance hosting runbook expected listedBy lastSyncedAt goneAt tooling { label url } \
        client { name } origins { field source isKept }";
    let data =
        by.query(&format!("query($text: String) {{ sites(text: $text) {{ nodes {{ {selection} }} }} }}"), json!({ "text": name })).await;
    let found = data["sites"]["nodes"].as_array().unwrap().iter().find(|site| text(site, "name") == name);
    found.unwrap_or_else(|| panic!("{name} among {data}")).clone()
}

/// Adds this many sites, each with an address and a runbook, and returns their ids there.
fn with_sites(fake: &AirtableFake, count: usize) -> Vec<String> {
    let add = |base: &mut harness::fakes::airtable::Base| {
        let site = |number| {
            json!({
                "Site": format!("Site {number:03}"), "URL": format!("https://{number}.example.org/"),
                "Runbook": format!("https://wiki.example.org/{number}"),
            })
        };
        (1..=count).map(|number| base.add(TABLE, &site(number))).collect()
    };
    fake.change(add)
}

async fn the_first_reading_adds_sites_with_all_that_is_said_of_them(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    let by_hand = sam.add_site("Blog").await;
    fake.change(|base| {
        let client = base.add("Clients", &json!({ "Client": "Example Ltd" }));
        let shop = json!({
            "Site": "Shop", "URL": "https://shop.example.org", "Other hosts": "www.example.net\nshop.example.org:8443", "Client": [client],
            "Tier": "Live", "Important": true, "Runs at": ["AWS", "Fly"], "Runbook": "https://wiki.example.org/shop",
            "Grafana": "https://g.example.org/shop", "Notes": "slow nights",
        });
        base.add(TABLE, &shop);
        base.add(TABLE, &json!({ "Site": "Blog", "Tier": "staging" }));
        base.add(TABLE, &json!({}));
    });
    assert_eq!(status(&sam).await["readAt"], Value::Null);
    let airtable = airtable(&fake);
    assert_eq!(read(app, &airtable).await, Outcome::Taken);
    assert_eq!(sites(&sam).await, ["Blog", "Shop"]);
    let shop = site(&sam, "Shop").await;
    assert_eq!((&shop["hosts"], &shop["environment"]), (&json!(["example.net", "shop.example.org:8443"]), &json!("PRODUCTION")));
    assert_eq!((&shop["importance"], &shop["hosting"], &shop["expected"]), (&json!("HIGH"), &json!("AWS, Fly"), &json!("slow nights")));
    assert_eq!(shop["tooling"], json!([{ "label": "Grafana", "url": "https://g.example.org/shop" }]));
    assert_eq!((&shop["client"]["name"], &shop["listedBy"]), (&json!("Example Ltd"), &json!("AIRTABLE")), "linked records by their names");
    assert!(!shop["lastSyncedAt"].is_null());
    assert!(shop["origins"].as_array().unwrap().iter().all(|origin| origin["source"] == "AIRTABLE"), "{shop}");
    let blog = site(&sam, "Blog").await;
    assert_eq!(
        (id(&blog), &blog["listedBy"], &blog["environment"]),
        (by_hand.as_str(), &json!("AIRTABLE"), &json!("STAGING")),
        "it is the same"
    );
    let reading = status(&sam).await;
    assert_eq!(
        (&reading["source"], &reading["listedCount"], &reading["waiting"]),
        (&json!("the test's catalogue"), &json!(2), &Value::Null)
    );
    assert_eq!(reading["notes"], json!([{ "site": null, "field": null, "problem": "1 record is empty and was left out." }]));
    assert_eq!(read(app, &airtable).await, Outcome::Unchanged);
    assert_eq!(fake.violations(), [""; 0]);
}

async fn what_was_set_by_hand_stays_and_who_is_gone_comes_back(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    let ids = with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    let first = site(&sam, "Site 001").await;
    sam.mutate("saveSite", json!({ "id": id(&first), "name": "Site 001", "runbook": "https://ours.example.org/" }), "site { id }").await;
    fake.change(|base| {
        base.set(&ids[0], "Runbook", json!("https://wiki.example.org/new"));
        base.set(&ids[0], "Runs at", json!(["Fly"]));
        base.remove(&ids[9]);
    });
    assert_eq!(read(app, &airtable).await, Outcome::Taken);
    let first = site(&sam, "Site 001").await;
    assert_eq!((&first["runbook"], &first["hosting"]), (&json!("https://ours.example.org/"), &json!("Fly")));
    let runbook = first["origins"].as_array().unwrap().iter().find(|origin| origin["field"] == "RUNBOOK").unwrap();
    assert_eq!(*runbook, json!({ "field": "RUNBOOK", "source": "HAND", "isKept": true }));
    assert_eq!(sites(&sam).await.len(), 9, "one of ten may go");
    // It comes back under another key, and is known by that from then on.
    let again = fake.change(|base| base.add(TABLE, &json!({ "Site": "Site 010", "URL": "https://10.example.org/" })));
    assert_eq!(read(app, &airtable).await, Outcome::Taken);
    let back = site(&sam, "Site 010").await;
    assert!(back["goneAt"].is_null() && sites(&sam).await.len() == 10);
    fake.change(|base| base.set(&again, "Site", json!("The tenth")));
    fake.change(|base| base.set(&again, "URL", json!("https://tenth.example.org/")));
    assert_eq!(read(app, &airtable).await, Outcome::Taken);
    assert_eq!(id(&site(&sam, "The tenth").await), id(&back));
}

/// S5: somebody hides a view at Airtable, and nothing is lost here.
async fn a_hidden_view_does_not_empty_the_catalogue(app: &TestApp) {
    let (fake, sam, vic) = (fake().await, app.responder("Sam").await, app.viewer("Vic").await);
    with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    for left in [7, 0] {
        fake.change(|base| base.hide_all(VIEW, left));
        assert_eq!(read(app, &airtable).await, Outcome::Waits);
        assert_eq!(sites(&sam).await.len(), 10, "nothing was changed");
        let waiting = status(&sam).await["waiting"].take();
        let counts = ["listedCount", "knownCount", "goneCount", "emptiedCount"].map(|count| waiting[count].as_u64().unwrap());
        assert_eq!(counts, [left as u64, 10, 10 - left as u64, 0]);
        assert_eq!((&waiting["import"]["goneCount"], &waiting["import"]["needsAcceptance"]), (&json!(10 - left), &json!(true)));
        assert_eq!(waiting["import"]["rows"].as_array().unwrap().len(), 10 - left);
        assert!(waiting["import"]["plan"].is_string());
    }
    let seen = status(&vic).await;
    assert_eq!(
        (&seen["waiting"]["goneCount"], &seen["waiting"]["import"]),
        (&json!(10), &Value::Null),
        "a viewer sees that something waits"
    );
    // It waits since it would do the same, and no longer once the view is as it was.
    let since = status(&sam).await["waiting"]["since"].take();
    app.advance(Duration::from_secs(900));
    assert_eq!(read(app, &airtable).await, Outcome::Waits);
    assert_eq!(status(&sam).await["waiting"]["since"], since);
    fake.change(|base| base.show_all(VIEW));
    assert_eq!(read(app, &airtable).await, Outcome::Unchanged);
    assert_eq!(status(&sam).await["waiting"], Value::Null);
    // A view that is gone altogether is no empty one.
    fake.change(|base| base.delete_view(VIEW));
    let problem = airtable.read().await.unwrap_err();
    assert!(problem.contains("no view “Live”") && problem.contains("airtable.view"), "{problem}");
}

async fn a_column_that_is_cleared_waits_for_somebody(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    fake.change(|base| base.clear(TABLE, "Runbook"));
    assert_eq!(read(app, &airtable).await, Outcome::Waits);
    let waiting = status(&sam).await["waiting"].take();
    assert_eq!((&waiting["goneCount"], &waiting["emptiedField"], &waiting["emptiedCount"]), (&json!(0), &json!("RUNBOOK"), &json!(10)));
    assert!(!site(&sam, "Site 001").await["runbook"].is_null());
    let taken = json!({ "plan": waiting["import"]["plan"], "take": true });
    sam.mutate("settleSiteReading", taken, "import { changedCount }").await;
    assert!(site(&sam, "Site 001").await["runbook"].is_null());
}

async fn a_reading_that_waits_is_left_until_it_would_do_something_else(app: &TestApp) {
    let (fake, sam, ada) = (fake().await, app.responder("Sam").await, app.admin().await);
    with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    fake.change(|base| base.hide_all(VIEW, 5));
    read(app, &airtable).await;
    let plan = status(&sam).await["waiting"]["import"]["plan"].take();
    let refusal = app.viewer("Vic").await.refused("settleSiteReading", json!({ "plan": plan, "take": false })).await;
    assert_eq!(refusal.code(), "FORBIDDEN");
    let left =
        sam.mutate("settleSiteReading", json!({ "plan": plan, "take": false }), "import { plan } reading { waiting { leftAt } }").await;
    assert!(left["import"].is_null() && !left["reading"]["waiting"]["leftAt"].is_null(), "{left}");
    assert_eq!(read(app, &airtable).await, Outcome::Waits);
    assert!(!status(&sam).await["waiting"]["leftAt"].is_null(), "nobody is asked again about the same");
    fake.change(|base| base.hide_all(VIEW, 4));
    assert_eq!(read(app, &airtable).await, Outcome::Waits);
    assert!(status(&sam).await["waiting"]["leftAt"].is_null(), "this is something else");
    assert_eq!(sites(&sam).await.len(), 10);
    let log = "{ auditLog(filter: { actions: [SITE_READING_LEFT] }) { nodes { subject actor { name } } } }";
    let log = ada.query(log, Value::Null).await["auditLog"]["nodes"].take();
    assert_eq!(log, json!([{ "subject": "airtable", "actor": { "name": "Sam" } }]));
}

async fn a_reading_that_waits_is_taken_exactly_as_it_was_seen(app: &TestApp) {
    let (fake, sam, ada) = (fake().await, app.responder("Sam").await, app.admin().await);
    with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    fake.change(|base| base.hide_all(VIEW, 6));
    read(app, &airtable).await;
    let seen = status(&sam).await["waiting"]["import"]["plan"].take();
    // Somebody changes the catalogue, and then Airtable does.
    let tenth = site(&sam, "Site 010").await;
    sam.mutate("saveSite", json!({ "id": id(&tenth), "name": "Site 010", "isGone": true }), "site { id }").await;
    for take in [true, false] {
        let refusal = sam.refused("settleSiteReading", json!({ "plan": seen, "take": take })).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION");
        assert!(refusal.message().contains("has changed since you looked"), "{}", refusal.message());
    }
    assert_eq!(sites(&sam).await.len(), 9);
    let plan = status(&sam).await["waiting"]["import"]["plan"].take();
    assert_ne!(plan, seen);
    let done = sam
        .mutate("settleSiteReading", json!({ "plan": plan, "take": true }), "import { isApplied goneCount } reading { waiting { since } }")
        .await;
    assert_eq!(done, json!({ "import": { "isApplied": true, "goneCount": 3 }, "reading": { "waiting": null } }));
    assert_eq!(sites(&sam).await.len(), 6);
    assert_eq!(read(app, &airtable).await, Outcome::Unchanged);
    let refusal = sam.refused("settleSiteReading", json!({ "plan": plan, "take": true })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION", "it does not wait any more");
    let log = "{ auditLog(filter: { actions: [SITE_READING_TAKEN] }) { nodes { actor { name } details } } }";
    let log = ada.query(log, Value::Null).await["auditLog"]["nodes"].take();
    assert_eq!(log, json!([{ "actor": { "name": "Sam" }, "details": { "added": 0, "changed": 0, "gone": 3 } }]));
}

/// S5: what is missing because it was renamed is a problem, and not empty.
async fn a_field_that_is_renamed_while_it_is_read_loses_nothing(app: &TestApp) {
    let (fake, sam, ctx) = (fake().await, app.responder("Sam").await, app.system());
    with_sites(&fake, 150);
    let airtable = airtable(&fake);
    assert_eq!(read(app, &airtable).await, Outcome::Taken);
    fake.change_between_pages(|base| base.rename_field(TABLE, "Runbook", "What to do"));
    for moment in ["while it is read", "and before"] {
        let problem = airtable.read().await.unwrap_err();
        assert!(problem.contains("no field “Runbook”") && problem.contains("airtable.fields.runbook"), "{moment}: {problem}");
        reading::failed(&ctx, &problem).await.unwrap();
        assert_eq!(status(&sam).await["problem"], problem);
    }
    assert_eq!(site(&sam, "Site 150").await["runbook"], "https://wiki.example.org/150");
    assert_eq!(sites(&sam).await.len(), 150);
    // By their ids, fields may have any name.
    let mut by_ids = settings(&fake);
    for name in by_ids.fields.values_mut() {
        let theirs = if name.as_str() == "Runbook" { "What to do" } else { name.as_str() };
        *name = fake.change(|base| base.field_id(TABLE, theirs));
    }
    // Two programs at one base.
    fake.set_limit(100);
    let by_ids = Airtable::with_limits(&by_ids, LIMITS, PAUSES).unwrap();
    assert_eq!(read(app, &by_ids).await, Outcome::Unchanged);
    assert_eq!(status(&sam).await["problem"], Value::Null);
    fake.change(|base| base.rename_field(TABLE, "What to do", "Runbook"));
    assert_eq!(read(app, &airtable).await, Outcome::Unchanged);
}

async fn what_can_not_be_read_is_noted_and_keeps_nothing_else_back(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    for name in ["Twin", "Twin"] {
        sam.add_site(name).await;
    }
    for name in ["Same Ltd", "Same Ltd"] {
        sam.add_client(name).await;
    }
    fake.show_schema(false);
    fake.change(|base| {
        let client = base.add("Clients", &json!({ "Client": "Example Ltd" }));
        base.add(TABLE, &json!({ "Site": "Shop", "URL": { "error": "#ERROR!" }, "Client": [client], "Notes": "busy" }));
        base.add(TABLE, &json!({ "Site": "Blog", "URL": "blog.example.org", "Tier": "the cloud", "Runs at": ["Fly"] }));
        base.add(TABLE, &json!({ "Site": "News", "Client": "same ltd", "Notes": "slow" }));
        base.add(TABLE, &json!({ "Site": "Twin", "Notes": "which?" }));
        base.add(TABLE, &json!({ "Notes": "nameless" }));
    });
    let airtable = airtable(&fake);
    assert_eq!(read(app, &airtable).await, Outcome::Taken);
    assert_eq!(sites(&sam).await, ["Blog", "News", "Shop", "Twin", "Twin"]);
    assert_eq!(site(&sam, "Shop").await["expected"], "busy");
    assert_eq!(site(&sam, "Blog").await["hosting"], "Fly");
    assert_eq!((&site(&sam, "News").await["expected"], &site(&sam, "News").await["client"]), (&json!("slow"), &Value::Null));
    let reading = status(&sam).await;
    let notes: Vec<(&str, &str, &str)> =
        reading["notes"].as_array().unwrap().iter().map(|note| (text(note, "site"), text(note, "field"), text(note, "problem"))).collect();
    for (site, field, part) in [
        ("Shop", "URL", "#ERROR!"),
        ("Shop", "Client", "schema.bases:read"),
        ("Blog", "URL", "https://"),
        ("Blog", "Tier", "PRODUCTION"),
        ("News", "client", "more than one client"),
        ("Twin", "name", "more than one site"),
    ] {
        assert!(notes.iter().any(|note| note.0 == site && note.1 == field && note.2.contains(part)), "{site} {field}: {notes:?}");
    }
    assert!(notes.iter().any(|note| note.0.starts_with("rec") && note.2.contains("needs a name")), "{notes:?}");
    assert_eq!((notes.len(), &reading["noteCount"]), (7, &json!(7)));
    // An error is no empty value: what was there stays.
    fake.change(|base| base.rename_field(TABLE, "Notes", "Remarks"));
    let mut others = settings(&fake);
    others.fields.insert(SiteField::Expected, "Remarks".to_owned());
    let shop = fake.change(|base| base.add(TABLE, &json!({ "Site": "Club", "URL": "https://club.example.org" })));
    fake.set_limit(100);
    let others = Airtable::with_limits(&others, LIMITS, PAUSES).unwrap();
    read(app, &others).await;
    fake.change(|base| base.set(&shop, "URL", json!({ "specialValue": "NaN" })));
    assert_eq!(read(app, &others).await, Outcome::Unchanged);
    assert_eq!(site(&sam, "Club").await["url"], "https://club.example.org/");
}

async fn two_who_take_the_same_reading_do_it_once(app: &TestApp) {
    let (fake, sam, kim) = (fake().await, app.responder("Sam").await, app.responder("Kim").await);
    with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    fake.change(|base| base.hide_all(VIEW, 2));
    read(app, &airtable).await;
    let plan = status(&sam).await["waiting"]["import"]["plan"].take();
    let input = json!({ "plan": plan, "take": true });
    let (one, other) = tokio::join!(
        sam.try_mutate("settleSiteReading", input.clone(), "import { goneCount }"),
        kim.try_mutate("settleSiteReading", input.clone(), "import { goneCount }"),
    );
    let codes = [one.code(), other.code()];
    assert!(codes.contains(&"") && codes.contains(&"FAILED_PRECONDITION"), "{codes:?}");
    assert_eq!(sites(&sam).await.len(), 2);
}

async fn what_is_asked_for_while_it_is_read_is_read_once_more(app: &TestApp) {
    let (fake, sam, ctx) = (fake().await, app.responder("Sam").await, app.system());
    with_sites(&fake, 3);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    assert!(!reading::is_due(&ctx).await.unwrap());
    for fails in [false, true] {
        app.advance(Duration::from_secs(17 * 60));
        assert!(reading::is_due(&ctx).await.unwrap());
        reading::begin(&ctx).await.unwrap();
        sam.query("mutation { readSites { reading { listedCount } } }", Value::Null).await;
        if fails {
            reading::failed(&ctx, "It can't be read.").await.unwrap();
        } else {
            read(app, &airtable).await;
        }
        assert!(reading::is_due(&ctx).await.unwrap(), "it changed after it was read");
        reading::begin(&ctx).await.unwrap();
        read(app, &airtable).await;
        assert!(!reading::is_due(&ctx).await.unwrap());
    }
}

async fn a_reading_that_fails_leaves_what_somebody_decided(app: &TestApp) {
    let (fake, sam, ctx) = (fake().await, app.responder("Sam").await, app.system());
    with_sites(&fake, 10);
    let airtable = airtable(&fake);
    read(app, &airtable).await;
    fake.change(|base| base.hide_all(VIEW, 2));
    assert_eq!(read(app, &airtable).await, Outcome::Waits);
    let plan = status(&sam).await["waiting"]["import"]["plan"].take();
    sam.mutate("settleSiteReading", json!({ "plan": plan, "take": false }), "reading { source }").await;
    reading::failed(&ctx, "It can't be read.").await.unwrap();
    let seen = status(&sam).await;
    assert!(!seen["waiting"]["leftAt"].is_null() && seen["problem"] == "It can't be read.", "{seen}");
    assert_eq!(seen["listedCount"], 2);
    assert_eq!(read(app, &airtable).await, Outcome::Waits);
    assert!(!status(&sam).await["waiting"]["leftAt"].is_null(), "nobody is asked again");
}

/// PostgreSQL can store no U+0000, and nobody reads a note of a megabyte.
async fn what_is_noted_can_be_kept_whatever_it_says(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    fake.change(|base| {
        base.add(TABLE, &json!({ "Site": format!("Sh\0op{}", "p".repeat(2_000)), "URL": { "error": "#\0".repeat(100_000) } }))
    });
    read(app, &airtable(&fake)).await;
    let seen = status(&sam).await;
    assert!(seen["noteCount"].as_i64() > Some(0) && seen["notes"].to_string().len() < 5_000, "{seen}");
}
