//! Mails that mean alerts: their rules, and the mailboxes in which they arrive.

use std::collections::BTreeMap;

use api::alert_sources::MailRule;
use api::alert_sources::mail_rules::{Means, Pattern};
use url::Url;
use worker::mailbox::Account;
use worker::outlets::client::is_this_machine;

use super::Source;
use super::alerts::SOURCES;

/// The folder of a mailbox in which mails arrive.
const INBOX: &str = "INBOX";

/// What mails mean, from the tables `[[alerts.sources.NAME.mail]]`.
pub(super) fn mail_rules(source: &mut Source<'_>, key: &str) -> Vec<MailRule> {
    let tables = source.tables_in(key);
    tables.iter().filter_map(|table| mail_rule(source, table)).collect()
}

fn mail_rule(source: &mut Source<'_>, table: &str) -> Option<MailRule> {
    let at = |field: &str| format!("{table}.{field}");
    let from = pattern(source, &at("from"), "*@statuscake.example");
    let subject = pattern(source, &at("subject"), "{id} is DOWN*");
    let level = source.filled(&at("level"));
    let means = source.filled(&at("means")).as_deref().and_then(Means::named);
    if means.is_none() {
        source.problem(&at("means"), "must be fires, ends or ignore");
    }
    let (from, subject, means) = (from?, subject?, means?);
    if from.has_identity() {
        source.problem(&at("from"), "can't name {id} or {title}: those are parts of the subject");
    }
    if means == Means::Ends && !subject.has_identity() {
        source.problem(&at("subject"), "must name what it has in common with the mail that began it, such as {id} is UP*");
    }
    if means != Means::Fires && level.is_some() {
        source.problem(&at("level"), "is for a rule that fires: nothing else has a level");
    }
    Some(MailRule { from, subject, means, level })
}

fn pattern(source: &mut Source<'_>, key: &str, example: &str) -> Option<Pattern> {
    let Some(text) = source.filled(key) else {
        source.problem(key, format_args!("is needed, such as {example}; * stands for anything"));
        return None;
    };
    Pattern::read(&text).map_err(|problem| source.problem(key, problem)).ok()
}

/// The mailboxes whose mails are those of a source, by its name.
pub fn mailboxes(source: &mut Source<'_>) -> BTreeMap<String, Account> {
    let names = source.names_in(SOURCES);
    names.into_iter().filter_map(|name| mailbox(source, &name).map(|account| (name, account))).collect()
}

fn mailbox(source: &mut Source<'_>, name: &str) -> Option<Account> {
    let table = format!("{SOURCES}.{name}.imap");
    if source.names_in(&table).is_empty() {
        return None;
    }
    let at = |field: &str| format!("{table}.{field}");
    let mut needed = |field: &str, what: &str| {
        let value = source.filled(&at(field));
        if value.is_none() {
            source.problem(&at(field), format_args!("is needed: {what}"));
        }
        value
    };
    let host = needed("host", "the IMAP server, such as imap.example.org");
    let (user, password) = (needed("user", "who reads the mailbox"), needed("password", "that of the user"));
    let port = source.parsed(&at("port"), "a number");
    let is_encrypted = source.parsed(&at("tls"), "true or false").unwrap_or(true);
    let folder = folder(source, &at("folder"));
    let taken = folder_of_taken(source, &at("move_to"), folder.as_deref());
    if source.filled(&format!("{SOURCES}.{name}.kind")).as_deref() != Some("mail") {
        source.problem(&at("host"), "has no use for this kind: only a source of kind mail has a mailbox");
    }
    let url = host.as_deref().and_then(|host| Url::parse(&format!("http://{host}/")).ok().filter(|url| url.host_str() == Some(host)));
    if host.is_some() && url.is_none() {
        source.problem(&at("host"), "must be a name in lower case or an address, such as imap.example.org");
    }
    if !is_encrypted && url.as_ref().is_some_and(|url| !is_this_machine(url)) {
        source.problem(&at("tls"), "can be false only if the server is on this machine: the password would be for everybody to read");
    }
    let port = port.unwrap_or(if is_encrypted { 993 } else { 143 });
    Some(Account {
        host: host?,
        port,
        user: user?,
        password: password?,
        folder: folder.unwrap_or_else(|| INBOX.to_owned()),
        taken,
        is_encrypted,
    })
}

/// A folder's name: letters beyond ASCII are written in a way of IMAP's own.
fn folder(source: &mut Source<'_>, key: &str) -> Option<String> {
    let folder = source.filled(key)?;
    if !folder.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        source.problem(key, "must be a folder's name in ASCII, as the server has it");
    }
    Some(folder)
}

