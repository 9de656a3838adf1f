//! The three questions about how bad it is, and what is made of the answers (R8, R9).

use entity::{Flag, Severity};

use crate::chat::form::{Choice, Field, FieldKind, Values};
use crate::chat::reading::severity_named;
use crate::error::{Error, Result};
use crate::severity::{Answer, Answers, advise};
use crate::words;

/// Leaves the severity to the answers.
const ADVISED: &str = "ADVISED";
/// Leaves all of it to whoever triages.
const TRIAGE: &str = "TRIAGE";
/// Nobody relies on the service now.
const OFF_HOURS: &str = "offHours";
/// What is special about it.
pub(super) const FLAGS: &str = "flags";
const SEVERITY: &str = "severity";

/// A question: its field, how it is asked, and the answers from none to unknown.
const QUESTIONS: [(&str, &str, [&str; 5]); 3] = [
    ("urgency", "How soon must somebody act?", ["It is over", "It can wait", "Soon", "Now", "Nobody knows yet"]),
    ("impact", "How bad is it for those affected?", ["Not bad", "A little", "Bad", "Very bad", "Nobody knows yet"]),
    ("extent", "How many people and systems are affected?", ["None", "A few", "Some", "Many", "Nobody knows yet"]),
];
const ANSWERS: [(&str, Answer); 5] =
    [("NONE", Answer::None), ("LOW", Answer::Low), ("MEDIUM", Answer::Medium), ("HIGH", Answer::High), ("UNSURE", Answer::Unsure)];

/// What was decided about the severity.
pub(super) enum Verdict {
    /// It is an incident of this severity. The reasons are there if it was left to the answers.
    Declared(Severity, Vec<String>),
    /// Whoever triages decides.
    Undecided,
}

/// The fields.
pub(super) fn fields() -> Vec<Field> {
    let question = |(key, asked, answers): (&str, &str, [&str; 5])| {
        let choices = ANSWERS.iter().zip(answers).map(|((value, _), label)| Choice::new(*value, label));
        Field::new(key, asked, FieldKind::Choice(choices.collect())).initially("UNSURE")
    };
    let breach = [(Flag::SecurityBreach, "Somebody got in who should not"), (Flag::DataBreach, "Data got out, or may have")];
    let breach = breach.map(|(flag, label)| Choice::new(flag.as_str(), label));
    let severity = [Choice::new(ADVISED, "What the answers add up to")].into_iter().chain(levels());
    let severity = severity.chain([Choice::new(TRIAGE, "Only report it: whoever is on call decides")]).collect();
    let others = [
        Field::new(FLAGS, "Is it a breach?", FieldKind::Many(breach.to_vec())),
        Field::new(OFF_HOURS, "It happens while the service need not be up", FieldKind::Flag),
        Field::new(SEVERITY, "Severity", FieldKind::Choice(severity)).hint("You can change it later.").initially(ADVISED),
    ];
    QUESTIONS.into_iter().map(question).chain(others).collect()
}

/// Every severity, to be chosen.
pub(super) fn levels() -> impl Iterator<Item = Choice> {
    Severity::ALL.iter().map(|level| Choice::new(level.as_str(), words::sentence(words::severity(*level))))
}

/// What is special about it, as filled in.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub(super) fn flags(values: &Values) -> Result<Vec<Flag>> {
    let flag = |value: &String| Flag::ALL.iter().copied().find(|flag| flag.as_str() == value);
    let unknown = || Error::invalid("flags", "flags takes SECURITY_BREACH and DATA_BREACH.");
    values.many(FLAGS).iter().map(|value| flag(value).ok_or_else(unknown)).collect()
}

/// What was decided. A question that nobody answered is one that nobody knows the answer to.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub(super) fn verdict(values: &Values) -> Result<Verdict> {
    let level = values.one(SEVERITY).unwrap_or(ADVISED);
    if level.eq_ignore_ascii_case(TRIAGE) {
        return Ok(Verdict::Undecided);
    }
    if !level.eq_ignore_ascii_case(ADVISED) {
        return Ok(Verdict::Declared(severity(level)?, Vec::new()));
    }
    let [urgency, impact, extent] = QUESTIONS.map(|(key, ..)| answered(values, key));
    let advice = advise(Answers {
        urgency: urgency?,
        impact: impact?,
        extent: extent?,
        breach: !flags(values)?.is_empty(),
        during_expected_availability: !values.is_set(OFF_HOURS),
    });
    Ok(Verdict::Declared(advice.recommended, advice.reasons))
}

/// A severity by its name.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub(super) fn severity(name: &str) -> Result<Severity> {
    severity_named(name).ok_or_else(|| Error::invalid("severity", "severity must be CRITICAL, MAJOR, MINOR or TRIVIAL."))
}

fn answered(values: &Values, key: &'static str) -> Result<Answer> {
    let Some(given) = values.one(key) else { return Ok(Answer::Unsure) };
    let known = ANSWERS.iter().find(|(value, _)| value.eq_ignore_ascii_case(given)).map(|(_, answer)| *answer);
    known.ok_or_else(|| Error::invalid(key, format!("{key} must be NONE, LOW, MEDIUM, HIGH or UNSURE.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(given: &[(&str, &str)]) -> Values {
        Values(given.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect())
    }

    #[test]
    fn the_answers_decide_unless_somebody_does() {
        for (given, severity) in [
            (&[][..], Some(Severity::Major)),
            (&[("urgency", "HIGH"), ("impact", "high"), ("extent", "HIGH")], Some(Severity::Critical)),
            (&[("urgency", "LOW"), ("impact", "LOW"), ("extent", "LOW"), (OFF_HOURS, "yes")], Some(Severity::Trivial)),
            (&[("urgency", "NONE"), ("impact", "NONE"), ("extent", "NONE"), (FLAGS, "DATA_BREACH")], Some(Severity::Major)),
            (&[("urgency", "HIGH"), ("severity", "minor")], Some(Severity::Minor)),
            (&[("severity", "TRIAGE")], None),
        ] {
            let found = match verdict(&values(given)).unwrap() {
                Verdict::Declared(severity, _) => Some(severity),
                Verdict::Undecided => None,
            };
            assert_eq!(found, severity, "{given:?}");
        }
        for (field, value) in [("severity", "huge"), ("urgency", "much"), (FLAGS, "WET")] {
            assert!(matches!(verdict(&values(&[(field, value)])), Err(Error::Invalid { field: found, .. }) if found == field), "{field}");
        }
    }
}
