//! Compares what was rendered with what is known of a made-up report, by the texts alone.

use std::collections::BTreeMap;

use domain::blameless::Cast;

use crate::people::{Made, ascii};
use crate::reports::{Piece, Way};

#[derive(Default)]
pub struct Score {
    pub words: usize,
    pub names: usize,
    /// By the way they were written.
    pub left: Vec<String>,
    /// Names of somebody else than was meant.
    pub wrong: Vec<String>,
    /// Names that read "someone".
    pub open: BTreeMap<Way, usize>,
    /// Words that were taken for names.
    pub false_ones: Vec<String>,
    pub doubts: usize,
}

impl Score {
    pub fn add(&mut self, pieces: &[Piece], people: &[Made], cast: &Cast, rendered: &str) {
        let mut rest = rendered;
        for (at, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => {
                    self.words += text.split_whitespace().count();
                    let Some(after) = rest.strip_prefix(text.as_str()) else {
                        // What comes after it can't be told apart any more.
                        self.false_ones.push(format!("{text:?} became {:?}", rest.chars().take(text.chars().count()).collect::<String>()));
                        break;
                    };
                    rest = after;
                }
                Piece::Name { person, written, way } => {
                    self.names += 1;
                    self.words += written.split_whitespace().count();
                    let end = next_text(pieces, at + 1, rest);
                    let after: String = rest[end..].chars().take(30).collect();
                    self.name(&rest[..end], &people[*person], cast, (written, *way), &after);
                    rest = &rest[end..];
                }
            }
        }
        self.look_for_names(rendered, people);
    }

    fn name(&mut self, became: &str, made: &Made, cast: &Cast, (written, way): (&str, Way), after: &str) {
        let alias = cast.name_of(&made.person.id).expect("everybody is in the cast");
        let plain = |text: &str| text.to_lowercase().replace(['-', '@'], " ").trim().to_owned();
        let said = plain(became);
        let said = said.strip_prefix("the ").unwrap_or(&said);
        if became == written {
            self.left.push(format!("{way:?} {written:?} before {after:?}"));
        } else if said == "someone" {
            *self.open.entry(way).or_default() += 1;
        } else if said != plain(alias) {
            self.wrong.push(format!("{way:?} {written:?} of {alias:?} became {became:?}"));
        }
    }

    /// Whatever way a name came through: no part of one that is no word is in the text.
    fn look_for_names(&mut self, rendered: &str, people: &[Made]) {
        let plain = ascii(rendered).to_lowercase();
        let parts: std::collections::HashSet<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() > 2).collect();
        for made in people {
            for name in [&made.email, &made.handle, &made.slug] {
                if plain.contains(name.as_str()) {
                    self.left.push(format!("{name:?} somewhere"));
                }
            }
            let surname = ascii(&made.surname).to_lowercase().replace('\'', "");
            if ["kowalski", "kowalska", "novak", "yamamoto", "okonkwo", "petrov", "dubois", "lindqvist", "hawthorne", "abernathy"]
                .contains(&surname.as_str())
                && parts.contains(surname.as_str())
            {
                self.left.push(format!("{surname:?} somewhere"));
            }
        }
    }
}

/// Where the next text that says something begins in `rest`.
fn next_text(pieces: &[Piece], from: usize, rest: &str) -> usize {
    let next = pieces[from..].iter().find_map(|piece| match piece {
        Piece::Text(text) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    });
    next.and_then(|text| rest.find(text)).unwrap_or(rest.len())
}
