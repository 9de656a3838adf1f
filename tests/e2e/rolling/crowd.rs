//! Those who watch and write.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::db::Db;
use entity::{DeliveryState, Operation, delivery};
use harness::drive::{id, is_gap_free, sequences, text};
use harness::live::Transport;
use harness::watcher::Watcher;
use harness::{Client, eventually};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{CONTACTS, Place, SOON};

/// Incidents that are watched and written to.
const INCIDENTS: usize = 4;
/// What one person watches, of the 200 subscriptions that each may have.
const WATCHERS_EACH: usize = 100;
const WRITERS_EACH: usize = 4;
/// How long a writer waits for an answer before sending the same again.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause of all writers together between two events.
const PAUSE: Duration = Duration::from_millis(25);
const UPDATE_EVERY: Duration = Duration::from_millis(700);
/// Acknowledged events after which things go on as before.
const ENOUGH: usize = 60;
/// An attempt that the database forgot is made again a minute later.
const DELIVERED: Duration = Duration::from_mins(3);

/// How many watch, and how many write.
fn size() -> (usize, usize) {
    let text = std::env::var("MUSTER_ROLLING").unwrap_or_else(|_| "40x4".to_owned());
    let (watchers, writers) = text.split_once('x').expect("MUSTER_ROLLING is WATCHERSxWRITERS");
    (watchers.parse().expect("a number of watchers"), writers.parse().expect("a number of writers"))
}

/// What the writers did.
#[derive(Default)]
struct Written {
    /// Incident and text.
    acknowledged: Vec<(usize, String)>,
    last: Option<Instant>,
    longest_pause: Duration,
    /// Why requests were sent again.
    again: BTreeMap<String, usize>,
}

/// People at work.
pub struct Crowd {
    incidents: Vec<String>,
    watchers: Vec<(usize, Watcher)>,
    writers: JoinSet<()>,
    written: Arc<Mutex<Written>>,
    stop: CancellationToken,
    owner: Client,
}

impl Crowd {
    /// Gathers it behind the proxies of `place`, half behind each, and waits until all watch.
    pub async fn gather(place: &Place) -> Self {
        let (watchers, writers) = size();
        let owner = place.proxies[1].client(&place.token, SOON);
        let mut incidents = Vec::new();
        for number in 0..INCIDENTS {
            let input = json!({ "name": format!("watched {number}"), "severity": "MINOR" });
            incidents.push(id(&owner.incident_of("declareIncident", input).await).to_owned());
        }
        let tokens = |access: &str, count: usize| -> Vec<String> {
            (0..count)
                .map(|number| place.home.run(&["token", "create", "--name", &format!("{access} {number}"), "--access", access]))
                .collect()
        };
        let viewers = tokens("viewer", watchers.div_ceil(WATCHERS_EACH));
        let responders = tokens("responder", writers.div_ceil(WRITERS_EACH));
        let mut crowd = Self {
            incidents,
            watchers: Vec::new(),
            writers: JoinSet::new(),
            written: Arc::default(),
            stop: CancellationToken::new(),
            owner,
        };
        for number in 0..watchers {
            let client = place.proxies[number % 2].client(&viewers[number / WATCHERS_EACH], PATIENCE);
            let transport = if number % 4 < 2 { Transport::WebSocket } else { Transport::ServerSentEvents };
            let incident = number / 4 % INCIDENTS;
            crowd.watchers.push((incident, Watcher::start(client, transport, &crowd.incidents[incident])));
        }
        eventually("all watch", SOON, async || crowd.watchers.iter().all(|(_, watcher)| !watcher.heard().events.is_empty()).then_some(()))
            .await;
        let pause = PAUSE * u32::try_from(writers).unwrap();
        for number in 0..writers {
            let client = place.proxies[number % 2].client(&responders[number / WRITERS_EACH], PATIENCE);
            let (incident, written, stop) = (number % INCIDENTS, crowd.written.clone(), crowd.stop.clone());
            let writer = Writer { client, incident, id: crowd.incidents[incident].clone(), name: format!("writer {number}"), written };
            crowd.writers.spawn(async move { writer.write(pause, stop).await });
        }
        let (client, incident, stop) = (crowd.owner.clone(), place.declare_for_clients().await, crowd.stop.clone());
        crowd.writers.spawn(async move { tell_clients(client, incident, stop).await });
        crowd
    }

    /// Waits until some more events are acknowledged.
    pub async fn goes_on(&self) {
        let acknowledged = || self.written.lock().unwrap_or_else(PoisonError::into_inner).acknowledged.len();
        let enough = acknowledged() + ENOUGH;
        eventually("changes are made", SOON, async || (acknowledged() >= enough).then_some(())).await;
    }

