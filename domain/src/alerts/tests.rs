use entity::Severity;
use serde_json::json;

use super::*;
use crate::playbook::AlertRules;

fn alarm(fingerprint: &str, firing: bool, severity: Option<Severity>) -> Alarm {
    Alarm {
        fingerprint: fingerprint.to_owned(),
        title: "Down".to_owned(),
        description: None,
        firing,
        starts_at: None,
        ends_at: None,
        labels: json!({}),
        links: Vec::new(),
        severity,
    }
}

#[test]
fn the_worst_alerts_of_a_call_come_first_and_each_keeps_the_order_of_its_notices() {
    let critical = Some(Severity::Critical);
    let alarms = [
        alarm("quiet", true, None),
        alarm("ended", false, None),
        alarm("major", true, Some(Severity::Major)),
        alarm("flapping", false, critical),
        alarm("flapping", true, critical),
    ];
    let (alerts, dropped) = worst_first(&alarms);
    let order: Vec<(&str, Vec<bool>)> =
        alerts.iter().map(|notices| (&*notices[0].fingerprint, notices.iter().map(|notice| notice.firing).collect())).collect();
    assert_eq!(dropped, 0);
    assert_eq!(order, [("flapping", vec![false, true]), ("major", vec![true]), ("ended", vec![false]), ("quiet", vec![true])]);
}

#[test]
fn what_is_beyond_the_limit_of_a_call_is_the_least_severe_and_counted() {
    let mut alarms: Vec<Alarm> = (0..limits::ALERTS_PER_CALL).map(|number| alarm(&number.to_string(), true, None)).collect();
    assert_eq!(worst_first(&alarms).1, 0);
    alarms.push(alarm("critical", true, Some(Severity::Critical)));
    let (alerts, dropped) = worst_first(&alarms);
    assert_eq!((dropped, alerts.len(), &*alerts[0][0].fingerprint), (1, limits::ALERTS_PER_CALL, "critical"));
}

#[test]
fn a_long_group_key_is_stored_as_its_hash() {
    let short = "g".repeat(limits::GROUP_KEY_BYTES);
    assert_eq!(bounded(short.clone()), short);
    let long = format!("{short}g");
    assert_eq!(bounded(long.clone()).len(), "sha256:".len() + 64);
    assert_ne!(bounded(long.clone()), bounded(format!("{long}g")));
}

#[test]
fn each_alarm_of_which_nothing_comes_counts_once_with_its_reason() {
    let (major, nothing) = (Some(Severity::Major), Received::default());
    let (fires, ends) = (alarm("a", true, major), alarm("a", false, None));
    let low = alarm("a", true, None);
    for (then, notices, fired, expected) in [
        ("record", vec![&fires, &ends], false, Received { recorded: 2, ..nothing }),
        ("ignore", vec![&ends], true, Received { recorded: 1, ..nothing }),
        ("join", vec![&fires], false, Received { unjoined: 1, ..nothing }),
        ("report", vec![&low], false, Received { too_low: 1, ..nothing }),
        ("report", vec![&fires], false, nothing),
        ("report", vec![&ends], false, Received { not_firing: 1, ..nothing }),
        ("report", vec![&ends], true, nothing),
    ] {
        let rules = AlertRules::read(&format!("[[alerts.rules]]\nname = 'x'\nthen = '{then}'")).unwrap();
        let judgement = Judgement { verdict: rules.verdict_by(Some(0), None), quiet: None, home: None, told: None };
        assert_eq!(nothing_came(&judgement, &notices, fired), expected, "{then} {fired}");
    }
}
