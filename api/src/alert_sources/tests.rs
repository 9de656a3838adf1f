//! Every adapter against bodies of its vendor: samples in `MUSTER_CONTRACTS`, and where there is none, bodies that we wrote by the vendor's
//! public documentation.

mod vendors;

use std::path::Path;

use axum::http::HeaderValue;
use domain::alerts::Alarm;
use domain::zone::Zone;
use entity::Timestamp;
use serde_json::{Value, json};

use super::kind::{Proof, Signed};
use super::*;

fn usual() -> BTreeMap<String, Severity> {
    crate::Settings::default().alert_levels
}

fn source(kind: &str) -> AlertSource {
    AlertSource { name: Some("ours".to_owned()), ..plain(kind) }
}

/// The notifications in a body that a source of this kind posts.
fn heard(kind: &str, body: &Value) -> Vec<Alarms> {
    source(kind).alarms(&usual(), &HeaderMap::new(), body.to_string().as_bytes(), &KINDS).unwrap_or_else(|why| panic!("{kind}: {why}"))
}

/// Its only alarm.
fn one(kind: &str, body: &Value) -> Alarm {
    let mut all = heard(kind, body);
    assert_eq!((all.len(), all[0].alerts.len(), &*all[0].source), (1, 1, "ours"), "{kind}");
    all.remove(0).alerts.remove(0)
}

