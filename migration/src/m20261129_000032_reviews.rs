//! The review of an incident, who is invited, what they say outside the meeting, what it talks about and what it parks.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, key, optional_text, optional_time, reference, text, time};

const TABLES: [&str; 5] = ["review_moment", "parked_topic", "review_comment", "review_attendee", "review"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000032_reviews"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [review(), attendee(), comment(), topic(), moment()] {
            manager.create_table(table).await?;
        }
        let statements = [
            "CREATE UNIQUE INDEX uq_review_incident_id ON review (incident_id)",
            "CREATE INDEX ix_review_starts_at ON review (starts_at)",
            "CREATE INDEX ix_review_attendee_incident_id ON review_attendee (incident_id)",
            "CREATE INDEX ix_review_attendee_person_id ON review_attendee (person_id)",
            "CREATE INDEX ix_review_comment_review_id ON review_comment (review_id)",
            "CREATE INDEX ix_review_comment_incident_id ON review_comment (incident_id)",
            "CREATE INDEX ix_parked_topic_incident_id ON parked_topic (incident_id)",
            "CREATE INDEX ix_review_moment_incident_id ON review_moment (incident_id)",
        ];
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn review() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("review");
    id(&mut table);
    reference(&mut table, "incident_id", "incident", true);
    time(&mut table, &["starts_at", "planned_at"]);
    integer(&mut table, &["duration_minutes", "sequence"]);
    optional_text(&mut table, &["place", "override_reason", "notes", "recording_url"]);
    reference(&mut table, "facilitator_id", "person", true);
    reference(&mut table, "note_taker_id", "person", true);
    reference(&mut table, "senior_outsider_id", "person", false);
    optional_time(&mut table, &["called_off_at", "begun_at", "held_at"]);
    table.col(ColumnDef::new("no_follow_ups").boolean().not_null());
    table
}

/// The columns of a row that belongs to a review, and names its incident so that rights can be checked without a join.
fn of_review(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    reference(&mut table, "review_id", "review", true);
    reference(&mut table, "incident_id", "incident", true);
    table
}

fn attendee() -> TableCreateStatement {
    let mut table = of_review("review_attendee");
    reference(&mut table, "person_id", "person", true);
    text(&mut table, &["expectation", "reason"]);
    optional_text(&mut table, &["answer"]);
    optional_time(&mut table, &["answered_at"]);
    key(&mut table, &["review_id", "person_id"]);
    table
}

fn comment() -> TableCreateStatement {
    let mut table = of_review("review_comment");
    id(&mut table);
    text(&mut table, &["body"]);
    reference(&mut table, "author_id", "person", false);
    table.col(ColumnDef::new("written_on").date().not_null()).col(ColumnDef::new("shown").boolean().not_null());
    table
}

fn topic() -> TableCreateStatement {
    let mut table = of_review("parked_topic");
    id(&mut table);
    text(&mut table, &["topic", "forum"]);
    time(&mut table, &["parked_at"]);
    reference(&mut table, "parked_by_id", "person", false);
    table
}

fn moment() -> TableCreateStatement {
    let mut table = of_review("review_moment");
    reference(&mut table, "event_id", "timeline_event", true);
    table.col(ColumnDef::new("wanted").boolean().not_null());
    key(&mut table, &["review_id", "event_id"]);
    table
}
