//! The tables, as SeaORM entities: columns and types, no behaviour.
//!
//! One file per table. Only `domain` reads and writes rows that belong to an incident; the tables themselves are
//! created by `migration`, which knows nothing about this crate.
//! Ids are newtypes over UUIDv7, so that an incident's id can't be passed where a person's is wanted.

#![expect(clippy::disallowed_methods, reason = "the entity macro generates code that begins transactions; nobody calls it")]

#[macro_use]
mod enums;
mod alert_post_outcome;
mod attendance;
mod audit_action;
mod awaited;
mod catalogue;
mod file_ids;
mod flags;
mod ids;
mod known_kind;
mod last_changes;
mod site_origins;
mod source_pauses;

pub mod action;
pub mod alert;
pub mod alert_post;
pub mod alert_post_body;
pub mod alert_source;
pub mod api_token;
pub mod attachment;
pub mod audit_entry;
pub mod audit_head;
pub mod calendar_feed;
pub mod chain_check;
pub mod chat_arrival;
pub mod chat_capture;
pub mod chat_channel;
pub mod chat_link;
pub mod chat_message;
pub mod chat_search;
pub mod checklist_item;
pub mod chore;
pub mod client;
pub mod client_team;
pub mod client_update;
pub mod contact;
pub mod counter;
pub mod delivery;
pub mod follow_up;
pub mod forgotten_file;
pub mod former_name;
pub mod generation;
pub mod goal;
pub mod heartbeat;
pub mod heartbeat_watch;
pub mod held_system;
pub mod hook_event;
pub mod idempotency_key;
pub mod identity;
pub mod incident;
pub mod incident_access;
pub mod incident_client;
pub mod incident_import;
pub mod incident_site;
pub mod incident_word;
pub mod known_near;
pub mod known_rating;
pub mod known_term;
pub mod ops_page;
pub mod ops_reading;
pub mod page;
pub mod parked_topic;
pub mod passkey;
pub mod passkey_attempt;
pub mod person;
pub mod provisioned;
pub mod quiet_window;
pub mod quiet_window_site;
pub mod quieted_alert;
pub mod report;
pub mod report_approval;
pub mod report_comment;
pub mod report_names;
pub mod report_part;
pub mod report_publication;
pub mod report_reader;
pub mod report_revision;
pub mod report_section;
pub mod review;
pub mod review_attendee;
pub mod review_comment;
pub mod review_moment;
pub mod role_assignment;
pub mod role_offer;
pub mod session;
mod severity;
pub mod shift;
pub mod sign_in_link;
pub mod site;
pub mod site_host;
pub mod site_reading;
pub mod site_staged;
pub mod step;
mod stretch;
pub mod sync_mark;
pub mod ticket;
pub mod timeline_event;
mod token_bounds;
pub mod triage_answer;
pub mod watermark;
pub mod webhook_endpoint;
pub mod webhook_message;
mod webhooks;

pub use alert_post_outcome::AlertPostOutcome;
pub use attendance::{Expectation, InvitationAnswer};
pub use audit_action::AuditAction;
pub use awaited::{Awaited, AwaitedPerson};
pub use catalogue::{Environment, Origin, SiteField};
pub use enums::*;
pub use file_ids::FileIds;
pub use flags::{Channel, Channels, Flag, Flags, Grant, Grants, ReportVersion, ReportVersions};
pub use ids::*;
pub use known_kind::KnownKind;
pub use last_changes::{LastChange, LastChanges};
pub use severity::Severity;
pub use site_origins::{SiteOrigin, SiteOrigins};
pub use source_pauses::SourcePauses;
pub use stretch::{FormerFiring, Stretch};
pub use token_bounds::TokenBounds;
pub use webhooks::{WebhookMessageState, WebhookTypes};

/// A point in time, always in UTC, with microsecond precision (as in PostgreSQL).
pub type Timestamp = chrono::DateTime<chrono::Utc>;
