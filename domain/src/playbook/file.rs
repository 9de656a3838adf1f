//! The playbook file: what differs from the built-in `playbook.toml`, read strictly.
//!
//! Called at start, when the file changes and by `muster playbook check`. A file with any problem is refused as a whole, and all
//! problems are reported at once, each with its line and key. Nothing is read from disk here: the caller reads the files that a
//! playbook names.

mod alert_rules;
mod report;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDate};
use entity::Severity;
use source::{Entry, Node, Sink, Table};

use super::{Board, Calendar, ChecklistItem, Goal, OutOfHours, Playbook, Rule, SeverityDefinition, StepText, holidays};
use crate::error::Result as Checked;
use crate::zone::Zone;
use crate::{limits, validate};

pub use source::Problem;

/// The defaults, annotated for people who write a playbook.
const BUILT_IN: &str = include_str!("../../../playbook.toml");
/// Contacts that may be configured even if `leadership.contacts` leaves them out.
const CONTACTS: [&str; 3] = ["cto", "head_of_tech_ops", "dpo"];
const DAYS: [(&str, &str); 7] = [
    ("monday", "mon"),
    ("tuesday", "tue"),
    ("wednesday", "wed"),
    ("thursday", "thu"),
    ("friday", "fri"),
    ("saturday", "sat"),
    ("sunday", "sun"),
];
const SEVERITIES: [(&str, Severity); 4] =
    [("critical", Severity::Critical), ("major", Severity::Major), ("minor", Severity::Minor), ("trivial", Severity::Trivial)];
/// Placeholders in the notice.
const OF_NOTICE: &[&str] = &["reference", "name", "severity", "since", "link"];
/// Placeholders in a client update, and in the closing one.
const OF_CLIENT_UPDATE: &[&str] = &["reference", "name", "severity", "status", "since", "latest", "next"];
const OF_LAST_WORD: &[&str] = &["reference", "name", "severity", "status", "since", "latest"];

/// Reads a file that a playbook names; the error says why it can't.
pub type Load<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The values of the built-in `playbook.toml`.
pub fn built_in() -> Playbook {
    read("built in", "", &|name| Err(format!("{name} is not built in"))).expect("the built-in playbook is valid: a unit test reads it")
}

/// Reads `text`, the file `name`, over the built-in values.
///
/// # Errors
/// All problems, in line order.
pub fn read(name: &str, text: &str, load: Load<'_>) -> Result<Playbook, Vec<Problem>> {
    let sink = Sink::new(name);
    if text.len() > limits::PLAYBOOK_BYTES {
        sink.refuse(format!("is larger than {} bytes", limits::PLAYBOOK_BYTES));
        return Err(sink.into_problems());
    }
    let defaults = sink.parse(BUILT_IN).map_or_else(Node::empty, Node::without_lines);
    let Some(values) = sink.parse(text) else { return Err(sink.into_problems()) };
    let playbook = playbook(defaults.overlaid(values).root(&sink), name, load);
    match sink.into_problems() {
        problems if problems.is_empty() => Ok(playbook),
        problems => Err(problems),
    }
}

