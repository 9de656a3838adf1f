//! What the audit log speaks of.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What an entry of the audit log is about.
    AuditAction {
        /// Somebody signed in.
        SignedIn = "SIGNED_IN",
        /// Somebody tried to sign in as a person who is known, and was refused.
        SignInFailed = "SIGN_IN_FAILED",
        /// Somebody signed out.
        SignedOut = "SIGNED_OUT",
        /// A browser was signed out from elsewhere.
        SessionEnded = "SESSION_ENDED",
        /// All browsers of a person were signed out.
        SessionsEnded = "SESSIONS_ENDED",
        /// A link that signs a person in was made.
        SignInLinkCreated = "SIGN_IN_LINK_CREATED",
        /// An account of the company was found to be a person's.
        AccountLinked = "ACCOUNT_LINKED",
        /// An account in the chat was found or shown to be a person's.
        ChatAccountLinked = "CHAT_ACCOUNT_LINKED",
        /// An account in the chat is no longer a person's.
        ChatAccountUnlinked = "CHAT_ACCOUNT_UNLINKED",
        /// A person or a service was added.
        PersonAdded = "PERSON_ADDED",
        /// What is known of a person was changed.
        PersonChanged = "PERSON_CHANGED",
        /// The access level or the grants of a person were changed.
        RightsChanged = "RIGHTS_CHANGED",
        /// A person was deactivated, and their sessions, tokens, passkeys and calendar link ended.
        PersonDeactivated = "PERSON_DEACTIVATED",
        /// A person is back.
        PersonReactivated = "PERSON_REACTIVATED",
        /// A token was made.
        TokenCreated = "TOKEN_CREATED",
        /// A token was shown from an address that it is not good from.
        TokenRefused = "TOKEN_REFUSED",
        /// A token was revoked.
        TokenRevoked = "TOKEN_REVOKED",
        /// A passkey was added.
        PasskeyAdded = "PASSKEY_ADDED",
        /// A passkey was removed.
        PasskeyRemoved = "PASSKEY_REMOVED",
        /// Somebody made the secret link of their calendar.
        CalendarFeedMade = "CALENDAR_FEED_MADE",
        /// Somebody took the secret link of their calendar back.
        CalendarFeedRevoked = "CALENDAR_FEED_REVOKED",
        /// An outside system was held by hand.
        SystemHeld = "SYSTEM_HELD",
        /// An outside system that was held by hand was released.
        SystemReleased = "SYSTEM_RELEASED",
        /// An endpoint was added, to which events are posted.
        WebhookAdded = "WEBHOOK_ADDED",
        /// Where events are posted to, or which, was changed.
        WebhookChanged = "WEBHOOK_CHANGED",
        /// An endpoint got another secret.
        WebhookSecretRotated = "WEBHOOK_SECRET_ROTATED",
        /// Nothing is posted to an endpoint any more.
        WebhookDisabled = "WEBHOOK_DISABLED",
        /// Events are posted to an endpoint again.
        WebhookEnabled = "WEBHOOK_ENABLED",
        /// Events were posted to an endpoint once more.
        WebhookReplayed = "WEBHOOK_REPLAYED",
        /// An endpoint was removed.
        WebhookRemoved = "WEBHOOK_REMOVED",
        /// A time was set in which alerts are recorded and not reported.
        QuietWindowAdded = "QUIET_WINDOW_ADDED",
        /// A time in which alerts are recorded and not reported was ended, or called off.
        QuietWindowEnded = "QUIET_WINDOW_ENDED",
        /// What was posted to a hook of alerts was deleted before its time.
        AlertPostDeleted = "ALERT_POST_DELETED",
        /// A heartbeat was added.
        HeartbeatAdded = "HEARTBEAT_ADDED",
        /// What is expected of a heartbeat was changed.
        HeartbeatChanged = "HEARTBEAT_CHANGED",
        /// Nobody waits for a heartbeat any more.
        HeartbeatPaused = "HEARTBEAT_PAUSED",
        /// A heartbeat is waited for again.
        HeartbeatResumed = "HEARTBEAT_RESUMED",
        /// A heartbeat got another secret.
        HeartbeatSecretRotated = "HEARTBEAT_SECRET_ROTATED",
        /// A heartbeat was removed.
        HeartbeatRemoved = "HEARTBEAT_REMOVED",
        /// Somebody had a reading of the sites elsewhere taken in that loses much.
        SiteReadingTaken = "SITE_READING_TAKEN",
        /// Somebody left the catalogue as it is, against a reading of the sites elsewhere.
        SiteReadingLeft = "SITE_READING_LEFT",
        /// Shifts were set or imported.
        OnCallChanged = "ON_CALL_CHANGED",
        /// An incident was reported as restricted, or became so.
        IncidentRestricted = "INCIDENT_RESTRICTED",
        /// An incident is no longer restricted.
        IncidentOpened = "INCIDENT_OPENED",
        /// A person may see a restricted incident.
        IncidentShared = "INCIDENT_SHARED",
        /// A person may no longer see a restricted incident.
        IncidentUnshared = "INCIDENT_UNSHARED",
        /// Somebody saw a restricted incident by their rights, and not because it was shared with them.
        RestrictedSeen = "RESTRICTED_SEEN",
        /// Somebody saw who the contacts of a client are.
        ContactsSeen = "CONTACTS_SEEN",
        /// The addresses of affected clients were downloaded.
        AddressesExported = "ADDRESSES_EXPORTED",
        /// A version of a report was taken out as a document.
        ReportTakenOut = "REPORT_TAKEN_OUT",
        /// The ledger of who was paged when was downloaded.
        LedgerExported = "LEDGER_EXPORTED",
        /// What an event said was taken out.
        EventRedacted = "EVENT_REDACTED",
        /// A file of an incident was downloaded.
        FileDownloaded = "FILE_DOWNLOADED",
        /// All that is kept of an incident was taken out as an archive.
        IncidentExported = "INCIDENT_EXPORTED",
        /// An archive of an incident was taken in.
        IncidentImported = "INCIDENT_IMPORTED",
        /// The audit log was exported.
        AuditExported = "AUDIT_EXPORTED",
        /// The database and all files were copied.
        BackupMade = "BACKUP_MADE",
    }
}
