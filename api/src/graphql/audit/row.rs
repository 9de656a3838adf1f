//! An entry of the audit log, as others refer to it.

use std::sync::Arc;

use async_graphql::{Description, Enum};
use entity::audit_entry;

/// What an entry of the audit log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::AuditAction")]
pub enum AuditAction {
    /// Somebody signed in.
    SignedIn,
    /// Somebody tried to sign in as a person who is known, and was refused.
    SignInFailed,
    /// Somebody signed out.
    SignedOut,
    /// A browser was signed out from elsewhere.
    SessionEnded,
    /// All browsers of a person were signed out.
    SessionsEnded,
    /// A link that signs a person in was made.
    SignInLinkCreated,
    /// An account of the company was found to be a person's, who can sign in with it from then on.
    AccountLinked,
    /// An account in the chat was found or shown to be a person's.
    ChatAccountLinked,
    /// An account in the chat is no longer a person's.
    ChatAccountUnlinked,
    /// A person or a service was added.
    PersonAdded,
    /// What is known of a person was changed.
    PersonChanged,
    /// The access level or the grants of a person were changed.
    RightsChanged,
    /// A person was deactivated, and their sessions, tokens, passkeys and calendar link ended.
    PersonDeactivated,
    /// A person is back.
    PersonReactivated,
    /// A token was made.
    TokenCreated,
    /// A token was shown from an address that it is not good from; told once an hour.
    TokenRefused,
    /// A token was revoked.
    TokenRevoked,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// Somebody made the secret link of their calendar; one that they had before ended.
    CalendarFeedMade,
    /// Somebody took the secret link of their calendar back.
    CalendarFeedRevoked,
    /// An outside system was held by hand.
    SystemHeld,
    /// An outside system that was held by hand was released.
    SystemReleased,
    /// An endpoint was added, to which events are posted.
    WebhookAdded,
    /// Where events are posted to, or which, was changed.
    WebhookChanged,
    /// An endpoint got another secret.
    WebhookSecretRotated,
    /// Nothing is posted to an endpoint any more.
    WebhookDisabled,
    /// Events are posted to an endpoint again.
    WebhookEnabled,
    /// Events were posted to an endpoint once more.
    WebhookReplayed,
    /// An endpoint was removed.
    WebhookRemoved,
    /// A time was set in which alerts are recorded and not reported.
    QuietWindowAdded,
    /// A time in which alerts are recorded and not reported was ended, or called off.
    QuietWindowEnded,
    /// What was posted to a hook of alerts was deleted before its time.
    AlertPostDeleted,
    /// A heartbeat was added.
    HeartbeatAdded,
    /// What is expected of a heartbeat was changed.
    HeartbeatChanged,
    /// Nobody waits for a heartbeat any more.
    HeartbeatPaused,
    /// A heartbeat is waited for again.
    HeartbeatResumed,
    /// A heartbeat got another secret.
    HeartbeatSecretRotated,
    /// A heartbeat was removed.
    HeartbeatRemoved,
    /// Somebody had a reading of the sites elsewhere taken in that loses much.
    SiteReadingTaken,
    /// Somebody left the catalogue as it is, against a reading of the sites elsewhere.
    SiteReadingLeft,
    /// Shifts were set or imported.
    OnCallChanged,
    /// An incident was reported as restricted, or became so.
    IncidentRestricted,
    /// An incident is no longer restricted.
    IncidentOpened,
    /// A person may see a restricted incident.
    IncidentShared,
    /// A person may no longer see a restricted incident.
    IncidentUnshared,
    /// Somebody saw a restricted incident by their rights, and not because it was shared with them.
    RestrictedSeen,
    /// Somebody saw who the contacts of a client are.
    ContactsSeen,
    /// The addresses of affected clients were downloaded.
    AddressesExported,
    /// A version of a report was taken out as a document.
    ReportTakenOut,
    /// The ledger of who was paged when was downloaded.
    LedgerExported,
    /// What an event said was taken out.
    EventRedacted,
    /// A file of an incident was downloaded.
    FileDownloaded,
    /// All that is kept of an incident was taken out as an archive.
    IncidentExported,
    /// An archive of an incident was taken in.
    IncidentImported,
    /// The audit log was exported.
    AuditExported,
    /// The database and all files were copied.
    BackupMade,
}

/// Who did or saw something that an administrator may have to answer for. Entries are never changed or removed.
#[derive(Clone, Description)]
pub struct AuditEntry(pub Arc<audit_entry::Model>);

impl From<Arc<audit_entry::Model>> for AuditEntry {
    fn from(row: Arc<audit_entry::Model>) -> Self {
        Self(row)
    }
}