fn playbook(mut root: Table<'_>, source: &str, load: Load<'_>) -> Playbook {
    let (reminders_escalate_after, reminders_again_every) = reminders(root.table("reminders"));
    let mut span = |table: &str, key: &str| {
        let mut table = root.table(table);
        let span = duration(&table.entry(key));
        table.finish();
        span
    };
    let (lead_within, comms_manager_within) = (span("lead", "within"), span("comms_manager", "within"));
    let escalate_others_after = span("escalation", "others_after");
    let summary_every = span("summary", "every");
    let (handover_after, stop_after) = (span("handover", "after"), span("stop", "after"));
    let (containment_within, review_after) = (span("containment", "within"), span("review", "after"));
    let channel_archive_after = span("channel", "archive_after");
    let (triage_within, criteria) = triage(root.table("triage"));
    let (page_acknowledge_within, out_of_hours) = paging(root.table("paging"));
    let client_update = client_update(root.table("client_update"));
    let (leadership_contacts, leadership_acknowledge_within) = leadership(root.table("leadership"));
    let (sections, blame) = report::report(root.table("report"));
    let alert_rules = alert_rules::alerts(&mut root);
    let known = known_contacts(&leadership_contacts);
    let email = |entry: &Entry<'_>| accepted(entry, "an e-mail address", validate::email);
    let playbook = Playbook {
        name: name(&root.entry("name")),
        source: source.to_owned(),
        grace: duration(&root.entry("grace")),
        reminders_escalate_after,
        reminders_again_every,
        working_hours: working_hours(root.table("working_hours"), load),
        triage_within,
        lead_within,
        comms_manager_within,
        leadership_acknowledge_within,
        leadership_contacts,
        page_acknowledge_within,
        out_of_hours,
        alert_rules,
        escalate_others_after,
        summary_every,
        client_update_every: client_update.every,
        client_update_template: client_update.template,
        client_update_closing: client_update.closing,
        second_pair_of_eyes: client_update.second_pair_of_eyes,
        handover_after,
        stop_after,
        containment_within,
        review_after,
        channel_archive_after,
        contacts: by_contact(root.table("contacts"), &known, &email),
        contact_titles: by_contact(root.table("contact_titles"), &known, &name),
        boards: boards(root.table("boards")),
        few_follow_ups: few_follow_ups(root.table("follow_ups")),
        report: sections,
        blame,
        severities: severities(root.table("severities")),
        criteria,
        goals: goals(root.entry("goals")),
        texts: texts(root.table("steps")),
        notice: notice(root.table("notice")),
    };
    root.finish();
    playbook
}

/// After how long somebody else is paged, and how often one who does nothing is reminded again.
fn reminders(mut table: Table<'_>) -> (Duration, Duration) {
    let spans = (duration(&table.entry("escalate_after")), duration(&table.entry("again_every")));
    table.finish();
    spans
}

fn triage(mut table: Table<'_>) -> (Duration, Vec<ChecklistItem>) {
    let within = duration(&table.entry("within"));
    let criteria = table.entry("criteria");
    let criteria = checklist(at_least_one(criteria, "tables with key and text"));
    table.finish();
    (within, criteria)
}

fn paging(mut table: Table<'_>) -> (Duration, OutOfHours) {
    let acknowledge_within = duration(&table.entry("acknowledge_within"));
    let mut urgent = table.table("out_of_hours");
    let mut severities = |source: &str| severity_set(urgent.entry(source));
    let out_of_hours = OutOfHours { alerts: severities("alerts"), tickets: severities("tickets"), reports: severities("reports") };
    urgent.finish();
    table.finish();
    (acknowledge_within, out_of_hours)
}

struct ClientUpdate {
    every: Duration,
    template: String,
    closing: String,
    second_pair_of_eyes: BTreeSet<Severity>,
}

fn client_update(mut table: Table<'_>) -> ClientUpdate {
    let every = duration(&table.entry("every"));
    let (proposed, last) = (table.entry("template"), table.entry("closing"));
    let template = template(&proposed, text(&proposed), OF_CLIENT_UPDATE);
    let closing = self::template(&last, text(&last), OF_LAST_WORD);
    let second_pair_of_eyes = severity_set(table.entry("second_pair_of_eyes"));
    table.finish();
    ClientUpdate { every, template, closing, second_pair_of_eyes }
}

fn severity_set(entry: Entry<'_>) -> BTreeSet<Severity> {
    let what = "severities such as \"critical\"";
    let mut severities = BTreeSet::new();
    for entry in bounded(entry, what) {
        let Some(text) = entry.text(what) else { continue };
        match SEVERITIES.iter().find(|(name, _)| *name == text) {
            Some((_, severity)) if severities.insert(*severity) => {}
            Some(_) => entry.problem(format!("{text} is named twice")),
            None => entry.problem(format!("{text:?} is not a severity; use critical, major, minor or trivial")),
        }
    }
    severities
}

