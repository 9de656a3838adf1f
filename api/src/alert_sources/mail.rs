//! Mail: an alert that comes as a message, by rules on sender and subject in the settings.
//!
//! What answers by itself (a bounce, an out-of-office reply) is never an alert. Lists and newsletters are none either, unless a rule names
//! them: much that watches sends its mails the same way. What else no rule names is recorded and reports nothing, so that it is seen and
//! nobody is woken.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::mail_rules::{MailRule, Means, Parts};
use super::told::{Spell, Told};

/// Mail.
pub const KIND: Kind = Kind {
    name: "mail",
    about: "Mail, by rules on sender and subject",
    docs: "docs/integrations/mail-alerts.md",
    proofs: &[Proof::Header],
    words: &[(ALERT, Severity::Major), ("critical", Severity::Critical), ("major", Severity::Major), ("minor", Severity::Minor)],
    headers: &["content-type"],
    looks_like: |body| body.get("message_id").is_some() && body.get("headers").is_some() && body.get("subject").is_some(),
    read,
};

/// How bad it is if its rule does not say.
const ALERT: &str = "alert";
/// How bad it is if no rule names it. It is no word of ours, so it reports nothing unless the settings give it a level.
const UNKNOWN: &str = "unknown";
/// What programs write into `Precedence` that answer by themselves.
const ANSWERING: [&str; 2] = ["auto_reply", "auto-reply"];
/// What programs write there that send to many.
const TO_MANY: [&str; 3] = ["bulk", "junk", "list"];

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    if !(KIND.looks_like)(post.body) {
        return Err("The body is not as expected: post the mail as it is, with the content type message/rfc822.".to_owned());
    }
    let body = Fields::of(post.body, reading.zone);
    if answers_by_itself(body) {
        return Ok(Vec::new());
    }
    let (from, subject) = (body.text("/from").unwrap_or_default(), body.text("/subject").unwrap_or_default());
    let matching = reading.mail.iter().find_map(|rule| Some((rule, rule.matches(&from, &subject)?)));
    let told = match matching {
        Some((MailRule { means: Means::Ignore, .. }, _)) => return Ok(Vec::new()),
        Some((rule, parts)) => by_rule(rule, parts, body),
        None if is_for_many(body) => return Ok(Vec::new()),
        None => unknown(reading, body),
    };
    let labels = vec![("from", Some(from)), ("subject", Some(subject)), ("message_id", body.text("/message_id"))];
    Ok(Told { description: body.text("/text"), labels, ..told }.alone(reading, None))
}

fn by_rule(rule: &MailRule, parts: Parts, body: Fields<'_>) -> Told {
    let fires = match rule.means {
        Means::Fires => true,
        Means::Ends | Means::Ignore => false,
    };
    let about = vec![parts.id.clone(), parts.title.clone()];
    Told {
        fingerprint: rule.identity(&parts, &subject(body)),
        title: parts.title.unwrap_or_else(|| subject(body)),
        spell: Spell::changed(fires, body.moment("/date")),
        level: rule.level.clone().unwrap_or_else(|| ALERT.to_owned()),
        about,
        ..Told::default()
    }
}

/// One that no rule names. Nothing will tell its end, so it is over at once, unless it reports.
fn unknown(reading: &Reading<'_>, body: Fields<'_>) -> Told {
    let at = body.moment("/date");
    let reports = reading.levels.severity(UNKNOWN).is_some();
    Told {
        // In brackets, which no sender's address has: whoever may send a mail must not name, and so end, the alert of a rule.
        fingerprint: format!("<{}>", body.text("/message_id").unwrap_or_else(|| subject(body))),
        title: subject(body),
        spell: if reports || at.is_none() { Spell::Since(at) } else { Spell::changed(false, at) },
        level: UNKNOWN.to_owned(),
        ..Told::default()
    }
}

fn subject(body: Fields<'_>) -> String {
    body.text("/subject").unwrap_or_else(|| "A mail without a subject".to_owned())
}

/// Whether it says of itself that it answers another mail, or tells that one did not arrive (RFC 3834, 3464, 5321).
fn answers_by_itself(body: Fields<'_>) -> bool {
    let submitted = body.word("/headers/auto-submitted");
    let path = body.word("/headers/return-path");
    let kind = body.word("/headers/content-type");
    submitted.starts_with("auto-replied")
        || path == "<>"
        || path.starts_with("<mailer-daemon")
        || kind.starts_with("multipart/report")
        || body.word("/from").starts_with("mailer-daemon@")
        || ANSWERING.contains(&&*body.word("/headers/precedence"))
        || ["/headers/x-autoreply", "/headers/x-autorespond", "/headers/x-failed-recipients"].iter().any(|header| body.has(header))
}

