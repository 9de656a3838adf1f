//! Every limit, with its reason. An error about a limit tells the caller the number.

use chrono::Duration;

/// Characters of a name: what fits on a line of the board and in a chat's title.
pub const NAME_CHARS: usize = 200;
/// Characters of a text: a long log excerpt. Anything longer belongs in a file.
pub const TEXT_CHARS: usize = 50_000;
/// Characters of a section of a report.
pub const SECTION_CHARS: usize = 200_000;
/// Events that a report tells of by itself; with more, only the key ones.
pub const REPORT_EVENTS: u64 = 2_000;
/// Revisions of a section that are listed at once.
pub const REVISIONS: u64 = 200;
/// Minutes of a review.
pub const REVIEW_MINUTES: std::ops::RangeInclusive<i32> = 15..=480;
/// How far from now a review may be planned.
pub const REVIEW_WITHIN: Duration = Duration::days(366);
/// Topics that a review may park.
pub const PARKED_TOPICS: usize = 100;
/// Characters of an update to clients: in any script, they fit in the 64 KiB that Zendesk takes in a comment.
pub const CLIENT_UPDATE_CHARS: usize = 16_000;
/// Characters of a URL: what all browsers and proxies accept.
pub const URL_CHARS: usize = 2_000;
/// Characters of an e-mail address (RFC 5321).
pub const EMAIL_CHARS: usize = 254;
/// Digits of a telephone number (E.164 has at most 15).
pub const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
/// Characters of a topic at an ntfy server.
pub const NTFY_TOPIC_CHARS: std::ops::RangeInclusive<usize> = 1..=64;
/// Bytes of the JSON of an event's details.
pub const DETAILS_BYTES: usize = 16 * 1024;
/// Characters of an idempotency key.
pub const KEY_CHARS: usize = 100;
/// Entries of a list in an input, such as sites, clients, contacts or attachments.
pub const LIST_ITEMS: usize = 100;
/// Characters of a host's name (RFC 1035).
pub const HOST_CHARS: usize = 253;
/// Characters of the path by which two sites on one host are told apart: PostgreSQL indexes no more than some 2,700 bytes of a row.
pub const PATH_CHARS: usize = 500;
/// Addresses that are looked for in one text: a log excerpt has thousands, and the first ones say what it is about.
pub const ADDRESSES_IN_TEXT: usize = 50;
/// Hosts that are looked up at once.
pub const HOSTS_AT_ONCE: usize = 1_000;
/// Alerts of one notification whose addresses are looked up: those of a storm are of the same few sites.
pub const ALERTS_LOOKED_UP: usize = 100;
/// Addresses of the alerts of one notification that are looked up to judge them: a notification names its few hundred sites at most.
pub const ADDRESSES_LOOKED_UP: usize = 1_000;
/// Quiet windows that are on or to come: more than anybody has an overview of.
pub const QUIET_WINDOWS: u64 = 200;
/// How long a quiet window may last: what is quiet for longer is no maintenance.
pub const QUIET_WINDOW: Duration = Duration::days(31);
/// How far ahead a quiet window may begin.
pub const QUIET_WINDOW_AHEAD: Duration = Duration::days(366);
/// Alerts that are heard again at once after a quiet window.
pub const QUIETED_AT_ONCE: u64 = 500;
/// Links to the tools of a site.
pub const TOOLING_LINKS: usize = 20;
/// Bytes of an imported list of sites: a few thousand, with room to spare; a request body may have 1 MiB.
pub const SITES_BYTES: usize = 512 * 1024;
/// Sites of an imported list.
pub const SITES_LISTED: usize = 5_000;
/// Bytes of what one reading of a catalogue elsewhere says of all sites: it is kept in memory, and in a row while it waits for a person.
pub const SITES_READ_BYTES: usize = 8 * 1024 * 1024;
/// What one such reading could not take and is named.
pub const READING_NOTES: usize = 200;
/// Rows of an import, and its problems, that are shown at once.
pub const IMPORT_SHOWN: usize = 200;
/// Entries of a page if the caller does not say.
pub const PAGE_DEFAULT: usize = 50;
/// Most entries of a page.
pub const PAGE_MAX: usize = 200;
/// Bytes of one attachment: a phone's video of a screen is larger, a log bundle is not.
pub const FILE_BYTES: usize = 25 * 1024 * 1024;
/// Bytes of one list of an archive, such as a whole timeline: it is read into memory.
pub const ARCHIVE_PART_BYTES: u64 = 256 * 1024 * 1024;
/// Alerts of one notification that are written at once.
pub const ALERTS_AT_ONCE: usize = 1_000;
/// Rows of alerts in one statement: SQLite takes 32,766 values.
pub const ALERT_ROWS_AT_ONCE: usize = 1_000;
/// Alerts of one notification that are taken, worst first: more than the 4 MiB of a body hold in practice.
pub const ALERTS_PER_CALL: usize = 10_000;
/// Groups of one notification; what is of further ones is taken as one group. A source that tells of more at once has a storm.
pub const ALERT_GROUPS_PER_CALL: usize = 200;
/// Bytes of an alert's labels that are kept: as much as of an event's details.
pub const ALERT_LABELS_BYTES: usize = DETAILS_BYTES;
/// Addresses that one alert is about.
pub const ALERT_LINKS: usize = 10;
/// Bytes of a source's key for a group that are stored as they are; longer keys are stored as their hash. PostgreSQL indexes no more than
/// some 2,700 bytes of a row.
pub const GROUP_KEY_BYTES: usize = 500;
/// Reports by the alerts of one source within [`ALERT_STORM`] from which on further ones join the last of them.
pub const ALERT_STORM_REPORTS: usize = 10;
/// Reports of one person, or of one service, within [`REPORTS_WHILE`]: more than anybody has problems.
pub const REPORTS_EACH: u64 = 10;
/// The time in which a person's reports are counted.
pub const REPORTS_WHILE: Duration = Duration::minutes(10);
/// How long reports by alerts count as one storm.
pub const ALERT_STORM: Duration = Duration::minutes(5);
/// An alert that joins an incident pages nobody again within this time after a page about it.
pub const ALERT_PAGE_PAUSE: Duration = Duration::minutes(10);
/// How long an alert that ended is remembered as the one that fires again.
pub const ALERT_REMEMBERED: Duration = Duration::days(1);
/// An alert flaps once it has fired this often within [`ALERT_FLAPS_WITHIN`]: twice happens, when somebody restarts what is broken.
pub const ALERT_FLAPS_FIRINGS: usize = 3;
/// The time in which these are counted. Alertmanager tells of a group every five minutes (`group_interval`), so three firings with the ends
/// between them take at least twenty.
pub const ALERT_FLAPS_WITHIN: Duration = Duration::minutes(30);
/// An alert that flaps has settled once it has not changed for this long. It takes three firings to begin and a single change to go on, so an
/// alert does not waver between flapping and not.
pub const ALERT_SETTLED: Duration = Duration::minutes(30);
/// The same for one that fires while nobody is at work on it, because its incident is over or thought to be fixed: then it is an outage.
pub const ALERT_STANDS: Duration = Duration::minutes(10);
/// How often the timeline says that an alert still flaps: each time the team has changed, or the night has become a morning.
pub const ALERT_FLAPS_TOLD: Duration = Duration::hours(6);
/// Former firings of a stretch that are remembered, to tell a late notice about one from news.
pub const ALERT_FORMER_FIRINGS: usize = 10;
/// Alerts that are looked at in one round, to see whether they have settled.
pub const ALERTS_SETTLED_AT_ONCE: u64 = 200;
/// How long bodies that were posted to the hooks of alerts are kept.
pub const ALERT_POSTS_KEPT: Duration = Duration::days(14);
/// Bytes of a body that is kept whole: a notification of a few hundred alerts. Of a larger one, its beginning is kept.
pub const ALERT_POST_BYTES: usize = 256 * 1024;
/// Bytes that are kept of a body that is too large.
pub const ALERT_POST_HEAD_BYTES: usize = 16 * 1024;
/// Bodies that are kept, and their bytes as they are stored, packed to a tenth or so.
pub const ALERT_POSTS: Room = Room { posts: 20_000, bytes: 128 * 1024 * 1024 };
/// The same for one hook, so that a busy source does not push out what the others posted.
pub const ALERT_POSTS_OF_HOOK: Room = Room { posts: 5_000, bytes: 48 * 1024 * 1024 };
/// Bodies that a preview of rules looks at, newest first: each costs a few statements.
pub const ALERT_POSTS_FORESEEN: u64 = 300;
/// Alarms that a preview of rules looks at.
pub const ALARMS_FORESEEN: usize = 5_000;
/// Alarms that a preview tells of one by one.
pub const ALARMS_SHOWN: usize = 50;
/// Minutes for which reminders of a step can be put off.
pub const SNOOZE_MINUTES: [i64; 3] = [10, 20, 30];
/// Characters of a search text.
pub const SEARCH_CHARS: usize = 200;
/// Words of a search text.
pub const SEARCH_WORDS: usize = 8;
/// Different words by which one text of an incident is found: of a log excerpt, those with which it begins.
pub const WORDS_OF_TEXT: usize = 2_000;

