//! The playbook's rules for alerts (S8, R18), and what is tried out with them at a shell.

use domain::on_call;
use entity::alert;
use harness::app::HOOK_SECRET;
use harness::drive::{id, text};
use harness::process::Home;
use harness::{Client, TestApp, both_dbs};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::put_in_force;

both_dbs![
    the_first_rule_that_takes_an_alert_decides,
    what_only_joins_joins_its_group_and_opens_nothing,
    what_only_joins_finds_the_incident_of_its_site_unless_that_is_restricted,
    what_only_joins_says_nothing_to_an_incident_that_is_over,
    an_alert_on_an_incident_ends_although_a_rule_ignores_it,
    what_was_recorded_is_reported_once_no_rule_keeps_it,
    a_rule_says_who_is_woken,
    what_pages_at_any_hour_wakes_for_an_incident_that_waits,
    what_may_wait_keeps_nobody_from_hearing_of_what_comes_with_it,
];

/// What people see of an incident.
const SEEN: &str =
    "reference severity sites { name } alerts { title firing } pages { person { name } } timeline { nodes { kind text details } }";

/// An alert that fires, the only one of its group.
fn alert(title: &str, severity: &str) -> Value {
    json!({ "source": "uptime", "group": title, "alerts": [{
        "id": title, "title": title, "state": "firing", "severity": severity, "startsAt": "2026-11-22T02:55:00Z",
    }] })
}

fn over(mut alert: Value) -> Value {
    alert["alerts"][0]["state"] = json!("resolved");
    alert["alerts"][0]["endsAt"] = json!("2026-11-22T02:59:00Z");
    alert
}

async fn told(app: &TestApp, body: &Value) -> Value {
    let post = app.anonymous().request(reqwest::Method::POST, "/hooks/alerts").bearer_auth(HOOK_SECRET).json(body);
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), 200, "{body}");
    response.json().await.unwrap()
}

async fn incidents(by: &Client) -> u64 {
    by.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].as_u64().unwrap()
}

async fn rows(app: &TestApp) -> u64 {
    alert::Entity::find().count(app.domain.db.read()).await.unwrap()
}

async fn first_line(app: &TestApp, who: &Client) {
    let shift = on_call::Set { first_line_id: Some(who.person_id()), second_line_id: None, starts_at: None, until: None };
    on_call::set(&app.system(), shift).await.unwrap();
}

fn said<'a>(incident: &'a Value, kind: &str) -> Vec<&'a Value> {
    incident["timeline"]["nodes"].as_array().unwrap().iter().filter(|event| event["kind"] == kind).collect()
}

async fn the_first_rule_that_takes_an_alert_decides(app: &TestApp) {
    let sam = app.responder("Sam").await;
    put_in_force(
        app,
        "[[alerts.rules]]\nname = 'Backups can wait'\ntitle = 'backup*'\nthen = 'record'\n\
         [[alerts.rules]]\nname = 'The laboratory'\nsource = 'lab'\nthen = 'ignore'\n\
         [[alerts.rules]]\nname = 'Disks'\ntitle = '*disk*'\nthen = 'report'\nseverity = 'minor'\n",
    );
    assert_eq!(told(app, &alert("Backup failed", "critical")).await, json!({ "incident": null, "new": 1, "ended": 0, "recorded": 1 }));
    let mut of_lab = alert("Backs up nothing", "critical");
    of_lab["source"] = json!("lab");
    assert_eq!(told(app, &of_lab).await, json!({ "incident": null, "new": 0, "ended": 0, "ignored": 1 }));
    assert_eq!((incidents(&sam).await, rows(app).await), (0, 1));

    told(app, &alert("A disk is full", "info")).await;
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!(seen["severity"], "MINOR");
    let event = said(&seen, "ALERT")[0];
    assert!(text(event, "text").contains("By the rule “Disks”: it counts as "), "{event}");
    assert_eq!(event["details"]["rule"], "Disks");
    // Without a rule, its level decides.
    told(app, &alert("The shop is down", "critical")).await;
    let seen = sam.incident("INC-2", SEEN).await;
    assert_eq!((&seen["severity"], said(&seen, "ALERT")[0]["details"].get("rule")), (&json!("CRITICAL"), None));
}

