//! How well people's names are kept out of reports: precision, recall, doubts and time, on 500 made-up people.
//!
//! `cargo run -p tests --release --bin blameless`. What it generates knows nothing of how names are found; it compares texts. The tests
//! below hold what is promised (R27).

mod hard;
mod people;
mod prose;
mod reports;
mod score;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use domain::blameless::{Cast, Decision, Decisions, Doubt, Facts};

use crate::people::{Chance, Made};
use crate::reports::Piece;
use crate::score::Score;

const PEOPLE: usize = 500;
const REPORTS: usize = 200;
const WORDS_A_REPORT: usize = 500;
/// How many of the people had a part in an incident.
const INVOLVED: usize = 12;
const ENGLISH: usize = 100_000;

fn main() -> Result<ExitCode> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    let score = reports(seed);
    let found = score.names - score.left.len();
    let open: usize = score.open.values().sum();
    println!("{} names in {} words of {REPORTS} reports", score.names, score.words);
    println!("recall      {:.4}   ({} left)", share(found, score.names), score.left.len());
    println!("precision   {:.4}   ({} words taken for names)", share(found, found + score.false_ones.len()), score.false_ones.len());
    println!(
        "right       {:.4}   ({} of somebody else, {open} read \"someone\": {:?})",
        share(found - open - score.wrong.len(), found - open),
        score.wrong.len(),
        score.open
    );
    println!("doubts      1 in {} words ({})", score.words / score.doubts.max(1), score.doubts);
    for (what, examples) in [("left", &score.left), ("false", &score.false_ones), ("wrong", &score.wrong)] {
        examples.iter().take(25).for_each(|one| println!("  {what}: {one}"));
    }
    let everybody = people::make(PEOPLE, &mut Chance(seed));
    let (tried, left) = hard::left(&everybody, &cast(&everybody, 0..PEOPLE));
    println!("machines'   {tried} ways to write names, {} left", left.len());
    left.iter().take(25).for_each(|one| println!("  left: {one}"));
    let english = english(seed, ENGLISH)?;
    println!(
        "English: {} words, {} taken for names, 1 doubt in {} words",
        english.words,
        english.false_ones.len(),
        english.words / english.doubts.max(1)
    );
    english.false_ones.iter().take(60).for_each(|one| println!("  {one}"));
    let (build, render) = time(seed);
    println!("10,000 words with {PEOPLE} people: {render:.2?}, and {build:.2?} for what is built once a cast");
    Ok(if score.left.is_empty() && left.is_empty() && score.false_ones.is_empty() && english.false_ones.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share for people to read")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A cast of everybody, of whom `involved` had a part in the incident.
fn cast(people: &[Made], involved: std::ops::Range<usize>) -> Cast {
    let appeared = people[involved].iter().map(|made| made.person.id.clone()).collect();
    Cast::of(&Facts { people: people.iter().map(|made| made.person.clone()).collect(), appeared, ..Facts::default() })
}

fn reports(seed: u64) -> Score {
    let mut chance = Chance(seed);
    let people = people::make(PEOPLE, &mut chance);
    let mut score = Score::default();
    for _ in 0..REPORTS {
        let from = chance.below(PEOPLE - INVOLVED);
        let involved = from..from + INVOLVED;
        let cast = cast(&people, involved.clone());
        let pieces = reports::write(&people[involved.clone()], WORDS_A_REPORT, &mut chance);
        let text = text(&pieces);
        let first = cast.render(&text, &Decisions::default());
        let decisions = decide(&first.doubts, &pieces, &people[involved.clone()]);
        score.doubts += first.doubts.len();
        score.add(&pieces, &people[involved], &cast, &cast.render(&text, &decisions).text);
    }
    score
}

/// What an author would decide, who knows what was meant.
fn decide(doubts: &[Doubt], pieces: &[Piece], people: &[Made]) -> Decisions {
    let mut decisions = Decisions::default();
    for doubt in doubts {
        let mut end = 0;
        let meant = pieces.iter().find(|piece| {
            end += piece.text().len();
            doubt.range.start < end
        });
        decisions.decide(
            doubt.key.clone(),
            match meant {
                Some(Piece::Name { person, .. }) => Decision::Person(people[*person].person.id.clone()),
                _ => Decision::NotAName,
            },
        );
    }
    decisions
}

fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::text).collect()
}

/// What is taken for a name in texts in which nobody of ours is named.
fn english(seed: u64, words: usize) -> Result<Score> {
    let people = people::make(PEOPLE, &mut Chance(seed));
    let text = prose::read(words)?;
    let cast = cast(&people, 0..PEOPLE);
    let rendered = cast.render(&text, &Decisions::default());
    let near = |range: &std::ops::Range<usize>| {
        let from = (0..=range.start.saturating_sub(40)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let to = (range.end + 30..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        text[from..to].replace('\n', " ")
    };
    let false_ones = rendered.replaced.iter().map(|one| format!("{:?} in {:?}", &text[one.range.clone()], near(&one.range))).collect();
    Ok(Score { words: text.split_whitespace().count(), false_ones, doubts: rendered.doubts.len(), ..Score::default() })
}

/// The best of a few rounds: building what finds names, and rendering 10,000 words.
fn time(seed: u64) -> (Duration, Duration) {
    let mut chance = Chance(seed);
    let people = people::make(PEOPLE, &mut chance);
    let text = text(&reports::write(&people[..INVOLVED], 10_000, &mut chance));
    let round = |_| {
        let cast = cast(&people, 0..INVOLVED);
        let started = Instant::now();
        black_box(cast.render("", &Decisions::default()));
        let built = started.elapsed();
        let started = Instant::now();
        black_box(cast.render(&text, &Decisions::default()));
        (built, started.elapsed())
    };
    let rounds: Vec<_> = (0..20).map(round).collect();
    (rounds.iter().map(|round| round.0).min().unwrap_or_default(), rounds.iter().map(|round| round.1).min().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What 100,000 words and more of speeches name that our people are named too, and nothing else.
    const NAMED_IN_SPEECHES: [&str; 13] =
        ["Bill", "Bud", "Grace", "Heather", "Hope", "Jack", "Max", "Mohammed", "Nick", "Pearl", "Robin", "Tom", "Waters"];

    #[test]
    fn no_name_is_left_and_no_word_is_taken_for_one() {
        let score = reports(1);
        assert!(score.words >= 100_000 && score.names > 5_000, "{} words, {} names", score.words, score.names);
        assert_eq!((score.left, score.false_ones, score.wrong), (vec![], vec![], vec![]));
        assert!(score.doubts * 500 < score.words, "{} doubts in {} words", score.doubts, score.words);
    }

    #[test]
    fn no_name_is_left_where_machines_write_it() {
        let people = people::make(PEOPLE, &mut Chance(1));
        assert_eq!(hard::left(&people, &cast(&people, 0..PEOPLE)).1, Vec::<String>::new());
    }

    #[test]
    fn ordinary_english_names_nobody() {
        for seed in 1..=3 {
            let found = english(seed, ENGLISH).unwrap();
            let is_word = |one: &&String| !NAMED_IN_SPEECHES.iter().any(|name| one.starts_with(&format!("{name:?} ")));
            assert_eq!(found.false_ones.iter().filter(is_word).collect::<Vec<_>>(), Vec::<&String>::new(), "seed {seed}");
            assert!(found.doubts * 500 < found.words, "{} doubts in {} words", found.doubts, found.words);
        }
    }
}
