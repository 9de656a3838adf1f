//! Every bound, with its reason. A bound that is reached is told to the caller with its number.

use chrono::Duration;

/// Characters of a name: what fits a board's line and a chat's title.
pub const NAME_CHARS: usize = 200;
/// Characters of a text: a long log excerpt. Longer belongs into a file.
pub const TEXT_CHARS: usize = 50_000;
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

/// How far ahead of our clock an event may have happened: other machines' clocks are not perfect.
pub const CLOCK_SKEW: Duration = Duration::minutes(5);
/// For how long an idempotency key protects.
pub const KEY_LIFETIME: Duration = Duration::hours(24);
/// For how long a sign-in link works.
pub const SIGN_IN_LINK_LIFETIME: Duration = Duration::hours(24);
/// For how long a session lasts.
pub const SESSION_LIFETIME: Duration = Duration::days(30);
/// For how long a token lasts when the caller does not say.
pub const TOKEN_LIFETIME: Duration = Duration::days(365);
/// How long after expiry or revocation a token's row is kept, so that one can see what it was.
pub const TOKEN_KEPT: Duration = Duration::days(90);
