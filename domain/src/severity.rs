//! Advice on the severity (R8, R9): three questions and what the answers add up to. Pure; used by `api`.
//!
//! The advice is the mean of the answers, rounded up: between two levels, take the worse one, which can be lowered later. It
//! never decides; people do.

use entity::Severity;

/// An answer to one of the questions, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// None at all.
    None,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Very much.
    High,
    /// Nobody knows yet.
    Unsure,
}

/// The answers to all questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// How soon somebody must act.
    pub urgency: Answer,
    /// How bad it is for those affected.
    pub impact: Answer,
    /// How many people and systems are affected.
    pub extent: Answer,
    /// Whether somebody got in, or data got out.
    pub breach: bool,
    /// Whether it happens at a time when the service is expected to be available.
    pub during_expected_availability: bool,
}

/// What the answers add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The level to choose.
    pub recommended: Severity,
    /// Why, a sentence for each answer that mattered.
    pub reasons: Vec<String>,
    /// Whether the answers fell between two levels and the worse one was taken.
    pub tie_broken: bool,
}

/// What `answers` add up to.
pub fn advise(answers: Answers) -> Advice {
    let questions = [
        (
            answers.urgency,
            ["It can wait.", "It should be done soon.", "It can't wait.", "Nobody knows yet how urgent it is: treat it as urgent."],
        ),
        (
            answers.impact,
            [
                "Little that people need is disrupted.",
                "Something that people need is disrupted.",
                "People can't do what they came for.",
                "Nobody knows yet how bad it is: assume it is worse than it looks.",
            ],
        ),
        (
            answers.extent,
            [
                "Few people or systems are affected.",
                "Many people or systems are affected.",
                "Most or all people or systems are affected.",
                "Nobody knows yet how many are affected: assume it is many.",
            ],
        ),
    ];
    let mut reasons: Vec<String> = questions.iter().filter_map(|(answer, words)| sentence(*answer, *words)).collect();
    let total: u32 = questions.iter().map(|(answer, _)| score(*answer)).sum();
    let mut level = total.div_ceil(3);
    let mut tie_broken = !total.is_multiple_of(3);
    let given = [answers.urgency, answers.impact, answers.extent];
    let least = match answers.breach {
        true if given.contains(&Answer::High) || given.contains(&Answer::Unsure) => 3,
        true => 2,
        false => 0,
    };
    if tie_broken && level >= least {
        let (less, more) = (named(level - 1), named(level));
        reasons.push(format!("The answers fall between {less} and {more}: take the worse one, you can lower it later."));
    }
    if answers.breach {
        reasons.push(format!("Somebody got in, or data got out: that makes it at least {}.", named(2)));
        let torn = least == 3 && !given.contains(&Answer::High);
        if torn {
            reasons.push(format!("The breach is not fully understood: treat it as {} until you know better.", named(3)));
        } else if least == 3 {
            reasons.push(format!("It is a breach and one of the answers is high: that makes it {}.", named(3)));
        }
        if level < least {
            (level, tie_broken) = (least, torn);
        }
    } else if !answers.during_expected_availability {
        reasons.push(if level > 0 {
            "Nobody relies on the service at this time: one level less.".to_owned()
        } else {
            "Nobody relies on the service at this time.".to_owned()
        });
        level = level.saturating_sub(1);
    }
    if reasons.is_empty() {
        reasons.push("The answer to all three questions is none.".to_owned());
    }
    Advice { recommended: severity(level), reasons, tie_broken }
}

/// Not knowing counts as more: the level can be lowered later.
fn score(answer: Answer) -> u32 {
    match answer {
        Answer::None => 0,
        Answer::Low => 1,
        Answer::Medium | Answer::Unsure => 2,
        Answer::High => 3,
    }
}

fn sentence(answer: Answer, [low, medium, high, unsure]: [&str; 4]) -> Option<String> {
    let words = match answer {
        Answer::None => return None,
        Answer::Low => low,
        Answer::Medium => medium,
        Answer::High => high,
        Answer::Unsure => unsure,
    };
    Some(words.to_owned())
}

fn severity(level: u32) -> Severity {
    match level {
        0 => Severity::Trivial,
        1 => Severity::Minor,
        2 => Severity::Major,
        _ => Severity::Critical,
    }
}