/// Bytes of a playbook, and of a file of holidays that it names.
pub const PLAYBOOK_BYTES: usize = 1024 * 1024;
/// The longest duration in a playbook: anything longer is a mistake.
pub const PLAYBOOK_SPAN: Duration = Duration::days(365);
/// Bytes of a label's value that rules for alerts compare: names, states, addresses; what is longer is a log.
pub const RULE_VALUE_BYTES: usize = 500;
/// Holidays of a playbook: enough for a generation, including week-long closures.
pub const HOLIDAYS: usize = 5_000;

/// How far ahead of our clock an event may be: other machines' clocks are not perfect.
pub const CLOCK_SKEW: Duration = Duration::minutes(5);
/// How long an idempotency key protects a request.
pub const KEY_LIFETIME: Duration = Duration::hours(24);
/// How long an event received through a hook is remembered: longer than any system resends one.
pub const HOOK_EVENT_KEPT: Duration = Duration::days(7);
/// How long a sign-in link works.
pub const SIGN_IN_LINK_LIFETIME: Duration = Duration::hours(24);
/// How long the link of a page or an offer works: mails are filed and forwarded.
pub const ANSWER_LINK_LIFETIME: Duration = Duration::days(7);
/// How long a sign-in link works that somebody asked for by mail: whoever waits for it opens it at once.
pub const ASKED_LINK_LIFETIME: Duration = Duration::hours(1);
/// How long its mail is worth sending: by then they have asked again, or come in another way.
pub const ASKED_LINK_WAIT: Duration = Duration::minutes(15);
/// Sign-in links that are mailed to one person within [`ASKED_LINK_WITHIN`]: anybody can ask for them.
pub const ASKED_LINKS: u64 = 3;
/// Requests for a link from one caller's address within [`ASKED_LINK_WITHIN`], whomever they are for: a whole office may have one address.
pub const ASKED_LINKS_OF_CALLER: usize = 100;
/// The time in which these are counted.
pub const ASKED_LINK_WITHIN: Duration = Duration::hours(1);
/// Passkeys of one person: more than anybody has devices.
pub const PASSKEYS: usize = 20;
/// How long somebody has to find their device and show it who they are; the time that `webauthn_rp` gives as well.
pub const PASSKEY_PATIENCE: Duration = Duration::minutes(5);
/// Passkeys that are being added or used at once, by anybody: they take 1 MB or so.
pub const PASSKEY_ATTEMPTS: u64 = 10_000;
/// Sign-ins by passkey that one caller's address may begin within [`PASSKEY_ATTEMPTS_WITHIN`]: an office has one address.
pub const PASSKEY_ATTEMPTS_OF_CALLER: usize = 60;
/// The time in which these are counted.
pub const PASSKEY_ATTEMPTS_WITHIN: Duration = Duration::minutes(10);
/// How long a session lasts.
pub const SESSION_LIFETIME: Duration = Duration::days(30);
/// How long the session lasts that the answer to a page opens: the rest of a night.
pub const VISIT_LIFETIME: Duration = Duration::hours(8);
/// How long a token lasts if the caller does not say.
pub const TOKEN_LIFETIME: Duration = Duration::days(365);
/// How long the secret of a page is kept if its mail is never sent: longer than a delivery is attempted.
pub const PAGE_SECRET_KEPT: Duration = Duration::hours(48);
/// Days for which rows are kept that can be kept for a time of one's own: a week, so that nothing goes that is still looked for.
pub const DAYS_KEPT: std::ops::RangeInclusive<i64> = 7..=36_500;
/// Mebibytes of what was read of incidents that a process keeps (`cache.mib`), from nothing to what one server has.
pub const CACHE_MIB: std::ops::RangeInclusive<u64> = 0..=65_536;
/// Bytes of it unless the settings say otherwise: a hundred incidents with their last hundred events take about four million.
pub const CACHE_BYTES: u64 = 64 * MIB;
/// Bytes of a mebibyte.
pub const MIB: u64 = 1024 * 1024;
/// Bytes of an imported calendar: a year of a large team's shifts, with room to spare; a request body may have 1 MiB.
pub const CALENDAR_BYTES: usize = 512 * 1024;
/// Events of an imported calendar that take place in the time it is imported for; those long past don't count.
pub const CALENDAR_EVENTS: usize = 2_000;
/// Occurrences of all events of a calendar in the time it is read for.
pub const CALENDAR_OCCURRENCES: u64 = 100_000;
/// Days and times that are looked at to find them: seconds of work, and far more than rules that people write need.
pub const CALENDAR_LOOKS: u64 = 10_000_000;
/// Shifts that one import creates.
pub const ROTA_SHIFTS: usize = 2_000;
/// How far ahead on-call shifts can be planned.
pub const ON_CALL_AHEAD: Duration = Duration::days(400);
/// Shifts that are read at once, earliest first.
pub const SHIFTS_READ: u64 = 10_000;

