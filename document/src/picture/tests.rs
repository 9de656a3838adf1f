use chrono::{DateTime, TimeDelta, Utc};

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-11-25T22:14:05Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn moment(minutes: i64, label: &str, is_key: bool) -> Moment {
    Moment { at: at(minutes), label: label.to_owned(), is_key }
}

fn level(minutes: i64, name: &str, rank: u8) -> Level {
    Level { since: at(minutes), name: name.to_owned(), rank }
}

#[test]
fn a_strip_says_in_words_what_it_shows() {
    let moments = [moment(95, "Resolved", true), moment(0, "Impact <began>", true), moment(3, "Note", false), moment(300, "Later", true)];
    let picture = strip(&moments, at(0), at(100));
    assert_eq!(
        picture.words,
        ["From 22:14 to 23:54 UTC on 25 November 2026.", "1: 22:14 Impact <began>.", "2: 23:49 Resolved.", "And one more moment."]
    );
    assert_eq!(picture.svg.matches("<circle").count(), 2);
    assert!(picture.svg.contains("<title id=\"strip-title\">What happened in 1 h 40 min</title>\n<desc id=\"strip-words\">From 22:14 to"));
    assert!(picture.svg.contains("Impact &lt;began&gt;") && !picture.svg.contains("<began>"));
    roxmltree::Document::parse(&picture.svg).unwrap();
}

#[test]
fn a_strip_numbers_no_more_than_can_be_told_apart() {
    let moments: Vec<Moment> = (0..40).map(|n| moment(n, "Call", true)).collect();
    let picture = strip(&moments, at(0), at(39));
    assert_eq!(picture.svg.matches("<circle").count(), 12);
    assert_eq!(picture.words.last().unwrap(), "And 28 more moments.");
    // No two marks stand on each other.
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let number = |node: &roxmltree::Node<'_, '_>, name| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let marks = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "circle")));
    let marks: Vec<(f64, f64)> = marks.map(|node| (number(&node, "cx"), number(&node, "cy"))).collect();
    for (n, (x, y)) in marks.iter().enumerate() {
        assert!(*y > 0.0 && marks[..n].iter().all(|(a, b)| (x - a).hypot(y - b) > 20.0), "{marks:?}");
    }
}

#[test]
fn severity_is_steps_that_each_have_a_name() {
    let levels = [level(-30, "Minor", 1), level(10, "Critical", 3), level(10, "Major", 2), level(70, "Minor", 1), level(200, "Major", 2)];
    let picture = severity(&levels, at(0), at(150));
    assert_eq!(
        picture.words,
        [
            "From 22:14 UTC on 25 November 2026 to 00:44 UTC on 26 November 2026.",
            "Minor from 25 Nov 22:14 to 25 Nov 22:24 (10 min).",
            "Major from 25 Nov 22:24 to 25 Nov 23:24 (1 h).",
            "Minor from 25 Nov 23:24 to 26 Nov 00:44 (1 h 20 min).",
        ]
    );
    let names = |picture: &Picture| picture.svg.matches("text-anchor=\"end\"").count();
    assert_eq!(names(&picture), 2);
    assert!(picture.svg.contains("Times in UTC, 25 November 2026 to 26 November 2026"));
}

#[test]
fn no_time_and_nothing_in_it_can_be_drawn_too() {
    for picture in [strip(&[], at(0), at(0)), severity(&[], at(5), at(0)), severity(&[level(0, "Minor", 1)], at(0), at(0))] {
        assert!(!picture.svg.contains("NaN") && !picture.svg.contains("inf"), "{}", picture.svg);
        roxmltree::Document::parse(&picture.svg).unwrap();
    }
    // Years of it.
    let picture = strip(&[], at(0), at(5_000_000));
    assert!(picture.svg.matches("<text").count() < 12, "{}", picture.svg);
}
