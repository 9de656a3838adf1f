//! Which incidents have all the words that somebody looks for.
//!
//! There are two ways to a page, and each is slow where the other is fast. Those that have the rarest word can be collected: there must be few. Or the
//! list is walked in its order, and each incident asked for the words, until the page is full: many must have all of them. So it is first counted how
//! often each word occurs, up to a bound, and the way is taken that has to look at fewer incidents if words occur independently of each other.

use entity::{incident, incident_word};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, Statement, Value};

use super::words::beginnings;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;

/// Up to how many times a word is counted that is looked for alone, and one of several: one that occurs as often is common. Of several that are fairly
/// common, the list may have to be walked far until an incident has all.
const COUNTED_ALONE: u64 = 2_500;
const COUNTED: u64 = 10_000;
/// Incidents of a page.
const PAGE: u64 = 50;
/// Rows that a word may have got since it was counted. PostgreSQL goes by the bound: without one it would judge a rare word by the table's statistics, and
/// ask each incident of the list after all.
const SINCE: u64 = 1_000;
/// Beyond any number of rows.
const ALL: u64 = 1 << 31;
/// The rows of the word that is collected, and those of an incident that is asked.
const COLLECTED: &str = "collected";
const ASKED: &str = "asked";

/// What somebody looks for.
pub struct Search {
    beginnings: Vec<String>,
}

/// How often each word occurs, and how many incidents there are.
struct Counts {
    words: Vec<u64>,
    incidents: u64,
}

impl Search {
    /// Of what somebody typed.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if that is too long.
    pub fn of(text: &str) -> Result<Self> {
        let too_many = text.split_whitespace().count() > limits::SEARCH_WORDS || text.chars().count() > limits::SEARCH_CHARS;
        if too_many || text.contains('\0') {
            return Err(Error::invalid(
                "text",
                format!("text must have at most {} words and {} characters.", limits::SEARCH_WORDS, limits::SEARCH_CHARS),
            ));
        }
        Ok(Self { beginnings: beginnings(text) })
    }

    /// Whether every incident passes.
    pub fn is_empty(&self) -> bool {
        self.beginnings.is_empty()
    }

    /// The condition that an incident has all the words, which is asked of each.
    pub fn of_each(&self) -> Condition {
        self.beginnings.iter().fold(Condition::all(), |all, beginning| all.add(has(number(), beginning)))
    }

    /// The same for a page of a list.
    pub async fn of_page(&self, ctx: &Ctx) -> Result<Condition> {
        if self.is_empty() {
            return Ok(self.of_each());
        }
        let collect = self.counts(ctx).await?.collect();
        Ok(collect.map_or_else(|| self.of_each(), |(word, count)| self.of_those_with(word, count + SINCE)))
    }

    /// The same for all that are found.
    pub async fn of_all(&self, ctx: &Ctx) -> Result<Condition> {
        if self.is_empty() {
            return Ok(self.of_each());
        }
        let rarest = self.counts(ctx).await?.rarest();
        Ok(rarest.map_or_else(|| self.of_each(), |(word, _)| self.of_those_with(word, ALL)))
    }

    /// The condition, beginning with those that have the word in this place, which has at most so many rows.
    fn of_those_with(&self, place: usize, most: u64) -> Condition {
        let collected = |column| Expr::col((COLLECTED, column));
        let mut those: SelectStatement = Query::select();
        those.column((COLLECTED, incident_word::Column::Number)).from_as(incident_word::Entity, COLLECTED);
        for (at, beginning) in self.beginnings.iter().enumerate() {
            if at == place {
                let word = || collected(incident_word::Column::Word);
                those.and_where(word().gte(beginning.clone())).and_where(word().lt(end(beginning)));
            } else {
                those.and_where(has(collected(incident_word::Column::Number), beginning));
            }
        }
        those.limit(most);
        Condition::all().add(incident::Column::Number.in_subquery(those))
    }

