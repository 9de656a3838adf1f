//! Made-up texts of reports in which it is known who is named where. Knows nothing of how names are found.

use crate::people::{Chance, Made, ascii};

/// A text between two names, or a name.
pub enum Piece {
    Text(String),
    Name { person: usize, written: String, way: Way },
}

impl Piece {
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Name { written, .. } => written,
        }
    }
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Full,
    First,
    Surname,
    Nickname,
    Turned,
    Initial,
    Loud,
    /// Without capitals; only for names that are no words.
    Small,
    /// Without accents.
    Plain,
    /// Over the end of a line.
    Broken,
    Address,
    Handle,
    ChatId,
    File,
}

/// `{}` is somebody in prose, `{a}` where a sentence begins, `{@}` a mention, `{m}` and `{M}` an address, `{f}` what is in file names, `{h}` an account, `{n}` a
/// full name over the end of a quoted line. The rest is full of words that are names of people.
const SENTENCES: [&str; 52] = [
    "At 10:32 the pool was full, and {} restarted the first node.",
    "{a} noticed the alert, and asked {} to mark it as seen.",
    "We will call the client once the grace period is over, said {}.",
    "{a} said that the price of a long outage may rise in May.",
    "The hunter job was stopped by {}, who had woken {}.",
    "It was {}’s change that was live, and {}'s review that had passed it.",
    "{a}'s laptop had no battery; the frost at the site broke a power line.",
    "Later {} and {} rolled it back, which took an hour or so.",
    "Will the fix hold? Nobody could rob us of that hope, but the stack was old.",
    "Mark every root cause as one of several: a case on its own is rare.",
    "May we page somebody at night? An answer was given by {}.",
    "> {a}: I saw the bell go off, and thought that it was a small thing.",
    "[10:47] {}: the bill for that will be long",
    "10:51 {a} joined the call.",
    "| 10:55 | {a} | restarted the hope queue |",
    "| 10:58 | {a} | asked {} to drain it | done |",
    "- {a} opened a ticket, which {} closed.",
    "1. {a} took over from {}.",
    "![{a} at the desk in the snow](shots/{f}-screenshot.png)",
    "![The dashboard, by {}](/files/2026-11-29/{f}_graph.jpg \"graph\")",
    "See [the notes of {}](https://wiki.example.org/~{h}/notes) for more.",
    "`ssh {h}@db-01 sudo systemctl restart pool`",
    "`grep -r will /home/{h}/logs | tail -n 40`",
    "```sh\nsu - {h} -c 'mark --all; kill -9 4711'\nscp {f}.tar.gz db-01:/tmp\n```",
    "author={m} subject=\"hold the line\"",
    "{@} can you look? {@} is away, and the field is empty.",
    "{a} wrote to {m} and to {M} about the case.",
    "They told {} that the grant of rights had run out over the summer.",
    "Nothing was heard from {} (asleep) until {} called.",
    "“It may be the cache,” {} answered. “I will look.”",
    "\"{a} knows it best\", said somebody; so we asked {}.",
    "> It was clear to {n} that the page\n> had been read by all.",
    "After the talk with {n}, we chose the long way down.",
    "The nodes had been drained by {}; {} had seen it, and so had {}.",
    "Who knew of it: {}, {} and {}.",
    "By noon, with help from {}, all was well. The best of it was the early call.",
    "There was no page for the second alert, an issue that is known since March.",
    "Hope is no plan. Grace periods are short, and rich logs are a joy to read.",
    "We had to skip the park and ride; the young team of the site was alone.",
    "A cross check of the ray tracer, the art of the possible, ran for miles.",
    "In June and in August the same thing was seen; by April nobody will recall it.",
    "The dean of the school called the desk and was told that the lane is shut.",
    "Black screens, white noise: the green light was out, and it was a rose garden after that.",
    "Do not rob Peter to pay Paul: the quota was raised for both.",
    "An ace up the sleeve was the old cook book, which is kept in the stone house.",
    "Rusty hinges do not break, and a sandy floor is swift to clean.",
    "The summer was long. Dawn broke at 06:12, when the last bank opened.",
    "Pages were slow for 40 minutes, and 1,200 visitors of two sites saw an error.",
    "The load balancer kept sending requests to nodes that had been taken out of service.",
    "Alerts fired nine minutes after the first error, as the rule looks at ten minutes.",
    "Contributing factors were the size of the pool, the time of the backup, and a limit that nobody knew of.",
    "What helped: the runbook was up to date, and the second line answered at once.",
];

