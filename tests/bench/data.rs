//! The made-up incidents: always the same, a function of the scale alone.
//!
//! 200 clients and 500 people; incidents five minutes apart, one in ten live; twenty events each, a hundred for the
//! first hundred; three roles, four actions (40 % open) and two affected clients each. Texts are of few words, so each incident has nearly all of
//! them; only the names of hosts are rare.

use chrono::{DateTime, Duration, TimeZone, Utc};

/// A point in time, in whole seconds.
pub type Time = DateTime<Utc>;

/// Clients of the agency.
pub const CLIENTS: usize = 200;
/// Members of the team.
pub const PEOPLE: usize = 500;
/// Incidents with a long timeline; the page is read of these.
pub const LONG: usize = 100;
/// Events of a long timeline.
pub const LONG_EVENTS: usize = 100;
/// Events of the other timelines.
pub const EVENTS: usize = 20;
/// Incidents in a row that name the same host.
pub const HOSTED: usize = 10;
/// The event that names it.
const NAMES_HOST: usize = 2;

const SEED: u64 = 20_260_101;
const TEXTS: usize = 4_096;
const WORDS: &str = "api gateway latency error queue database replica failover checkout payment region cache deploy rollback \
     certificate expired timeout customer report mitigated traffic shifted alert paging responder update status confirmed root \
     cause network packet loss disk full memory leak restart node pool retry backlog drained";

/// The words of which all texts are made.
pub fn words() -> Vec<&'static str> {
    WORDS.split_ascii_whitespace().collect()
}

/// Whether incident `number` is live.
pub fn is_live(number: usize) -> bool {
    number % 10 == 7
}

/// A word that ten incidents have, in one event each.
pub fn host(number: usize) -> String {
    format!("host{:05}", number / HOSTED)
}

/// SplitMix64: small, and the same on every version of everything.
pub struct Random(u64);

impl Random {
    /// Numbers that depend on `seed` alone.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// An incident with all that belongs to it. People and clients are numbers from 1.
pub struct Incident {
    /// From 1, oldest first.
    pub number: usize,
    pub name: String,
    pub summary: String,
    /// 0 is the worst of four.
    pub severity: usize,
    pub state: State,
    pub opened_at: Time,
    /// None while it is live.
    pub resolved_at: Option<Time>,
    pub events: Vec<Event>,
    /// Lead, client comms manager, responder.
    pub roles: [usize; 3],
    pub actions: [Action; 4],
    pub clients: [Affected; 2],
}

/// The status of an incident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Live,
    Resolved,
    Closed,
}

/// Something on a timeline.
pub struct Event {
    pub author: usize,
    /// One of five.
    pub kind: usize,
    pub text: String,
    pub at: Time,
}

/// Something to do.
pub struct Action {
    pub assignee: usize,
    pub title: String,
    pub open: bool,
}

/// A client that is affected.
pub struct Affected {
    pub client: usize,
    pub impact: &'static str,
}

/// The name of person `number`.
pub fn person_name(number: usize) -> String {
    format!("Person {number:03}")
}

/// The address of person `number`.
pub fn person_email(number: usize) -> String {
    format!("person{number:03}@example.com")
}

/// The name of client `number`.
pub fn client_name(number: usize) -> String {
    format!("Client {number:03}")
}

/// The incidents of a scale, one after the other.
pub struct Incidents {
    random: Random,
    texts: Vec<String>,
    scale: usize,
    made: usize,
}

impl Incidents {
    /// The first `scale` incidents.
    pub fn new(scale: usize) -> Self {
        let mut random = Random::new(SEED);
        let words = words();
        let mut text = || {
            let length = 14 + random.below(8);
            let chosen: Vec<&str> = (0..length).map(|_| words[random.below(words.len())]).collect();
            chosen.join(" ")
        };
        let texts = (0..TEXTS).map(|_| text()).collect();
        Self { random, texts, scale, made: 0 }
    }

    fn text(&mut self) -> &str {
        &self.texts[self.random.below(TEXTS)]
    }

    fn cut(&mut self, length: usize) -> String {
        self.text().chars().take(length).collect()
    }

    fn person(&mut self) -> usize {
        1 + self.random.below(PEOPLE)
    }

    fn event(&mut self, opened_at: Time, minute: usize) -> Event {
        Event {
            author: self.person(),
            kind: self.random.below(5),
            text: self.text().to_owned(),
            at: opened_at + Duration::seconds((60 * minute + self.random.below(59)) as i64),
        }
    }

    fn action(&mut self) -> Action {
        Action { assignee: self.person(), title: self.cut(70), open: self.random.chance(40) }
    }

    fn affected(&mut self) -> [Affected; 2] {
        let first = self.random.below(CLIENTS);
        let second = (first + 1 + self.random.below(CLIENTS - 1)) % CLIENTS;
        [first, second].map(|client| Affected { client: 1 + client, impact: ["down", "degraded"][self.random.below(2)] })
    }
}

impl Iterator for Incidents {
    type Item = Incident;

    fn next(&mut self) -> Option<Incident> {
        if self.made == self.scale {
            return None;
        }
        self.made += 1;
        let number = self.made;
        let end = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).single()?;
        let opened_at = end - Duration::seconds((300 * (self.scale - number)) as i64) + Duration::seconds(self.random.below(200) as i64);
        let state = match (is_live(number), self.random.chance(80)) {
            (true, _) => State::Live,
            (false, true) => State::Resolved,
            (false, false) => State::Closed,
        };
        let lasted = Duration::seconds(3_600 + self.random.below(7_200) as i64);
        let events = if number <= LONG { LONG_EVENTS } else { EVENTS };
        let mut incident = Incident {
            number,
            name: self.cut(60),
            summary: format!("{}. {}", self.text().to_owned(), self.text()),
            severity: self.random.below(4),
            state,
            opened_at,
            resolved_at: (state != State::Live).then_some(opened_at + lasted),
            events: (0..events).map(|minute| self.event(opened_at, minute)).collect(),
            roles: [self.person(), self.person(), self.person()],
            actions: std::array::from_fn(|_| self.action()),
            clients: self.affected(),
        };
        let text = &mut incident.events[NAMES_HOST].text;
        *text = format!("{text} {}", host(number));
        Some(incident)
    }
}