async fn what_only_joins_joins_its_group_and_opens_nothing(app: &TestApp) {
    let sam = app.responder("Sam").await;
    put_in_force(app, "[[alerts.rules]]\nname = 'Slow'\ntitle = '*slow*'\nthen = 'join'\n");
    let mut slow = alert("The shop is slow", "critical");
    slow["group"] = json!("shop");
    assert_eq!(told(app, &slow).await, json!({ "incident": null, "new": 1, "ended": 0, "unjoined": 1 }));
    let mut down = alert("The shop is down", "major");
    down["group"] = json!("shop");
    told(app, &down).await;
    assert_eq!(sam.incident("INC-1", "severity").await["severity"], "MAJOR");
    // What fired before joins as soon as it is heard of again, with all that it means.
    told(app, &slow).await;
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!((incidents(&sam).await, seen["alerts"].as_array().unwrap().len(), &seen["severity"]), (1, 2, &json!("CRITICAL")));
}

async fn what_only_joins_finds_the_incident_of_its_site_unless_that_is_restricted(app: &TestApp) {
    let sam = app.responder("Sam").await;
    put_in_force(app, "[[alerts.rules]]\nname = 'Slow'\ntitle = '*slow*'\nthen = 'join'\n");
    let mut sites = Vec::new();
    for name in ["shop", "blog"] {
        let input = json!({ "name": name, "url": format!("https://{name}.example.org/") });
        sites.push(id(&sam.mutate("saveSite", input, "site { id }").await["site"]).to_owned());
    }
    sam.declare_with(json!({ "name": "open", "severity": "MINOR", "siteIds": [sites[0]] })).await;
    let secret = json!({ "name": "secret", "severity": "MINOR", "siteIds": [sites[1]], "visibility": "RESTRICTED" });
    sam.declare_with(secret).await;
    for name in ["shop", "blog"] {
        let mut slow = alert(&format!("{name} is slow"), "minor");
        slow["alerts"][0]["labels"] = json!({ "instance": format!("https://{name}.example.org/") });
        told(app, &slow).await;
    }
    let alerts = async |reference: &str| sam.incident(reference, "alerts { title }").await["alerts"].as_array().unwrap().len();
    assert_eq!((alerts("INC-1").await, alerts("INC-2").await, incidents(&sam).await), (1, 0, 2));
}

/// It has become worse since, and is sent again and again.
async fn what_only_joins_says_nothing_to_an_incident_that_is_over(app: &TestApp) {
    let sam = app.responder("Sam").await;
    told(app, &alert("The shop is slow", "major")).await;
    let first = sam.incident("INC-1", "id").await;
    sam.incident_of("declineIncident", json!({ "incidentId": id(&first), "reason": "a backup ran" })).await;
    put_in_force(app, "[[alerts.rules]]\nname = 'Slow'\ntitle = '*slow*'\nthen = 'join'\n");
    let events = async || sam.incident("INC-1", "timeline { totalCount }").await["timeline"]["totalCount"].clone();
    let before = events().await;
    for _ in 0..2 {
        told(app, &alert("The shop is slow", "critical")).await;
        assert_eq!((events().await, incidents(&sam).await), (before.clone(), 1));
    }
    let mut down = alert("The shop is down", "major");
    down["group"] = json!("The shop is slow");
    told(app, &down).await;
    told(app, &alert("The shop is slow", "critical")).await;
    let second = sam.incident("INC-2", SEEN).await;
    assert_eq!((&second["severity"], second["alerts"].as_array().unwrap().len()), (&json!("CRITICAL"), 2), "{second}");
}

async fn an_alert_on_an_incident_ends_although_a_rule_ignores_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    told(app, &alert("Backup failed", "major")).await;
    put_in_force(app, "[[alerts.rules]]\nname = 'No backups'\ntitle = 'backup*'\nthen = 'ignore'\n");
    // That it still fires is no news, and does not make it any less bad.
    assert_eq!(told(app, &alert("Backup failed", "major")).await["new"], 0);
    let answer = told(app, &over(alert("Backup failed", "major"))).await;
    assert_eq!((&answer["ended"], answer.get("ignored")), (&json!(1), None));
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!((&seen["alerts"][0]["firing"], &seen["severity"]), (&json!(false), &json!("MAJOR")));
    // From now on there is nothing to end.
    let mut again = alert("Backup failed", "major");
    again["alerts"][0]["startsAt"] = json!("2026-11-22T02:59:30Z");
    assert_eq!(told(app, &again).await["ignored"], 1);
    assert_eq!(rows(app).await, 1);
}

