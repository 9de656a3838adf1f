//! `muster alert`: an alert from a script, or a mail from a mail server's pipe.
//!
//! A mail is not kept here: what the server does not take now is left to the mail server, which has it and tries again. What a script says is
//! kept as notes are. Either way the code to end with says whether the server has it.

use std::io::{self, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args};
use domain::clock::{Clock, SystemClock};
use domain::error::code;
use domain::limits;
use serde_json::{Value, json};

use super::server::{Failure, Server, fresh_key};
use super::spool::{ALERT, Entry};
use super::{Recorded, record};
use crate::output::{complain, line};

/// Bytes of a mail that are sent. What is behind them is files and pictures.
const MAIL_BYTES: u64 = 1024 * 1024;
/// The source of mails unless another is named.
const MAIL: &str = "mail";
/// How the server knows a mail.
const MAIL_TYPE: &str = "message/rfc822";
/// What sysexits.h calls `EX_DATAERR`: mail servers give up on a mail then.
const UNREADABLE: u8 = 65;
/// What sysexits.h calls `EX_TEMPFAIL`: mail servers try again later.
const LATER: u8 = 75;

/// An alert, or a mail that means one.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["stdin", "title"])))]
pub struct Alert {
    /// The server's address, such as `https://muster.example.org`; without it, `url` in ~/.config/muster/remote.toml.
    #[arg(long, env = "MUSTER_URL")]
    server: Option<String>,
    /// Reads a mail, as .forward, procmail and Postfix hand it over. Ends with 75 if it is to be tried again.
    #[arg(long)]
    stdin: bool,
    /// Of a mail, its source in the server's settings (mail); of an alert, what people know its source by (this machine's name).
    #[arg(long)]
    source: Option<String>,
    /// What is wrong, in one line.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    title: Option<String>,
    /// What is the same each time, if the title is not.
    #[arg(long, conflicts_with = "stdin")]
    id: Option<String>,
    /// More, for people.
    #[arg(long, conflicts_with = "stdin")]
    description: Option<String>,
    /// How bad it is, in a word that has a level in the server's settings.
    #[arg(long, conflicts_with = "stdin", default_value = "major")]
    severity: String,
    /// What it is about: a host or a web address of a site.
    #[arg(long, conflicts_with = "stdin")]
    site: Option<String>,
    /// It is over.
    #[arg(long, conflicts_with = "stdin")]
    ends: bool,
}

/// Tells the server of it.
///
/// # Errors
/// What the server refuses of an alert. A mail fails by its exit code alone, which the mail server reads.
pub async fn alert(alert: Alert) -> anyhow::Result<ExitCode> {
    let Some(title) = &alert.title else { return Ok(mail(&alert).await) };
    let server = Server::at(alert.server.as_deref())?;
    let entry = Entry {
        key: fresh_key(),
        server: server.address(),
        token: server.token_mark(),
        incident: None,
        kind: ALERT.to_owned(),
        text: title.clone(),
        occurred_at: SystemClock.now(),
        details: Some(own_form(&alert, title)),
    };
    Ok(match record(&server, None, entry).await? {
        Recorded::Sent(answer) => {
            say(&answer);
            ExitCode::SUCCESS
        }
        Recorded::Kept => ExitCode::from(LATER),
        Recorded::Unsettled => ExitCode::FAILURE,
    })
}

/// The alert in Muster's own form.
fn own_form(alert: &Alert, title: &str) -> Value {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    // What a program printed may be long, and has to arrive all the same.
    let line = one_line(title);
    let whole: Option<String> = (line != title).then(|| title.chars().take(limits::TEXT_CHARS).collect());
    json!({
        "source": alert.source.clone().unwrap_or_else(host),
        "alerts": [{
            "id": alert.id.as_deref().map_or_else(|| line.clone(), one_line),
            "title": line,
            "description": alert.description.clone().or(whole),
            "state": if alert.ends { "resolved" } else { "firing" },
            "severity": alert.severity,
            "links": alert.site.as_slice(),
        }],
    })
}

/// A text as a title.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(limits::NAME_CHARS).collect()
}

/// Hands on a mail from standard input. Whatever goes wrong here, the mail server is to try again, unless the mail can't be read.
async fn mail(alert: &Alert) -> ExitCode {
    match hand_on(alert).await {
        Ok(answer) => {
            say(&answer);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(format_args!("muster: {error:#}"));
            let is_unreadable = matches!(
                error.downcast_ref::<Failure>(),
                Some(Failure::Refused { code, .. }) if code == code::BAD_USER_INPUT
            );
            ExitCode::from(if is_unreadable { UNREADABLE } else { LATER })
        }
    }
}

async fn hand_on(alert: &Alert) -> anyhow::Result<Value> {
    let source = alert.source.as_deref().unwrap_or(MAIL);
    if !source.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')) {
        bail!("--source is the name of a source in the server's settings: lower-case letters, digits, - and _");
    }
    let mail = head_of(io::stdin().lock()).context("the mail can't be read from standard input")?;
    let server = Server::at(alert.server.as_deref())?;
    Ok(server.post(&format!("/hooks/alerts/{source}"), MAIL_TYPE, mail).await?)
}

