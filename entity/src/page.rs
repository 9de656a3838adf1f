//! A person who was paged about an incident, and whether they answered. Also records that the leadership was told (R14).

use sea_orm::entity::prelude::*;

use crate::{AnsweredHow, IncidentId, PageId, PageLoss, PageReason, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PageId,
    pub incident_id: IncidentId,
    pub person_id: PersonId,
    pub reason: PageReason,
    /// The step that asked for it, if any.
    #[sea_orm(column_type = "Text", nullable)]
    pub step_key: Option<String>,
    /// Why, in words.
    #[sea_orm(column_type = "Text", nullable)]
    pub why: Option<String>,
    pub paged_at: Timestamp,
    /// Who reported or asked for help; nobody when Muster paged on its own.
    pub asked_by_id: Option<PersonId>,
    /// When it became known that this page brings nobody, so that the next person is paged at once.
    pub lost_at: Option<Timestamp>,
    /// Why.
    pub lost: Option<PageLoss>,
    pub answered_at: Option<Timestamp>,
    /// Who recorded the answer: the person, or somebody who reached them another way.
    pub answered_by_id: Option<PersonId>,
    pub answered_how: Option<AnsweredHow>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// What the person is told of the incident, fixed at the first attempt: every message about this page says the same.
    #[sea_orm(column_type = "Text", nullable)]
    pub briefing: Option<String>,
    /// When the link opened its session.
    pub opened_at: Option<Timestamp>,
    /// SHA-256 of the secret in the mail's link, in hex.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret_hash: Option<String>,
    /// The secret itself, until the mail is sent: each attempt must send the same mail.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
