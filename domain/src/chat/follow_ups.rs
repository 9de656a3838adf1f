//! What is to be done afterwards (R33).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::{PersonId, follow_up as row};

use super::answer::{Answer, listed};
use super::asked::{Asked, Names};
use super::people::person_at_end;
use super::phrases::headline;
use super::reading::split_because;
use crate::error::{Error, Result};
use crate::follow_up::{self, AddFollowUp};
use crate::playbook::Board;
use crate::{incident as incidents, words};

/// Adds a follow-up.
pub(super) async fn add(asked: &Asked<'_>, text: &str) -> Result<Answer> {
    let playbook = asked.ctx.playbook();
    let (text, reason) = split_because(text);
    let (text, due_on) = split_day(text);
    let (text, board) = split_board(text, &playbook.boards);
    let (title, who) = person_at_end(text, asked.mentions);
    let who = who.ok_or_else(|| Error::invalid("text", "Whose is it? Write @ and the name behind the title."))?;
    let board = board.or_else(|| only_board(&playbook.boards)).ok_or_else(|| Error::invalid("text", which_board(&playbook.boards)))?;
    let owner = asked.person(who).await?;
    let new = AddFollowUp {
        incident_id: asked.id()?,
        title: title.to_owned(),
        description: None,
        board: board.to_owned(),
        owner: owner.id,
        due_on,
        reason,
    };
    let added = follow_up::add(asked.ctx, new).await?;
    let due = added.due_on.map(|day| format!(", by {day}")).unwrap_or_default();
    let text = format!("Follow-up: {} ({}, {}{due})", added.title, owner.name, follow_up::board_title(&playbook, &added.board));
    Ok(Answer::aloud(text, asked.fresh().await?))
}

/// Takes `by 2026-12-01` off the end.
fn split_day(text: &str) -> (&str, Option<NaiveDate>) {
    let day =
        last_two(text).filter(|(_, word, _)| word.eq_ignore_ascii_case("by")).and_then(|(rest, _, day)| Some((rest, day.parse().ok()?)));
    day.map_or((text, None), |(rest, day)| (rest, Some(day)))
}

/// Takes `on incident-actions` off the end, if that is a board.
fn split_board<'a>(text: &'a str, boards: &BTreeMap<String, Board>) -> (&'a str, Option<&'a str>) {
    let named = last_two(text).filter(|(_, word, board)| word.eq_ignore_ascii_case("on") && boards.contains_key(*board));
    named.map_or((text, None), |(rest, _, board)| (rest, Some(board)))
}

/// The last two words, and what is before them.
fn last_two(text: &str) -> Option<(&str, &str, &str)> {
    let (rest, last) = text.trim_end().rsplit_once(char::is_whitespace)?;
    let rest = rest.trim_end();
    let (before, word) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
    Some((before.trim_end(), word, last))
}

fn only_board(boards: &BTreeMap<String, Board>) -> Option<&str> {
    boards.keys().next().filter(|_| boards.len() == 1).map(String::as_str)
}

fn which_board(boards: &BTreeMap<String, Board>) -> String {
    let keys: Vec<&str> = boards.keys().map(String::as_str).collect();
    format!("On which board? Write “on” and one of {} behind the person.", keys.join(", "))
}

/// Shows the follow-ups.
pub(super) async fn show(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let rows = follow_up::of_incidents(asked.ctx, &[incident.id]).await?;
    let people: Vec<PersonId> = rows.iter().map(|row| row.owner_id).collect();
    let names = Names::load(asked.ctx, &people).await?;
    let line = |row: &row::Model| {
        let due = row.due_on.map(|day| format!(", by {day}")).unwrap_or_default();
        format!("{}: {} ({}{due})", words::action_state(row.state), row.title, names.of(row.owner_id))
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    let none = "There are no follow-ups. Write “follow-up …” to add one.";
    let text = format!("{}\n{}", listed(&headline(incident), &lines, none), incidents::link(asked.ctx, incident));
    Ok(Answer::quiet(text).about(incident))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_and_board_are_taken_off_the_end() {
        let boards = BTreeMap::from([("incident-actions".to_owned(), Board::default()), ("tools".to_owned(), Board::default())]);
        let day = NaiveDate::from_ymd_opt(2026, 12, 1);
        for (text, title, board, due) in [
            ("Renew @sam on tools by 2026-12-01", "Renew @sam", Some("tools"), day),
            ("Renew @sam ON tools", "Renew @sam", Some("tools"), None),
            ("Work on tests", "Work on tests", None, None),
            ("Stand by noon", "Stand by noon", None, None),
            ("by 2026-12-01", "", None, day),
            ("tools", "tools", None, None),
        ] {
            let (rest, found) = split_day(text);
            assert_eq!(found, due, "{text}");
            assert_eq!(split_board(rest, &boards), (title, board), "{text}");
        }
        assert_eq!(only_board(&boards), None);
        assert!(which_board(&boards).contains("incident-actions, tools"));
    }
}