/// Entries of a person's calendar, earliest first: two months of shifts of a few hours.
pub const FEED_ENTRIES: usize = 500;
/// Calendars that are looked up for one caller's address within [`FEED_READS_WITHIN`]; those that were just read don't count. A company, or a
/// service that reads the calendars of many, may have one address.
pub const FEED_READS_OF_CALLER: usize = 300;
/// The time in which these are counted.
pub const FEED_READS_WITHIN: Duration = Duration::minutes(1);

/// Hours of an imagined incident that a page may ask for.
pub const IMAGINED_HOURS: std::ops::RangeInclusive<i32> = 1..=48;
/// Clients that an imagined incident affects at most.
pub const IMAGINED_CLIENTS: u32 = 20;
/// Steps of an imagined incident that a page is shown.
pub const IMAGINED_STEPS: usize = 300;

/// Days of a period that insights look at: five years, the whole of most teams' records.
pub const INSIGHTS_DAYS: i64 = 5 * 366;
/// Incidents of which a process keeps what insights are made of: some 60 MB. Any others are read again for each look.
pub const INSIGHTS_KEPT: usize = 200_000;
/// Incidents that a process reads at once to keep them.
pub const INSIGHTS_READ: usize = 10_000;
/// The years that a period of insights may lie in.
pub const INSIGHTS_YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;
/// Sites, or clients, whose figures are told at once: those with the most incidents. The files have all.
pub const INSIGHTS_GROUPS: usize = 200;
/// Pages whose ledger is read in one statement.
pub const LEDGER_ROWS: usize = 500;

