//! What a facilitator takes into a review (R31): how to open it, which moments to talk about, and open questions about each.
//!
//! Questions begin with how and what: they ask for what people saw and knew, not for reasons that would have to excuse them.

use std::collections::HashSet;

use entity::{ReviewId, Timestamp, review_moment};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::moments::{Chosen, Moment, MomentKind, moments};
use super::query::find;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::record::{Facts, Whole};
use crate::report::Manuscript;

/// What a review should have talked about when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// What happened, and what made it an incident.
    Happened,
    /// How decisions were made.
    Decisions,
    /// Whether everything is as it should be again.
    Restored,
    /// What clients know and will be told.
    Clients,
    /// How the team can respond better.
    Response,
    /// What would keep it from happening again.
    Prevention,
}

impl Topic {
    /// All of them, in the order in which a review goes through them.
    pub const ALL: [Self; 6] = [Self::Happened, Self::Decisions, Self::Restored, Self::Clients, Self::Response, Self::Prevention];
}

/// An open question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// What it is about.
    pub topic: Topic,
    /// As it may be asked.
    pub text: &'static str,
}

/// A facilitator's guide.
pub struct Guide {
    /// What is said at the beginning. Markdown.
    pub opening: String,
    /// What to talk about, with questions. Nobody is named in it.
    pub moments: Vec<(Moment, &'static [Question])>,
    /// What else to ask before the end: topics that no moment leads to, and those that are about all of it.
    pub closing: Vec<Question>,
}

impl Guide {
    /// How many questions there are about each topic.
    pub fn coverage(&self) -> impl Iterator<Item = (Topic, usize)> {
        let of_moments = || self.moments.iter().flat_map(|(_, questions)| questions.iter());
        Topic::ALL
            .into_iter()
            .map(move |topic| (topic, of_moments().chain(&self.closing).filter(|question| question.topic == topic).count()))
    }
}

/// The guide for a review, from its incident's own record.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn guide(ctx: &Ctx, id: ReviewId) -> Result<Guide> {
    let review = find(ctx, id).await?;
    let incident = incidents::by_ids(ctx, &[review.incident_id]).await?.pop().ok_or(Error::NotFound("review"))?;
    let whole = Whole::load(ctx, incident).await?;
    let live = (whole.incident.declared_at.unwrap_or(whole.incident.reported_at), until(&whole, ctx.now()));
    let pages = whole.pages.clone();
    let chosen = chosen(ctx, id).await?;
    let report = whole.reports.first().cloned();
    let manuscript = Box::pin(Manuscript::load(ctx, report.as_ref(), whole)).await?;
    let moments = moments(&manuscript.sources().timeline(), &pages, live, &chosen);
    let moments = moments.into_iter().map(|moment| {
        let questions = questions(moment.kind);
        (Moment { text: manuscript.blameless(&moment.text), ..moment }, questions)
    });
    let moments: Vec<_> = moments.collect();
    let closing = closing(&moments);
    Ok(Guide { opening: OPENING.to_owned(), moments, closing })
}

/// Until when the team worked on it.
fn until(whole: &Whole, now: Timestamp) -> Timestamp {
    whole.incident.resolved_at.unwrap_or(now)
}

async fn chosen(ctx: &Ctx, id: ReviewId) -> Result<Chosen> {
    let rows = review_moment::Entity::find().filter(review_moment::Column::ReviewId.eq(id)).all(ctx.db.read()).await?;
    let (wanted, unwanted): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.wanted);
    let ids = |rows: Vec<review_moment::Model>| rows.into_iter().map(|row| row.event_id).collect();
    Ok(Chosen { wanted: ids(wanted), unwanted: ids(unwanted) })
}

const OPENING: &str = "\
We are here to learn how this came about and how we handled it. We take it as given that everybody acted as well as they could with what they \
knew, with what they could do and with the time they had; the thought is Norm Kerth's \
[prime directive](https://retrospectivewiki.org/index.php?title=The_Prime_Directive).

- We talk about how things looked at the time, not about how they look now.
- Nobody has to defend anything. If something was hard to see, that is what we want to hear.
- We don't go through the timeline line by line: everybody has read it. We stop where something was decided, noticed or passed on.
- What is bigger than this incident is parked for the forum where it belongs.
- Actions come last, and few of them: about three that get done.";

const fn ask(topic: Topic, text: &'static str) -> Question {
    Question { topic, text }
}

