//! A report as Muster writes one, made up, with whatever Markdown can have in it.

#![expect(clippy::unwrap_used, reason = "for tests; clippy knows those with #[test] alone")]

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use document::picture::{Level, Moment, severity, strip};
use document::{About, Document, Picture};

const BEFORE: &str = include_str!("before.md");
const AFTER: &str = include_str!("after.md");

/// With a timeline of so many events.
pub fn report(events: usize, pictures: Vec<Picture>) -> Document {
    Document::parse(&markdown(events), about(), pictures)
}

fn markdown(events: usize) -> String {
    let mut text = BEFORE.to_owned();
    for n in 0..events {
        let at = (start() + TimeDelta::seconds(i64::try_from(n * 95).unwrap())).format("%H:%M:%S");
        let what = match n % 5 {
            0 => "Declared by the **incident lead** after the third alert of `api-gateway-7f9c6d`; the second line was paged.",
            1 => {
                "Note: errors at the edge went from 0.4 % to 38 % within two minutes, most of them 502 from <https://status.example.org/edge/eu-west-1?window=15m>."
            }
            2 => {
                "Decision: roll back to `sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`, because the change can't be switched off."
            }
            3 => "Hand-over from responder 2 to responder 4, with a summary. ~~Two~~ Three sites are affected.",
            _ => "Update to clients, 412 characters.",
        };
        let _ = writeln!(text, "|{}|{at}|{}|{what}|", n + 1, ["declared", "note", "decision", "hand-over", "update"][n % 5]);
    }
    text + AFTER
}

pub fn about() -> About {
    About {
        lang: "en".to_owned(),
        ident: "INC-2026-0147, version for everybody, 3rd approval".to_owned(),
        meta: vec!["Full report, final".to_owned(), "Approved on 27 November 2026 at 15:04 UTC".to_owned()],
        at: start() + TimeDelta::days(2),
    }
}

fn start() -> DateTime<Utc> {
    "2026-11-25T22:14:05Z".parse().unwrap()
}

pub fn pictures(events: usize) -> Vec<Picture> {
    let at = |minutes| start() + TimeDelta::minutes(minutes);
    let key = [
        (0, "Impact began"),
        (7, "Declared"),
        (9, "Incident lead took over"),
        (31, "Severity raised to critical"),
        (34, "Second line paged"),
        (96, "Rollback decided"),
        (131, "Impact ended"),
        (188, "Resolved"),
    ];
    let mut moments: Vec<Moment> =
        key.into_iter().map(|(minutes, label)| Moment { at: at(minutes), label: label.to_owned(), is_key: true }).collect();
    let others = (0..events).map(|n| i64::try_from(n * 7 % 188).unwrap());
    moments.extend(others.map(|minutes| Moment { at: at(minutes), label: "Note".to_owned(), is_key: false }));
    let levels = [(0, "Minor", 1), (7, "Major", 2), (31, "Critical", 3), (131, "Minor", 1)];
    let levels: Vec<Level> =
        levels.into_iter().map(|(minutes, name, rank)| Level { since: at(minutes), name: name.to_owned(), rank }).collect();
    vec![strip(&moments, at(0), at(190)), severity(&levels, at(0), at(190))]
}