    /// Ends the writing, and checks what came of it.
    pub async fn check(mut self, what: &str, place: &Place) {
        self.stop.cancel();
        while let Some(ended) = self.writers.join_next().await {
            ended.expect("no writer got an answer that it can't deal with");
        }
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        check_mails(place).await;
        let mut kept = Vec::new();
        for incident in &self.incidents {
            let events = self.owner.timeline(incident).await;
            assert!(is_gap_free(&sequences(&events)));
            kept.push(sequences(&events).into_iter().zip(events.iter().map(|event| text(event, "text").to_owned())).collect::<Vec<_>>());
        }
        let all = kept.iter().flatten().fold(HashMap::<&str, usize>::new(), |mut all, (_, text)| {
            *all.entry(text).or_default() += 1;
            all
        });
        let times = |text: &String| all.get(&**text).copied().unwrap_or_default();
        let lost = written.acknowledged.iter().filter(|(_, text)| times(text) == 0).count();
        let doubled = written.acknowledged.iter().filter(|(_, text)| times(text) > 1).count();
        let mut heard = Heard { lost, doubled, ..Heard::default() };
        for (incident, watcher) in &self.watchers {
            heard.add(watcher, &kept[*incident]).await;
        }
        let (watchers, writers) = size();
        println!(
            "{what} under {watchers} watchers and {writers} writers: {} events acknowledged, {} sent to watchers over {} connections: {} lost, {} doubled, \
             {} gaps; the longest time without a change was {:.1?}; sent again: {:?}; watchers were cut off with {:?}",
            written.acknowledged.len(),
            heard.events,
            heard.connections,
            heard.lost,
            heard.doubled,
            heard.gaps,
            written.longest_pause,
            written.again,
            heard.refusals
        );
        assert_eq!((heard.lost, heard.doubled, heard.gaps), (0, 0, 0));
        assert!(heard.refusals.keys().all(|code| ["UNAVAILABLE", "TOO_SLOW"].contains(&&**code)), "{:?}", heard.refusals);
        assert!(place.home.run(&["verify"]).contains(&format!("{} timelines intact", INCIDENTS + 1)));
    }
}

/// What the watchers heard together.
#[derive(Default)]
struct Heard {
    events: usize,
    connections: usize,
    lost: usize,
    doubled: usize,
    gaps: usize,
    refusals: BTreeMap<String, usize>,
}

impl Heard {
    /// Waits until `watcher` has heard the end of what was kept, and compares.
    async fn add(&mut self, watcher: &Watcher, kept: &[(i64, String)]) {
        let last = kept.last().map_or(0, |(sequence, _)| *sequence);
        let heard_all = async || (watcher.heard().events.last().is_some_and(|(sequence, _)| *sequence >= last)).then_some(());
        eventually("a watcher hears the end", SOON, heard_all).await;
        let heard = watcher.heard();
        let kept: HashMap<i64, &str> = kept.iter().map(|(sequence, text)| (*sequence, &**text)).collect();
        let mut before = 0;
        for (sequence, text) in &heard.events {
            match sequence - before {
                1 => {}
                ..=0 => self.doubled += 1,
                2.. => self.gaps += 1,
            }
            before = before.max(*sequence);
            // What comes after the end is read by nobody.
            if kept.get(sequence).is_some_and(|kept| kept != text) {
                self.lost += 1;
            }
        }
        self.events += heard.events.len();
        self.connections += heard.connections;
        for (code, times) in &heard.refusals {
            *self.refusals.entry(code.clone()).or_default() += times;
        }
    }
}

/// Somebody who adds events, and sends each until it is acknowledged.
struct Writer {
    client: Client,
    incident: usize,
    id: String,
    name: String,
    written: Arc<Mutex<Written>>,
}

impl Writer {
    async fn write(self, pause: Duration, stop: CancellationToken) {
        let mut number = 0;
        while !stop.is_cancelled() {
            number += 1;
            let text = format!("note {number} of {}", self.name);
            self.add(&text).await;
            let now = Instant::now();
            {
                let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
                written.longest_pause = written.longest_pause.max(written.last.map_or(Duration::ZERO, |last| now - last));
                written.last = Some(now);
                written.acknowledged.push((self.incident, text));
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn add(&self, text: &str) {
        let input = json!({ "incidentId": self.id, "kind": "NOTE", "text": text, "idempotencyKey": text });
        loop {
            let why = match self.client.attempt("addTimelineEvent", input.clone(), "event { sequence }").await {
                Some(answer) if answer.data["addTimelineEvent"].is_object() => return,
                // The key is that of a request that is still on its way.
                Some(answer) if ["UNAVAILABLE", "CONFLICT"].contains(&answer.code()) => answer.code().to_owned(),
                Some(answer) => panic!("{text}: {answer:?}"),
                None => "no answer".to_owned(),
            };
            *self.written.lock().unwrap_or_else(PoisonError::into_inner).again.entry(why).or_default() += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Sends updates, each once: whether one that got no answer was sent is seen afterwards.
async fn tell_clients(client: Client, incident: String, stop: CancellationToken) {
    let mut number = 0;
    while !stop.is_cancelled() {
        number += 1;
        let input = json!({ "incidentId": incident, "body": format!("We are working on it, part {number}.") });
        client.attempt("sendClientUpdate", input, "clientUpdate { id }").await;
        tokio::time::sleep(UPDATE_EVERY).await;
    }
}

/// All that was to be sent was sent, and nothing twice.
async fn check_mails(place: &Place) {
    let db = Db::connect(place.home.database_url(), 1).await.unwrap();
    let updates = async || {
        delivery::Entity::find().filter(delivery::Column::Operation.eq(Operation::ClientUpdate)).all(db.read()).await.unwrap_or_default()
    };
    let all = eventually("all updates are delivered", DELIVERED, async || {
        let rows = updates().await;
        (!rows.is_empty() && rows.iter().all(|row| row.state == DeliveryState::Delivered)).then_some(rows)
    })
    .await;
    db.close().await;
    let mut mails = BTreeMap::<(String, String), usize>::new();
    for mail in place.mail.mails().into_iter().filter(|mail| mail.to[0].ends_with("@client.example")) {
        *mails.entry((mail.to[0].clone(), mail.text)).or_default() += 1;
    }
    assert_eq!(all.len() % CONTACTS, 0);
    assert_eq!(mails.len(), all.len(), "mails to clients");
    assert!(mails.values().all(|times| *times == 1), "a mail was sent twice: {mails:?}");
    println!("{} mails to clients, each once", mails.len());
}
