//! Services and programs with a form of their own.

use domain::zone::Zone;
use entity::Severity;
use serde_json::{Value, json};

use super::*;

/// Written by us, after Opsgenie's documentation.
#[test]
fn opsgenie() {
    let body = |action: &str| {
        json!({ "action": action, "integrationName": "Muster", "source": { "name": "x", "type": "API" }, "alert": {
            "alertId": "052652ac", "alias": "disk full", "message": "Disk full", "priority": "P1", "entity": "db.example.org", "tags": ["a", "b"],
            "createdAt": 1_795_316_400_000_i64, "updatedAt": 1_795_316_700_123_456_789_i64, "details": { "url": "https://shop.example.org/" } } })
    };
    let fires = one("opsgenie", &body("Create"));
    assert_eq!((short(&fires), fires.starts_at), (("disk full", true, Some(Severity::Critical)), at(NOW)));
    assert_eq!(fires.links, ["db.example.org", "https://shop.example.org/"]);
    assert_eq!(fires.labels["labels"]["tags"], "a, b");
    let over = one("opsgenie", &body("Close"));
    assert_eq!((over.firing, over.starts_at, over.ends_at), (false, at(NOW), at("2026-11-22T03:05:00.123456Z")));
    assert!(one("opsgenie", &body("Acknowledge")).firing);
}

#[test]
fn statuscake_is_a_form() {
    let Some(text) = sample("statuscake/down.form.txt") else { return };
    let all = source("statuscake").alarms(&usual(), &HeaderMap::new(), text.trim_ascii(), &KINDS).unwrap();
    let alarm = &all[0].alerts[0];
    assert_eq!(short(alarm), ("Example https://www.example.com", true, Some(Severity::Critical)));
    assert_eq!((&*alarm.title, &alarm.links[..]), ("Example is down", &["https://www.example.com".to_owned()][..]));
    assert!(!alarm.labels.to_string().contains("md5"), "its Token is kept nowhere");
    let up = String::from_utf8(text).unwrap().replace("Status=Down", "Status=Up");
    let all = source("statuscake").alarms(&usual(), &HeaderMap::new(), up.trim().as_bytes(), &KINDS).unwrap();
    assert_eq!(short(&all[0].alerts[0]), ("Example https://www.example.com", false, None));
}

#[test]
fn pingdom() {
    let Some(down) = sampled_one("pingdom", "pingdom/down.json") else { return };
    assert_eq!((short(&down), down.starts_at), (("803318", true, Some(Severity::Major)), at("2017-06-30T22:25:43Z")));
    assert_eq!((&*down.title, &*down.links[0]), ("Alerta API on OpenShift is down", "http://api.alerta.io/"));
    let up = sampled_one("pingdom", "pingdom/up.json").unwrap();
    assert_eq!((up.firing, up.starts_at, up.ends_at), (false, up.ends_at, at("2017-06-30T22:30:43Z")));
    // Where the number is missing, the time beside it is in UTC.
    let body =
        json!({ "check_id": "1", "current_state": "DOWN", "state_changed_utc_time": "2026-11-22T03:00:00", "importance_level": "LOW" });
    let alarm = one("pingdom", &body);
    assert_eq!((short(&alarm), alarm.starts_at), (("1", true, None), at(NOW)));
}

#[test]
fn uptimerobot_is_what_the_template_says() {
    let Some(template) = sample("uptimerobot/template.form.txt") else { return };
    let filled = |kind: &str| {
        let values = [
            ("*monitorID*", "77"),
            ("*monitorURL*", "https%3A%2F%2Fshop.example.org"),
            ("*monitorFriendlyName*", "Shop"),
            ("*alertType*", kind),
            ("*alertDetails*", "Timeout"),
            ("*alertDateTime*", "1795316400"),
        ];
        values.iter().fold(String::from_utf8(template.clone()).unwrap(), |text, (name, value)| text.replace(name, value))
    };
    let heard = |kind: &str| {
        let mut all = source("uptimerobot").alarms(&usual(), &HeaderMap::new(), filled(kind).trim().as_bytes(), &KINDS).unwrap();
        all.remove(0).alerts.remove(0)
    };
    let down = heard("1");
    assert_eq!((short(&down), down.starts_at, &*down.title), (("77", true, Some(Severity::Critical)), at(NOW), "Shop is down"));
    assert_eq!(down.links, ["https://shop.example.org"]);
    assert_eq!((short(&heard("2")), heard("2").ends_at), (("77", false, None), at(NOW)));
    assert_eq!(short(&heard("3")), ("77 certificate", true, None));
    assert!(refused("uptimerobot", filled("*alertType*").trim().as_bytes()).contains("alertType must be 1, 2 or 3"));
}

