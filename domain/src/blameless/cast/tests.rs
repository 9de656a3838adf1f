use chrono::{DateTime, Utc};

use super::super::person::{Contact, RoleTaken};
use super::*;

fn person(id: &str) -> Person {
    Person { id: id.to_owned(), name: format!("{id} Example"), ..Person::default() }
}

fn took(person: &str, role: &str, minute: i64) -> RoleTaken {
    RoleTaken { person: person.to_owned(), role: role.to_owned(), at: at(minute) }
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).unwrap()
}

fn facts(people: &str) -> Facts {
    Facts { people: people.split_whitespace().map(person).collect(), ..Facts::default() }
}

#[test]
fn everybody_has_one_name_by_the_first_thing_that_is_true_of_them() {
    let cast = Cast::of(&Facts {
        roles: vec![
            took("b", "incident lead", 9),
            took("a", "incident lead", 3),
            took("b", "comms manager", 1),
            took("c", "incident lead", 12),
        ],
        appeared: ["a", "d", "e", "d"].map(str::to_owned).to_vec(),
        reporters: ["e", "f"].map(str::to_owned).to_vec(),
        contacts: [("g", "Acme"), ("h", "Bolt"), ("i", "Acme")]
            .map(|(id, client)| Contact { person: id.to_owned(), client: client.to_owned(), takes_part: true })
            .to_vec(),
        ..facts("i h g f e d c b a z")
    });
    for (id, name) in [
        ("a", "incident lead 1"),
        ("b", "comms manager"),
        ("c", "incident lead 2"),
        ("d", "responder 1"),
        ("e", "responder 2"),
        ("f", "reporter"),
        ("g", "client contact 1 of Acme"),
        ("h", "client contact 1 of Bolt"),
        ("i", "client contact 2 of Acme"),
        ("z", "colleague 1"),
    ] {
        assert_eq!(cast.name_of(id), Some(name), "{id}");
    }
}

#[test]
fn who_has_a_name_keeps_it() {
    let mut cast = Cast::of(&Facts { roles: vec![took("a", "incident lead", 1)], appeared: vec!["b".to_owned()], ..facts("a b") });
    let stored = serde_json::to_string(&cast).unwrap();
    cast = serde_json::from_str(&stored).unwrap();
    let mut later = Facts { roles: vec![took("b", "incident lead", 0), took("c", "incident lead", 2)], ..facts("d c b a") };
    later.appeared = vec!["d".to_owned(), "a".to_owned()];
    later.people[3].name = "Other Name".to_owned();
    cast.add(&later);
    let names: Vec<_> = cast.names().collect();
    assert_eq!(names, [("a", "incident lead"), ("b", "responder 1"), ("c", "incident lead 2"), ("d", "responder 2")]);
    assert_eq!(cast.members()[0].person.former_names, ["a Example"], "a person who was renamed is found by both names");
}
