//! What the console's board and page show, read from Muster's own tables by hand: a statement for each table, with all that is next to it.
//!
//! The statements are the same on both databases. The incidents come first; `{of}` is then "one of these". What the playbook counts from is read
//! as well, though what it makes of it is not calculated.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Row, Sqlite, SqliteConnection};

use crate::data::{LONG, Random};
use crate::store::sqlite_options;

/// A read of several statements.
pub struct ByHand {
    /// Gives the ids of the incidents; `{n}` is a number from 1 to [`LONG`].
    incidents: &'static str,
    rest: &'static [&'static str],
}

/// The live incidents, what was over last, and how many there are.
pub const LIST: ByHand = ByHand {
    incidents: "SELECT id FROM (SELECT id FROM incident WHERE live = true ORDER BY severity, reported_at, id LIMIT 100) AS running \
        UNION ALL SELECT id FROM (SELECT id FROM incident WHERE status IN ('RESOLVED', 'CLOSED') ORDER BY changed_at DESC, id DESC LIMIT 8) AS ended",
    rest: &[
        "SELECT i.id, i.number, i.name, i.severity, i.status, i.visibility, i.flags, i.reported_at, i.declared_at, i.impact_started_at, \
            i.resolved_at, i.closed_at, l.id, l.name, m.id, m.name FROM incident i \
            LEFT JOIN person l ON l.id = i.lead_id LEFT JOIN person m ON m.id = i.comms_manager_id WHERE i.id {of}",
        "SELECT count(*) FROM incident WHERE live = true",
        "SELECT count(*) FROM incident WHERE status = 'TRIAGE'",
        "SELECT r.incident_id, r.role, r.person_id, r.assigned_at, r.ended_at FROM role_assignment r WHERE r.incident_id {of}",
        "SELECT a.incident_id, a.since, a.told_at, c.id, c.name FROM incident_client a JOIN client c ON c.id = a.client_id WHERE a.incident_id {of}",
        "SELECT incident_id, goal, item FROM checklist_item WHERE incident_id {of}",
        "SELECT incident_id, key, due_at, due_reminded_at, overdue_reminded_at, snoozed_until, settled_at FROM step WHERE incident_id {of}",
        "SELECT id, incident_id, person_id, step_key, paged_at, answered_at, lost_at FROM page WHERE incident_id {of}",
        "SELECT o.id, o.incident_id, o.role, o.state, o.person_id, p.id, p.name FROM role_offer o \
            LEFT JOIN person p ON p.id = o.offered_by_id WHERE o.incident_id {of}",
        "SELECT t.incident_id, t.id, t.kind, t.text, t.redacted_at, t.recorded_at, p.id, p.name FROM incident i \
            JOIN timeline_event t ON t.incident_id = i.id AND t.sequence = \
            (SELECT max(e.sequence) FROM timeline_event e WHERE e.incident_id = i.id AND e.kind <> 'PROMPT') \
            LEFT JOIN person p ON p.id = t.actor_id WHERE i.id {of}",
        "SELECT id, incident_id, state, started_at, circulated_at, final_at FROM report WHERE incident_id {of}",
        "SELECT id, incident_id, starts_at, called_off_at, begun_at, held_at FROM review WHERE incident_id {of}",
        "SELECT id, incident_id, state, due_on FROM follow_up WHERE incident_id {of}",
        "SELECT s.line, s.starts_at, s.ends_at, p.id, p.name FROM shift s JOIN person p ON p.id = s.person_id WHERE s.ends_at IS NULL",
    ],
};

