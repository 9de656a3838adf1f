//! People watch and write behind nginx and HAProxy while the servers are restarted one after another, and while the database fails over to
//! its standby: each event that was acknowledged reaches each watcher once and in order, and each mail leaves once.
//!
//! In every `make test` the crowd is small. `MUSTER_ROLLING=500x16` lets 500 watch and 16 write, which takes some minutes.

mod crowd;

use std::time::{Duration, Instant};

use domain::db::Db;
use harness::database::TestDatabase;
use harness::drive::id;
use harness::process::{Home, Process};
use harness::proxy::{Kind, Proxy};
use harness::smtp::Smtp;
use harness::standby::Pair;
use harness::{Engine, eventually};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;

use crowd::Crowd;

/// Contacts who get each update.
const CONTACTS: usize = 3;
/// What runs: all of it is restarted.
const ROLES: [&str; 4] = ["api", "api", "worker", "worker"];
const SOON: Duration = Duration::from_secs(60);
/// Somebody notices that the primary is gone and promotes the standby.
const NOTICED: Duration = Duration::from_secs(2);

struct Place {
    home: Home,
    /// Role, address and process of each.
    fleet: Vec<(&'static str, String, Option<Process>)>,
    proxies: [Proxy; 2],
    mail: Smtp,
    token: String,
    _data: TempDir,
}

impl Place {
    async fn on(database: &str) -> Self {
        let (data, mail) = (TempDir::with_prefix("muster-rolling-").unwrap(), Smtp::start().await);
        let settings = format!(
            "[smtp]\nurl = '{}'\nfrom = 'Muster <muster@example.org>'\n[deliveries]\nfirst_pause = 0.2\nlongest_pause = 2\n",
            mail.url()
        );
        std::fs::write(data.path().join("muster.toml"), settings).unwrap();
        let home = Home::new(data.path(), database);
        let token = home.run(&["token", "create", "--name", "Ann", "--access", "admin", "--email", "ann@example.org"]);
        let mut fleet = Vec::new();
        for role in ROLES {
            let address = format!("127.0.0.1:{}", harness::free_port());
            let process = home.start_at(role, &address).await;
            fleet.push((role, address, Some(process)));
        }
        let apis = [&*fleet[0].1, &*fleet[1].1];
        let proxies = [Proxy::start_for_two(Kind::Nginx, apis).await, Proxy::start_for_two(Kind::Haproxy, apis).await];
        Self { home, fleet, proxies, mail, token, _data: data }
    }

    /// An incident about which clients are told, and how many of them.
    async fn declare_for_clients(&self) -> String {
        let ann = self.proxies[0].client(&self.token, SOON);
        let contacts: Vec<Value> = (0..CONTACTS)
            .map(|number| json!({ "name": format!("Contact {number}"), "email": format!("c{number}@client.example") }))
            .collect();
        let client =
            ann.mutate("saveClient", json!({ "name": "Client", "contacts": contacts }), "client { id }").await["client"]["id"].take();
        let me = ann.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
        let declared = json!({ "name": "clients are told", "severity": "MINOR", "leadId": me, "affectedClientIds": [client] });
        id(&ann.incident_of("declareIncident", declared).await).to_owned()
    }

    /// Restarts one process as an operator does, and waits until it works again.
    async fn restart(&mut self, index: usize) {
        let (role, address, running) = &mut self.fleet[index];
        let code = running.take().expect("it runs").stop().await;
        assert_eq!(code, Some(0), "{role} ends in order");
        let process = self.home.start_at(role, address).await;
        if *role == "api" {
            let http = harness::http().build().unwrap();
            eventually("the proxies send it requests again", SOON, async || {
                let metrics = http.get(process.url("/metrics")).send().await.ok()?.text().await.ok()?;
                metrics.contains("muster_requests_total").then_some(())
            })
            .await;
        }
        *running = Some(process);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_restarted_one_by_one_and_nobody_misses_anything() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let mut place = Place::on(database.url()).await;
    let crowd = Crowd::gather(&place).await;
    crowd.goes_on().await;
    for (index, role) in ROLES.iter().enumerate() {
        let began = Instant::now();
        place.restart(index).await;
        println!("{role} was away for {:.1?}", began.elapsed());
        crowd.goes_on().await;
    }
    crowd.check("Rolling restart", &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_fails_over_to_its_standby_and_nobody_misses_anything() {
    let mut pair = Pair::start().await;
    harness::postgres::migrate(&pair.primary().url("postgres")).await;
    let front = pair.front().await;
    let place = Place::on(&front.url("postgres")).await;
    let crowd = Crowd::gather(&place).await;
    crowd.goes_on().await;
    let killed = Instant::now();
    pair.kill_primary();
    tokio::time::sleep(NOTICED).await;
    pair.promote_standby();
    crowd.goes_on().await;
    println!("the first changes after the primary was killed: within {:.1?}", killed.elapsed());
    let ready = async |address: &str| {
        let http = harness::http().build().unwrap();
        eventually("it is ready", SOON, async || {
            http.get(format!("http://{address}/readyz")).send().await.ok().filter(|answer| answer.status() == 200)
        })
        .await;
    };
    ready(&place.fleet[0].1).await;
    ready(&place.fleet[1].1).await;
    listens(&pair.standby().url("postgres"), ROLES.len()).await;
    crowd.goes_on().await;
    crowd.check("Fail-over", &place).await;
}

/// Waits until `processes` listen at the database for what others change.
async fn listens(url: &str, processes: usize) {
    let db = Db::connect(url, 1).await.unwrap();
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    eventually("all processes listen again", SOON, async || {
        let row = db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, listening)).await.unwrap().unwrap();
        (row.try_get_by_index::<i64>(0).unwrap() >= i64::try_from(processes).unwrap()).then_some(())
    })
    .await;
    db.close().await;
}
