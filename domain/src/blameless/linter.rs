//! Words of blame and hindsight in a text, each with a question to ask instead (R27, R31). Pure; it marks, and stops nobody.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::fold::{Folded, fold};

/// Phrases with a question of their own, which leads away from them.
const QUESTIONS: [(&str, &str); 46] = [
    ("should have", "What did people know at that moment, and what did it make them do?"),
    ("shouldn't have", "What made this the sensible thing to do at that moment?"),
    ("should never have", "What made this the sensible thing to do at that moment?"),
    ("could have", "What options were there, and how did they look at the time?"),
    ("would have been better", "What options were there, and how did they look at the time?"),
    ("ought to have", "What did people know at that moment, and what did it make them do?"),
    ("needed to have", "What did people know at that moment, and what did it make them do?"),
    ("failed to", "What were they busy with, and what would have drawn their attention here?"),
    ("neglected to", "What were they busy with, and what would have drawn their attention here?"),
    ("forgot to", "What usually reminds people of this, and how did that work this time?"),
    ("didn't bother", "What was more pressing then?"),
    ("did not bother", "What was more pressing then?"),
    ("missed the", "What did the signals look like among everything else?"),
    ("overlooked", "What did the signals look like among everything else?"),
    ("didn't notice", "What did the signals look like among everything else?"),
    ("did not notice", "What did the signals look like among everything else?"),
    ("ignored", "How did this look among everything else that was going on?"),
    ("careless", "What made the work harder than it looks from here?"),
    ("carelessly", "What made the work harder than it looks from here?"),
    ("carelessness", "What made the work harder than it looks from here?"),
    ("negligent", "What made the work harder than it looks from here?"),
    ("negligence", "What made the work harder than it looks from here?"),
    ("sloppy", "What made the work harder than it looks from here?"),
    ("lazy", "What made the work harder than it looks from here?"),
    ("incompetent", "What did the work ask for, and how do people learn it here?"),
    ("stupid", "How did it make sense at the time?"),
    ("reckless", "How did the risk look at the time?"),
    ("obviously", "What was to be seen then, and to whom?"),
    ("clearly", "What was to be seen then, and to whom?"),
    ("of course", "What was to be seen then, and to whom?"),
    ("in hindsight", "What was known at that moment?"),
    ("with hindsight", "What was known at that moment?"),
    ("human error", "What in the tools, the task and the situation led to this?"),
    ("operator error", "What in the tools, the task and the situation led to this?"),
    ("user error", "What in the tools, the task and the situation led to this?"),
    ("root cause", "What came together, so that this happened at that moment?"),
    ("at fault", "What came together, so that this happened at that moment?"),
    ("to blame", "What came together, so that this happened at that moment?"),
    ("the fault of", "What came together, so that this happened at that moment?"),
    ("responsible for the outage", "What came together, so that this happened at that moment?"),
    ("why did you", "How did you come to do this?"),
    ("why didn't you", "What did you have in view at that moment?"),
    ("why did nobody", "How would somebody have come to know?"),
    ("simple mistake", "How does the system respond to a slip like this, and what could catch it?"),
    ("common sense", "What would somebody new here have to know?"),
    ("violated the procedure", "How does the work differ from what the procedure imagines?"),
];

/// What is asked for phrases that a team added itself.
const ANY: &str = "How did it look to those who were there, and what made it make sense?";

/// Finds phrases of blame and hindsight.
#[derive(Clone, Debug)]
pub struct Linter {
    phrases: Vec<String>,
    automaton: AhoCorasick,
    questions: Vec<&'static str>,
}

/// A phrase in a text. It is a suggestion to the author, never a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// In bytes of the text.
    pub range: Range<usize>,
    /// Begins with "How" or "What".
    pub question: &'static str,
}

impl PartialEq for Linter {
    fn eq(&self, other: &Self) -> bool {
        self.phrases == other.phrases
    }
}

impl Linter {
    /// A linter of these phrases. Known ones have their own question.
    pub fn of<'a>(phrases: impl Iterator<Item = &'a str>) -> Self {
        let phrases: Vec<String> = phrases.map(fold).filter(|phrase| !phrase.is_empty()).collect();
        let question = |phrase: &String| QUESTIONS.iter().find(|(known, _)| fold(known) == *phrase).map_or(ANY, |(_, question)| question);
        let questions = phrases.iter().map(question).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&phrases)
            .expect("as many phrases as a playbook has are few for the automaton");
        Self { phrases, automaton, questions }
    }

    /// The phrases in `text`, whatever their case, also across a line's end; not inside other words.
    pub fn remarks(&self, text: &str) -> Vec<Remark> {
        let folded = Folded::of(text);
        let found = self.automaton.find_iter(&folded.text).filter(|hit| folded.is_whole(hit.range()));
        found.map(|hit| Remark { range: folded.original(hit.range()), question: self.questions[hit.pattern().as_usize()] }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linter() -> Linter {
        Linter::of(QUESTIONS.iter().map(|(phrase, _)| *phrase))
    }

    #[test]
    fn words_of_blame_are_marked_with_an_open_question() {
        for (text, marked) in [
            ("The lead SHOULD\n> have rolled back.", &["SHOULD\n> have"][..]),
            ("We shouldn’t have, and should have.", &["shouldn’t have", "should have"]),
            ("Clearly, nobody unclearly wrote of the root cause.", &["Clearly", "root cause"]),
            ("It was found and fixed.", &[]),
        ] {
            let remarks = linter().remarks(text);
            assert_eq!(remarks.iter().map(|remark| &text[remark.range.clone()]).collect::<Vec<_>>(), marked, "{text}");
        }
    }

    #[test]
    fn questions_ask_how_or_what_and_blame_nobody() {
        let linter = linter();
        for question in QUESTIONS.iter().map(|(_, question)| *question).chain([ANY]) {
            assert!(question.starts_with("How ") || question.starts_with("What "), "{question}");
            assert!(question.ends_with('?') && linter.remarks(question).is_empty(), "{question}");
        }
    }

    #[test]
    fn a_team_has_its_own_list() {
        let remarks = Linter::of(["fat-fingered", "careless"].into_iter()).remarks("Fat-fingered, careless; should have.");
        assert_eq!(remarks.len(), 2);
        assert_eq!(remarks[0].question, ANY);
    }
}