/// The head of a mail. The rest is read and dropped: who writes into a pipe that nobody reads takes it for a failure.
fn head_of(mut mail: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    mail.by_ref().take(MAIL_BYTES).read_to_end(&mut head)?;
    io::copy(&mut mail, &mut io::sink())?;
    Ok(head)
}

/// Says what became of an alert, if the server said so. A mail server has no use for that, and no harm is done if it can't be printed.
fn say(answer: &Value) {
    if answer.is_object() {
        let _ = line(what_became(answer));
    }
}

/// Why nothing comes of an alert, by what the answer counts it as.
const WHY: [(&str, &str); 6] = [
    ("ignored", "It means nothing: a rule says so, or it answers by itself or goes to many."),
    ("recorded", "It is only recorded: a rule says so."),
    ("quiet", "It is only recorded, because a quiet window is on. What still fires when it is over is reported then."),
    ("tooLow", "It is recorded and opens no incident: by the server's setting alerts.levels, its severity opens none."),
    ("unjoined", "It is recorded and opens no incident: a rule has it only join one, and none runs for it."),
    ("notFiring", "It is over, and the server did not know that it fired."),
];

fn what_became(answer: &Value) -> String {
    let count = |name: &str| answer[name].as_u64().unwrap_or(0);
    if let Some((_, words)) = WHY.into_iter().find(|(name, _)| count(name) > 0) {
        return words.to_owned();
    }
    match (count("new"), count("ended")) {
        (0, 0) => "It is recorded; nothing new fires or has ended.".to_owned(),
        (new, ended) if answer["incident"].is_string() => format!("It belongs to an incident: {new} new, {ended} ended."),
        (new, ended) => format!("It is taken: {new} new, {ended} ended."),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        alert: Alert,
    }

    fn typed(words: &str) -> Result<Alert, String> {
        let parsed = Arguments::try_parse_from(words.split(' '));
        parsed.map(|arguments| arguments.alert).map_err(|error| error.to_string())
    }

    #[test]
    fn either_a_mail_or_a_title_is_given() {
        Arguments::command().debug_assert();
        assert!(typed("alert --stdin").is_ok() && typed("alert --stdin --source checks").is_ok());
        for bad in ["alert", "alert --stdin --title x", "alert --stdin --ends", "alert --severity major"] {
            assert!(typed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_alert_has_the_form_of_the_hook() {
        let form = |words: &str| {
            let alert = typed(words).unwrap();
            own_form(&alert, alert.title.as_deref().unwrap())
        };
        let fires = form("alert --title Backup-failed --source backups --site shop.example.org");
        assert_eq!(fires["source"], "backups");
        let expected = json!([{ "id": "Backup-failed", "title": "Backup-failed", "description": null, "state": "firing",
            "severity": "major", "links": ["shop.example.org"] }]);
        assert_eq!(fires["alerts"], expected);
        let long = format!("Backup\nfailed: {}", "x".repeat(300));
        let alert = Arguments::parse_from(["muster", "--title", &*long]).alert;
        let shown = &own_form(&alert, &long)["alerts"][0];
        let title = shown["title"].as_str().unwrap();
        assert!(title.starts_with("Backup failed: x") && title.len() == limits::NAME_CHARS && shown["id"] == title);
        assert_eq!(shown["description"], long);
        let over = form("alert --title Fine --id backup --ends");
        assert_eq!((&over["alerts"][0]["id"], &over["alerts"][0]["state"]), (&json!("backup"), &json!("resolved")));
        assert!(over["source"].as_str().is_some_and(|host| !host.is_empty()));
    }

    #[test]
    fn a_line_says_what_became_of_it() {
        for (answer, expected) in [
            (json!({ "incident": "inc_1", "new": 1, "ended": 0 }), "It belongs to an incident: 1 new, 0 ended."),
            (json!({ "incident": null, "new": 0, "ended": 1 }), "It is taken: 0 new, 1 ended."),
            (json!({ "incident": "inc_1", "new": 0, "ended": 0 }), "It is recorded; nothing new"),
            (json!({ "incident": null, "new": 1, "ended": 0, "tooLow": 1 }), "It is recorded and opens no incident: by the server"),
            (json!({ "incident": null, "new": 0, "ended": 0, "ignored": 1 }), "It means nothing"),
        ] {
            assert!(what_became(&answer).starts_with(expected), "{answer}");
        }
    }

    #[test]
    fn of_a_long_mail_the_head_is_taken_and_the_rest_is_read() {
        let head = head_of(io::repeat(b'x').take(3 * MAIL_BYTES)).unwrap();
        assert_eq!(head.len() as u64, MAIL_BYTES);
        assert_eq!(head_of(&b"short"[..]).unwrap(), b"short");
    }
}
