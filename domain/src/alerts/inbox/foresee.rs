//! What rules would do with what was posted: with one body, or with those of the last days. Nothing is written.

use chrono::Duration;
use entity::{AlertPostId, alert_post};
use sea_orm::{PaginatorTrait, QueryOrder, QuerySelect};

use super::query::{Filter, Kept, bodies, kept};
use crate::alerts::Alarms;
use crate::alerts::verdict::{self, Foreseen};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::playbook::file::Problem;
use crate::playbook::{AlertRules, Then};

/// Bodies that are in memory at once.
const AT_ONCE: usize = 20;
/// What problems call a text that somebody is writing.
const TEXT: &str = "rules";

/// What rules would do with one body.
#[derive(Debug, Default)]
pub struct Prospect {
    /// What is wrong with the rules' text; then there is nothing else.
    pub problems: Vec<Problem>,
    /// What is odd about the rules.
    pub warnings: Vec<Problem>,
    /// Why the body can't be read, if it can't.
    pub unreadable: Option<String>,
    /// What would become of each of its alarms.
    pub alarms: Vec<Foreseen>,
}

/// What rules would do with the bodies of the last days.
#[derive(Debug, Default)]
pub struct Foresight {
    /// What is wrong with the rules' text; then there is nothing else.
    pub problems: Vec<Problem>,
    /// What is odd about the rules.
    pub warnings: Vec<Problem>,
    /// Bodies that were looked at, newest first.
    pub posts: usize,
    /// Bodies of that time that were left out: too many, or too large to be kept whole.
    pub left_out: usize,
    /// Bodies that were looked at and can't be read.
    pub unreadable: usize,
    /// What each rule would do, in their order, and at the end what no rule takes.
    pub rules: Vec<OfRule>,
    /// Alarms for which the rules in force do something else.
    pub differing: usize,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// How many alarms a rule takes, and what would become of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfRule {
    /// Its name; none for what no rule takes.
    pub rule: Option<String>,
    /// They would open an incident, unless one runs for them.
    pub reported: usize,
    /// They would join what runs for them, and open nothing.
    pub joined: usize,
    /// They would be remembered, and open nothing: ends, what is quiet or has too low a level, and what a rule records.
    pub recorded: usize,
    /// They would not even be remembered.
    pub ignored: usize,
}

/// An alarm for which the rules in force do something else.
#[derive(Debug)]
pub struct Difference {
    /// The post that it is in.
    pub post: alert_post::Model,
    /// What would become of it, and what becomes of it now.
    pub alarm: Foreseen,
}

/// What `text`, or without it the rules in force, would do with the post `id`; `read` says what a body means.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`, `FAILED_PRECONDITION` if only its beginning is kept.
pub async fn foresee_one(
    ctx: &Ctx,
    id: AlertPostId,
    text: Option<&str>,
    read: impl FnOnce(&Kept) -> Result<Vec<Alarms>, String>,
) -> Result<Prospect> {
    ctx.require(Right::Administer)?;
    let (rules, warnings) = match understood(ctx, text) {
        Ok(understood) => understood,
        Err(problems) => return Ok(Prospect { problems, ..Prospect::default() }),
    };
    let kept = kept(ctx, id).await?;
    let calls = match read(&kept) {
        Ok(calls) => calls,
        Err(why) => return Ok(Prospect { warnings, unreadable: Some(why), ..Prospect::default() }),
    };
    let mut alarms = Vec::new();
    for call in &within(calls, limits::ALARMS_FORESEEN) {
        alarms.extend(verdict::foresee(ctx, &rules, call, kept.post.received_at).await?);
    }
    Ok(Prospect { warnings, alarms, ..Prospect::default() })
}

