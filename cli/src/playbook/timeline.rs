//! A simulation as text for a terminal: aligned, within [`WIDTH`] columns, in the team's local time.

use std::fmt::Write;

use chrono::{Duration, Timelike};
use domain::playbook::Playbook;
use domain::playbook::simulate::{End, ImaginedStep, Scenario, Simulation};
use entity::{Role, Timestamp};

use super::span;

/// Columns of a line.
const WIDTH: usize = 100;
/// Columns for keys; what follows a longer one begins on the next line.
const KEY_WIDTH: usize = 28;
/// Columns for titles in the least.
const TITLE_WIDTH: usize = 16;

/// The steps of `simulation` under headings of days.
pub fn text(scenario: &Scenario, simulation: &Simulation, playbook: &Playbook) -> String {
    let mut out = heading(scenario, playbook);
    if simulation.events.is_empty() {
        out.push_str("\nNothing falls due.\n");
    }
    let rows: Vec<Row> = simulation.events.iter().map(|event| Row::of(event, scenario, playbook)).collect();
    let widest = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let widths = Widths {
        time: widest(|row| &row.time),
        elapsed: widest(|row| &row.elapsed),
        key: widest(|row| &row.key).min(KEY_WIDTH),
        audience: widest(|row| &row.audience),
    };
    let mut day = "";
    for row in &rows {
        if row.day != day {
            day = &row.day;
            // Writing to text can't fail.
            let _ = writeln!(out, "\n{day}");
        }
        row.write(&widths, &mut out);
    }
    out
}

fn heading(scenario: &Scenario, playbook: &Playbook) -> String {
    let local = |at: Timestamp| at.with_timezone(&playbook.working_hours.zone).format("%a %-d %b %Y %H:%M:%S %Z").to_string();
    let end = match scenario.end {
        End::After(length) => format!("watched for {}", span(length)),
        End::ResolvedAt(at) => format!("resolved {}", local(at)),
    };
    let severity = scenario.severity.as_str().to_lowercase();
    format!("An imagined {severity} incident, declared {},\n{end}. Playbook: {}.\n", local(scenario.declared_at), playbook.source)
}

struct Widths {
    time: usize,
    elapsed: usize,
    key: usize,
    audience: usize,
}

struct Row {
    day: String,
    time: String,
    elapsed: String,
    key: String,
    audience: String,
    title: String,
}

impl Row {
    fn of(event: &ImaginedStep, scenario: &Scenario, playbook: &Playbook) -> Self {
        let zone = &playbook.working_hours.zone;
        let local = event.due_at.with_timezone(zone);
        let clock = if local.second() == 0 { "%H:%M %Z" } else { "%H:%M:%S %Z" };
        let roles: Vec<String> = event.audience.iter().map(|role| words(*role)).collect();
        let title = match event.proposed_at {
            Some(at) => format!("{} (for {})", event.title, at.with_timezone(zone).format("%a %-d %b %H:%M %Z")),
            None => event.title.clone(),
        };
        Self {
            day: local.format("%A, %-d %B %Y").to_string(),
            time: local.format(clock).to_string(),
            elapsed: elapsed(event.due_at - scenario.declared_at),
            key: event.key.clone(),
            audience: roles.join(", "),
            title,
        }
    }

    fn write(&self, widths: &Widths, out: &mut String) {
        let Self { time, elapsed, key, audience, .. } = self;
        let &Widths { time: time_width, elapsed: elapsed_width, key: key_width, audience: audience_width } = widths;
        let mut line = format!("  {time:<time_width$}  {elapsed:>elapsed_width$}  {key:<key_width$}");
        if key.chars().count() > key_width {
            let _ = writeln!(out, "{line}");
            line = " ".repeat(2 + time_width + 2 + elapsed_width + 2 + key_width);
        }
        let _ = write!(line, "  {audience:<audience_width$}  ");
        let indent = line.chars().count();
        for (index, part) in wrapped(&self.title, WIDTH.saturating_sub(indent).max(TITLE_WIDTH)).iter().enumerate() {
            let start = if index == 0 { line.clone() } else { " ".repeat(indent) };
            let _ = writeln!(out, "{start}{part}");
        }
    }
}

/// Hours and minutes, with seconds when there are any.
fn elapsed(span: Duration) -> String {
    let seconds = span.num_seconds();
    let text = format!("+{}:{:02}", seconds / 3_600, seconds / 60 % 60);
    if seconds % 60 == 0 { text } else { format!("{text}:{:02}", seconds % 60) }
}

fn words(role: Role) -> String {
    role.as_str().to_lowercase().replace('_', " ")
}

/// `text` in lines of no more than `width` columns, unless a word is longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use domain::playbook::simulate::simulate;
    use entity::{Flag, Severity};

    use super::*;

    fn printed(severity: Severity, flags: &[Flag], end: End) -> String {
        let scenario = Scenario {
            severity,
            flags: flags.iter().copied().collect(),
            declared_at: "2026-11-20T17:45:00Z".parse().unwrap(),
            end,
            clients: 1,
            lead_at: None,
        };
        let playbook = Playbook::default();
        text(&scenario, &simulate(&scenario, &playbook).unwrap(), &playbook)
    }

    #[test]
    fn a_timeline_has_local_times_and_days() {
        let text = printed(Severity::Minor, &[], End::ResolvedAt("2026-11-20T18:00:00Z".parse().unwrap()));
        let expected = "\
An imagined minor incident, declared Fri 20 Nov 2026 17:45:00 GMT,
resolved Fri 20 Nov 2026 18:00:00 GMT. Playbook: built in.

Friday, 20 November 2026
  17:50 GMT    +0:05  lead             responder      Name an incident lead
  17:55 GMT    +0:10  comms-manager    incident lead  Name a client comms manager

Tuesday, 24 November 2026
  10:00 GMT   +88:15  report-author    incident lead  Name a report author
  10:00 GMT   +88:15  schedule-review  incident lead  Schedule the review (for Mon 30 Nov 10:00 GMT)

Thursday, 26 November 2026
  10:00 GMT  +136:15  report-draft     report author  Circulate the draft report
";
        assert_eq!(text, expected);
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let text = printed(Severity::Critical, &[Flag::DataBreach], End::After(Duration::days(4)));
        assert!(text.contains("leadership-fallback:head_of_tech_ops\n"), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= WIDTH, "{widest}\n{text}");
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
    }

    #[test]
    fn when_nothing_falls_due_it_says_so() {
        assert!(printed(Severity::Trivial, &[], End::After(Duration::seconds(1))).ends_with("\nNothing falls due.\n"));
    }
}