fn leadership(mut table: Table<'_>) -> (Vec<String>, Duration) {
    let acknowledge_within = duration(&table.entry("acknowledge_within"));
    let mut contacts = Vec::new();
    for entry in bounded(table.entry("contacts"), "names of contacts") {
        let Some(contact) = key(&entry, "-_") else { continue };
        if contacts.contains(&contact) {
            entry.problem(format!("{contact} is named twice"));
        }
        contacts.push(contact);
    }
    table.finish();
    (contacts, acknowledge_within)
}

fn known_contacts(leadership: &[String]) -> BTreeSet<String> {
    leadership.iter().cloned().chain(CONTACTS.map(str::to_owned)).collect()
}

/// A table's values by contact.
fn by_contact(mut table: Table<'_>, known: &BTreeSet<String>, read: &dyn Fn(&Entry<'_>) -> String) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for contact in table.rest() {
        let entry = table.entry(&contact);
        if known.contains(&contact) {
            values.insert(contact, read(&entry));
        } else {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            entry.problem(format!("unknown contact; known ones are {}. Add others to leadership.contacts first", known.join(", ")));
        }
    }
    values
}

fn working_hours(mut table: Table<'_>, load: Load<'_>) -> Calendar {
    let days = working_days(table.entry("days"));
    let (opening, closing) = (table.entry("from"), table.entry("to"));
    let (from, to) = (minute_of_day(&opening), minute_of_day(&closing));
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        let later = if closing.is_default() { &opening } else { &closing };
        later.problem("work must begin before it ends, on the same day: `from` must be before `to`");
    }
    let zone = table.entry("time_zone");
    let zone = zone.text("a time zone such as \"Europe/London\"").and_then(|text| {
        let parsed = Zone::named(text);
        if parsed.is_none() {
            zone.problem(format!("there is no time zone {text:?}; use a name such as Europe/London or UTC"));
        }
        parsed
    });
    let zone = zone.unwrap_or(Zone::UTC);
    let holidays = holidays(table.entry("holidays"), &zone, load);
    table.finish();
    Calendar { days, from: from.unwrap_or(0), to: to.unwrap_or(1_440), zone, holidays }
}

fn working_days(entry: Entry<'_>) -> [bool; 7] {
    let mut days = [false; 7];
    for entry in at_least_one(entry, "days such as \"monday\"") {
        let Some(text) = entry.text("a day such as \"monday\"") else { continue };
        let lower = text.to_lowercase();
        match DAYS.iter().zip(&mut days).find(|((long, short), _)| lower == *long || lower == *short) {
            Some((_, true)) => entry.problem(format!("{text} is named twice")),
            Some((_, day)) => *day = true,
            None => entry.problem(format!("{text:?} is not a day; use monday, tuesday … or mon, tue …")),
        }
    }
    days
}

/// `HH:MM`, up to 24:00.
fn minute_of_day(entry: &Entry<'_>) -> Option<u32> {
    let what = "a time of day such as \"10:00\"";
    let text = entry.text(what)?;
    let two_digits = |part: &str| if part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()) { part.parse::<u32>().ok() } else { None };
    let minute = text.split_once(':').and_then(|(hours, minutes)| match (two_digits(hours)?, two_digits(minutes)?) {
        (24, 0) => Some(1_440),
        (hours @ 0..24, minutes @ 0..60) => Some(hours * 60 + minutes),
        _ => None,
    });
    if minute.is_none() {
        entry.problem(format!("{text:?} is not a time of day; write it as \"10:00\", at most \"24:00\""));
    }
    minute
}

fn holidays(entry: Entry<'_>, zone: &Zone, load: Load<'_>) -> BTreeSet<NaiveDate> {
    let what = "dates such as \"2026-12-25\" and names of .ics files";
    let mut days = BTreeSet::new();
    let items = if entry.is_text() { vec![entry] } else { entry.list(what) };
    for entry in items {
        let Some(text) = entry.text_or_date("a date such as \"2026-12-25\" or the name of an .ics file") else { continue };
        let is_calendar = text.get(text.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".ics"));
        let found = if is_calendar {
            load(text)
                .map_err(|why| format!("{text} can't be read: {why}"))
                .and_then(|calendar| holidays::read(&calendar, zone).map_err(|why| format!("{text}: {why}")))
        } else {
            let date = text.parse::<NaiveDate>().map(|date| BTreeSet::from([date]));
            date.map_err(|_| format!("{text:?} is neither a date such as 2026-12-25 nor the name of an .ics file"))
        };
        match found {
            Ok(found) => days.extend(found),
            Err(why) => entry.problem(why),
        }
    }
    days
}

