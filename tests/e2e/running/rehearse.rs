//! `muster playbook simulate --alerts`: a team tries its own night.

use serde_json::{Value, json};

use super::{Fresh, assert_says, refused};

/// A line of a recording: an alert of the generic hook.
fn says(at: &str, id: &str, state: &str, severity: &str) -> String {
    let alert = json!({ "id": id, "title": format!("{id} is down"), "state": state, "severity": severity });
    json!({ "at": at, "hook": "alerts", "body": { "source": "probe", "group": id, "alerts": [alert] } }).to_string()
}

fn recording(fresh: &Fresh, lines: &[String]) -> String {
    let file = fresh.path("night.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    file.display().to_string()
}

/// On a Sunday, by the built-in playbook.
#[tokio::test(flavor = "multi_thread")]
async fn it_says_who_would_be_paged_for_recorded_alerts_and_why() {
    let fresh = Fresh::new();
    let lines = [
        says("2026-11-22T03:00:00Z", "db", "firing", "critical"),
        says("2026-11-22T03:01:00Z", "mail", "firing", "major"),
        says("2026-11-22T03:02:00Z", "db", "resolved", "critical"),
        says("2026-11-22T03:04:00Z", "db", "firing", "critical"),
    ];
    let alerts = recording(&fresh, &lines);
    let said = fresh.home.run(&["playbook", "simulate", "--alerts", &alerts, "--senior", "Lee", "--senior", "Max", "--until", "17m"]);
    let expected = "\
Sun 22 Nov, 03:00 GMT  INC-1  Reported by probe: db is down
Sun 22 Nov, 03:00 GMT  INC-1  Paged First line: something was reported and needs triage.
Sun 22 Nov, 03:00 GMT  INC-1  Firing: db is down
Sun 22 Nov, 03:01 GMT  INC-2  Reported by probe: mail is down
Sun 22 Nov, 03:01 GMT  INC-2  Nobody is paged for this out of hours: it waits until Mon 23 Nov, 10:00 GMT
Sun 22 Nov, 03:01 GMT  INC-2  Firing: mail is down
Sun 22 Nov, 03:02 GMT  INC-1  Ended: db is down
Sun 22 Nov, 03:04 GMT  INC-1  Firing again: db is down
Sun 22 Nov, 03:05 GMT  INC-1  Paged Second line: nobody has answered the page.
Sun 22 Nov, 03:05 GMT  INC-1  Due since Sun 22 Nov, 03:05 GMT: Get somebody to answer the page
Sun 22 Nov, 03:10 GMT  INC-1  Paged Lee: nobody has answered the page.
Sun 22 Nov, 03:10 GMT  INC-1  Due since Sun 22 Nov, 03:10 GMT: Get somebody to answer the page
Sun 22 Nov, 03:15 GMT  INC-1  Paged Max: nobody has answered the page.
Sun 22 Nov, 03:15 GMT  INC-1  Due since Sun 22 Nov, 03:15 GMT: Triage the report (First line)
                              Due since Sun 22 Nov, 03:15 GMT: Get somebody to answer the page
Sun 22 Nov, 03:20 GMT  INC-1  Due since Sun 22 Nov, 03:20 GMT: Get somebody to answer the page (First line)";
    assert_eq!(said, expected);
    assert!(!fresh.database().exists(), "it has a database of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rota_and_the_playbook_decide_whom_it_pages() {
    let fresh = Fresh::new();
    let event = |name: &str, from: u32| {
        format!("BEGIN:VEVENT\r\nUID:{name}\r\nSUMMARY:{name}\r\nDTSTART:20261122T{from:02}0000Z\r\nDURATION:PT2H\r\nEND:VEVENT\r\n")
    };
    let rota = |file: &str, events: &[String]| {
        let path = fresh.path(file);
        std::fs::write(&path, format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", events.concat())).unwrap();
        path.display().to_string()
    };
    let (first, second) = (rota("first.ics", &[event("Kim", 2), event("Sam", 4)]), rota("second.ics", &[event("Ann", 2)]));
    std::fs::write(fresh.path("data/playbook.toml"), "[paging.out_of_hours]\nalerts = ['critical', 'major']\n").unwrap();
    let notice = |at: &str, name: &str| {
        let alert =
            json!({ "status": "firing", "fingerprint": name, "startsAt": at, "labels": { "alertname": name, "severity": "major" } });
        json!({ "at": at, "hook": "alertmanager", "body": { "groupKey": name, "alerts": [alert] } }).to_string()
    };
    let lines = [notice("2026-11-22T03:00:00Z", "Disk"), notice("2026-11-22T04:00:00Z", "Mail"), notice("2026-11-22T07:00:00Z", "Web")];
    let alerts = recording(&fresh, &lines);
    let rotas = ["--rota", &first, "--second-rota", &second];
    let play = ["playbook", "simulate", "--alerts", &alerts, "--until", "1m", "--json"];
    let said = fresh.home.run(&[&play[..], &rotas[..]].concat());
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let paged: Vec<_> = events.iter().filter(|event| event["kind"] == "PAGED").map(|event| (&event["at"], &event["paged"])).collect();
    let expected = [("03:00", "Kim"), ("03:05", "Ann"), ("03:30", "Ann"), ("04:00", "Sam")]
        .map(|(at, who)| (json!(format!("2026-11-22T{at}:00Z")), json!(who)));
    assert_eq!(paged[..4], expected.iter().map(|(at, who)| (at, who)).collect::<Vec<_>>(), "{said}");
    assert!(said.contains(r#""text":"Reported by alertmanager: Web\nNobody is on call.""#), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cant_be_played_is_said_with_its_line() {
    let fresh = Fresh::new();
    let line = |at: &str| says(at, "db", "firing", "critical");
    let (later, sooner) = (line("2026-11-22T03:00:00Z"), line("2026-11-22T02:00:00Z"));
    for (lines, parts) in [
        (vec![], &["night.jsonl has no lines"][..]),
        (vec![later.clone(), "{".to_owned()], &["night.jsonl line 2: this is not JSON"]),
        (vec![later.clone(), sooner], &["line 2: at is earlier than in the line before"]),
        (vec![later.replace("\"hook\":\"alerts\"", "\"hook\":\"smoke\"")], &["line 1: ", "use alerts, or one of alertmanager, grafana"]),
        (vec![line("three")], &["line 1: at: use a time"]),
        (vec![line("1066-10-14T09:00:00Z")], &["line 1: at must be between"]),
        (vec![json!({ "at": "2026-11-22T03:00:00Z", "hook": "alerts" }).to_string()], &["line 1: body is missing"]),
        (vec![later.replace("\"firing\"", "\"burning\"")], &["line 1: ", "alerts[0].state must be firing or resolved"]),
    ] {
        let mut command = fresh.home.command(&["playbook", "simulate", "--alerts", &recording(&fresh, &lines)]);
        assert_eq!(command.output().unwrap().status.code(), Some(2));
        assert_says(&refused(command), parts);
    }
    std::fs::write(fresh.path("old.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").unwrap();
    let (alerts, old) = (recording(&fresh, &[later]), fresh.path("old.ics").display().to_string());
    let command = fresh.home.command(&["playbook", "simulate", "--alerts", &alerts, "--rota", &old]);
    assert_says(&refused(command), &["old.ics can't be used as a rota: it has no shift from Sun 22 Nov, 03:00 GMT on"]);
}
