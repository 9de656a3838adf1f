use chrono::DateTime;

use super::super::person::{Facts, Person, RoleTaken};
use super::*;

fn cast() -> Cast {
    let person = |id: &str, name: &str| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        handles: vec![format!("@{id}")],
        emails: vec![format!("{id}@example.org")],
        ..Person::default()
    };
    let mut kim = person("kim", "Kim Lee");
    kim.handles.push("<@U0123AB>".to_owned());
    kim.nicknames.push("Kimmy".to_owned());
    let people = vec![
        kim,
        person("james", "James O’Brien"),
        person("mark", "Mark Hunter"),
        person("ann", "Ann Novak"),
        person("bob", "Bob Novak"),
        person("jose", "José van der Berg"),
    ];
    let roles = vec![RoleTaken { person: "kim".to_owned(), role: "incident lead".to_owned(), at: DateTime::UNIX_EPOCH }];
    Cast::of(&Facts { people, roles, appeared: ["james", "mark", "ann", "bob", "jose"].map(str::to_owned).to_vec(), ..Facts::default() })
}

#[test]
fn sentences_still_read_well() {
    let cast = cast();
    for (text, expected) in [
        ("Kim restarted it. We asked Kim Lee.", "The incident lead restarted it. We asked the incident lead."),
        ("Kim's laptop, KIM’S change", "The incident lead's laptop, the incident lead’S change"),
        ("We saw James' note and James’s.", "We saw responder 1's note and responder 1’s."),
        ("The note said 'call James' twice", "The note said 'call responder 1' twice"),
        ("our lead, the Kim we know, Mr. Lee", "our lead, the incident lead we know, the incident lead"),
        ("our incident lead Kim restarted it", "our incident lead restarted it"),
        ("asked Kim\n> Lee to", "asked the incident lead to"),
        ("asked\nKim to", "asked\nthe incident lead to"),
        ("| Kim | kim@example.org |", "| The incident lead | The incident lead |"),
        ("- Kim: hello\n- Kimmy Lee", "- The incident lead: hello\n- The incident lead"),
        ("Kim Lee <kim@example.org> and Kim (@kim)", "The incident lead and the incident lead"),
        ("@kim, <@U0123AB> and <@U0123AB|kim>: look", "@incident-lead, @incident-lead and @incident-lead: look"),
        ("![Kim at work](kim-lee-screenshot.png)", "![The incident lead at work](incident-lead-screenshot.png)"),
        ("[Kim](mailto:kim@example.org)", "[The incident lead](mailto:incident-lead)"),
        (
            "`su kim; ssh kim@db-01 /home/kim/kim_lee.log`",
            "`su incident-lead; ssh incident-lead@db-01 /home/incident-lead/incident-lead.log`",
        ),
        ("kim.lee@other.example wrote", "The incident lead wrote"),
        ("Lee, Kim; K. Lee; KimLeesLaptop", "The incident lead; the incident lead; incident-leadsLaptop"),
        (
            "O'Brien, OBRIEN, obrien.png, Jose van der Berg, JOSE\u{301}",
            "Responder 1, responder 1, responder-1.png, responder 5, responder 5",
        ),
        ("Mark the ticket. Mark restarted it.", "Mark the ticket. Responder 2 restarted it."),
        ("Ann Novak told Novak", "Responder 3 told someone"),
        ("unknown, kimono, Jameson, skim", "unknown, kimono, Jameson, skim"),
    ] {
        let rendered = cast.render(text, &Decisions::default());
        assert_eq!(rendered.text, expected, "{text}: {:?}", rendered.doubts);
    }
}

#[test]
fn a_doubt_is_asked_once_and_remembered() {
    let cast = cast();
    let text = "First.\nWe asked Novak about it.\nMark is down.\nWe asked Novak about it.";
    let rendered = cast.render(text, &Decisions::default());
    assert_eq!(rendered.text, "First.\nWe asked someone about it.\nSomeone is down.\nWe asked someone about it.");
    let [novak, mark] = rendered.doubts.as_slice() else { panic!("{:?}", rendered.doubts) };
    assert_eq!((novak.line, novak.quote.as_str(), novak.may_be_word), (2, "We asked Novak about it.", false));
    assert_eq!(novak.candidates.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["responder 3", "responder 4"]);
    assert_eq!((mark.line, &text[mark.range.clone()], mark.may_be_word), (3, "Mark", true));

    let mut decisions = Decisions::default();
    decisions.decide(mark.key.clone(), Decision::NotAName);
    decisions.decide_everywhere("novak".to_owned(), Decision::Person("bob".to_owned()));
    let stored = serde_json::to_string(&decisions).unwrap();
    let rendered = cast.render(text, &serde_json::from_str(&stored).unwrap());
    assert_eq!(rendered.text, "First.\nWe asked responder 4 about it.\nMark is down.\nWe asked responder 4 about it.");
    assert!(rendered.doubts.is_empty());
}

#[test]
fn a_decision_about_somebody_unknown_decides_nothing() {
    let mut decisions = Decisions::default();
    decisions.decide_everywhere("novak".to_owned(), Decision::Person("gone".to_owned()));
    assert_eq!(cast().render("We asked Novak.", &decisions).text, "We asked someone.");
}
