//! Clients and contacts from a directory (R21): read in pages, mostly only what changed, and nothing is lost in between.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::clients::directory::sync;
use domain::delivery::{self, hold};
use domain::ports::{Batch, ClientDirectory, Refusal, SeenOrganization, SeenPerson};
use entity::{System, Timestamp};
use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    organisations_become_clients_and_people_contacts,
    what_was_entered_by_hand_is_adopted_or_stays,
    people_who_leave_are_removed_and_those_who_move_move,
    only_what_changed_is_read_and_once_a_day_everything,
    a_read_that_is_cut_off_resumes_where_it_was,
    a_read_that_cannot_resume_starts_over,
    a_directory_that_rejects_us_is_left_alone,
    what_cannot_be_used_is_skipped,
    saving_a_client_keeps_contacts_from_the_directory,
    two_clients_are_not_one_organisation,
];

const HOUR: Duration = Duration::from_secs(3_600);

/// A directory that remembers what it was asked.
#[derive(Default)]
struct Directory(Mutex<State>);

#[derive(Default)]
struct State {
    organizations: Vec<SeenOrganization>,
    people: Vec<SeenPerson>,
    changed: BTreeMap<String, Timestamp>,
    page: usize,
    asked: Vec<String>,
    fails_at: Option<(usize, Refusal)>,
}

