//! Who and what there is at Harbour & Pine. All of it is made up.

use entity::{AccessLevel, ContactKind, Grant, Importance};

/// Whom the demo suggests to sign in as.
pub const ON_CALL_EMAIL: &str = "priya.raman@harbour-and-pine.example";

/// Who is on call, by first name.
pub const FIRST_LINE: &str = "Priya";
/// Who helps first line.
pub const SECOND_LINE: &str = "Sam";

/// A member of the team; called by the first name in the stories.
pub struct Person {
    /// In full.
    pub name: &'static str,
    /// Unique.
    pub email: &'static str,
    /// What they may do.
    pub access: AccessLevel,
    /// What they may do or are told beyond that.
    pub grants: &'static [Grant],
    /// Higher is more senior.
    pub seniority: i32,
}

/// The team. The first is its administrator.
pub const PEOPLE: &[Person] = &[
    Person {
        name: "Maren Kowalczyk",
        email: "maren.kowalczyk@harbour-and-pine.example",
        access: AccessLevel::Admin,
        grants: &[Grant::NotifyHeadOfTechOps],
        seniority: 40,
    },
    Person {
        name: "Tobias Lindqvist",
        email: "tobias.lindqvist@harbour-and-pine.example",
        access: AccessLevel::Admin,
        grants: &[Grant::NotifyCto, Grant::ApproveClientReports],
        seniority: 50,
    },
    Person { name: "Priya Raman", email: ON_CALL_EMAIL, access: AccessLevel::Responder, grants: &[], seniority: 10 },
    Person { name: "Sam Okafor", email: "sam.okafor@harbour-and-pine.example", access: AccessLevel::Responder, grants: &[], seniority: 30 },
    Person {
        name: "Jonas Weber",
        email: "jonas.weber@harbour-and-pine.example",
        access: AccessLevel::Responder,
        grants: &[],
        seniority: 20,
    },
    Person { name: "Elif Demir", email: "elif.demir@harbour-and-pine.example", access: AccessLevel::Responder, grants: &[], seniority: 20 },
    Person {
        name: "Ruth Adeyemi",
        email: "ruth.adeyemi@harbour-and-pine.example",
        access: AccessLevel::Viewer,
        grants: &[Grant::NotifyDpo, Grant::SeeRestricted],
        seniority: 40,
    },
    Person { name: "Hannah Cole", email: "hannah.cole@harbour-and-pine.example", access: AccessLevel::Viewer, grants: &[], seniority: 5 },
];

/// An organisation that the agency works for.
pub struct Client {
    /// For people.
    pub name: &'static str,
    /// How much care it is owed.
    pub importance: Importance,
    /// Name, address, standing.
    pub contacts: &'static [(&'static str, &'static str, ContactKind)],
}

/// The client of the long story.
pub const MUSEUM: &str = "Lowmoor Museum";
/// The client of the live story.
pub const COUNCIL: &str = "Tarn Valley County Council";
/// The client of the report in triage.
pub const FESTIVAL: &str = "Saltmarsh Festival";

/// The clients.
pub const CLIENTS: &[Client] = &[
    Client {
        name: MUSEUM,
        importance: Importance::High,
        contacts: &[
            ("Box office", "box-office@lowmoor-museum.example", ContactKind::Regular),
            ("Agnes Holt, digital manager", "agnes.holt@lowmoor-museum.example", ContactKind::Regular),
            ("Dr Femi Balogun, director", "director@lowmoor-museum.example", ContactKind::Senior),
        ],
    },
    Client {
        name: COUNCIL,
        importance: Importance::High,
        contacts: &[
            ("Web team", "web@tarn-valley.example", ContactKind::Regular),
            ("Colm Reilly, head of digital", "colm.reilly@tarn-valley.example", ContactKind::Senior),
        ],
    },
    Client {
        name: FESTIVAL,
        importance: Importance::Normal,
        contacts: &[("Festival office", "office@saltmarsh-festival.example", ContactKind::Regular)],
    },
];

/// A web site that the agency looks after.
pub struct Site {
    /// For people.
    pub name: &'static str,
    /// Where it is.
    pub url: &'static str,
    /// Whose it is.
    pub client: &'static str,
    /// Where its code is.
    pub repository: &'static str,
    /// What to do when it breaks.
    pub runbook: Option<&'static str>,
    /// How much care it is owed.
    pub importance: Importance,
    /// What is normal there.
    pub expected: Option<&'static str>,
}

/// The museum's shop.
pub const SHOP: &str = "Lowmoor ticket shop";
/// The council's site.
pub const COUNCIL_SITE: &str = "Tarn Valley council site";
/// The festival's site.
pub const BOX_OFFICE: &str = "Saltmarsh box office";

/// The sites.
pub const SITES: &[Site] = &[
    Site {
        name: SHOP,
        url: "https://tickets.lowmoor-museum.example",
        client: MUSEUM,
        repository: "https://git.harbour-and-pine.example/lowmoor/shop",
        runbook: Some("https://docs.harbour-and-pine.example/runbooks/lowmoor-shop"),
        importance: Importance::High,
        expected: Some("Busy on the first day of school holidays and when an exhibition opens."),
    },
    Site {
        name: "Lowmoor museum site",
        url: "https://www.lowmoor-museum.example",
        client: MUSEUM,
        repository: "https://git.harbour-and-pine.example/lowmoor/site",
        runbook: None,
        importance: Importance::Normal,
        expected: None,
    },
    Site {
        name: COUNCIL_SITE,
        url: "https://www.tarn-valley.example",
        client: COUNCIL,
        repository: "https://git.harbour-and-pine.example/tarn-valley/site",
        runbook: Some("https://docs.harbour-and-pine.example/runbooks/tarn-valley"),
        importance: Importance::High,
        expected: Some("Password guessing against the log-in page every night, stopped by the firewall."),
    },
    Site {
        name: BOX_OFFICE,
        url: "https://tickets.saltmarsh-festival.example",
        client: FESTIVAL,
        repository: "https://git.harbour-and-pine.example/saltmarsh/tickets",
        runbook: None,
        importance: Importance::Normal,
        expected: None,
    },
];
