//! Every bound, with its reason. A bound that is reached is told to the caller with its number.

use chrono::Duration;

/// Characters of a name: what fits a board's line and a chat's title.
pub const NAME_CHARS: usize = 200;
/// Characters of a text: a long log excerpt. Longer belongs into a file.
pub const TEXT_CHARS: usize = 50_000;
/// Characters of an update to clients: Zendesk takes 64 KiB in a comment, in any script.
pub const CLIENT_UPDATE_CHARS: usize = 16_000;
/// Characters of a URL: what browsers and proxies agree on.
pub const URL_CHARS: usize = 2_000;
/// Characters of an e-mail address (RFC 5321).
pub const EMAIL_CHARS: usize = 254;
/// Bytes of the JSON of an event's details.
pub const DETAILS_BYTES: usize = 16 * 1024;
/// Characters of an idempotency key.
pub const KEY_CHARS: usize = 100;
/// Entries of a list in an input: sites, clients, contacts, attachments.
pub const LIST_ITEMS: usize = 100;
/// Entries of a page when the caller does not say.
pub const PAGE_DEFAULT: usize = 50;
/// Entries of a page at most.
pub const PAGE_MAX: usize = 200;
/// Bytes of one attachment: a phone's video of a screen is larger, a log bundle is not.
pub const FILE_BYTES: usize = 25 * 1024 * 1024;
/// Alerts of one notification that are looked at; the rest is counted.
pub const ALERTS_PER_CALL: usize = 1_000;
/// Characters of a search text.
pub const SEARCH_CHARS: usize = 200;
/// Words of a search text.
pub const SEARCH_WORDS: usize = 8;

/// Bytes of a playbook, and of a file of holidays that it names.
pub const PLAYBOOK_BYTES: usize = 1024 * 1024;
/// The longest duration in a playbook: whoever writes more has slipped.
pub const PLAYBOOK_SPAN: Duration = Duration::days(365);
/// Holidays of a playbook: a generation of them, week-long closures included.
pub const HOLIDAYS: usize = 5_000;
/// Recurring events of a file of holidays.
pub const RECURRING_HOLIDAYS: usize = 200;

/// How far ahead of our clock an event may have happened: other machines' clocks are not perfect.
pub const CLOCK_SKEW: Duration = Duration::minutes(5);
/// For how long an idempotency key protects.
pub const KEY_LIFETIME: Duration = Duration::hours(24);
/// For how long an event that a system told of is known: longer than any system tells again.
pub const HOOK_EVENT_KEPT: Duration = Duration::days(7);
/// For how long a sign-in link works.
pub const SIGN_IN_LINK_LIFETIME: Duration = Duration::hours(24);
/// For how long a session lasts.
pub const SESSION_LIFETIME: Duration = Duration::days(30);
/// For how long a token lasts when the caller does not say.
pub const TOKEN_LIFETIME: Duration = Duration::days(365);
/// For how long the secret of a page is kept whose mail never left: longer than a delivery is tried.
pub const PAGE_SECRET_KEPT: Duration = Duration::hours(48);
/// How long after expiry or revocation a token's row is kept, so that one can see what it was.
pub const TOKEN_KEPT: Duration = Duration::days(90);
/// Bytes of an imported calendar: a year of shifts of a large team, with room; a request's body takes 1 MiB.
pub const CALENDAR_BYTES: usize = 512 * 1024;
/// Events of an imported calendar that are looked at.
pub const CALENDAR_EVENTS: usize = 2_000;
/// Repeating events of an imported calendar: each costs a walk from its beginning.
pub const CALENDAR_REPEATING: usize = 200;
/// Repetitions of all events of an imported calendar, also those that are long past.
pub const CALENDAR_REPETITIONS: usize = 100_000;
/// Shifts that one import makes.
pub const ROTA_SHIFTS: usize = 2_000;
/// How far ahead one plans who is on call.
pub const ON_CALL_AHEAD: Duration = Duration::days(400);
/// Shifts that are read at once; those that begin first.
pub const SHIFTS_READ: u64 = 10_000;