fn boards(mut table: Table<'_>) -> BTreeMap<String, Board> {
    let mut boards = BTreeMap::new();
    for name in table.rest() {
        let entry = table.entry(&name);
        if !is_key(&name, "-") {
            entry.problem("the key of a board must be 1 to 50 lower-case letters, digits and -");
        }
        boards.insert(name, board(entry.table()));
    }
    boards
}

fn board(mut table: Table<'_>) -> Board {
    let title = name(&table.entry("title"));
    let mut id = |key: &str| {
        let entry = table.optional(key)?;
        let text = entry.text("the 24 hexadecimal digits of a Trello id")?.to_lowercase();
        if text.len() != 24 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            entry.problem("must be the 24 hexadecimal digits of a Trello id");
        }
        Some(text)
    };
    let board = Board { title, trello_board: id("trello_board"), trello_list: id("trello_list"), trello_done_list: id("trello_done_list") };
    table.finish();
    board
}

fn few_follow_ups(mut table: Table<'_>) -> usize {
    let few = table.entry("few").number("how many follow-ups need no reason", 1..=100);
    table.finish();
    few.and_then(|few| few.try_into().ok()).unwrap_or(1)
}

fn severities(mut table: Table<'_>) -> Vec<SeverityDefinition> {
    let definition = |(key, severity): &(&str, Severity)| {
        let mut table = table.table(key);
        let definition =
            SeverityDefinition { severity: *severity, meaning: text(&table.entry("meaning")), response: text(&table.entry("response")) };
        table.finish();
        definition
    };
    let definitions = SEVERITIES.iter().map(definition).collect();
    table.finish();
    definitions
}

fn goals(entry: Entry<'_>) -> Vec<Goal> {
    let mut keys = Vec::new();
    let mut goals = Vec::new();
    for entry in at_least_one(entry, "tables with key and title") {
        let mut table = entry.table();
        let key = unique_key(&table.entry("key"), &mut keys);
        let title = name(&table.entry("title"));
        let items = table.optional("checklist").map(|entry| bounded(entry, "tables with key and text")).unwrap_or_default();
        goals.push(Goal { key, title, breach_checklist: checklist(items) });
        table.finish();
    }
    goals
}

fn checklist(items: Vec<Entry<'_>>) -> Vec<ChecklistItem> {
    let mut keys = Vec::new();
    let mut list = Vec::new();
    for entry in items {
        let mut table = entry.table();
        list.push(ChecklistItem { key: unique_key(&table.entry("key"), &mut keys), text: text(&table.entry("text")) });
        table.finish();
    }
    list
}

fn texts(mut table: Table<'_>) -> BTreeMap<Rule, StepText> {
    let mut texts = BTreeMap::new();
    for rule in Rule::ALL {
        let mut table = table.table(rule.as_str());
        let (title, why) = (table.entry("title"), table.entry("why"));
        let (coming_title, coming_why) = (table.optional("coming_title"), table.optional("coming_why"));
        let filled_in: &[&str] = match rule {
            Rule::Leadership | Rule::LeadershipFallback => &["contact"],
            Rule::Handover => &["role"],
            _ => &[],
        };
        let of_title = |entry: &Entry<'_>| template(entry, name(entry), filled_in);
        let of_why = |entry: &Entry<'_>| template(entry, text(entry), filled_in);
        let text = StepText {
            title: of_title(&title),
            why: of_why(&why),
            coming_title: coming_title.as_ref().map(of_title),
            coming_why: coming_why.as_ref().map(of_why),
        };
        texts.insert(*rule, text);
        table.finish();
    }
    table.finish();
    texts
}

fn notice(mut table: Table<'_>) -> String {
    let entry = table.entry("text");
    let notice = template(&entry, text(&entry), OF_NOTICE);
    table.finish();
    notice
}