/// What to ask about a moment of this kind.
fn questions(kind: MomentKind) -> &'static [Question] {
    use Topic::{Clients, Decisions, Happened, Response};
    match kind {
        MomentKind::Marked => {
            const {
                &[
                    ask(Happened, "What did this look like from where each of you sat?"),
                    ask(Happened, "What about it was unexpected, and how did you notice?"),
                    ask(Decisions, "What did it make you do next?"),
                ]
            }
        }
        MomentKind::Bypass => {
            const {
                &[
                    ask(Decisions, "What made the usual way too slow or too narrow for this?"),
                    ask(Decisions, "How did you make sure that it would do no harm?"),
                    ask(Response, "What would the usual way have to be like to be the one you take at night?"),
                ]
            }
        }
        MomentKind::Unanswered => {
            const {
                &[
                    ask(Happened, "What happened between this call and the moment in which somebody was there?"),
                    ask(Response, "How would a call have reached somebody sooner?"),
                ]
            }
        }
        MomentKind::SeverityChange => {
            const {
                &[
                    ask(Happened, "What did you learn that changed how bad it looked?"),
                    ask(Decisions, "What would have told you the same earlier?"),
                    ask(Clients, "How did what clients were told change with it?"),
                ]
            }
        }
        MomentKind::HandOver => {
            const {
                &[
                    ask(Happened, "What was said when this was handed over, and what turned out to be missing?"),
                    ask(Response, "How did the new person find out where things stood?"),
                ]
            }
        }
        MomentKind::Decision => {
            const {
                &[
                    ask(Decisions, "Which other ways did you see at that moment?"),
                    ask(Decisions, "What did you know then, and what did you have to guess?"),
                    ask(Decisions, "How did you agree on it?"),
                ]
            }
        }
        MomentKind::Called => {
            const {
                &[
                    ask(Decisions, "What made you call somebody at this point?"),
                    ask(Response, "What would have made it easy to call sooner?"),
                ]
            }
        }
        MomentKind::Gap => {
            const {
                &[
                    ask(Happened, "What went on in this time that is not written down?"),
                    ask(Response, "What would help to keep the record going while all hands are busy?"),
                ]
            }
        }
        MomentKind::StatusChange => {
            const {
                &[
                    ask(Decisions, "How did you know that it was time for this?"),
                    ask(Clients, "What did people outside the team believe at that moment?"),
                ]
            }
        }
        MomentKind::Observation => {
            const { &[ask(Happened, "What led you to look there?"), ask(Happened, "What did you make of it at first?")] }
        }
    }
}

/// What is asked of every incident, whatever its moments.
const ALWAYS: [Question; 6] = [
    ask(Topic::Happened, "What told us first that something was wrong, and what made it an incident?"),
    ask(Topic::Decisions, "Which decision shaped the rest, and how was it made?"),
    ask(Topic::Restored, "What still has to be put right, and how would we know that it is?"),
    ask(Topic::Clients, "What have clients been told, and what do they still have to hear, from whom?"),
    ask(Topic::Response, "What about our process or our documentation helped, and what was in the way?"),
    ask(Topic::Prevention, "What, if anything, is worth changing so that this kind of incident ends sooner or does not come back?"),
];

/// The questions of every incident that its moments do not lead to.
fn closing(moments: &[(Moment, &'static [Question])]) -> Vec<Question> {
    let covered: HashSet<Topic> = moments.iter().flat_map(|(_, questions)| questions.iter()).map(|question| question.topic).collect();
    let is_left = |question: &&Question| !covered.contains(&question.topic) || matches!(question.topic, Topic::Clients | Topic::Response);
    ALWAYS.iter().filter(is_left).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [MomentKind; 10] = [
        MomentKind::Marked,
        MomentKind::Bypass,
        MomentKind::Unanswered,
        MomentKind::SeverityChange,
        MomentKind::HandOver,
        MomentKind::Decision,
        MomentKind::Called,
        MomentKind::Gap,
        MomentKind::StatusChange,
        MomentKind::Observation,
    ];

    #[test]
    fn every_kind_of_moment_has_two_or_three_open_questions() {
        for kind in KINDS {
            let questions = questions(kind);
            assert!((2..=3).contains(&questions.len()), "{kind:?}");
            for Question { text, .. } in questions.iter().chain(&ALWAYS) {
                let first = text.split([' ', ',']).next().unwrap();
                assert!(["How", "What", "Which"].contains(&first), "{text}");
                assert!(text.ends_with('?') && !text.to_lowercase().contains("why"), "{text}");
            }
        }
    }

    #[test]
    fn every_topic_is_covered_whatever_the_moments() {
        let moment = |kind| (Moment { kind, at: Timestamp::UNIX_EPOCH, event: None, text: String::new() }, questions(kind));
        for moments in KINDS.map(|kind| vec![moment(kind)]).into_iter().chain([Vec::new(), KINDS.map(moment).into()]) {
            let closing = closing(&moments);
            let guide = Guide { opening: String::new(), moments, closing };
            assert!(guide.coverage().all(|(_, questions)| questions > 0), "{:?}", guide.coverage().collect::<Vec<_>>());
        }
    }
}