/// Written by us, after the documentation of Amazon CloudWatch and SNS.
#[test]
fn cloudwatch() {
    let message = |state: &str| {
        let alarm = json!({ "AlarmName": "sut-cpu", "AlarmDescription": null, "AWSAccountId": "111111111111", "NewStateValue": state,
            "NewStateReason": "Threshold Crossed", "StateChangeTime": "2026-11-22T03:00:00.000+0000", "Region": "EU (Ireland)",
            "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:sut-cpu",
            "Trigger": { "MetricName": "CPU", "Namespace": "AWS/EC2", "Dimensions": [{ "name": "Host", "value": "web1.example.org" }] } });
        json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "SigningCertURL": "x", "Message": alarm.to_string() })
    };
    let fires = one("cloudwatch", &message("ALARM"));
    assert_eq!(short(&fires), ("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:sut-cpu", true, Some(Severity::Major)));
    assert_eq!((fires.starts_at, &fires.links[..]), (at(NOW), &["web1.example.org".to_owned()][..]));
    assert!(!one("cloudwatch", &message("OK")).firing);
    assert_eq!(heard("cloudwatch", &message("INSUFFICIENT_DATA")).len(), 0);
    assert_eq!(heard("cloudwatch", &json!({ "Type": "SubscriptionConfirmation" })).len(), 0);
    assert!(refused("cloudwatch", br#"{"Type": "Notification", "Message": "hello"}"#).contains("not from CloudWatch"));
    assert!(refused("cloudwatch", br#"{"AlarmName": "raw"}"#).contains("Raw message delivery must be off"));
}

/// Written by us, after Sentry's documentation.
#[test]
fn sentry() {
    let metric = |action: &str| {
        let closed = (action == "resolved").then_some("2026-11-22T03:05:00Z");
        json!({ "action": action, "data": { "description_text": "1000 events", "description_title": "Too many", "web_url": "https://sentry.io/x",
            "metric_alert": { "id": "4", "title": "Too many errors", "date_started": "2026-11-22T03:00:00.000000Z",
                "date_closed": closed, "projects": ["shop"] } } })
    };
    assert_eq!(short(&one("sentry", &metric("critical"))), ("metric 4", true, Some(Severity::Critical)));
    assert_eq!(short(&one("sentry", &metric("warning"))), ("metric 4", true, None));
    let over = one("sentry", &metric("resolved"));
    assert_eq!((over.firing, over.ends_at), (false, at("2026-11-22T03:05:00Z")));
    let rule = json!({ "action": "triggered", "data": { "triggered_rule": "Errors", "event": { "issue_id": "117", "title": "ReferenceError",
        "level": "error", "datetime": NOW, "web_url": "https://sentry.io/y", "request": { "url": "https://shop.example.org/cart" } } } });
    let fires = one("sentry", &rule);
    assert_eq!((short(&fires), &*fires.links[0]), (("issue 117", true, Some(Severity::Major)), "https://shop.example.org/cart"));
    let issue =
        |action: &str| json!({ "action": action, "data": { "issue": { "id": "117", "shortId": "A-1", "title": "x", "lastSeen": NOW } } });
    assert_eq!(short(&one("sentry", &issue("resolved"))), ("issue 117", false, None));
    assert_eq!(heard("sentry", &issue("assigned")).len(), 0);
    assert_eq!(heard("sentry", &json!({ "action": "created", "data": { "installation": {} } })).len(), 0);
    let (secret, signature) = ("client-secret", "1a0e9b97a2f2bb2b3dd8ea8b3b6ba0bb7f0e8f0ea4cf4f3b4a0d5ab7d6a6a3d2");
    assert!(verified("sentry", secret, &[("sentry-hook-signature", signature)], b"{}", NOW).is_err());
}

/// Written by us, after the documentation of each, or as ours says what to set there.
#[test]
fn monitors_that_say_up_and_down() {
    let healthchecks = |status: &str| json!({ "code": "c0de", "name": "Backup", "status": status, "tags": "prod shop.example.org", "now": "2026-11-22T03:00:00+00:00" });
    let kuma = |status: u8| {
        json!({ "msg": "m", "monitor": { "id": 29, "name": "Backup", "url": "https://shop.example.org", "hostname": null, "type": "http" },
            "heartbeat": { "monitorID": 29, "status": status, "time": "2026-11-22 03:00:00.000", "msg": "ENOTFOUND", "timezone": "Europe/Berlin" } })
    };
    let better = |resolved: Value| {
        json!({ "data": { "id": "789", "type": "incident", "attributes": { "name": "Backup", "cause": "Timeout", "url": "https://shop.example.org",
            "started_at": "2026-11-22T03:00:00.000Z", "resolved_at": resolved, "status": "Started" } } })
    };
    for (kind, fingerprint, down, up) in [
        ("healthchecks", "c0de", healthchecks("down"), healthchecks("up")),
        ("uptime-kuma", "29", kuma(0), kuma(1)),
        ("betterstack", "789", better(json!(null)), better(json!("2026-11-22T03:05:00.000Z"))),
    ] {
        let alarm = one(kind, &down);
        assert_eq!((short(&alarm), alarm.starts_at), ((fingerprint, true, Some(Severity::Critical)), at(NOW)), "{kind}");
        assert!(alarm.links[0].contains("shop.example.org"), "{kind}");
        let over = one(kind, &up);
        assert!(!over.firing && over.ends_at.is_some() && over.fingerprint == fingerprint, "{kind}");
    }
    for quiet in [kuma(2), kuma(3), json!({ "heartbeat": null, "monitor": null, "msg": "Testing" })] {
        assert_eq!(heard("uptime-kuma", &quiet).len(), 0);
    }
    assert!(refused("healthchecks", br#"{"code": "c", "status": "$STATUS", "now": ""}"#).contains("neither up nor down"));
}

/// As the media type and the script in our documentation post.
#[test]
fn zabbix_and_nagios() {
    let zabbix = |value: &str, ended: &str| {
        json!({ "event_id": "42", "value": value, "trigger": "Disk full", "severity": "Disaster", "host": "db.example.org", "address": "10.0.0.5",
            "began": "2026.11.22 04:00:00", "ended": ended, "details": "98 %", "tags": "", "url": "https://zabbix.example.org/tr_events.php" })
    };
    let source = AlertSource { zone: Zone::named("Europe/Berlin"), ..source("zabbix") };
    let heard = |body: &Value| source.alarms(&usual(), &HeaderMap::new(), body.to_string().as_bytes(), &KINDS).unwrap().remove(0);
    let fires = heard(&zabbix("1", "{EVENT.RECOVERY.DATE} {EVENT.RECOVERY.TIME}"));
    assert_eq!((&*fires.group_key, short(&fires.alerts[0])), ("db.example.org", ("42", true, Some(Severity::Critical))));
    assert_eq!((fires.alerts[0].starts_at, &*fires.alerts[0].title), (at(NOW), "db.example.org: Disk full"));
    let over = heard(&zabbix("0", "2026.11.22 04:05:00")).alerts.remove(0);
    assert_eq!((over.firing, over.starts_at, over.ends_at), (false, at(NOW), at("2026-11-22T03:05:00Z")));

    let nagios = |notification: &str, rest: &str| {
        let form = format!("notification={notification}&host=db&address=db.example.org&since=1795316400&{rest}");
        plain("nagios").alarms(&usual(), &HeaderMap::new(), form.as_bytes(), &KINDS).unwrap()
    };
    let fires = nagios("PROBLEM", "service=disk&state=CRITICAL&output=98%25+full").remove(0);
    assert_eq!((&*fires.group_key, short(&fires.alerts[0])), ("db", ("db!disk", true, Some(Severity::Critical))));
    assert_eq!((&*fires.alerts[0].title, &fires.alerts[0].links[..]), ("disk on db is CRITICAL", &["db.example.org".to_owned()][..]));
    assert_eq!(short(&nagios("PROBLEM", "service=&state=DOWN")[0].alerts[0]), ("db", true, Some(Severity::Critical)));
    assert_eq!(short(&nagios("RECOVERY", "service=disk&state=OK")[0].alerts[0]), ("db!disk", false, None));
    assert_eq!(nagios("ACKNOWLEDGEMENT", "state=DOWN").len(), 0);
}

/// Written by us, after GitHub's documentation.
#[test]
fn github() {
    let run = |branch: &str, conclusion: &str| {
        json!({ "action": "completed", "repository": { "full_name": "acme/shop", "default_branch": "main" }, "workflow_run": { "name": "Deploy",
            "workflow_id": 9, "head_branch": branch, "conclusion": conclusion, "event": "push", "updated_at": NOW, "html_url": "https://github.com/x" } })
    };
    let fires = one("github", &run("main", "failure"));
    assert_eq!((short(&fires), &*fires.title), (("acme/shop 9", true, Some(Severity::Major)), "Deploy of acme/shop: failure"));
    assert_eq!(short(&one("github", &run("main", "success"))), ("acme/shop 9", false, None));
    for quiet in [run("feature", "failure"), run("main", "cancelled"), json!({ "zen": "x", "hook_id": 1 })] {
        assert_eq!(heard("github", &quiet).len(), 0);
    }
    // Of a fork whose branch is called main as well.
    for event in ["pull_request", "pull_request_target", "pull_request_review"] {
        let mut body = run("main", "success");
        body["workflow_run"]["event"] = json!(event);
        assert_eq!(heard("github", &body).len(), 0, "{event}");
    }
    // The example of GitHub's documentation.
    let (secret, signature) = ("It's a Secret to Everybody", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    assert_eq!(verified("github", secret, &[("x-hub-signature-256", signature)], b"Hello, World!", NOW), Ok(()));
    assert!(verified("github", secret, &[("x-hub-signature-256", &signature[7..])], b"Hello, World!", NOW).is_err());
}
