//! A second opinion: names in the ways and places that machines write them, and a search for what is left of them by letters alone.

use domain::blameless::{Cast, Decisions};

use crate::people::{Made, ascii};

/// `{}` is what is written.
const PLACES: [&str; 24] = [
    "{\"user\": \"{}\", \"ok\": true}",
    "owner: {}\n",
    "Author: {}\n    revert the pool\n",
    "USER={} ./restart.sh --force",
    "uid=1000({}) gid=100(users)",
    "https://git.example.org/{}/pool/-/merge_requests/4?by={}#note",
    "C:\\Users\\{}\\Desktop\\graph.png",
    "<td class=\"who\">{}</td><br/>",
    "**{}** and _{}_ and ~~{}~~",
    "> > {} wrote:\n> > the pool is full",
    "|{}|{}|\n|---|---|",
    "({}), [{}], \u{201e}{}\u{201c}, \u{ab}{}\u{bb}",
    "{}'s; {}\u{2019}s; {}&#39;s",
    "{}/{}, {}+{}",
    "panicked at /home/{}/src/pool.rs:12:4",
    "![{}]({}.png \"{}\")",
    "[{}]: https://example.org/{}",
    "2026-11-29T10:32:01Z INFO session{user={}} opened",
    "SELECT * FROM shift WHERE who = '{}' -- {}",
    "log_{}_20261129.txt {}-2.log {}(1).png",
    "# {}\n\n## What {} saw",
    "{}\r\n{}\r\n",
    "it was {}\u{2014}and {}\u{2014}who called",
    "ssh -J {}@jump.example.org {}@db-01",
];

/// What is left of the names of `people`, each as the text that it was found in.
pub fn left(people: &[Made], cast: &Cast) -> (usize, Vec<String>) {
    let (mut tried, mut left) = (0, Vec::new());
    for (at, made) in people.iter().enumerate() {
        let traces = traces(made);
        for (number, written) in ways(made).iter().enumerate() {
            let text = PLACES[(at + number) % PLACES.len()].replace("{}", written);
            let rendered = cast.render(&text, &Decisions::default()).text;
            let letters = letters(&rendered);
            tried += 1;
            if let Some(trace) = traces.iter().find(|trace| letters.contains(trace.as_str())) {
                left.push(format!("{trace:?} in {rendered:?}, from {text:?}"));
            }
        }
    }
    (tried, left)
}

/// Names that machines write; all say who is meant.
fn ways(made: &Made) -> Vec<String> {
    let full = format!("{} {}", made.first, made.surname);
    let camel: String = ascii(&full).split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let apart: String = full.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let (local, host) = made.email.split_once('@').expect("it is an address");
    vec![
        full.clone(),
        full.to_uppercase(),
        full.replace(' ', "\u{a0}"),
        full.replace(' ', "  "),
        full.replace(' ', "\r\n> > "),
        full.replace(' ', "\n\t"),
        full.replace(' ', "%20"),
        full.replace(' ', "+"),
        full.replace(['\'', '’'], "&rsquo;"),
        full.replace(['-', '‑'], "\u{2010}"),
        percent(&full),
        accents_apart(&full),
        apart,
        format!("{}, {}", made.surname, made.first),
        camel,
        made.slug.replace('-', ""),
        made.slug.replace('-', "_").to_uppercase(),
        made.slug.replace('-', "."),
        made.email.to_uppercase(),
        made.email.replace('@', "%40"),
        format!("{local}+pager@{host}"),
        format!("{full} <{}>", made.email),
        format!("mailto:{}", made.email),
        format!("@{}", made.handle),
        made.handle.to_uppercase(),
        format!("<@{}|{}>", made.chat_id, made.handle),
        format!("~{}", made.handle),
    ]
}

/// What would give `made` away, in small letters and digits.
fn traces(made: &Made) -> Vec<String> {
    let name = letters(&format!("{}{}", made.first, made.surname));
    let mut traces = vec![letters(&made.email), letters(&made.handle), made.chat_id.to_lowercase(), name];
    // Parts of names that could stand in no other word.
    traces.extend([&made.first, &made.surname].map(|part| letters(part)).into_iter().filter(|part| part.len() > 6));
    traces
}

fn letters(text: &str) -> String {
    ascii(text).to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// José with an accent of its own after the e.
fn accents_apart(text: &str) -> String {
    let marks = [
        ('á', "a\u{301}"),
        ('é', "e\u{301}"),
        ('ó', "o\u{301}"),
        ('ë', "e\u{308}"),
        ('ü', "u\u{308}"),
        ('ö', "o\u{308}"),
        ('ç', "c\u{327}"),
        ('ñ', "n\u{303}"),
    ];
    marks.iter().fold(text.to_owned(), |text, (whole, apart)| text.replace(*whole, apart))
}