/// An incident with everything on its page, and its last forty events.
pub const INCIDENT: ByHand = ByHand {
    incidents: "SELECT id FROM incident WHERE number = {n}",
    rest: &[
        "SELECT i.*, l.name, m.name FROM incident i LEFT JOIN person l ON l.id = i.lead_id LEFT JOIN person m ON m.id = i.comms_manager_id \
            WHERE i.id {of}",
        "SELECT s.id, s.name, s.url, s.runbook, s.repository, s.tooling, c.id, c.name FROM incident_site x JOIN site s ON s.id = x.site_id \
            LEFT JOIN client c ON c.id = s.client_id WHERE x.incident_id {of}",
        "SELECT p.id, p.name FROM incident_access a JOIN person p ON p.id = a.person_id WHERE a.incident_id {of}",
        "SELECT r.id, r.role, r.assigned_at, r.ended_at, r.handover_note, p.id, p.name FROM role_assignment r \
            JOIN person p ON p.id = r.person_id WHERE r.incident_id {of}",
        "SELECT o.id, o.role, o.state, o.note, o.brief, o.offered_at, p.id, p.name, b.id, b.name FROM role_offer o \
            JOIN person p ON p.id = o.person_id LEFT JOIN person b ON b.id = o.offered_by_id WHERE o.incident_id {of}",
        "SELECT g.goal, g.met_at, g.evidence, p.id, p.name FROM goal g LEFT JOIN person p ON p.id = g.met_by_id WHERE g.incident_id {of}",
        "SELECT g.goal, g.item, g.done_at, g.evidence, p.id, p.name FROM checklist_item g LEFT JOIN person p ON p.id = g.done_by_id \
            WHERE g.incident_id {of}",
        "SELECT t.criterion, t.answer, t.note, t.answered_at, p.id, p.name FROM triage_answer t LEFT JOIN person p ON p.id = t.answered_by_id \
            WHERE t.incident_id {of}",
        "SELECT a.since, a.note, a.told_at, c.id, c.name, c.importance FROM incident_client a JOIN client c ON c.id = a.client_id \
            WHERE a.incident_id {of}",
        "SELECT k.id, k.name, k.kind, k.client_id FROM contact k JOIN incident_client a ON a.client_id = k.client_id WHERE a.incident_id {of}",
        "SELECT u.*, a.name, b.name, s.name FROM client_update u JOIN person a ON a.id = u.author_id \
            LEFT JOIN person b ON b.id = u.approved_by_id LEFT JOIN person s ON s.id = u.sent_by_id WHERE u.incident_id {of}",
        "SELECT id, external_id, url, subject, status, link, parent, client_id FROM ticket WHERE incident_id {of}",
        "SELECT id, title, source, firing, count, starts_at, ends_at, stretch FROM alert WHERE incident_id {of}",
        "SELECT g.*, p.name, p.phone, a.name FROM page g JOIN person p ON p.id = g.person_id LEFT JOIN person a ON a.id = g.answered_by_id \
            WHERE g.incident_id {of}",
        "SELECT id, event_id, file_name, content_type, bytes FROM attachment WHERE incident_id {of}",
        "SELECT id, system, operation, state, attempts, last_error, effect, step_key, page_id, created_at FROM delivery \
            WHERE incident_id {of} AND state IN ('FAILED', 'BY_HAND')",
        "SELECT f.id, f.title, f.description, f.board, f.due_on, f.state, f.card_url, f.reason, p.id, p.name FROM follow_up f \
            JOIN person p ON p.id = f.owner_id WHERE f.incident_id {of}",
        "SELECT id, state, started_at, circulated_at, final_at FROM report WHERE incident_id {of}",
        "SELECT id, kind FROM report_comment WHERE incident_id {of} AND resolved_at IS NULL",
        "SELECT r.id, r.starts_at, r.duration_minutes, r.called_off_at, r.begun_at, r.held_at, p.id, p.name FROM review r \
            JOIN person p ON p.id = r.facilitator_id WHERE r.incident_id {of}",
        "SELECT key, due_at, due_reminded_at, overdue_reminded_at, snoozed_until, settled_at FROM step WHERE incident_id {of}",
        "SELECT a.id, a.title, a.state, a.created_at, a.settled_at, p.id, p.name FROM action a LEFT JOIN person p ON p.id = a.assignee_id \
            WHERE a.incident_id {of}",
        "SELECT channel, name, url, problem, archived_at, due_at FROM chat_channel WHERE incident_id {of}",
        "SELECT t.*, p.name FROM timeline_event t LEFT JOIN person p ON p.id = t.actor_id \
            WHERE t.incident_id {of} AND t.kind <> 'PROMPT' ORDER BY t.sequence DESC LIMIT 40",
        "SELECT id FROM timeline_event WHERE incident_id {of} AND starred = true ORDER BY sequence DESC LIMIT 200",
    ],
};

impl ByHand {
    /// A script for pgbench, which must prepare its statements: the ids of the incidents are kept in a variable, which becomes a parameter.
    pub fn script(&self) -> String {
        let incidents = self.incidents.replace("{n}", ":n");
        let mut script = format!("\\set n random(1, {LONG})\nSELECT array_agg(id)::text AS ids FROM ({incidents}) AS chosen \\gset\n");
        for statement in self.rest {
            script.push_str(&statement.replace("{of}", "= ANY (:ids::uuid[])"));
            script.push_str(";\n");
        }
        script
    }

    /// How often a second it is read from the SQLite file by one connection.
    pub async fn rate(&self, file: &Path, duration: Duration) -> Result<f64> {
        let mut connection = sqlite_options(file).connect().await?;
        let mut random = Random::new(1);
        let (begun, mut done) = (Instant::now(), 0);
        while begun.elapsed() < duration {
            let bytes = self.read(&mut connection, 1 + random.below(LONG)).await?;
            ensure!(bytes > 1_000, "what is read by hand has {bytes} bytes");
            done += 1;
        }
        Ok(f64::from(done) / begun.elapsed().as_secs_f64())
    }

    /// Reads all of it once; returns how many bytes it was.
    async fn read(&self, connection: &mut SqliteConnection, number: usize) -> Result<usize> {
        let incidents = self.incidents.replace("{n}", "?1");
        let query = sqlx::query::<Sqlite>(AssertSqlSafe(incidents));
        let query = if self.incidents.contains("{n}") { query.bind(number as i64) } else { query };
        let mut ids: Vec<Vec<u8>> = Vec::new();
        for row in query.fetch_all(&mut *connection).await? {
            ids.push(row.try_get(0)?);
        }
        let marks: Vec<String> = (1..=ids.len()).map(|place| format!("?{place}")).collect();
        let of = format!("IN ({})", marks.join(","));
        let mut bytes = 0;
        for statement in self.rest {
            let query = sqlx::query::<Sqlite>(AssertSqlSafe(statement.replace("{of}", &of)));
            let query = if statement.contains("{of}") { ids.iter().fold(query, |query, id| query.bind(id.clone())) } else { query };
            for row in query.fetch_all(&mut *connection).await? {
                for column in 0..row.len() {
                    bytes += row.try_get_unchecked::<Option<Vec<u8>>, _>(column)?.map_or(0, |value| value.len());
                }
            }
        }
        Ok(bytes)
    }
}