/// What `text`, or without it the rules in force, would have done with what was posted in the last `days`, or for as long as anything is kept;
/// `read` says what a body means. One such question runs at a time.
///
/// # Errors
/// `FORBIDDEN`, `BAD_USER_INPUT` for days that nothing is kept for.
pub async fn foresee(
    ctx: &Ctx,
    text: Option<&str>,
    days: Option<i32>,
    read: impl Fn(&Kept) -> Result<Vec<Alarms>, String>,
) -> Result<Foresight> {
    ctx.require(Right::Administer)?;
    let most = limits::ALERT_POSTS_KEPT.num_days();
    let days = days.map_or(most, i64::from);
    if !(1..=most).contains(&days) {
        return Err(Error::invalid("days", format!("days must be 1 to {most}: bodies are kept for so long.")));
    }
    let (rules, warnings) = match understood(ctx, text) {
        Ok(understood) => understood,
        Err(problems) => return Ok(Foresight { problems, ..Foresight::default() }),
    };
    let _turn = ctx.long_turn().await?;
    let select = Filter { since: Some(ctx.now() - Duration::days(days)), ..Filter::default() }.select();
    let all = usize::try_from(select.clone().count(ctx.db.read()).await?).unwrap_or(usize::MAX);
    let newest = select.order_by_desc(alert_post::Column::Id).limit(limits::ALERT_POSTS_FORESEEN);
    let posts: Vec<alert_post::Model> = newest.all(ctx.db.read()).await?.into_iter().filter(|post| post.is_whole).collect();
    let mut seen = Foresight { warnings, rules: of_rules(&rules), ..Foresight::default() };
    let mut room = limits::ALARMS_FORESEEN;
    for some in posts.chunks(AT_ONCE) {
        let ids: Vec<AlertPostId> = some.iter().map(|post| post.id).collect();
        let mut bodies = bodies(ctx, &ids).await?;
        for post in some {
            let Some(body) = bodies.remove(&post.id).filter(|_| room > 0) else { continue };
            seen.posts += 1;
            let Ok(calls) = read(&Kept { post: post.clone(), body }) else {
                seen.unreadable += 1;
                continue;
            };
            for call in &within(calls, room) {
                room -= call.alerts.len();
                for alarm in verdict::foresee(ctx, &rules, call, post.received_at).await? {
                    seen.add(post, alarm);
                }
            }
        }
    }
    seen.left_out = all.saturating_sub(seen.posts);
    Ok(seen)
}

/// The rules that a text has, or those in force, and what is odd about them.
fn understood(ctx: &Ctx, text: Option<&str>) -> Result<(AlertRules, Vec<Problem>), Vec<Problem>> {
    let rules = match text {
        Some(text) => AlertRules::read(text)?,
        None => ctx.playbook().alert_rules.clone(),
    };
    let warnings = rules.contradictions(TEXT);
    Ok((rules, warnings))
}

/// The first `room` alarms of these calls.
fn within(calls: Vec<Alarms>, mut room: usize) -> Vec<Alarms> {
    let mut kept = Vec::new();
    for mut call in calls {
        call.alerts.truncate(room);
        room -= call.alerts.len();
        if !call.alerts.is_empty() {
            kept.push(call);
        }
    }
    kept
}

/// A line for each rule, and one for what none takes.
fn of_rules(rules: &AlertRules) -> Vec<OfRule> {
    let names = rules.rules.iter().map(|rule| Some(rule.name.clone())).chain([None]);
    names.map(|rule| OfRule { rule, ..OfRule::default() }).collect()
}

impl Foresight {
    /// Alarms that were looked at.
    pub fn alarms(&self) -> usize {
        self.rules.iter().map(OfRule::alarms).sum()
    }

    fn add(&mut self, post: &alert_post::Model, alarm: Foreseen) {
        if let Some(line) = self.rules.iter_mut().find(|line| line.rule == alarm.outcome.rule) {
            // Nobody hears of what is quiet, whatever a rule says.
            match alarm.outcome.then {
                Then::Ignore => line.ignored += 1,
                Then::Record => line.recorded += 1,
                // An end has no level either: it opens nothing.
                Then::Report | Then::Join if alarm.quiet.is_some() || alarm.outcome.severity.is_none() => line.recorded += 1,
                Then::Report => line.reported += 1,
                Then::Join => line.joined += 1,
            }
        }
        if alarm.differs() {
            self.differing += 1;
            if self.differences.len() < limits::ALARMS_SHOWN {
                self.differences.push(Difference { post: post.clone(), alarm });
            }
        }
    }
}

impl OfRule {
    /// Alarms that it takes.
    pub fn alarms(&self) -> usize {
        self.reported + self.joined + self.recorded + self.ignored
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::alerts::Alarm;
    use crate::alerts::episode::Identity;

    fn call(alarms: usize) -> Alarms {
        let alarm = |number: usize| Alarm {
            fingerprint: number.to_string(),
            title: "Down".to_owned(),
            description: None,
            firing: true,
            starts_at: None,
            ends_at: None,
            labels: json!({}),
            links: Vec::new(),
            severity: None,
        };
        let alerts = (0..alarms).map(alarm).collect();
        Alarms { source: "s".to_owned(), group_key: "g".to_owned(), identity: Identity::OneAtATime, alerts, truncated: 0 }
    }

    #[test]
    fn no_more_alarms_are_looked_at_than_there_is_room_for() {
        let sizes = |calls: Vec<Alarms>, room| within(calls, room).iter().map(|call| call.alerts.len()).collect::<Vec<_>>();
        assert_eq!(sizes(vec![call(2), call(0), call(3)], 5), [2, 3]);
        assert_eq!(sizes(vec![call(2), call(3), call(1)], 4), [2, 2]);
        assert_eq!(sizes(vec![call(2)], 0), [0; 0]);
    }
}
