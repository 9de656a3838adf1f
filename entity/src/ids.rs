//! Typed ids. Outside Muster an id has the prefix of its kind (`inc_0198…`), so that a mixed-up id is caught
//! before any look-up.

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize)]
            pub struct $name(pub Uuid);

            impl $name {
                /// The part before the underscore in the external form.
                pub const PREFIX: &'static str = $prefix;

                /// Reads the external form; `None` if it is malformed or of another kind.
                pub fn parse(text: &str) -> Option<Self> {
                    let hex = text.strip_prefix($prefix)?.strip_prefix('_')?;
                    // Only the canonical 32 lower-case digits, so that each thing has exactly one id.
                    let canonical = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                    canonical.then(|| Uuid::try_parse(hex).ok()).flatten().map(Self)
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(f, "{}_{}", $prefix, self.0.as_simple())
                }
            }

            impl TryFromU64 for $name {
                fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                    Err(DbErr::ConvertFromU64(stringify!($name)))
                }
            }
        )+
    };
}

id_types! {
    /// Something to do during an incident.
    ActionId = "act";
    /// An alert from an alerting system.
    AlertId = "alt";
    /// A body that was posted to a hook of alerts.
    AlertPostId = "apo";
    /// A secret with which a program calls the API.
    ApiTokenId = "tok";
    /// A file of an incident.
    AttachmentId = "att";
    /// An entry of the audit log.
    AuditEntryId = "aud";
    /// An organisation the team works for.
    ClientId = "cli";
    /// Someone at a client.
    ContactId = "con";
    /// An effect on an outside system.
    DeliveryId = "dlv";
    /// An update to affected clients.
    ClientUpdateId = "upd";
    /// Something to do because of what an incident revealed.
    FollowUpId = "fup";
    /// An event on a timeline.
    EventId = "evt";
    /// Something that tells again and again that it lives.
    HeartbeatId = "hbt";
    /// An incident.
    IncidentId = "inc";
    /// A page of the ops docs.
    OpsPageId = "ops";
    /// A page to a person.
    PageId = "pag";
    /// What a review leaves for another forum.
    ParkedTopicId = "prk";
    /// A key pair that signs a person in.
    PasskeyId = "pky";
    /// A member of the team.
    PersonId = "per";
    /// A time in which alerts are recorded and not reported.
    QuietWindowId = "qwn";
    /// What a reader says about a report.
    ReportCommentId = "rcm";
    /// The report about an incident.
    ReportId = "rpt";
    /// What somebody says about an incident outside its review.
    ReviewCommentId = "rvc";
    /// The review of an incident.
    ReviewId = "rev";
    /// One stretch of time in which a person held a role.
    RoleAssignmentId = "rol";
    /// A role that was offered to a person.
    RoleOfferId = "off";
    /// A signed-in browser.
    SessionId = "ses";
    /// A stretch of time in which a person is meant to be on call.
    ShiftId = "shf";
    /// A one-time link that opens a session.
    SignInLinkId = "lnk";
    /// A website or service that the team looks after.
    SiteId = "sit";
    /// A ticket related to an incident.
    TicketId = "tkt";
    /// Where events are posted to.
    WebhookEndpointId = "whk";
    /// An event that is posted to an endpoint.
    WebhookMessageId = "msg";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_only_as_its_own_kind() {
        let id = IncidentId(Uuid::from_u128(7));
        let text = id.to_string();
        assert_eq!(text, "inc_00000000000000000000000000000007");
        assert_eq!(IncidentId::parse(&text), Some(id));
        assert_eq!(PersonId::parse(&text), None);
        assert_eq!(IncidentId::parse("inc_7"), None);
        assert_eq!(IncidentId::parse("inc_0000000000000000000000000000000G"), None);
    }
}