    async fn counts(&self, ctx: &Ctx) -> Result<Counts> {
        let (backend, bound) = (ctx.db.backend(), bound(self.beginnings.len()));
        let mut values = Vec::<Value>::new();
        let mut parts = Vec::with_capacity(self.beginnings.len());
        for beginning in &self.beginnings {
            values.extend([beginning.clone().into(), end(beginning).into()]);
            let [from, to] = [values.len() - 1, values.len()].map(|number| match backend {
                DbBackend::Postgres => format!("${number}"),
                _ => "?".to_owned(),
            });
            parts.push(format!(
                "(SELECT count(*) FROM (SELECT 1 FROM incident_word WHERE word >= {from} AND word < {to} LIMIT {bound}) AS counted)"
            ));
        }
        let sql = format!("SELECT {}, CAST((SELECT coalesce(max(number), 0) FROM incident) AS bigint)", parts.join(", "));
        let row = ctx.db.read().query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        let row = row.ok_or_else(|| Error::internal("counting words gave no row"))?;
        let number = |place| Ok::<u64, Error>(u64::try_from(row.try_get_by_index::<i64>(place)?).unwrap_or_default());
        let words = (0..parts.len()).map(number).collect::<Result<_>>()?;
        Ok(Counts { words, incidents: number(parts.len())? })
    }
}

impl Counts {
    /// The word that occurs least often, and how often.
    fn rarest(&self) -> Option<(usize, u64)> {
        self.words.iter().copied().enumerate().min_by_key(|(_, count)| *count)
    }

    /// The word whose incidents are collected for a page, and how often it occurs; `None` if the list is walked.
    fn collect(&self) -> Option<(usize, u64)> {
        let (rarest, count) = self.rarest()?;
        let all = Ord::max(self.incidents, 1);
        let walked = self.words.iter().fold(PAGE, |walked, count| Ord::min(walked * all / (*count).clamp(1, all), all));
        (count < bound(self.words.len()) && count <= walked).then_some((rarest, count))
    }
}

/// Up to how many times each of so many words is counted.
fn bound(words: usize) -> u64 {
    if words == 1 { COUNTED_ALONE } else { COUNTED }
}

fn number() -> Expr {
    Expr::col(incident::Column::Number.as_column_ref())
}

/// The condition that the incident with this number has a word with this beginning: the first word from there on begins so. It is asked in this way
/// because no database takes it for a reason to collect all that have such a word.
fn has(number: Expr, beginning: &str) -> Expr {
    let asked = |column| Expr::col((ASKED, column));
    let first = Query::select()
        .column((ASKED, incident_word::Column::Word))
        .from_as(incident_word::Entity, ASKED)
        .and_where(asked(incident_word::Column::Number).eq(number))
        .and_where(asked(incident_word::Column::Word).gte(beginning.to_owned()))
        .order_by((ASKED, incident_word::Column::Word), Order::Asc)
        .limit(1)
        .to_owned();
    Expr::from(first).lt(end(beginning))
}

/// What comes after all words with this beginning.
fn end(beginning: &str) -> String {
    format!("{beginning}\u{10ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_word_is_collected_and_common_ones_are_walked() {
        for (words, incidents, collected) in [
            (&[0][..], 100_000, Some(0)),
            (&[3], 100_000, Some(0)),
            (&[2_000], 100_000, Some(0)),
            (&[3_000], 100_000, None),
            (&[2_500], 100_000, None),
            (&[2_500], 10_000_000, None),
            (&[10_000, 40], 100_000, Some(1)),
            (&[5_000, 6_000], 100_000, Some(0)),
            (&[9_999, 9_999], 100_000, None),
            (&[9_000, 9_000, 9_000], 100_000, Some(0)),
            (&[10_000, 10_000, 10_000], 100_000, None),
            (&[5], 10, Some(0)),
            (&[12], 10, None),
            (&[0], 0, Some(0)),
        ] {
            let counts = Counts { words: words.to_vec(), incidents };
            assert_eq!(counts.collect().map(|(word, _)| word), collected, "{words:?} of {incidents}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_and_signs_alone_ask_for_nothing() {
        assert!(Search::of(&"word ".repeat(limits::SEARCH_WORDS)).is_ok());
        for text in ["word ".repeat(limits::SEARCH_WORDS + 1), "x".repeat(limits::SEARCH_CHARS + 1), "\0".to_owned()] {
            assert!(Search::of(&text).is_err());
        }
        assert!(Search::of(" % ").is_ok_and(|search| search.is_empty()));
    }
}