/// Reports placeholders in `text` that nothing fills in.
fn template(entry: &Entry<'_>, text: String, filled_in: &[&str]) -> String {
    let in_braces = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    for unknown in in_braces.filter(|name| !filled_in.contains(name)) {
        let known: Vec<String> = filled_in.iter().map(|name| format!("{{{name}}}")).collect();
        let known =
            if known.is_empty() { "there are no placeholders here".to_owned() } else { format!("known ones are {}", known.join(", ")) };
        entry.problem(format!("{{{unknown}}} is not a known placeholder; {known}"));
    }
    text
}

fn duration(entry: &Entry<'_>) -> Duration {
    let forms = "a duration such as \"90s\", \"30m\", \"2h\" or \"7d\"";
    let Some(text) = entry.text(forms) else { return Duration::zero() };
    match parse_duration(text) {
        Ok(duration) => duration,
        Err(why) => {
            entry.problem(why);
            Duration::zero()
        }
    }
}

/// Reads a duration such as `90s`, `30m`, `2h` or `7d`.
///
/// # Errors
/// What is wrong and how to fix it, including spans under a second or above [`limits::PLAYBOOK_SPAN`].
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write a whole number and s, m, h or d, such as 90s, 30m, 2h or 7d");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let digits = text.get(..text.len() - 1).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    // A number that overflows is too long in any case.
    let seconds = digits.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(unit);
    if seconds < 1 {
        return Err(format!("{text:?} is too short: the shortest duration is 1s"));
    }
    if seconds > limits::PLAYBOOK_SPAN.num_seconds() {
        return Err(format!("{text:?} is too long: the longest duration is {}d", limits::PLAYBOOK_SPAN.num_days()));
    }
    Ok(Duration::seconds(seconds))
}

fn name(entry: &Entry<'_>) -> String {
    accepted(entry, "text", validate::name)
}

fn text(entry: &Entry<'_>) -> String {
    accepted(entry, "text", validate::text)
}

/// The entry's text as returned by `check`.
fn accepted(entry: &Entry<'_>, what: &str, check: fn(&'static str, &str) -> Checked<String>) -> String {
    let Some(text) = entry.text(what) else { return String::new() };
    check("it", text).unwrap_or_else(|refusal| {
        entry.problem(refusal.to_string().trim_end_matches('.'));
        String::new()
    })
}

/// A key that the file chooses; `None` after a problem.
fn key(entry: &Entry<'_>, marks: &str) -> Option<String> {
    let text = entry.text("a key")?;
    if !is_key(text, marks) {
        entry.problem(format!(
            "{text:?} is not a valid key: use lower-case letters, digits and {}, at most 50 characters",
            marks.escape_debug()
        ));
        return None;
    }
    Some(text.to_owned())
}

/// A key that must not be in `taken` yet; adds it.
fn unique_key(entry: &Entry<'_>, taken: &mut Vec<String>) -> String {
    let Some(key) = key(entry, "-_") else { return String::new() };
    if taken.contains(&key) {
        entry.problem(format!("{key:?} is already taken; each needs its own key"));
    }
    taken.push(key.clone());
    key
}

fn is_key(text: &str, marks: &str) -> bool {
    (1..=50).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(c))
}

/// The items of a list that must not be empty.
fn at_least_one<'a>(entry: Entry<'a>, what: &str) -> Vec<Entry<'a>> {
    if entry.is_empty_list() {
        entry.problem(format!("is empty; it needs at least one of {what}"));
    }
    bounded(entry, what)
}

/// The items of a list of no more than [`limits::LIST_ITEMS`].
fn bounded<'a>(entry: Entry<'a>, what: &str) -> Vec<Entry<'a>> {
    if entry.items() > limits::LIST_ITEMS {
        entry.problem(format!("has {} entries; at most {} are allowed", entry.items(), limits::LIST_ITEMS));
        return Vec::new();
    }
    entry.list(what)
}

impl Default for Playbook {
    /// The built-in values.
    fn default() -> Self {
        built_in()
    }
}

#[cfg(test)]
mod tests;
