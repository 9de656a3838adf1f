//! The one that is live when you open the page.

use entity::IncidentStatus::Fixing;
use entity::Role::{ClientCommsManager, Responder};
use entity::Severity::Critical;
use entity::TimelineKind::{Change, Command, Decision, Finding, Note};

use super::cast::{COUNCIL, COUNCIL_SITE};
use super::script::Act::{Alert, Declare, Done, Role, Settle, Skip, Star, Todo, Update, Write};
use super::script::{self, Declaration, Line};

const GROUP: &str = "{}:{site=\"tarn-valley\"}";

/// The story.
pub const LINES: &[Line] = &[
    Line(
        162,
        "-",
        Alert(script::Alert {
            source: "alertmanager",
            group: GROUP,
            fingerprint: "6f1d0c2ab7e94c55",
            title: "www.tarn-valley.example answers 503",
            description: "More than half of all requests have failed for two minutes.",
            severity: Some(Critical),
            labels: &[("alertname", "SiteFailing"), ("severity", "critical"), ("site", "tarn-valley"), ("instance", "tarn-web-1")],
            since_minutes: 2,
        }),
    ),
    Line(
        164,
        "Maren",
        Declare(Declaration {
            name: Some("Tarn Valley council site: 503 on most pages"),
            description: Some(
                "Most pages of the council's site answer 503, among them the forms for housing and school places, which close at the end of the day.",
            ),
            severity: Critical,
            sites: &[COUNCIL_SITE],
            clients: &[COUNCIL],
            flags: &[],
            since_minutes: 4,
        }),
    ),
    Line(165, "Maren", Role(Responder, "Jonas", None)),
    Line(166, "Maren", Write(Note, "Sam has only just closed the museum's, so I lead this one.")),
    Line(166, "Maren", Skip("second-line", "Sam is here already.")),
    Line(166, "Maren", Settle("general-notice:1", "Written in the general channel.")),
    Line(167, "Maren", Role(ClientCommsManager, "Elif", Some("Ask the council which forms close today."))),
    Line(168, "Jonas", Write(Command, "On tarn-web-1:\n```\n$ df -h /var\n/dev/sdb1  40G  40G   0  100% /var\n```")),
    Line(169, "Jonas", Write(Finding, "/var is full on both web servers, so PHP can't write its sessions: that is the 503.")),
    Line(
        171,
        "-",
        Alert(script::Alert {
            source: "alertmanager",
            group: GROUP,
            fingerprint: "0b52f6d19a4437c8",
            title: "Disk of tarn-web-2 is full",
            description: "/var has no room left.",
            severity: Some(Critical),
            labels: &[("alertname", "DiskFull"), ("severity", "critical"), ("site", "tarn-valley"), ("instance", "tarn-web-2")],
            since_minutes: 3,
        }),
    ),
    Line(170, "Maren", Settle("leadership:cto", "Called Tobias: he reads along.")),
    Line(170, "Maren", Settle("leadership:dpo", "Called Ruth: no sign of a breach, she waits for the log.")),
    Line(172, "Maren", Todo("Make room on /var of both servers", Some("Jonas"))),
    Line(173, "Maren", Todo("Find out what fills /var", Some("Jonas"))),
    Line(174, "Maren", Todo("Ask the council which forms close today, and whether the deadline can move", None)),
    Line(
        176,
        "Jonas",
        Write(Command, "```\n$ du -xh /var/log | sort -h | tail -2\n31G /var/log/apache2/planning-search.log\n33G /var/log\n```"),
    ),
    Line(
        178,
        "Jonas",
        Write(
            Finding,
            "31 GB in one log since yesterday: the planning search logs every query in full, and some machine asks it 400 times a second.",
        ),
    ),
    Line(179, "Maren", Star("31 GB in one log")),
    Line(180, "Maren", Write(Decision, "Copy the log to storage before anything is deleted: we may want to know who asked and for what.")),
    Line(
        184,
        "Jonas",
        Write(
            Change,
            "planning-search.log of both servers copied to the evidence bucket, checksums compared, then emptied. /var is at 21 %.",
        ),
    ),
    Line(185, "Jonas", Done("Make room on /var of both servers")),
    Line(
        187,
        "Maren",
        Update(
            Some(Fixing),
            "Most pages of the council's site failed for almost half an hour because the disks of both servers ran full of logs. There is room again and pages come back. The requests that filled them still arrive, so it may return.",
        ),
    ),
    Line(
        190,
        "Jonas",
        Write(Finding, "Pages answer 200 again. About one form in twenty still fails: sessions that were cut off half-way."),
    ),
    Line(192, "Maren", Todo("Slow the planning search down at the edge: 5 requests a second for one address", Some("Jonas"))),
    Line(196, "Jonas", Write(Note, "The limit is on staging; testing that the council's own map still works with it.")),
];
