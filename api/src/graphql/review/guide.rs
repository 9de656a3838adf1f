//! A facilitator's guide.

use async_graphql::{Context, Description, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::review::{Guide, Moment, Question};

use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{MomentKind, ReviewTopic};
use crate::graphql::timeline::TimelineEvent;

/// What a facilitator takes into a review, made from the incident's own record. Nobody is named in it.
#[derive(Description)]
pub struct ReviewGuide(pub Guide);

#[Object(use_type_description)]
impl ReviewGuide {
    /// What is said at the beginning. Markdown.
    async fn opening(&self) -> &str {
        &self.0.opening
    }
    /// What to talk about, in the order in which it happened: what somebody marked, and the most telling of the rest.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn moments(&self) -> Vec<ReviewMoment> {
        self.0.moments.iter().map(|(moment, questions)| ReviewMoment { moment: moment.clone(), questions }).collect()
    }
    /// What else to ask before the end.
    async fn closing(&self) -> Vec<ReviewQuestion> {
        self.0.closing.iter().copied().map(ReviewQuestion::from).collect()
    }
    /// How many questions there are about each topic.
    async fn coverage(&self) -> Vec<ReviewCoverage> {
        let count = |(topic, questions): (domain::review::Topic, usize)| ReviewCoverage {
            topic: topic.into(),
            questions: i32::try_from(questions).unwrap_or(i32::MAX),
        };
        self.0.coverage().map(count).collect()
    }
}

/// A moment of an incident that is worth talking about.
#[derive(Description)]
pub struct ReviewMoment {
    moment: Moment,
    questions: &'static [Question],
}

#[Object(use_type_description)]
impl ReviewMoment {
    /// What kind of moment it is.
    async fn kind(&self) -> MomentKind {
        self.moment.kind.into()
    }
    /// When it was, or began.
    async fn at(&self) -> DateTime<Utc> {
        self.moment.at
    }
    /// What it was. Markdown.
    async fn text(&self) -> &str {
        &self.moment.text
    }
    /// The event of the timeline, if it is one.
    async fn event(&self, gql: &Context<'_>) -> ApiResult<Option<TimelineEvent>> {
        let Some(event) = self.moment.event else { return Ok(None) };
        Ok(loaders(gql).event.get(event).await?.map(Into::into))
    }
    /// Open questions about it.
    async fn questions(&self) -> Vec<ReviewQuestion> {
        self.questions.iter().copied().map(ReviewQuestion::from).collect()
    }
}

/// An open question for a review.
#[derive(SimpleObject)]
pub struct ReviewQuestion {
    /// What it is about.
    topic: ReviewTopic,
    /// As it may be asked.
    text: &'static str,
}

impl From<Question> for ReviewQuestion {
    fn from(question: Question) -> Self {
        Self { topic: question.topic.into(), text: question.text }
    }
}

/// How much of a guide is about a topic.
#[derive(SimpleObject)]
pub struct ReviewCoverage {
    /// The topic.
    topic: ReviewTopic,
    /// How many questions.
    questions: i32,
}