/// Whether it goes to many, or wants no answer from programs, as newsletters and out-of-office replies of Exchange do.
fn is_for_many(body: Fields<'_>) -> bool {
    TO_MANY.contains(&&*body.word("/headers/precedence"))
        || ["/headers/list-id", "/headers/x-auto-response-suppress"].iter().any(|header| body.has(header))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::http::{HeaderMap, header};
    use domain::alerts::Alarm;
    use domain::alerts::episode::Identity;

    use super::super::mail_rules::Pattern;
    use super::super::{AlertSource, KINDS};
    use super::*;

    const RULES: [(&str, &str, Means, Option<&str>); 7] = [
        ("*@checks.example", "Your site {id} went down*", Means::Fires, Some("critical")),
        ("*@checks.example", "Your site {id} came back up*", Means::Ends, None),
        ("alert@probe.example", "DOWN alert: {id} (*) is DOWN", Means::Fires, None),
        ("alert@probe.example", "UP alert: {id} (*) is UP", Means::Ends, None),
        ("robot@uptime.example", "Monitor is {title}: {id}", Means::Fires, Some("minor")),
        ("*@web1.example", "Cron <*> */backup*", Means::Fires, None),
        ("*@web1.example", "Cron <*", Means::Ignore, None),
    ];

    fn source() -> AlertSource {
        let pattern = |text: &str| Pattern::read(text).unwrap();
        let rule = |(from, subject, means, level): &(&str, &str, Means, Option<&str>)| MailRule {
            from: pattern(from),
            subject: pattern(subject),
            means: *means,
            level: level.map(str::to_owned),
        };
        AlertSource { name: Some("mail".to_owned()), mail: RULES.iter().map(rule).collect(), ..AlertSource::plain(&KIND) }
    }

    fn heard_by(source: &AlertSource, from: &str, subject: &str, headers: &str) -> Vec<Alarms> {
        let mail = format!(
            "Message-ID: <1@x.example>\nDate: Sun, 22 Nov 2026 03:00:00 +0000\nFrom: <{from}>\nSubject: {subject}\n{headers}\nSee the log.\n"
        );
        let posted = HeaderMap::from_iter([(header::CONTENT_TYPE, "message/rfc822".parse().unwrap())]);
        source.alarms(&BTreeMap::new(), &posted, mail.as_bytes(), &KINDS).unwrap()
    }

    fn one(from: &str, subject: &str, headers: &str) -> Option<Alarm> {
        heard_by(&source(), from, subject, headers).pop().map(|mut alarms| {
            assert_eq!((alarms.identity, alarms.alerts.len()), (Identity::Moment, 1));
            alarms.alerts.remove(0)
        })
    }

    #[test]
    fn down_and_up_are_about_one_alert() {
        let sent = |from: &str, subject: &str| one(from, subject, "").unwrap();
        let (down, up) = (
            sent("noreply@checks.example", "Your site shop.example.org went down - HTTP 503"),
            sent("noreply@checks.example", "Your site shop.example.org came back up after 5 minutes"),
        );
        assert_eq!((down.firing, down.severity, up.firing), (true, Some(Severity::Critical), false));
        assert_eq!(down.fingerprint, up.fingerprint);
        assert_eq!((&*down.links, &*down.title), (&["shop.example.org".to_owned()][..], "Your site shop.example.org went down - HTTP 503"));
        assert_eq!((down.starts_at, up.ends_at), ("2026-11-22T03:00:00Z".parse().ok(), "2026-11-22T03:00:00Z".parse().ok()));
        assert_eq!(down.description.as_deref(), Some("See the log."));
        let (down, up) = (
            sent("alert@probe.example", "DOWN alert: My shop (shop.example.org) is DOWN"),
            sent("Alert@Probe.example", "UP alert: My shop (shop.example.org) is UP"),
        );
        assert_eq!((down.severity, down.fingerprint == up.fingerprint), (Some(Severity::Major), true));
        let titled = sent("robot@uptime.example", "Monitor is DOWN: Shop");
        assert_eq!((&*titled.title, titled.severity), ("DOWN", Some(Severity::Minor)));
    }

    #[test]
    fn the_first_rule_counts() {
        let backup = one("root@web1.example", "Cron <root@web1> /usr/local/bin/backup --all", "Auto-Submitted: auto-generated\n").unwrap();
        assert_eq!((backup.firing, backup.severity), (true, Some(Severity::Major)));
        assert!(one("root@web1.example", "Cron <root@web1> /usr/bin/updatedb", "").is_none());
    }

    #[test]
    fn what_no_rule_names_is_recorded_and_reports_nothing() {
        let alarm = one("somebody@else.example", "The printer is empty", "").unwrap();
        assert_eq!((alarm.firing, alarm.severity, alarm.is_end_alone()), (false, None, true));
        assert_eq!((&*alarm.fingerprint, &*alarm.title), ("<1@x.example>", "The printer is empty"));
        let levels = BTreeMap::from([("unknown".to_owned(), Severity::Minor)]);
        let reporting = AlertSource { levels: Some(levels), ..source() };
        let alarm = heard_by(&reporting, "somebody@else.example", "The printer is empty", "").remove(0).alerts.remove(0);
        assert_eq!((alarm.firing, alarm.severity), (true, Some(Severity::Minor)));
    }

    #[test]
    fn a_mail_that_no_rule_names_ends_no_alert() {
        let of = |mail: &str| {
            let posted = HeaderMap::from_iter([(header::CONTENT_TYPE, "message/rfc822".parse().unwrap())]);
            source().alarms(&BTreeMap::new(), &posted, mail.as_bytes(), &KINDS).unwrap().remove(0).alerts.remove(0)
        };
        let (site, backup) = (
            one("noreply@checks.example", "Your site shop.example.org went down", "").unwrap(),
            one("root@web1.example", "Cron <root@web1> /usr/local/bin/backup", "").unwrap(),
        );
        for (alarm, forged) in [
            (&site, "Message-ID: <*@checks.example shop.example.org>\nSubject: x\n"),
            (&site, "Message-ID: *@checks.example shop.example.org\nSubject: x\n"),
            (&site, "Subject: *@checks.example shop.example.org\n"),
            (&backup, "Subject: Cron <root@web1> /usr/local/bin/backup\n"),
        ] {
            let forged = of(&format!("From: <somebody@else.example>\nDate: Sun, 22 Nov 2026 03:05:00 +0000\n{forged}\n"));
            assert!(!forged.firing && forged.fingerprint != alarm.fingerprint, "{}", forged.fingerprint);
        }
    }

    #[test]
    fn what_answers_by_itself_is_never_an_alert() {
        let (from, subject) = ("noreply@checks.example", "Your site shop.example.org went down");
        for header in [
            "Auto-Submitted: auto-replied (vacation)",
            "Return-Path: <>",
            "Return-Path: <MAILER-DAEMON@mx.example>",
            "Precedence: auto_reply",
            "X-Autoreply: yes",
            "X-Failed-Recipients: sam@agency.example",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        ] {
            assert!(one(from, subject, &format!("{header}\n")).is_none(), "{header}");
        }
        assert!(one("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender", "").is_none());
    }

    #[test]
    fn what_goes_to_many_is_an_alert_only_by_a_rule() {
        for header in ["Precedence: bulk", "List-Id: <news.shop.example>", "X-Auto-Response-Suppress: All", "Precedence: list"] {
            let header = format!("{header}\n");
            assert!(one("news@shop.example", "Offers of the week", &header).is_none(), "{header}");
            assert!(one("noreply@checks.example", "Your site shop.example.org went down", &header).is_some(), "{header}");
        }
        for machine in ["Auto-Submitted: auto-generated\n", "Auto-Submitted: no\n", "Return-Path: <bounce@checks.example>\n"] {
            assert!(one("noreply@checks.example", "Your site shop.example.org went down", machine).is_some(), "{machine}");
        }
    }

    #[test]
    fn a_mail_that_is_posted_as_something_else_is_refused_with_the_way_out() {
        let form = source().alarms(&BTreeMap::new(), &HeaderMap::new(), b"From: a@b.example\nSubject: a=b\n\n", &KINDS).unwrap_err();
        assert!(form.contains("message/rfc822") && form.contains(KIND.docs), "{form}");
    }

    #[test]
    fn a_mail_that_was_kept_as_json_is_read_again() {
        let posted = HeaderMap::from_iter([(header::CONTENT_TYPE, "message/rfc822".parse().unwrap())]);
        let mail = b"From: alert@probe.example\nSubject: DOWN alert: Shop (x) is DOWN\n\n";
        let kept = super::super::read_body(&posted, mail).unwrap().to_string();
        let again = source().alarms(&BTreeMap::new(), &HeaderMap::new(), kept.as_bytes(), &KINDS).unwrap();
        assert_eq!(again[0].alerts[0].fingerprint, "alert@probe.example Shop");
    }
}