/// The pieces of one report of about `words` words, about some of `people`.
pub fn write(people: &[Made], words: usize, chance: &mut Chance) -> Vec<Piece> {
    let (mut pieces, mut count, mut last) = (Vec::new(), 0, 0);
    while count < words {
        let sentence = SENTENCES[chance.below(SENTENCES.len())];
        count += sentence.split_whitespace().count();
        let mut rest = sentence;
        while let Some(open) = rest.find('{') {
            let close = open + rest[open..].find('}').expect("the braces are closed");
            pieces.push(Piece::Text(rest[..open].to_owned()));
            // Nobody is named twice in a row: "Banks, Max" is one person.
            let person = (last + 1 + chance.below(people.len() - 1)) % people.len();
            last = person;
            pieces.push(name(person, people, &rest[open + 1..close], chance));
            rest = &rest[close + 1..];
        }
        let begins_line = sentence.starts_with(|c: char| "|>-1![`".contains(c));
        pieces.push(Piece::Text(format!("{rest}{}", if begins_line || chance.below(4) == 0 { "\n\n" } else { " " })));
        if begins_line && pieces.len() > 1 {
            // A line that has to begin one does: the text before it ends its own.
            let first = pieces.len() - 1;
            let start = (0..first)
                .rev()
                .find(|at| matches!(&pieces[*at], Piece::Text(text) if sentence.starts_with(text.as_str()) && !text.is_empty()));
            if let Some(Piece::Text(text)) = start.map(|at| &mut pieces[at]) {
                text.insert_str(0, "\n\n");
            }
        }
    }
    pieces
}

fn name(person: usize, people: &[Made], slot: &str, chance: &mut Chance) -> Piece {
    let made = &people[person];
    let full = format!("{} {}", made.first, made.surname);
    // Who writes for others says who is meant, nearly always.
    let is_shared = |own: fn(&Made) -> &str| people.iter().filter(|other| own(other) == own(made)).count() > 1;
    let is_unclear = is_shared(|one| &one.first)
        || is_shared(|one| &one.surname)
        || made.nickname.is_some() && is_shared(|one| one.nickname.as_deref().unwrap_or_default());
    let says_all = is_unclear && chance.below(10) > 0;
    let (way, written) = match slot {
        "m" => (Way::Address, if chance.below(4) == 0 { made.email.to_uppercase() } else { made.email.clone() }),
        "M" => (Way::Address, format!("<{}>", made.email)),
        "@" if chance.below(3) == 0 => (Way::ChatId, format!("<@{}>", made.chat_id)),
        "@" => (Way::Handle, format!("@{}", made.handle)),
        "h" => (Way::Handle, made.handle.clone()),
        "f" => (Way::File, if chance.below(3) == 0 { made.slug.replace('-', "_") } else { made.slug.clone() }),
        "n" => (Way::Broken, full.replace(' ', if chance.below(2) == 0 { "\n> " } else { "\n  " })),
        _ if says_all => (Way::Full, full),
        _ => prose(made, &full, chance),
    };
    Piece::Name { person, written, way }
}

fn prose(made: &Made, full: &str, chance: &mut Chance) -> (Way, String) {
    match chance.below(14) {
        0..=3 => (Way::Full, full.to_owned()),
        4..=6 => (Way::First, made.first.clone()),
        7 | 8 => (Way::Surname, made.surname.clone()),
        9 => match &made.nickname {
            Some(nickname) => (Way::Nickname, nickname.clone()),
            None => (Way::First, made.first.clone()),
        },
        10 => (Way::Turned, format!("{}, {}", made.surname, made.first)),
        11 => (Way::Initial, format!("{}. {}", made.first.chars().next().expect("names have letters"), made.surname)),
        12 if chance.below(2) == 0 => (Way::Loud, full.to_uppercase()),
        12 => (Way::Small, full.to_lowercase()),
        _ => (Way::Plain, ascii(full)),
    }
}