fn folder_of_taken(source: &mut Source<'_>, key: &str, from: Option<&str>) -> Option<String> {
    let taken = folder(source, key)?;
    if taken.eq_ignore_ascii_case(from.unwrap_or(INBOX)) {
        source.problem(key, "must be another folder than the one that is read");
    }
    Some(taken)
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(settings: &str) -> Result<Settings, Vec<String>> {
        Settings::of_file(settings)
    }

    #[test]
    fn a_source_of_mails_may_have_a_mailbox() {
        let of = |imap: &str| read(&format!("[alerts.sources.mail]\nkind = 'mail'\n[alerts.sources.mail.imap]\n{imap}"));
        let settings = of("host = 'imap.example.org'\nuser = 'alerts'\npassword = 'hunter2'").unwrap();
        let account = &settings.mailboxes["mail"];
        assert_eq!(account.to_string(), "INBOX of alerts at imap.example.org:993");
        assert!(account.is_encrypted && !format!("{settings:?}").contains("hunter2"));
        let near = of("host = '127.0.0.1'\nuser = 'alerts'\npassword = 'hunter2'\ntls = false\nmove_to = 'Taken'").unwrap();
        assert_eq!((near.mailboxes["mail"].port, near.mailboxes["mail"].taken.as_deref()), (143, Some("Taken")));
        for (imap, key) in [
            ("user = 'alerts'\npassword = 'hunter2'", "alerts.sources.mail.imap.host"),
            ("host = 'imap.example.org'", "alerts.sources.mail.imap.password"),
            ("host = 'imaps://imap.example.org'\nuser = 'a'\npassword = 'hunter2'", "alerts.sources.mail.imap.host"),
            ("host = 'imap.example.org'\nuser = 'a'\npassword = 'hunter2'\ntls = false", "alerts.sources.mail.imap.tls"),
            ("host = 'imap.example.org'\nuser = 'a'\npassword = 'hunter2'\nport = 'x'", "alerts.sources.mail.imap.port"),
            ("host = 'imap.example.org'\nuser = 'a'\npassword = 'hunter2'\nfolder = 'Störung'", "alerts.sources.mail.imap.folder"),
            ("host = 'imap.example.org'\nuser = 'a'\npassword = 'hunter2'\nmove_to = 'Inbox'", "alerts.sources.mail.imap.move_to"),
        ] {
            let problems = of(imap).unwrap_err().join("\n");
            assert!(problems.contains(key) && !problems.contains("hunter2"), "{imap}: {problems}");
        }
        let other = "[alerts.sources.ours]\nkind = 'grafana'\n[alerts.sources.ours.imap]\nhost = 'x.example'\nuser = 'a'\npassword = 'b'";
        assert!(read(other).unwrap_err()[0].contains("only a source of kind mail has a mailbox"));
    }

    #[test]
    fn mails_have_rules_in_their_order() {
        let rule =
            |number: usize| format!("[[alerts.sources.mail.mail]]\nfrom = '*@x.example'\nsubject = '{number} {{id}}'\nmeans = 'ends'\n");
        let file = format!("[alerts.sources.mail]\nkind = 'mail'\n{}", (1..=11).map(rule).collect::<String>());
        let rules = read(&file).unwrap().alert_sources["mail"].mail.clone();
        assert_eq!(rules.len(), 11);
        assert!(rules[1].matches("a@x.example", "2 shop").is_some() && rules[10].matches("a@x.example", "11 shop").is_some());
        for (rule, expected) in [
            ("subject = '*'\nmeans = 'fires'", "alerts.sources.mail.mail.1.from (MUSTER_ALERTS__SOURCES__MAIL__MAIL__1__FROM) is needed"),
            ("from = '*'\nsubject = '{what} failed'\nmeans = 'fires'", "may name {id} and {title} and nothing else"),
            ("from = '*'\nsubject = '* is UP'\nmeans = 'ends'", "alerts.sources.mail.mail.1.subject"),
            ("from = '{id}'\nsubject = '*'\nmeans = 'ignore'", "alerts.sources.mail.mail.1.from"),
            ("from = '*'\nsubject = '*'\nmeans = 'page'", "must be fires, ends or ignore"),
            ("from = '*'\nsubject = '*'\nmeans = 'ignore'\nlevel = 'major'", "alerts.sources.mail.mail.1.level"),
            ("from = '*'\nsubject = '*'\nmeans = 'ignore'\ntitle = 'x'", "unknown setting `alerts.sources.mail.mail.1.title`"),
        ] {
            let problems = read(&format!("[alerts.sources.mail]\nkind = 'mail'\n[[alerts.sources.mail.mail]]\n{rule}")).unwrap_err();
            assert!(problems.join("\n").contains(expected), "{rule}: {problems:?}");
        }
    }
}
