//! The long one: a certificate that nobody renewed. A wrong turn, a correction, a severity that goes up and down, a hand-over
//! after two hours. `{expiry}` is when the certificate ran out, `{clear}` when the certificate authority lets us try again.

use entity::IncidentStatus::{Fixing, Monitoring};
use entity::Role::{ClientCommsManager, IncidentLead, ReportAuthor, Responder};
use entity::TimelineKind::{Change, Command, Decision, Finding, Note};
use entity::{self, Severity as Level};

use super::cast::{MUSEUM, SHOP};
use super::script::Act::{
    Correct, Declare, Done, Dropped, File, Goal, Impact, Late, Report, Resolve, Role, Severity, Star, Status, Todo, Update, Write,
};
use super::script::{Declaration, Line};

/// The story.
pub const LINES: &[Line] = &[
    Line(
        0,
        "Hannah",
        Report(
            "Lowmoor ticket shop: certificate warnings",
            "The museum's box office rang. Three visitors could not buy tickets online: the browser says that the connection is not private. The museum's own site opens as always.",
        ),
    ),
    Line(
        2,
        "Priya",
        Write(Note, "Seen here too, in two browsers and on a phone off our network. Nobody can get past the warning, the site forbids it."),
    ),
    Line(
        4,
        "Priya",
        Declare(Declaration {
            name: None,
            description: Some(
                "Every browser refuses tickets.lowmoor-museum.example because its certificate has run out. Nobody can buy a ticket online.",
            ),
            severity: Level::Major,
            sites: &[SHOP],
            clients: &[MUSEUM],
            flags: &[],
            since_minutes: 13,
        }),
    ),
    Line(
        6,
        "Priya",
        Write(
            Command,
            "```\n$ openssl s_client -connect tickets.lowmoor-museum.example:443 </dev/null 2>/dev/null | openssl x509 -noout -enddate\nnotAfter={expiry}\n```",
        ),
    ),
    Line(
        7,
        "Priya",
        Write(
            Finding,
            "The certificate ran out at {expiry}. It should have been renewed 30 days earlier, so renewal must have failed for a month without anybody being told.",
        ),
    ),
    Line(8, "Priya", Todo("Find out why the certificate was not renewed", Some("Jonas"))),
    Line(9, "Priya", Role(Responder, "Jonas", None)),
    Line(11, "Priya", Role(ClientCommsManager, "Elif", None)),
    Line(
        13,
        "Elif",
        Write(
            Note,
            "Rang the box office. They tell people at the door and put a notice on the museum's home page. Next call at the latest in an hour.",
        ),
    ),
    Line(
        15,
        "Jonas",
        Write(
            Command,
            "On shop-web-1:\n```\n$ certbot renew --cert-name tickets.lowmoor-museum.example --dry-run\nConnection refused: http://tickets.lowmoor-museum.example/.well-known/acme-challenge/\n```",
        ),
    ),
    Line(
        17,
        "Jonas",
        Write(
            Finding,
            "Port 80 is the cause: the load balancer has refused it since it was hardened last month, so the certificate authority can't check that the name is ours.",
        ),
    ),
    Line(19, "Priya", Write(Decision, "We open port 80 on the load balancer for the challenge path alone, and renew. First on staging.")),
    Line(
        23,
        "Jonas",
        Write(
            Change,
            "Opened port 80 for /.well-known/acme-challenge/ on the staging load balancer; the dry run passes there. Same rule now in production, merged after Sam's review, rolled out by the usual pipeline.",
        ),
    ),
    Line(
        26,
        "Jonas",
        Write(
            Command,
            "```\n$ certbot renew --cert-name tickets.lowmoor-museum.example\nError: too many failed authorizations recently, retry after {clear}\n```",
        ),
    ),
    Line(
        28,
        "Jonas",
        Write(Note, "A month of failed attempts has used up our tries. We can't get a new certificate for this name before {clear}."),
    ),
    Line(
        30,
        "Jonas",
        File(
            "renewal.log",
            "The last renewals, from shop-web-1",
            "renewal of tickets.lowmoor-museum.example\nplugin: dns-01\nasking the DNS provider for a TXT record ... 401 Unauthorized\ngiving up, next attempt in 12 h\n\nplugin: dns-01\nasking the DNS provider for a TXT record ... 401 Unauthorized\ngiving up, next attempt in 12 h\n",
        ),
    ),
    Line(
        32,
        "Jonas",
        Correct(
            "Port 80 is the cause",
            "Port 80 has nothing to do with it. This name is renewed by a DNS record, and the DNS provider has answered 401 for 31 days. The dry run used port 80 only because it was started by hand without the shop's settings.",
            "The renewal log shows the plugin dns-01; see renewal.log.",
        ),
    ),
    Line(33, "Jonas", Star("Port 80 is the cause")),
    Line(34, "Jonas", Write(Change, "Took the port 80 rule out again, in staging and production.")),
    Line(
        36,
        "Elif",
        Write(
            Note,
            "The museum rang back: the tills at the door use the same shop. They sell nothing at all now, on the opening day of the new exhibition.",
        ),
    ),
    Line(37, "Priya", Severity(Level::Critical, "The tills at the door are out as well: the museum can't sell a single ticket.")),
    Line(38, "Priya", Write(Note, "Told Tobias and Maren by phone. No sign of a breach, so Ruth is not needed; she knows.")),
    Line(
        40,
        "Priya",
        Update(
            None,
            "The museum can't sell tickets online or at the door, because the shop's certificate ran out. We know why it was not renewed. A new one can't be issued for this name before {clear}; we look for a quicker way.",
        ),
    ),
    Line(
        43,
        "Jonas",
        Write(
            Command,
            "```\n$ curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $DNS_TOKEN\" https://api.dns.example/v1/zones\n401\n```",
        ),
    ),
    Line(
        46,
        "Jonas",
        Write(
            Finding,
            "The DNS token in the shop's secrets belonged to a personal account that was closed 31 days ago, when somebody left. Renewal failed from that day. The failures went to a mailbox that nobody reads.",
        ),
    ),
    Line(48, "Priya", Todo("Make a DNS token of a machine account and store it for the shop", Some("Sam"))),
    Line(49, "Priya", Todo("Buy a certificate from another authority, in case nothing else works", Some("Priya"))),
    Line(
        55,
        "Sam",
        Write(
            Finding,
            "The museum's main site has a wildcard for *.lowmoor-museum.example, good for 11 more months. The shop's load balancer could present that one today.",
        ),
    ),
    Line(
        58,
        "Priya",
        Write(
            Decision,
            "We put the wildcard on the shop's load balancer now and go back to a certificate of its own later. The alternative is to wait until {clear}, which costs the museum half a day of sales.",
        ),
    ),
    Line(59, "Priya", Star("We put the wildcard")),
    Line(60, "Priya", Status(Fixing, "the wildcard as a stand-in")),
    Line(
        64,
        "Sam",
        Write(
            Change,
            "Wildcard on the staging load balancer. Browsers and the till software both accept it. The pipeline is green, Jonas has reviewed.",
        ),
    ),
    Line(69, "Sam", Write(Change, "Wildcard on the shop's production load balancer, by the usual pipeline.")),
    Line(
        71,
        "Priya",
        Write(
            Command,
            "```\n$ curl -sSI https://tickets.lowmoor-museum.example | head -1\nHTTP/2 200\n```\nFrom the office, a phone, and the probe abroad.",
        ),
    ),
    Line(72, "Elif", Late(Note, 2, "The box office sees the first online order come in.")),
    Line(74, "Priya", Dropped("Buy a certificate from another authority, in case nothing else works")),
    Line(76, "Elif", Write(Finding, "Tills 2 and 5 still refuse. The other six work.")),
    Line(
        78,
        "Priya",
        Update(
            None,
            "Tickets can be bought online again, and at six of eight tills. Two tills still refuse the shop. A lasting certificate follows after {clear}.",
        ),
    ),
    Line(
        80,
        "Priya",
        Severity(Level::Major, "Online sales are back and most tills too. What remains is a queue at the door, not a closed museum."),
    ),
    Line(
        86,
        "Jonas",
        Write(
            Finding,
            "Tills 2 and 5 run the software of two years ago, which carries its own list of certificate authorities. The one behind the wildcard is not on it.",
        ),
    ),
    Line(
        90,
        "Elif",
        Write(
            Note,
            "Museum staff take the two tills out of service for now. Hourly call with Agnes Holt done: she is content with the plan.",
        ),
    ),
    Line(
        97,
        "Sam",
        Write(
            Change,
            "New DNS token from a machine account, allowed to change this one zone only, in the secret store. The old secret is deleted.",
        ),
    ),
    Line(98, "Sam", Done("Make a DNS token of a machine account and store it for the shop")),
    Line(
        108,
        "Jonas",
        Write(
            Command,
            "The waiting time is over.\n```\n$ certbot renew --cert-name tickets.lowmoor-museum.example\nCongratulations, all renewals succeeded\n```",
        ),
    ),
    Line(
        113,
        "Jonas",
        Write(Change, "The shop's own certificate is back on the production load balancer, by the pipeline. The wildcard is out again."),
    ),
    Line(115, "Jonas", Done("Find out why the certificate was not renewed")),
    Line(
        117,
        "Jonas",
        Goal(
            "understand",
            "Renewal failed for 31 days because its DNS token went with a closed account, and its failures went where nobody looks: renewal.log and the answer 401.",
        ),
    ),
    Line(
        121,
        "Priya",
        Goal(
            "contain",
            "Every other certificate that we look after was listed: none runs out within 30 days, and none else uses that token. No access was gained by anybody.",
        ),
    ),
    Line(
        124,
        "Priya",
        Role(
            IncidentLead,
            "Sam",
            Some(
                "Two hours in, I hand over. Own certificate is live since ten minutes. Open: tills 2 and 5 back in service (Elif has the museum on the phone), then watch one unattended renewal. Next update due in half an hour.",
            ),
        ),
    ),
    Line(127, "Sam", Write(Note, "Got it. Priya is off for at least an hour.")),
    Line(130, "Elif", Write(Note, "Tills 2 and 5 are selling again.")),
    Line(
        132,
        "Elif",
        Goal(
            "restore",
            "Box office confirms: all eight tills and the online shop sell. Error rate of the shop under 0.1 % for 15 minutes.",
        ),
    ),
    Line(
        133,
        "Sam",
        Update(
            Some(Monitoring),
            "Everything sells again, online and at all eight tills, on a certificate of the shop's own. We watch it until the next automatic renewal check has passed.",
        ),
    ),
    Line(135, "Sam", Todo("Page on-call when a certificate has less than 21 days left", Some("Jonas"))),
    Line(
        146,
        "Jonas",
        Write(
            Command,
            "```\n$ systemctl start certbot.service && journalctl -u certbot -n 3\nplugin: dns-01 ... record set, checked, removed\nnot yet due for renewal\n```",
        ),
    ),
    Line(151, "Jonas", Done("Page on-call when a certificate has less than 21 days left")),
    Line(152, "Jonas", Write(Change, "An alert now goes to on-call at 21 days. Tried with a test certificate of 20 days: it rang.")),
    Line(
        158,
        "Sam",
        Goal(
            "monitor",
            "An unattended run of the renewal passed its DNS check; 25 minutes of sales without an error; the new alert rings.",
        ),
    ),
    Line(
        160,
        "Elif",
        Impact(2140, 610, "No ticket sales online or at the door for 80 minutes, with two of eight tills out for an hour more.", 30),
    ),
    Line(
        164,
        "Sam",
        Resolve(
            "The shop's certificate ran out because its renewal had failed for 31 days: the DNS token belonged to a personal account that was closed. A wildcard stood in for 44 minutes; then a new token of a machine account let the normal renewal work. On-call is now told three weeks ahead.",
        ),
    ),
    Line(
        167,
        "Sam",
        Role(ReportAuthor, "Priya", Some("Renewal log and dashboards are attached or linked. You wrote most of the record anyway.")),
    ),
];
