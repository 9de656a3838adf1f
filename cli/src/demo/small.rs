//! The short ones: in triage, declined, closed.

use entity::TimelineKind::{Finding, Note};
use entity::{Flag, Severity};

use super::cast::{BOX_OFFICE, FESTIVAL as FESTIVAL_CLIENT};
use super::script::Act::{Alert, Close, Declare, Decline, Goal, Report, Resolve, Write};
use super::script::{self, Declaration, Line};

/// In triage: an alert that nobody has judged yet.
pub const FESTIVAL: &[Line] = &[Line(
    194,
    "-",
    Alert(script::Alert {
        source: "shop-watch",
        group: "checkout",
        fingerprint: "saltmarsh-orders-failing",
        title: "Saltmarsh box office: 12 % of orders fail",
        description: "22 of 184 orders in the last quarter of an hour ended at the payment page.",
        severity: Some(Severity::Major),
        labels: &[("shop", "tickets.saltmarsh-festival.example"), ("step", "payment"), ("severity", "major")],
        since_minutes: 4,
    }),
)];

/// Declined.
pub const LEAFLET: &[Line] = &[
    Line(
        44,
        "Hannah",
        Report(
            "Tarn Valley: leaflet not found",
            "Two people wrote to the council that the recycling leaflet can't be found. The link from their bookmark says 404.",
        ),
    ),
    Line(
        47,
        "Sam",
        Write(
            Finding,
            "The leaflet moved a year ago, with the council's agreement and without a redirect. Nothing changed today, and the new address works.",
        ),
    ),
    Line(
        49,
        "Sam",
        Decline("No loss of service, and a 404 is what this address should answer. The content team has a ticket to add a redirect."),
    ),
];

/// Closed.
pub const NIGHT: &[Line] = &[
    Line(
        20,
        "Sam",
        Declare(Declaration {
            name: Some("Saltmarsh box office away for 4 minutes"),
            description: Some(
                "The database restarted by itself after an update of the provider. Nobody ordered in that time; everything came back without help.",
            ),
            severity: Severity::Trivial,
            sites: &[BOX_OFFICE],
            clients: &[FESTIVAL_CLIENT],
            flags: &[Flag::Retrospective],
            since_minutes: 430,
        }),
    ),
    Line(
        22,
        "Sam",
        Write(
            Note,
            "From the provider's notice and our probe: away for 3 min 50 s. The provider puts these updates where the fewest people order.",
        ),
    ),
    Line(23, "Sam", Goal("understand", "The provider's notice names the update and the restart.")),
    Line(23, "Sam", Goal("contain", "One database, restarted by its provider on purpose. Nothing else was touched.")),
    Line(24, "Sam", Goal("restore", "The probe was green again after 3 min 50 s.")),
    Line(24, "Sam", Goal("monitor", "No failed probe in the seven hours since.")),
    Line(25, "Sam", Resolve("A planned update of the provider restarted the database. No orders were lost.")),
    Line(26, "Sam", Close("Trivial: no report is owed.")),
];