async fn what_was_recorded_is_reported_once_no_rule_keeps_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    put_in_force(app, "[[alerts.rules]]\nname = 'Backups can wait'\ntitle = 'backup*'\nthen = 'record'\n");
    for new in [1, 0] {
        assert_eq!(told(app, &alert("Backup failed", "major")).await["new"], new);
    }
    assert_eq!(incidents(&sam).await, 0);
    put_in_force(app, "");
    told(app, &alert("Backup failed", "major")).await;
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!((&seen["severity"], rows(app).await), (&json!("MAJOR"), 1));
    assert!(text(said(&seen, "ALERT")[0], "text").starts_with("Firing: "), "{seen}");
}

/// It is Sunday night (R18).
async fn a_rule_says_who_is_woken(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    first_line(app, &kim).await;
    put_in_force(
        app,
        "[[alerts.rules]]\nname = 'Let them sleep'\ntitle = 'backup*'\nthen = 'report'\npage = false\n\
         [[alerts.rules]]\nname = 'Money'\ntitle = 'card*'\nthen = 'report'\npage = true\n",
    );
    for (number, (title, severity, pages)) in [
        ("Backup failed", "critical", 0),
        ("Card payments fail", "minor", 1),
        ("Shop is down", "critical", 1),
        ("Shop is slow", "major", 0),
    ]
    .into_iter()
    .enumerate()
    {
        told(app, &alert(title, severity)).await;
        let seen = sam.incident(&format!("INC-{}", number + 1), SEEN).await;
        assert_eq!(seen["pages"].as_array().unwrap().len(), pages, "{title}: {seen}");
        let waits = said(&seen, "NOTE").iter().any(|event| text(event, "text").starts_with("Nobody is paged for this out of hours"));
        assert_eq!(waits, pages == 0, "{title}: {seen}");
    }
}

async fn what_pages_at_any_hour_wakes_for_an_incident_that_waits(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    first_line(app, &kim).await;
    put_in_force(app, "[[alerts.rules]]\nname = 'Money'\ntitle = 'card*'\nthen = 'join'\npage = true\n");
    let mut slow = alert("Shop is slow", "major");
    slow["group"] = json!("shop");
    told(app, &slow).await;
    let pages = async || sam.incident("INC-1", SEEN).await["pages"].as_array().unwrap().len();
    assert_eq!(pages().await, 0);
    let mut cards = alert("Card payments fail", "major");
    cards["group"] = json!("shop");
    for _ in 0..2 {
        told(app, &cards).await;
        assert_eq!(pages().await, 1);
    }
}

async fn what_may_wait_keeps_nobody_from_hearing_of_what_comes_with_it(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    first_line(app, &kim).await;
    put_in_force(app, "[[alerts.rules]]\nname = 'Let them sleep'\ntitle = 'backup*'\nthen = 'report'\npage = false\n");
    let mut both = alert("Shop is slow", "major");
    both["group"] = json!("shop");
    told(app, &both).await;
    let pages = async || sam.incident("INC-1", SEEN).await["pages"].as_array().unwrap().len();
    both["alerts"] = json!([alert("Backup failed", "critical")["alerts"][0], alert("Shop is down", "critical")["alerts"][0]]);
    assert_eq!(pages().await, 0);
    told(app, &both).await;
    assert_eq!((pages().await, incidents(&sam).await), (1, 1));
}

/// A folder with a playbook and a body.
fn folder(rules: &str) -> TempDir {
    let folder = TempDir::with_prefix("muster-rules-").unwrap();
    std::fs::write(folder.path().join("playbook.toml"), rules).unwrap();
    std::fs::write(folder.path().join("body.json"), alert("Backup failed", "critical").to_string()).unwrap();
    folder
}

const MAIL: &str = "From: alerts@checks.example\nSubject: Your site shop went down\nDate: Sun, 22 Nov 2026 02:59:00 +0000\n\nIt is down.\n";

