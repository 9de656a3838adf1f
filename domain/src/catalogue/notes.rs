//! What of a reading could not be taken: said to people, and left out. Pure.

use std::collections::BTreeSet;

use entity::SiteField;
use serde::{Deserialize, Serialize};

use super::plan::{Listed, Problem};
use crate::{limits, validate};

/// Something of a reading that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The site, by what it is called there; nothing if it is about all.
    pub site: Option<String>,
    /// The field, as the source calls it.
    pub field: Option<String>,
    /// Why, as a sentence.
    pub problem: String,
}

/// A note as it is kept: what is read elsewhere may be of any length, and of characters that a database can't store.
pub(super) fn kept(Note { site, field, problem }: Note) -> Note {
    let line = |text: String| validate::as_name(&text);
    Note { site: site.map(line), field: field.map(line), problem: sentence(&problem) }
}

/// What a source says, as one line of bounded length.
pub(super) fn sentence(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(limits::NAME_CHARS * 4).collect()
}

/// Leaves out what is wrong with a list: the name of a client, or else the whole site.
pub(super) fn leave_out(listed: &mut Vec<Listed>, notes: &mut Vec<Note>, problems: &[Problem]) {
    let is_client = |problem: &&Problem| problem.column.as_deref() == Some("client");
    let clients: BTreeSet<usize> = problems.iter().filter(is_client).map(|problem| problem.line).collect();
    let whole: BTreeSet<usize> = problems.iter().filter(|problem| !is_client(problem)).map(|problem| problem.line).collect();
    for problem in problems {
        let one = listed.iter().find(|one| one.line == problem.line);
        let name = one.and_then(|one| one.values.get(&SiteField::Name).filter(|name| !name.is_empty()).or(one.key.as_ref()));
        notes.push(Note { site: name.cloned(), field: problem.column.clone(), problem: problem.reason.clone() });
    }
    listed.retain(|one| !whole.contains(&one.line));
    for one in listed.iter_mut().filter(|one| clients.contains(&one.line)) {
        one.values.remove(&SiteField::Client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::merge::Values;

    #[test]
    fn what_is_wrong_is_left_out_and_said() {
        let one = |line: usize| Listed {
            line,
            id: None,
            key: Some(format!("rec{line}")),
            values: Values::from([(SiteField::Name, format!("Site {line}")), (SiteField::Client, "Twin".to_owned())]),
        };
        let problem = |line, column: &str| Problem { line, column: Some(column.to_owned()), reason: "It can't be.".to_owned() };
        let (mut listed, mut notes) = ((1..=3).map(one).collect::<Vec<_>>(), Vec::new());
        listed[2].values.remove(&SiteField::Name);
        leave_out(&mut listed, &mut notes, &[problem(1, "client"), problem(2, "name"), problem(3, "name")]);
        assert_eq!(listed.iter().map(|one| (one.line, one.values.contains_key(&SiteField::Client))).collect::<Vec<_>>(), [(1, false)]);
        let said: Vec<_> = notes.iter().map(|note| (note.site.as_deref().unwrap(), note.field.as_deref().unwrap())).collect();
        assert_eq!(said, [("Site 1", "client"), ("Site 2", "name"), ("rec3", "name")]);
    }
}
