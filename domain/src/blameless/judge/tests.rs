use super::super::fold::Folded;
use super::super::index::Index;
use super::super::person::Person;
use super::super::place::Code;
use super::*;

const PEOPLE: [&str; 9] =
    ["Will Kowalski", "Mark Hunter", "Grace Novak", "May Baker", "Rob Nowak", "An Nguyen", "Bill Price", "Jordan Okafor", "Jenkins Obi"];

fn verdicts(text: &str) -> Vec<Verdict> {
    let people = PEOPLE.map(|name| Person { name: name.to_owned(), ..Person::default() });
    let index = Index::of(people.iter());
    let code = Code::of(text);
    index.hits(&Folded::of(text), text, |_| true).into_iter().map(|hit| judge(hit.form, &Place::of(text, hit.range, &code))).collect()
}

#[test]
fn a_name_that_is_a_word_is_judged_by_what_stands_around_it() {
    for (text, expected) in [
        // Words.
        ("This will not do, mark it as done within the grace period in May.", &[Word, Word, Word, Word][..]),
        ("Will the fix hold? May I ask? An outage. Mark the ticket. Bill it.", &[Word; 5]),
        ("Since 3 May and May 2026; a hunter, the baker; rob them of an hour", &[Word; 6]),
        ("Grace periods are short. WILL RESTART IN AN HOUR", &[Word, Word, Word]),
        ("`kill -9; mark --all; will`", &[Word, Word]),
        // Names.
        ("We asked Will and told Grace, then May and Mark restarted it.", &[Name, Name, Likely, Name]),
        ("Mark restarted it. Will said so. Then Grace saw it. Rob then called.", &[Name, Name, Name, Name]),
        ("Mark's laptop. Will’s change. By Ms Baker. @will: @mark", &[Name, Name, Name, Name, Name]),
        ("Mark, can you look? Will was asleep.", &[Name, Name]),
        ("Mark Hunter; /home/grace/x; ssh grace@db", &[Name, Name, Name]),
        // What nobody can tell.
        ("Mark is down. Grace in support. | Mark | Grace: yes", &[Unlikely, Unlikely, Likely, Likely]),
        ("A talk by Grace Hopper. Project Grace. mark-screenshot.png, mark-hunter.png", &[Unlikely, Unlikely, Unlikely, Likely]),
        ("mark said so, and they told mark", &[Unlikely, Likely]),
        // Places and systems.
        ("Jordan said so, asked Jordan; a site in Jordan", &[Name, Name, Likely]),
        ("Jenkins said so; the Jenkins job; on Jenkins", &[Name, Likely, Likely]),
    ] {
        assert_eq!(verdicts(text), expected, "{text}");
    }
}
