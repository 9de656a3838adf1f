//! From a line to a command. Pure.

use super::command::Command;
use super::reading::split_word;
use super::vocabulary::{WORDS, Word};

/// How alike a word must be to be proposed, of 1.
const ALIKE: f64 = 0.6;

/// Why a line is no command.
#[derive(Debug)]
pub enum Misread {
    /// It begins with a word that nobody knows.
    Unknown {
        /// The word.
        word: String,
        /// What was probably meant.
        meant: Option<&'static Word>,
    },
    /// Something that the command needs is missing.
    Incomplete(&'static Word),
}

/// Reads a line.
///
/// # Errors
/// [`Misread`].
pub fn parse(line: &str) -> Result<Command, Misread> {
    let (first, rest) = split_word(line);
    if first.is_empty() {
        return Ok(Command::Overview);
    }
    let lower = first.to_lowercase();
    match word(&lower) {
        Some(word) => (word.read)(rest).ok_or(Misread::Incomplete(word)),
        None => Err(Misread::Unknown { word: first.to_owned(), meant: meant(&lower) }),
    }
}

/// The row of a word in lower case.
pub fn word(word: &str) -> Option<&'static Word> {
    WORDS.iter().find(|known| known.is(word))
}

/// What was probably meant by a word in lower case.
pub fn meant(word: &str) -> Option<&'static Word> {
    let likeness = |known: &Word| {
        let names = known.also.iter().chain([&known.name]);
        names.map(|name| strsim::normalized_damerau_levenshtein(name, word)).fold(0.0, f64::max)
    };
    WORDS.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other))).filter(|likely| likeness(likely) >= ALIKE)
}

#[cfg(test)]
mod tests {
    use entity::{IncidentStatus, Role, Severity};
    use proptest::prelude::*;

    use super::*;
    use crate::chat::command::Telling;

    #[test]
    fn every_example_is_understood_in_any_case() {
        for word in WORDS {
            assert!(word.example.starts_with(word.name), "{}", word.name);
            assert!(parse(word.example).is_ok(), "{}", word.example);
            let shouted = word.example.replacen(word.name, &word.name.to_uppercase(), 1);
            assert_eq!(parse(&shouted).unwrap(), parse(word.example).unwrap(), "{shouted}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let mut names: Vec<&str> = WORDS.iter().flat_map(|word| word.also.iter().copied().chain([word.name])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn lines_are_read() {
        let text = |text: &str| text.to_owned();
        for (line, command) in [
            ("  ", Command::Overview),
            ("lead   @Zoë Rivera ", Command::Give(Role::IncidentLead, text("@Zoë Rivera"))),
            ("role AUTHOR me", Command::Give(Role::ReportAuthor, text("me"))),
            ("update", Command::Update(None)),
            ("severity MAJOR BECAUSE half of it is down", Command::Severity(Severity::Major, text("half of it is down"))),
            ("sev minor it is quiet", Command::Severity(Severity::Minor, text("it is quiet"))),
            ("status fixing", Command::Status(IncidentStatus::Fixing, None)),
            ("goal Restore it\nworks", Command::Goal(text("restore"), text("it\nworks"))),
            ("done #3", Command::Done(3)),
            ("tell-clients SEND", Command::TellClients(Telling::Send)),
            ("tell-clients send them flowers", Command::TellClients(Telling::Draft(text("send them flowers")))),
            ("escalate", Command::Escalate(None)),
            (
                "handover comms @kim because\nI sleep",
                Command::HandOver { role: Some(Role::ClientCommsManager), to: text("@kim"), note: Some(text("I sleep")) },
            ),
            ("?", Command::Help(None)),
        ] {
            assert_eq!(parse(line).unwrap(), command, "{line}");
        }
    }

    #[test]
    fn what_is_missing_and_what_was_meant_is_said() {
        for (line, name) in [("lead", "lead"), ("severity major", "severity"), ("severity huge because", "severity"), ("done zero", "done")]
        {
            assert!(matches!(parse(line), Err(Misread::Incomplete(word)) if word.name == name), "{line}");
        }
        for (line, meant) in [("laed me", Some("lead")), ("resovle", Some("resolve")), ("folow-up x", Some("follow-up")), ("kaboom", None)]
        {
            let Err(Misread::Unknown { meant: found, .. }) = parse(line) else { panic!("{line}") };
            assert_eq!(found.map(|word| word.name), meant, "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_breaks_it(line in any::<String>(), tail in any::<String>(), at in 0..WORDS.len()) {
            let _ = parse(&line);
            let _ = parse(&format!("{} {tail}", WORDS[at].name));
        }
    }
}