fn named(level: u32) -> &'static str {
    match severity(level) {
        Severity::Critical => "critical",
        Severity::Major => "major",
        Severity::Minor => "minor",
        Severity::Trivial => "trivial",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{High, Low, Medium, None, Unsure};

    /// From least to most: not knowing is never less than MEDIUM, and HIGH never less than not knowing.
    const ALL: [Answer; 5] = [None, Low, Medium, Unsure, High];

    fn every() -> impl Iterator<Item = Answers> {
        let of = |urgency, impact, extent| {
            [(false, false), (false, true), (true, false), (true, true)].map(|(breach, during_expected_availability)| Answers {
                urgency,
                impact,
                extent,
                breach,
                during_expected_availability,
            })
        };
        ALL.into_iter().flat_map(move |a| ALL.into_iter().flat_map(move |b| ALL.into_iter().flat_map(move |c| of(a, b, c))))
    }

    /// 0 is the least.
    fn rank(answers: Answers) -> usize {
        let order = [Severity::Trivial, Severity::Minor, Severity::Major, Severity::Critical];
        order.iter().position(|severity| *severity == advise(answers).recommended).unwrap()
    }

    #[test]
    fn a_worse_answer_never_lowers_the_level() {
        assert_eq!(every().count(), 500);
        for answers in every() {
            for worse in ALL {
                let not_less = |old: Answer| ALL.iter().position(|a| *a == worse) >= ALL.iter().position(|a| *a == old);
                let changed = [
                    not_less(answers.urgency).then_some(Answers { urgency: worse, ..answers }),
                    not_less(answers.impact).then_some(Answers { impact: worse, ..answers }),
                    not_less(answers.extent).then_some(Answers { extent: worse, ..answers }),
                    Some(Answers { breach: true, ..answers }),
                    Some(Answers { during_expected_availability: true, ..answers }),
                ];
                for changed in changed.into_iter().flatten() {
                    assert!(rank(changed) >= rank(answers), "{answers:?} {changed:?}");
                }
            }
        }
    }

    #[test]
    fn all_advice_follows_the_rules() {
        for answers in every() {
            let advice = advise(answers);
            let given = [answers.urgency, answers.impact, answers.extent];
            assert!(!advice.reasons.is_empty(), "{answers:?}");
            let mut distinct = advice.reasons.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), advice.reasons.len(), "{answers:?}: {:?}", advice.reasons);
            if answers.breach {
                assert!(advice.recommended <= Severity::Major, "a breach is at least major: {answers:?}");
                let critical = given.contains(&High) || given.contains(&Unsure);
                assert!(!critical || advice.recommended == Severity::Critical, "{answers:?}");
            }
            if advice.tie_broken {
                let said =
                    advice.reasons.iter().any(|reason| reason.contains("take the worse one") || reason.contains("until you know better"));
                assert!(said, "{answers:?}: {:?}", advice.reasons);
            }
        }
    }

    #[test]
    fn examples_get_the_expected_level() {
        let answers = |urgency, impact, extent| Answers { urgency, impact, extent, breach: false, during_expected_availability: true };
        let breach = |answers| Answers { breach: true, ..answers };
        let at_night = |answers| Answers { during_expected_availability: false, ..answers };
        for (case, answers, severity, tie_broken) in [
            ("a shop is out at noon", answers(High, High, High), Severity::Critical, false),
            ("a shop is out, seen by many", answers(High, High, Medium), Severity::Critical, true),
            ("the search of a site is broken", answers(Medium, Medium, Medium), Severity::Major, false),
            ("an internal tool misbehaves", answers(Low, Low, Low), Severity::Minor, false),
            ("a little more than nothing", answers(Low, None, None), Severity::Minor, true),
            ("over before it was seen", answers(None, None, None), Severity::Trivial, false),
            ("nobody knows anything yet", answers(Unsure, Unsure, Unsure), Severity::Major, false),
            ("a few minutes out at night", at_night(answers(Low, Low, Low)), Severity::Trivial, false),
            ("out at night", at_night(answers(High, High, High)), Severity::Major, false),
            ("nothing at night", at_night(answers(None, None, None)), Severity::Trivial, false),
            ("a small breach", breach(answers(Low, Low, Low)), Severity::Major, false),
            ("a breach without any effect so far", breach(answers(None, None, None)), Severity::Major, false),
            ("a breach that affects everybody", breach(answers(Low, Low, High)), Severity::Critical, false),
            ("a breach of unknown extent", breach(answers(Low, Low, Unsure)), Severity::Critical, true),
            ("a breach at night is no less severe", breach(at_night(answers(Low, Low, Low))), Severity::Major, false),
        ] {
            let advice = advise(answers);
            assert_eq!((advice.recommended, advice.tie_broken), (severity, tie_broken), "{case}: {:?}", advice.reasons);
        }
        let advice = advise(answers(High, Medium, None));
        assert_eq!(
            advice.reasons,
            [
                "It can't wait.",
                "Something that people need is disrupted.",
                "The answers fall between minor and major: take the worse one, you can lower it later."
            ]
        );
    }
}
