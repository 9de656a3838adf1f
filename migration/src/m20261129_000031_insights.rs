//! What insights count, kept with the incident as it happens, and indexes for periods.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000031_insights"
    }
}

const TIMES: [&str; 2] = ["led_at", "second_line_at"];
/// Unknown for incidents that began before they were counted.
const COUNTS: [&str; 4] = ["summaries_in_time", "summaries_late", "client_updates_in_time", "client_updates_late"];

/// What earlier incidents' rows tell.
const FOUND_OUT: [&str; 2] = [
    "UPDATE incident SET led_at = (SELECT min(CASE WHEN assigned_at < incident.declared_at THEN incident.declared_at ELSE assigned_at END) \
     FROM role_assignment WHERE incident_id = incident.id AND role = 'INCIDENT_LEAD' \
     AND (ended_at IS NULL OR ended_at >= incident.declared_at)) WHERE declared_at IS NOT NULL",
    "UPDATE incident SET second_line_at = (SELECT min(paged_at) FROM page WHERE incident_id = incident.id AND reason = 'ESCALATED' \
     AND paged_at >= incident.declared_at) WHERE declared_at IS NOT NULL",
];

/// The first has all that tells which incidents a site or a client had, whose rows are wide.
const INDEXES: [&str; 4] = [
    "CREATE INDEX ix_incident_declared_at ON incident (declared_at, status, visibility, id, number)",
    "CREATE INDEX ix_page_paged_at ON page (paged_at, id)",
    "CREATE INDEX ix_page_person_id_paged_at ON page (person_id, paged_at, id)",
    "DROP INDEX ix_page_person_id",
];

const WITHOUT: [&str; 4] = [
    "CREATE INDEX ix_page_person_id ON page (person_id)",
    "DROP INDEX ix_page_person_id_paged_at",
    "DROP INDEX ix_page_paged_at",
    "DROP INDEX ix_incident_declared_at",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let times = TIMES.map(|column| ColumnDef::new(column).timestamp_with_time_zone().to_owned());
        let counts = COUNTS.map(|column| ColumnDef::new(column).integer().to_owned());
        for column in times.into_iter().chain(counts) {
            manager.alter_table(Table::alter().table("incident").add_column(column).to_owned()).await?;
        }
        for statement in FOUND_OUT.into_iter().chain(INDEXES) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in WITHOUT {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        for column in TIMES.into_iter().chain(COUNTS) {
            manager.alter_table(Table::alter().table("incident").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