/// How long a link lasts by which somebody shows that an account in the chat is theirs.
pub const CHAT_LINK_LIFETIME: Duration = Duration::hours(1);
/// How long it is known what arrived from the chat, so that a repeat is not done again.
pub const CHAT_ARRIVAL_KEPT: Duration = Duration::days(7);
/// Messages that one import of a chat's export takes.
pub const CHAT_IMPORT_MESSAGES: usize = 20_000;

/// Bytes of a page of the ops docs: a long runbook has a tenth of that.
pub const OPS_PAGE_BYTES: usize = 256 * 1024;
/// Pages of the ops docs.
pub const OPS_PAGES: usize = 10_000;
/// Bytes of all pages of the ops docs: they are read into memory at once.
pub const OPS_BYTES: usize = 32 * 1024 * 1024;
/// Characters of a page's path.
pub const OPS_PATH_CHARS: usize = 200;
/// Files that could not be read as pages and are named, of one reading.
pub const OPS_UNREAD: usize = 100;
/// Bytes of a page's front matter.
pub const FRONT_MATTER_BYTES: usize = 8 * 1024;
/// Words that a page of the ops docs can be found by: those that say the most of it.
pub const PAGE_TERMS: usize = 400;
/// Words that an incident can be found by.
pub const INCIDENT_TERMS: usize = 80;
/// Characters of how an incident ended, or of a section of its report, that it can be found by.
pub const TOLD_CHARS: usize = 5_000;
/// Known events that are suggested for an incident.
pub const SUGGESTIONS: usize = 3;
/// Known events that one search finds.
pub const KNOWN_FOUND: usize = 50;
/// Endpoints to which events are posted: each costs a row for each event that it wants.
pub const WEBHOOK_ENDPOINTS: usize = 20;
/// Messages that may wait for one endpoint: hours of a busy night. One that keeps more waiting is disabled.
pub const WEBHOOK_WAITING: u64 = 10_000;
/// Messages that may wait for an endpoint after a replay, which takes the oldest first: far fewer than would have it disabled.
pub const WEBHOOK_REPLAYED: u64 = 5_000;
/// How long messages are kept, whatever became of them.
pub const WEBHOOK_MESSAGES_KEPT: Duration = Duration::days(14);

/// How much may be kept of what comes without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many.
    pub posts: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// Heartbeats: a team's jobs, and more than anybody looks at.
pub const HEARTBEATS: u64 = 500;
/// Characters of a heartbeat's name, which is part of its address.
pub const HEARTBEAT_NAME_CHARS: usize = 64;
/// How long a heartbeat is silent while all is well: a minute, because workers look every second and jobs take their time, to a leap year.
pub const HEARTBEAT_EVERY_SECONDS: std::ops::RangeInclusive<i32> = 60..=366 * 86_400;
/// How much later it may be: a minute, because clocks and networks are not perfect, to a month.
pub const HEARTBEAT_GRACE_SECONDS: std::ops::RangeInclusive<i32> = 60..=31 * 86_400;
/// Beats of one heartbeat within this time are one.
pub const HEARTBEAT_PAUSE: Duration = Duration::seconds(1);
/// Characters of what a job says about its failure: the end of a log, in words.
pub const HEARTBEAT_FAILURE_CHARS: usize = 4_000;
/// How long a source of alerts may be silent by the settings.
pub const SOURCE_SILENT_MINUTES: std::ops::RangeInclusive<i64> = 5..=366 * 24 * 60;