#[test]
fn what_becomes_of_a_body_is_tried_out_at_a_shell() {
    let folder = folder("[[alerts.rules]]\nname = 'Backups can wait'\ntitle = 'backup*'\nthen = 'report'\nseverity = 'minor'\n");
    let home = Home::new(folder.path(), &format!("sqlite:{}", folder.path().join("muster.db").display()));
    let tried = |arguments: &[&str]| {
        let output = home.command(&[&["alerts", "try"], arguments].concat()).output().unwrap();
        let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), texts)
    };
    // Out of hours: a Sunday.
    let night = "2026-11-22T03:00:00Z";
    let (code, [out, err]) = tried(&["body.json", "--at", night, "--json"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("are not known"), "{err}");
    let alert: Value = serde_json::from_str(&out).unwrap();
    let expected = json!({
        "source": "uptime", "group": "Backup failed", "alert": "Backup failed", "title": "Backup failed", "firing": true, "sites": [],
        "rule": "Backups can wait", "then": "report", "severity": "MINOR", "quiet": null, "pages": false, "person": null,
    });
    assert_eq!(alert, expected);
    let (_, [out, _]) = tried(&["body.json", "--source", "alerts", "--at", "2026-11-20T11:00:00Z"]);
    assert!(out.contains("rule       “Backups can wait”") && out.contains("pages      whoever is on call"), "{out}");

    home.run(&["migrate"]);
    let (code, [out, err]) = tried(&["body.json", "--at", night]);
    assert!(code == Some(0) && !err.contains("are not known"), "{err}");
    assert!(out.contains("sites      none") && out.contains("pages      nobody at this hour"), "{out}");

    // What mails mean is for the rules of a source; without them one is only remembered.
    std::fs::write(folder.path().join("down.eml"), MAIL).unwrap();
    for arguments in [&["down.eml", "--at", night][..], &["down.eml", "--source", "mail", "--at", night]] {
        let (code, [out, err]) = tried(arguments);
        assert_eq!(code, Some(0), "{err}");
        assert!(out.starts_with("mail: Your site shop went down (is over)") && out.contains("rule       none"), "{out}");
    }

    std::fs::write(folder.path().join("other.json"), "{}").unwrap();
    for (arguments, expected) in [
        (&["none.json"][..], "none.json can't be tried"),
        (&["other.json"], "say so with --source"),
        (&["body.json", "--source", "jira"], "is not a hook that takes alerts"),
        (&["down.eml", "--source", "grafana"], "looks like what a source of kind mail posts"),
        (&["body.json", "--at", "yesterday"], "use a time with its offset"),
    ] {
        let (code, [_, err]) = tried(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
}

#[test]
fn a_mail_is_tried_by_the_rules_of_its_source() {
    let folder = folder("");
    std::fs::write(folder.path().join("down.eml"), MAIL).unwrap();
    let home = Home::new(folder.path(), &format!("sqlite:{}", folder.path().join("muster.db").display()));
    let tried = |sources: &[&str]| {
        let mut command = home.command(&["alerts", "try", "down.eml", "--at", "2026-11-22T03:00:00Z"]);
        for name in sources {
            for (key, value) in [
                ("KIND", "mail"),
                ("MAIL__1__FROM", "*@checks.example"),
                ("MAIL__1__SUBJECT", "Your site {id} went down"),
                ("MAIL__1__MEANS", "fires"),
            ] {
                command.env(format!("MUSTER_ALERTS__SOURCES__{name}__{key}"), value);
            }
        }
        let output = command.output().unwrap();
        (output.status.code(), [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()))
    };
    let (code, [out, err]) = tried(&["CHECKS"]);
    assert!(code == Some(0) && out.starts_with("checks: Your site shop went down (fires)"), "{out}{err}");
    // Which of several is for people to say.
    let (code, [_, err]) = tried(&["CHECKS", "OTHERS"]);
    assert!(code == Some(2) && err.contains("name it with --source, one of checks, others"), "{err}");
}

#[test]
fn what_is_odd_about_rules_is_said_when_the_playbook_is_checked() {
    let odd = "[[alerts.rules]]\nname = 'all'\nthen = 'record'\n[[alerts.rules]]\nname = 'a'\nsource = 'grafanna'\nthen = 'report'\n";
    let folder = folder(odd);
    let home = Home::new(folder.path(), "sqlite:/nowhere/muster.db");
    let output = home.command(&["playbook", "check"]).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.contains("alert rules    1 report, 1 record"), "{out}");
    assert!(err.contains("line 1: alerts.rules[1]: \"all\" takes every alert"), "{err}");
    assert!(err.contains("line 4: alerts.rules[2].source: \"grafanna\" is no source of the settings"), "{err}");
    // What can't be meant is refused.
    std::fs::write(folder.path().join("playbook.toml"), "[[alerts.rules]]\nname = 'a'\nthen = 'ignore'\npage = true\n").unwrap();
    let output = home.command(&["playbook", "check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 4: alerts.rules[1].page: has no use"), "{output:?}");
}