fn refused(kind: &str, body: &[u8]) -> String {
    source(kind).alarms(&usual(), &HeaderMap::new(), body, &KINDS).expect_err(kind)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with times that may be missing")]
fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

/// What matters about an alarm, in short.
fn short(alarm: &Alarm) -> (&str, bool, Option<Severity>) {
    (&alarm.fingerprint, alarm.firing, alarm.severity)
}

/// A sample of a vendor; the samples have no licence, so they are not part of the project.
fn sample(name: &str) -> Option<Vec<u8>> {
    let Some(contracts) = std::env::var_os("MUSTER_CONTRACTS") else {
        eprintln!("MUSTER_CONTRACTS is not set: {name} was not read");
        return None;
    };
    // Relative to the project's root; tests of this crate run elsewhere.
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = project.join(contracts).join("samples").join(name);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn sampled(kind: &str, name: &str) -> Option<Vec<Alarms>> {
    let body = sample(name)?;
    Some(source(kind).alarms(&usual(), &HeaderMap::new(), &body, &KINDS).unwrap_or_else(|why| panic!("{name}: {why}")))
}

/// The only alarm of a sample.
fn sampled_one(kind: &str, name: &str) -> Option<Alarm> {
    let mut all = sampled(kind, name)?;
    assert_eq!((all.len(), all[0].alerts.len()), (1, 1), "{name}");
    Some(all.remove(0).alerts.remove(0))
}

/// Checks a signature as the kind does.
fn verified(kind: &str, secret: &str, headers: &[(&'static str, &str)], body: &[u8], now: &str) -> Result<(), String> {
    let headers: HeaderMap = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
    let signed = Signed { secret, headers: &headers, body, now: now.parse().unwrap() };
    let verify = super::kind(kind).unwrap().proofs.iter().find_map(|proof| match proof {
        Proof::Signature { verify, .. } => Some(verify),
        _ => None,
    });
    verify.unwrap()(&signed)
}

const NOW: &str = "2026-11-22T03:00:00Z";

#[test]
fn each_kind_has_its_name_its_page_and_a_way_to_prove_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for kind in &KINDS {
        assert!(KINDS.iter().filter(|other| other.name == kind.name).count() == 1 && !kind.proofs.is_empty(), "{}", kind.name);
        let (page, section) = kind.docs.split_once('#').unwrap_or((kind.docs, ""));
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let anchor = |heading: &str| {
            let kept = heading.to_lowercase().replace(' ', "-");
            kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect::<String>()
        };
        let mut headings = text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim()));
        assert!(section.is_empty() || headings.any(|heading| heading == section), "{page} has no section {section}");
        assert!(text.contains(&format!("`{}`", kind.name)) || section.is_empty(), "{page} does not name {}", kind.name);
        assert!(kind.words.iter().all(|(word, _)| *word == word.to_lowercase()), "{}", kind.name);
    }
}

#[test]
fn alertmanager() {
    for (name, fires, truncated) in
        [("hook_firing.json", 2, 0), ("hook_resolved.json", 0, 0), ("maxalerts_firing.json", 1, 1), ("maxalerts_resolved.json", 0, 1)]
    {
        let Some(text) = sample(&format!("alertmanager/{name}")) else { return };
        let sample: Value = serde_json::from_slice(&text).unwrap();
        let all = heard("alertmanager", &sample["body"]);
        assert_eq!((all.len(), all[0].truncated), (1, truncated), "{name}");
        assert_eq!(all[0].alerts.iter().filter(|alarm| alarm.firing).count(), fires, "{name}");
        assert!(all[0].alerts.iter().all(|alarm| alarm.starts_at.is_some() && alarm.severity == Some(Severity::Critical)), "{name}");
    }
    let newer = json!({ "version": "4", "groupKey": "g", "notification_reason": "x", "routeLabels": {}, "truncatedAlerts": null, "alerts": [
        { "status": "firing", "fingerprint": "f", "startsAt": NOW, "labels": { "severity": "critical" }, "annotations": null, "new": [] }
    ] });
    assert_eq!(short(&one("alertmanager", &newer)), ("f", true, Some(Severity::Critical)));
}

#[test]
fn grafana_unified() {
    if let Some(alarm) = sampled_one("grafana", "grafana/v12_test_payload.json") {
        assert_eq!(short(&alarm), ("c4edaaf9f9f839b0", true, Some(Severity::Major)));
        assert_eq!((&*alarm.title, alarm.ends_at, alarm.links.len()), ("TEST", None, 0));
        assert_eq!(alarm.labels["dashboard"], "https://grafana.example.com/d/dashboard_uid");
    }
    if let Some(text) = sample("grafana/docs_webhook_example.json") {
        let sample: Value = serde_json::from_slice(&text).unwrap();
        let alarm = one("grafana", &sample["body"]);
        assert_eq!((&*alarm.title, alarm.starts_at), ("This alert was triggered for zone us-1", at("2021-10-12T07:51:03.157076Z")));
        assert_eq!(alarm.labels["source"], "https://play.grafana.org/alerting/1afz29v7z/edit");
    }
    // A label of ours decides where there is one.
    let body = json!({ "orgId": 1, "alerts": [{ "status": "resolved", "fingerprint": "f", "startsAt": NOW, "endsAt": "2026-11-22T03:05:00Z",
        "labels": { "severity": "warning", "instance": "shop.example.org" } }] });
    let alarm = one("grafana", &body);
    assert_eq!((short(&alarm), alarm.ends_at), (("f", false, None), at("2026-11-22T03:05:00Z")));
    assert_eq!(alarm.labels["labels"]["instance"], "shop.example.org");
}

#[test]
fn grafana_legacy() {
    let Some(fires) = sampled_one("grafana", "grafana/legacy_alerting.json") else { return };
    assert_eq!(short(&fires), ("7", true, Some(Severity::Major)));
    assert_eq!((&*fires.title, fires.description.as_deref()), ("Zeta CPU alert", Some("boom!\nuser: 97.007606")));
    assert_eq!(fires.links, ["zeta.domain"]);
    assert!(fires.labels["source"].as_str().unwrap().starts_with("https://grafana.domain.tld/"));
    let over = sampled_one("grafana", "grafana/legacy_ok.json").unwrap();
    assert_eq!(short(&over), ("7", false, None));
    assert_eq!(short(&sampled_one("grafana", "grafana/unified_example.json").unwrap()), ("1", true, Some(Severity::Major)));
    assert_eq!(heard("grafana", &json!({ "state": "pending", "ruleId": 7 })).len(), 0);
}

#[test]
fn grafanas_signature_is_of_its_time_and_body() {
    let Some(text) = sample("vectors.json") else { return };
    let all: Value = serde_json::from_slice(&text).unwrap();
    let vector = |name: &str| all["grafana-computed"][name].as_str().unwrap();
    let (time, signature) = (vector("timestamp"), vector("signature_with_timestamp"));
    let check =
        |headers: &[(&'static str, &str)], now: &str| verified("grafana", vector("secret"), headers, vector("body").as_bytes(), now);
    let (signed, dated) = (("x-grafana-alerting-signature", signature), ("x-grafana-alerting-timestamp", time));
    assert_eq!(check(&[signed, dated], "2025-01-01T00:04:59Z"), Ok(()));
    assert!(check(&[signed, dated], "2025-01-01T00:06:00Z").unwrap_err().contains("replay"));
    assert!(check(&[signed], "2025-01-01T00:00:00Z").unwrap_err().contains("x-grafana-alerting-timestamp is missing"));
    let undated = ("x-grafana-alerting-signature", vector("signature_without_timestamp"));
    assert!(check(&[undated, dated], "2025-01-01T00:00:00Z").is_err());
}

#[test]
fn pagerduty() {
    if let Some(alarm) = sampled_one("pagerduty", "pagerduty/v3_incident.priority_updated.raw.json") {
        assert_eq!(short(&alarm), ("PGR0VU2", true, Some(Severity::Critical)));
        assert_eq!((&*alarm.title, alarm.starts_at), ("A little bump in the road", at("2021-04-26T17:36:27.458Z")));
        assert_eq!(alarm.labels["source"], "https://acme.pagerduty.com/incidents/PGR0VU2");
    }
    // Written by us, after PagerDuty's documentation.
    let event = |kind: &str, status: &str, at: &str| {
        json!({ "event": { "id": "e", "event_type": kind, "occurred_at": at, "data": { "type": "incident", "id": "P1", "status": status,
            "title": "Down", "created_at": NOW, "urgency": "high" } } })
    };
    let fires = one("pagerduty", &event("incident.triggered", "triggered", "2026-11-22T03:00:01Z"));
    assert_eq!((short(&fires), fires.starts_at), (("P1", true, Some(Severity::Major)), at(NOW)));
    let again = one("pagerduty", &event("incident.reopened", "triggered", "2026-11-22T04:00:00Z"));
    assert_eq!(again.starts_at, at("2026-11-22T04:00:00Z"));
    let over = one("pagerduty", &event("incident.resolved", "resolved", "2026-11-22T03:30:00Z"));
    assert_eq!((over.firing, over.starts_at, over.ends_at), (false, at(NOW), at("2026-11-22T03:30:00Z")));
    for other in [
        json!({ "event": { "event_type": "pagey.ping", "data": { "type": "ping" } } }),
        json!({ "event": { "event_type": "incident.annotated", "data": { "type": "incident_note", "id": "N1" } } }),
    ] {
        assert_eq!(heard("pagerduty", &other).len(), 0);
    }
    // The webhooks of version 1 are no longer sent.
    if let Some(old) = sample("pagerduty/v1_alert_legacy.json") {
        assert!(refused("pagerduty", &old).contains("event.event_type"));
    }
}

#[test]
fn one_of_pagerdutys_signatures_is_enough() {
    let (Some(vector), Some(body)) =
        (sample("pagerduty/v3_signature_vector.json"), sample("pagerduty/v3_incident.priority_updated.raw.json"))
    else {
        return;
    };
    let vector: Value = serde_json::from_slice(&vector).unwrap();
    let (secret, right) = (vector["secret"].as_str().unwrap(), vector["signature"].as_str().unwrap());
    let wrong = format!("v1={}", "0".repeat(64));
    let body = body.trim_ascii_end();
    for shown in [right.to_owned(), format!("{wrong},{right}"), format!("{right}, {wrong}"), format!("v2=zz,{right}")] {
        assert_eq!(verified("pagerduty", secret, &[("x-pagerduty-signature", &shown)], body, NOW), Ok(()), "{shown}");
    }
    for shown in [wrong, "v1=".to_owned(), right.replace("v1=", "v0="), right.replace("v1=", ""), ",".to_owned()] {
        assert!(verified("pagerduty", secret, &[("x-pagerduty-signature", &shown)], body, NOW).is_err(), "{shown}");
    }
    assert!(verified("pagerduty", "another", &[("x-pagerduty-signature", right)], body, NOW).is_err());
    assert!(verified("pagerduty", secret, &[], body, NOW).unwrap_err().contains("x-pagerduty-signature is missing"));
}

#[test]
fn standard_webhooks() {
    let Some(text) = sample("vectors.json") else { return };
    let all: Value = serde_json::from_slice(&text).unwrap();
    let vector = |name: &str| all["standard-webhooks"][name].as_str().unwrap();
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let check = |signature: &str, id: &str, now: &str| {
        let headers = [("webhook-id", id), ("webhook-timestamp", vector("timestamp")), ("webhook-signature", signature)];
        verified("standard-webhooks", vector("secret"), &headers, vector("body").as_bytes(), now)
    };
    let (right, id, then) = (vector("signature"), vector("id"), "2021-02-25T15:02:10Z");
    assert_eq!(check(right, id, then), Ok(()));
    assert_eq!(check(&format!("{other} v1a,xyz {right}"), id, then), Ok(()));
    for (signature, id, now) in [(other, id, then), (right, "msg_another", then), (right, id, "2021-02-25T15:08:10Z"), (right, id, NOW)] {
        assert!(check(signature, id, now).is_err(), "{signature} {id} {now}");
    }
}

#[test]
fn standard_webhooks_hold_muster_s_own_form_or_what_the_mapping_says() {
    let alerts = json!([{ "id": 5, "title": "Down", "state": "firing", "severity": "critical", "startsAt": "1795316400" }]);
    for body in [json!({ "type": "alert.fired", "timestamp": NOW, "data": { "alerts": alerts } }), json!({ "alerts": alerts })] {
        let alarm = one("standard-webhooks", &body);
        assert_eq!((short(&alarm), alarm.starts_at), (("5", true, Some(Severity::Critical)), at(NOW)));
    }
    let mapped = AlertSource {
        map: Mapping {
            title: Some("/data/what".into()),
            state: Some("/type".into()),
            ended: vec!["job.fixed".into()],
            ..Mapping::default()
        },
        ..source("standard-webhooks")
    };
    let body = json!({ "type": "job.fixed", "data": { "what": "Backups" } }).to_string();
    let all = mapped.alarms(&usual(), &HeaderMap::new(), body.as_bytes(), &KINDS).unwrap();
    assert_eq!(short(&all[0].alerts[0]), ("Backups", false, Some(Severity::Major)));
}

#[test]
fn your_own_source_is_mapped_by_pointers() {
    let pointer = |text: &str| Some(text.to_owned());
    let map = Mapping {
        alerts: pointer("/items"),
        title: pointer("/job/name"),
        fingerprint: pointer("/job/id"),
        description: pointer("/log"),
        state: pointer("/status"),
        starts_at: pointer("/at"),
        severity: pointer("/prio"),
        group: pointer("/site"),
        link: pointer("/url"),
        labels: BTreeMap::from([("region".to_owned(), "/meta/0".to_owned()), ("none".to_owned(), "/gone".to_owned())]),
        ..Mapping::default()
    };
    let levels = BTreeMap::from([("1".to_owned(), Severity::Critical)]);
    let zone = Zone::named("Europe/Berlin");
    let source = AlertSource { map, levels: Some(levels), zone, ..source("json") };
    let body = json!({ "items": [
        { "job": { "id": 7, "name": "Backup" }, "status": "failed", "at": "2026-11-22 04:00:00", "prio": 1, "site": "a", "url": "https://jobs.example/7",
          "meta": ["eu"], "log": null },
        { "job": { "id": "8", "name": "Mail" }, "status": "OK", "prio": "2", "site": "b" },
        { "job": { "id": "9", "name": "Disk" }, "status": 5, "at": "soon", "site": "a" },
    ] });
    let all = source.alarms(&usual(), &HeaderMap::new(), body.to_string().as_bytes(), &KINDS).unwrap();
    assert_eq!(all.iter().map(|group| (&*group.group_key, group.alerts.len())).collect::<Vec<_>>(), [("a", 2), ("b", 1)]);
    let first = &all[0].alerts[0];
    assert_eq!((short(first), first.starts_at), (("7", true, Some(Severity::Critical)), at(NOW)));
    assert_eq!(first.labels, json!({ "labels": { "region": "eu" }, "source": "https://jobs.example/7" }));
    assert_eq!(first.links, ["https://jobs.example/7"]);
    assert_eq!((short(&all[0].alerts[1]), all[0].alerts[1].starts_at), (("9", true, None), None));
    assert_eq!(short(&all[1].alerts[0]), ("8", false, None));
    for bad in [
        json!({}),
        json!({ "items": { "job": { "id": 1, "name": "x" }, "status": "failed" } }),
        json!({ "items": [{ "job": { "name": "x" } }] }),
        json!({ "items": [{ "job": { "id": 1, "name": "x" } }] }),
    ] {
        let why = source.alarms(&usual(), &HeaderMap::new(), bad.to_string().as_bytes(), &KINDS).unwrap_err();
        assert!(why.contains("nothing readable is at") && why.contains("docs/integrations/alerts.md"), "{why}");
    }
}

#[test]
fn a_form_can_be_mapped_and_many_groups_are_bounded() {
    let map = Mapping { title: Some("/what".into()), ..Mapping::default() };
    let form = AlertSource { map, ..source("json") }.alarms(&usual(), &HeaderMap::new(), b"what=The+disk+is+full&x=1", &KINDS).unwrap();
    assert_eq!(short(&form[0].alerts[0]), ("The disk is full", true, Some(Severity::Major)));
    let map = Mapping { alerts: Some(String::new()), title: Some(String::new()), ..Mapping::default() };
    let many = json!((0..1_000).map(|number| format!("alert {number}")).collect::<Vec<_>>()).to_string();
    let all = AlertSource { map, ..source("json") }.alarms(&usual(), &HeaderMap::new(), many.as_bytes(), &KINDS).unwrap();
    assert_eq!(all.len(), domain::limits::ALERT_GROUPS_PER_CALL + 1);
    assert_eq!(all.iter().map(|group| group.alerts.len()).sum::<usize>(), 1_000);
}

#[test]
fn muster_s_own_form_takes_numbers_and_times_of_every_kind() {
    let body = |field: &str, value: Value| {
        let mut body = json!({ "group": 5, "alerts": [{ "id": 7, "title": "Down", "state": "firing", "severity": 1, "labels": null,
            "links": ["https://shop.example.org"] }] });
        body["alerts"][0][field] = value;
        body
    };
    for time in [json!(NOW), json!(1_795_316_400), json!("1795316400000"), json!("2026-11-22T03:00:00+00:00")] {
        assert_eq!(one("generic", &body("startsAt", time.clone())).starts_at, at(NOW), "{time}");
    }
    assert_eq!(one("generic", &body("startsAt", Value::Null)).starts_at, None);
    // Without a zone it is unknown.
    assert_eq!(one("generic", &body("startsAt", json!("2026-11-22T03:00:00"))).starts_at, None);
    assert_eq!(one("generic", &body("endsAt", json!(null))).links, ["https://shop.example.org"]);
    assert!(refused("generic", body("startsAt", json!("soon")).to_string().as_bytes()).contains("alerts[0].startsAt must be a time"));
}

#[test]
fn a_body_of_another_vendor_is_named_with_the_way_out() {
    let bodies = [
        ("grafana", json!({ "orgId": 1, "groupKey": "g", "alerts": [] })),
        ("pagerduty", json!({ "event": { "event_type": "x" } })),
        ("alertmanager", json!({ "version": "4", "groupKey": "g", "alerts": [] })),
        ("pingdom", json!({ "check_id": 1, "current_state": "UP" })),
        ("cloudwatch", json!({ "Type": "x", "TopicArn": "x", "SigningCertURL": "x" })),
        ("sentry", json!({ "action": "triggered", "data": { "triggered_rule": "x" } })),
        ("uptime-kuma", json!({ "heartbeat": {}, "monitor": {} })),
        ("betterstack", json!({ "data": { "attributes": { "started_at": "x" } } })),
        ("github", json!({ "workflow_run": {} })),
    ];
    for (kind, body) in &bodies {
        for other in ["statuscake", "healthchecks", "zabbix", "nagios", "opsgenie", "uptimerobot"] {
            let why = refused(other, body.to_string().as_bytes());
            assert!(why.contains(&format!("a source of kind {kind} posts")) && why.contains(&format!("for {other}")), "{why}");
        }
    }
    let form = refused("pingdom", b"Status=Down&StatusCode=500&URL=x");
    assert!(form.contains("a source of kind statuscake posts"), "{form}");
    for kind in &KINDS {
        for nothing in [&b""[..], b"hello", b"[]", b"5", b"null", b"{", b"\"x\"", b"[[[[]]]]"] {
            let _ = source(kind.name).alarms(&usual(), &HeaderMap::new(), nothing, &KINDS);
        }
        assert!(refused(kind.name, b"").contains(kind.docs), "{}", kind.name);
    }
}

#[test]
fn of_a_mail_what_is_read_of_it_is_kept_and_means_the_same() {
    let mail = "From: alerts@checks.example\r\nDate: Sun, 22 Nov 2026 03:00:00 +0000\r\nMessage-ID: <1@checks.example>\r\nSubject: Down\r\n\
                Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                U2VlbiBmcm9tIEZyYW5rZvxydC4KcGFzc3dvcmQ9aHVudGVyMgo=\r\n";
    let headers = HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, HeaderValue::from_static("message/rfc822"))]);
    let kept = kept_body(&headers, mail.as_bytes());
    let body: Value = serde_json::from_slice(&kept).unwrap();
    assert!(body["text"].as_str().unwrap().starts_with("Seen from Frankf\u{fc}rt.\npassword=hunter2"), "{body}");
    let read = |body: &[u8]| format!("{:?}", source("mail").alarms(&usual(), &headers, body, &KINDS).unwrap());
    assert_eq!(read(&kept), read(mail.as_bytes()));
    // What is no mail, and what is not posted as one, stays as it is.
    assert_eq!(&*kept_body(&headers, b"\xff\xfe"), b"\xff\xfe");
    assert_eq!(&*kept_body(&HeaderMap::new(), mail.as_bytes()), mail.as_bytes());
}