impl Directory {
    fn with(change: impl FnOnce(&mut State)) -> Self {
        let directory = Self(Mutex::new(State { page: 100, ..State::default() }));
        directory.change(change);
        directory
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

impl State {
    fn page_of<T: Clone>(
        &mut self,
        what: &str,
        since: Option<Timestamp>,
        page: Option<&str>,
        of: impl Fn(&Self) -> &Vec<T>,
        name: impl Fn(&T) -> &String,
    ) -> Result<Batch<T>, Refusal> {
        let since_text = since.map_or_else(|| "ever".to_owned(), |since| since.format("%H:%M").to_string());
        self.asked.push(format!("{what} since {since_text} page {}", page.unwrap_or("1")));
        if let Some((_, refusal)) = self.fails_at.take_if(|(at, _)| self.asked.len() > *at) {
            return Err(refusal);
        }
        let is_wanted = |item: &&T| since.is_none_or(|since| self.changed.get(name(item)).is_some_and(|at| *at >= since));
        let all: Vec<T> = of(self).iter().filter(is_wanted).cloned().collect();
        let at: usize = page.map_or(1, |page| page.parse().unwrap());
        let items = all.iter().skip((at - 1) * self.page).take(self.page).cloned().collect();
        Ok(Batch { items, next: (all.len() > at * self.page).then(|| (at + 1).to_string()) })
    }
}

#[async_trait]
impl ClientDirectory for Directory {
    async fn organizations(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Batch<SeenOrganization>, Refusal> {
        self.0.lock().unwrap().page_of("organizations", since, page, |state| &state.organizations, |item| &item.id)
    }

    async fn people(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Batch<SeenPerson>, Refusal> {
        self.0.lock().unwrap().page_of("people", since, page, |state| &state.people, |item| &item.id)
    }
}

fn organization(id: &str, name: &str) -> SeenOrganization {
    SeenOrganization { id: id.into(), name: name.into() }
}

fn person(id: &str, name: &str, organization: &str) -> SeenPerson {
    let email = Some(format!("{}@example.org", name.to_lowercase()));
    SeenPerson { id: id.into(), name: name.into(), email, organization: Some(organization.into()), senior: None, active: true }
}

async fn read(app: &TestApp, directory: &Directory) {
    sync(&app.system(), directory).await.unwrap();
}

/// Clients by name with their contacts, as `name kind`.
async fn clients(sam: &Client) -> BTreeMap<String, Vec<String>> {
    let found = sam.query("{ clients(first: 200) { nodes { name contacts { name kind } } } }", Value::Null).await;
    let contacts = |row: &Value| {
        let contacts = row["contacts"].as_array().unwrap().iter();
        contacts.map(|row| format!("{} {}", text(row, "name"), text(row, "kind"))).collect()
    };
    found["clients"]["nodes"].as_array().unwrap().iter().map(|row| (text(row, "name").to_owned(), contacts(row))).collect()
}

fn names(clients: &BTreeMap<String, Vec<String>>) -> Vec<(&str, Vec<&str>)> {
    clients.iter().map(|(name, contacts)| (name.as_str(), contacts.iter().map(String::as_str).collect())).collect()
}

async fn organisations_become_clients_and_people_contacts(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = Directory::with(|state| {
        state.organizations = vec![organization("1", "Example Ltd"), organization("2", "Other Ltd")];
        state.people = vec![
            SeenPerson { senior: Some(true), ..person("11", "Kim", "1") },
            SeenPerson { senior: Some(false), ..person("12", "Alex", "1") },
            person("13", "Robin", "2"),
            SeenPerson { active: false, ..person("14", "Gone", "2") },
            SeenPerson { organization: None, ..person("15", "Nowhere", "2") },
            person("16", "Elsewhere", "9"),
        ];
    });
    for _ in 0..2 {
        read(app, &directory).await;
        let found = clients(&sam).await;
        assert_eq!(names(&found), [("Example Ltd", vec!["Kim SENIOR", "Alex REGULAR"]), ("Other Ltd", vec!["Robin REGULAR"])]);
        app.advance(25 * HOUR);
    }
    directory.change(|state| {
        state.organizations[0].name = "Example plc".into();
        state.people[0].senior = Some(false);
        state.people[1].senior = None;
        state.people[2].name = "Robin Hood".into();
    });
    read(app, &directory).await;
    let found = clients(&sam).await;
    assert_eq!(names(&found), [("Example plc", vec!["Alex REGULAR", "Kim REGULAR"]), ("Other Ltd", vec!["Robin Hood REGULAR"])]);
}

async fn what_was_entered_by_hand_is_adopted_or_stays(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let contacts = json!([
        { "name": "Kim", "email": "Kim@Example.org", "kind": "SENIOR" },
        { "name": "Only Here", "email": "here@example.org", "kind": "REGULAR" },
    ]);
    let by_hand =
        sam.mutate("saveClient", json!({ "name": "ÉXAMPLE ltd", "importance": "HIGH", "contacts": contacts }), "client { id }").await;
    sam.mutate("saveClient", json!({ "name": "Local Ltd" }), "client { id }").await;
    let directory = Directory::with(|state| {
        state.organizations = vec![organization("1", "Éxample Ltd"), organization("2", "éxample ltd")];
        state.people = vec![person("11", "Kim", "1")];
    });
    read(app, &directory).await;
    let found = clients(&sam).await;
    let kim = vec!["Kim SENIOR", "Only Here REGULAR"];
    assert_eq!(names(&found), [("Local Ltd", vec![]), ("Éxample Ltd", kim), ("éxample ltd", vec![])]);
    let adopted = sam.node(id(&by_hand["client"]), "Client { zendeskOrganizationId importance }").await;
    assert_eq!((&adopted["zendeskOrganizationId"], &adopted["importance"]), (&json!("1"), &json!("HIGH")));
    // Adopted contacts leave with the directory; those that exist only here stay.
    directory.change(|state| state.people[0].active = false);
    app.advance(25 * HOUR);
    directory.change(|state| state.people.push(person("12", "Alex", "2")));
    read(app, &directory).await;
    assert_eq!(clients(&sam).await["Éxample Ltd"], ["Only Here REGULAR"]);
}

async fn people_who_leave_are_removed_and_those_who_move_move(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = Directory::with(|state| {
        state.organizations = vec![organization("1", "Example Ltd"), organization("2", "Other Ltd")];
        state.people = ["Kim", "Alex", "Robin", "Chris"].iter().zip(11..).map(|(name, id)| person(&id.to_string(), name, "1")).collect();
    });
    read(app, &directory).await;
    let other = sam.query("{ clients { nodes { id name } } }", Value::Null).await["clients"]["nodes"][1].clone();
    let contacts = json!([{ "name": "Chris", "email": "chris@example.org", "kind": "SENIOR" }]);
    sam.mutate("saveClient", json!({ "id": other["id"], "name": other["name"], "contacts": contacts }), "client { id }").await;
    directory.change(|state| {
        state.people.remove(2);
        state.people[1].organization = Some("2".into());
        state.people[2].organization = Some("2".into());
    });
    app.advance(25 * HOUR);
    read(app, &directory).await;
    let found = clients(&sam).await;
    // Chris had been entered by hand, and continues as that contact.
    assert_eq!(names(&found), [("Example Ltd", vec!["Kim REGULAR"]), ("Other Ltd", vec!["Chris SENIOR", "Alex REGULAR"])]);
    // A directory that shows nobody has more likely revoked our permission.
    directory.change(|state| state.people.clear());
    app.advance(25 * HOUR);
    read(app, &directory).await;
    assert_eq!(clients(&sam).await, found);
}

async fn only_what_changed_is_read_and_once_a_day_everything(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = Directory::with(|state| {
        state.organizations = vec![organization("1", "Example Ltd")];
        state.people = vec![person("11", "Kim", "1"), person("12", "Alex", "1"), person("13", "Robin", "1")];
        state.page = 2;
    });
    read(app, &directory).await;
    assert_eq!(directory.asked(), ["organizations since ever page 1", "people since ever page 1", "people since ever page 2"]);
    app.advance(2 * HOUR);
    let now = app.now();
    directory.change(|state| {
        state.people[0].name = "Kim Park".into();
        // No longer listed; a list of recent changes does not show that.
        state.people.remove(2);
        state.changed.insert("11".into(), now);
    });
    read(app, &directory).await;
    assert_eq!(
        directory.asked(),
        ["organizations since 02:00 page 1", "people since 02:00 page 1"],
        "with an hour for the search to follow"
    );
    assert_eq!(clients(&sam).await["Example Ltd"], ["Alex REGULAR", "Kim Park REGULAR", "Robin REGULAR"]);
    app.advance(21 * HOUR);
    read(app, &directory).await;
    assert_eq!(directory.asked(), ["organizations since 04:00 page 1", "people since 04:00 page 1"]);
    app.advance(HOUR);
    read(app, &directory).await;
    assert_eq!(directory.asked(), ["organizations since ever page 1", "people since ever page 1"]);
    assert_eq!(clients(&sam).await["Example Ltd"], ["Alex REGULAR", "Kim Park REGULAR"]);
}

/// Ten people of one client on pages of three.
fn ten_people() -> Directory {
    Directory::with(|state| {
        state.organizations = vec![organization("1", "Example Ltd")];
        state.people = (0..10).map(|number| person(&format!("1{number}"), &format!("Kim{number}"), "1")).collect();
        state.page = 3;
    })
}

/// The directory answers this many questions, then gives this refusal once.
fn fail_after(directory: &Directory, questions: usize, refusal: Refusal) {
    directory.asked();
    directory.change(|state| state.fails_at = Some((questions, refusal)));
}

async fn a_read_that_is_cut_off_resumes_where_it_was(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = ten_people();
    read(app, &directory).await;
    let later = Refusal::Later { reason: "too many requests".into(), after: None };
    for refusal in [later, Refusal::Unclear("cut off".into())] {
        app.advance(25 * HOUR);
        directory.change(|state| drop(state.people.swap_remove(0)));
        fail_after(&directory, 3, refusal);
        read(app, &directory).await;
        assert_eq!(clients(&sam).await["Example Ltd"].len(), 10, "nobody is removed before everything is read");
        // Meanwhile someone saves the client, with the same people.
        let query = "{ clients { nodes { id name contacts { name email kind } } } }";
        let known = sam.query(query, Value::Null).await["clients"]["nodes"][0].take();
        sam.mutate("saveClient", known, "client { id }").await;
        directory.asked();
        read(app, &directory).await;
        assert_eq!(directory.asked()[0], "people since ever page 3");
        assert_eq!(clients(&sam).await["Example Ltd"].len(), 9);
        read(app, &directory).await;
        assert_eq!(directory.asked(), [] as [String; 0], "that was all for now");
        directory.change(|state| state.people.push(person("99", "Last", "1")));
        app.advance(25 * HOUR);
        read(app, &directory).await;
    }
}

async fn a_read_that_cannot_resume_starts_over(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = ten_people();
    let anew = "organizations since ever page 1";
    fail_after(&directory, 3, Refusal::Never("there is no such page".into()));
    read(app, &directory).await;
    fail_after(&directory, 3, Refusal::Unclear("cut off".into()));
    read(app, &directory).await;
    assert_eq!(directory.asked()[0], anew, "the page no longer exists");
    app.advance(25 * HOUR);
    read(app, &directory).await;
    assert_eq!(directory.asked()[0], anew, "what was read a day ago is not the directory of today");
    assert_eq!(clients(&sam).await["Example Ltd"].len(), 10);
}

async fn a_directory_that_rejects_us_is_left_alone(app: &TestApp) {
    let directory = Directory::with(|state| state.fails_at = Some((0, Refusal::Locked("the token is wrong".into()))));
    read(app, &directory).await;
    let held = hold::held(&app.system()).await.unwrap();
    assert_eq!((held[0].system, held[0].reason.as_str()), (System::Zendesk, "the token is wrong"));
    directory.asked();
    read(app, &directory).await;
    assert_eq!(directory.asked(), [] as [String; 0]);
    delivery::release(&app.system(), System::Zendesk).await.unwrap();
    read(app, &directory).await;
    assert_eq!(directory.asked().len(), 2);
}

async fn what_cannot_be_used_is_skipped(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = Directory::with(|state| {
        state.organizations = vec![organization("1", "Example Ltd"), organization("2", "two\nlines"), organization("3", &"x".repeat(201))];
        state.people = vec![
            person("11", "Kim", "1"),
            // Searches may list someone twice.
            person("11", "Kim", "1"),
            SeenPerson { email: Some("no address".into()), ..person("12", "Alex", "1") },
            SeenPerson { email: None, ..person("13", "Robin", "1") },
            SeenPerson { name: "\u{202e}evil".into(), ..person("14", "Chris", "1") },
            person("15", "Pat", "2"),
        ];
    });
    read(app, &directory).await;
    assert_eq!(names(&clients(&sam).await), [("Example Ltd", vec!["Kim REGULAR"])]);
}

async fn saving_a_client_keeps_contacts_from_the_directory(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let directory = Directory::with(|state| {
        state.organizations = vec![organization("1", "Example Ltd")];
        state.people = vec![person("11", "Kim", "1")];
    });
    read(app, &directory).await;
    let client = sam.query("{ clients { nodes { id } } }", Value::Null).await["clients"]["nodes"][0]["id"].clone();
    let contacts = json!([{ "name": "Kim Park", "email": "KIM@example.org", "kind": "SENIOR" }]);
    sam.mutate("saveClient", json!({ "id": client, "name": "Example Ltd", "contacts": contacts }), "client { id }").await;
    directory.change(|state| state.people[0].email = Some("park@example.org".into()));
    app.advance(25 * HOUR);
    read(app, &directory).await;
    assert_eq!(clients(&sam).await["Example Ltd"], ["Kim SENIOR"], "the same contact, with another address");
}

async fn two_clients_are_not_one_organisation(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let input = |name: &str| json!({ "name": name, "zendeskOrganizationId": "7" });
    let first = sam.mutate("saveClient", input("Example Ltd"), "client { id }").await;
    let refusal = sam.refused("saveClient", input("Other Ltd")).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "zendeskOrganizationId"));
    let again = json!({ "id": first["client"]["id"], "name": "Example plc", "zendeskOrganizationId": "7" });
    sam.mutate("saveClient", again, "client { id }").await;
}

/// A page is imported in a few statements, however many people are on it.
#[test]
fn a_thousand_people_take_few_statements() {
    harness::run(harness::Engine::Postgres, async |app| {
        let directory = Arc::new(Directory::with(|state| {
            state.organizations = (0..100).map(|number| organization(&number.to_string(), &format!("Client {number}"))).collect();
            let people = (0..1_000).map(|number| person(&format!("p{number}"), &format!("Kim{number}"), &(number % 100).to_string()));
            state.people = people.collect();
        }));
        for (most, what) in [(110, "new"), (75, "unchanged")] {
            let before = app.statements();
            read(app, &directory).await;
            let statements = app.statements() - before;
            assert!(statements <= most, "{statements} statements for 10 pages of people who are {what}");
            app.advance(25 * HOUR);
        }
        let sam = app.responder("Sam").await;
        let found = clients(&sam).await;
        assert_eq!((found.len(), found.values().map(Vec::len).sum::<usize>()), (100, 1_000));
    });
}
