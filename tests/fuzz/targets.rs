//! What takes what others send.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use api::AlertSource;
use api::alert_sources::mail_rules::{Means, Pattern};
use api::alert_sources::{MailRule, kind};
use chrono::{Duration, SecondsFormat};
use clap::ValueEnum;
use domain::zone::Zone;
use entity::Severity;
use harness::app::{HOOK_SECRET, SIGNING_SECRET, start_of_time};
use harness::drive::id;
use harness::fakes::sign;
use harness::logs::Logs;
use harness::{Client, Engine, TestApp};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const TRELLO_SECRET: &str = "trello-secret-of-the-fuzzer";
const BOUNDARY: &str = "b";

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The translation of what Alertmanager posts.
    Alertmanager,
    /// The translation of alerts from anything else.
    Alerts,
    /// The translations of all kinds of sources.
    Sources,
    /// Mails, and what they mean by rules.
    Mail,
    /// What becomes of alerts that are posted.
    Hook,
    /// Ticket events.
    Zendesk,
    /// Changes of cards.
    Trello,
    /// The playbook's file.
    Playbook,
    /// Rotas and holidays.
    Calendar,
    /// Forms with a file.
    Form,
    /// GraphQL documents.
    Document,
}

/// What inputs are tried on: the answer, or why it is a finding.
pub struct Subject<'a>(Box<dyn Fn(&[u8]) -> Result<String, String> + 'a>);

impl Subject<'_> {
    /// Tries an input.
    pub fn try_out(&self, input: &[u8]) -> Result<String, String> {
        catch_unwind(AssertUnwindSafe(|| (self.0)(input))).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()));
            Err(format!("it panics: {}", words.unwrap_or_default()))
        })
    }
}

impl Target {
    /// As on the command line, and of its corpus.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Prepares the subject, and runs `work` with it.
    pub fn run<T>(self, work: impl FnOnce(&Subject<'_>) -> T) -> T {
        match self {
            Self::Alertmanager => work(&Subject(Box::new(|input| Ok(translated("alertmanager", input))))),
            Self::Alerts => work(&Subject(Box::new(|input| Ok(translated("alerts", input))))),
            Self::Sources => work(&Subject(Box::new(|input| Ok(of_all_kinds(input))))),
            Self::Mail => work(&Subject(Box::new(|input| Ok(mail(input))))),
            Self::Playbook => work(&Subject(Box::new(|input| Ok(playbook(input))))),
            Self::Calendar => work(&Subject(Box::new(|input| Ok(calendar(input))))),
            Self::Hook | Self::Zendesk | Self::Trello | Self::Form | Self::Document => self.run_served(work),
        }
    }

    /// With a whole server on SQLite.
    fn run_served<T>(self, work: impl FnOnce(&Subject<'_>) -> T) -> T {
        let logs = Logs::default();
        logs.in_runtime(async {
            let builder = TestApp::builder(Engine::Sqlite);
            let builder = builder.settings(|settings| settings.trello_secret = Some(TRELLO_SECRET.to_owned()));
            let app = builder.start(&logs).await;
            let sam = app.responder("Sam").await;
            let incident = id(&sam.declare("errors").await).to_owned();
            let (nobody, runtime) = (app.anonymous(), tokio::runtime::Handle::current());
            let subject = Subject(Box::new(move |input| {
                let request = self.request(&app, &nobody, &sam, &incident, input);
                // The thread is the one that the runtime was entered with, and has nothing else to do.
                let answer = tokio::task::block_in_place(|| runtime.block_on(answer(request)))?;
                match app.error_logs().first() {
                    Some(error) => Err(format!("an error was logged: {error}")),
                    None => Ok(answer),
                }
            }));
            work(&subject)
        })
    }

    fn request(self, app: &TestApp, nobody: &Client, sam: &Client, incident: &str, input: &[u8]) -> RequestBuilder {
        match self {
            Self::Hook => nobody.request(Method::POST, "/hooks/alertmanager").bearer_auth(HOOK_SECRET).body(input.to_vec()),
            Self::Zendesk => {
                let time = app.now().to_rfc3339_opts(SecondsFormat::Secs, true);
                let request = nobody.request(Method::POST, "/hooks/zendesk");
                let signature = sign::zendesk(SIGNING_SECRET, &time, input);
                let request =
                    request.header("x-zendesk-webhook-signature", signature).header("x-zendesk-webhook-signature-timestamp", time);
                request.header("content-type", "application/json").body(input.to_vec())
            }
            Self::Trello => {
                let callback = format!("{}/hooks/trello", app.domain.config.public_url);
                let signature = sign::trello(TRELLO_SECRET, input, &callback);
                nobody.request(Method::POST, "/hooks/trello").header("x-trello-webhook", signature).body(input.to_vec())
            }
            Self::Form => {
                // The corpus can't know the incident.
                let body = replaced(input, b"INCIDENT", incident.as_bytes());
                let kind = format!("multipart/form-data; boundary={BOUNDARY}");
                sam.request(Method::POST, "/files").header("content-type", kind).body(body)
            }
            _ => {
                let body = json!({ "query": String::from_utf8_lossy(input), "variables": { "id": incident } });
                sam.request(Method::POST, "/graphql").json(&body)
            }
        }
    }
}

/// What was answered, as far as it tells answers apart.
async fn answer(request: RequestBuilder) -> Result<String, String> {
    let response = request.send().await.map_err(|error| format!("there was no answer: {error}"))?;
    let status = response.status();
    let text = response.text().await.map_err(|error| format!("the answer broke off: {error}"))?;
    let is_ours = status.is_server_error() || text.contains("\"INTERNAL\"");
    if is_ours {
        return Err(format!("{status}: {text}"));
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let first = body["errors"].get(0).unwrap_or(&body["error"]);
    Ok(format!("{status} {}", first["message"].as_str().unwrap_or("taken")))
}

fn translated(hook: &str, input: &[u8]) -> String {
    let levels = BTreeMap::from([("critical".to_owned(), Severity::Critical), ("warning".to_owned(), Severity::Minor)]);
    match api::alarms(hook, input, &levels) {
        Ok(all) => format!("{} alerts", all.iter().map(|alarms| alarms.alerts.len()).sum::<usize>()),
        Err(why) => why,
    }
}

fn of_all_kinds(input: &[u8]) -> String {
    api::alert_sources::KINDS.iter().map(|kind| translated(kind.name, input)).collect::<Vec<_>>().join("\n")
}

fn mail(input: &[u8]) -> String {
    let pattern = |text: &str| Pattern::read(text).expect("it can be read");
    let rule = |subject: &str, means: Means| MailRule { from: pattern("*.example"), subject: pattern(subject), means, level: None };
    let mail = vec![rule("*<*> {id} {title}", Means::Fires), rule("{id}is*", Means::Ends)];
    let source = AlertSource { mail, ..AlertSource::plain(kind("mail").expect("it is in the table")) };
    match source.mail(&BTreeMap::new(), input).alarms {
        Ok(all) => format!("{} alerts", all.len()),
        Err(why) => why,
    }
}

fn playbook(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    // Holidays are in a file that is broken in the same way.
    let load = |_: &str| Ok(input.to_vec());
    match domain::playbook::file::read("playbook.toml", &text, &load) {
        Ok(playbook) => {
            // Days are counted with whatever it says.
            let opening = playbook.working_hours.next_opening(start_of_time());
            format!("read, opens at {}", playbook.working_hours.plus_working_days(opening, 3))
        }
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn calendar(input: &[u8]) -> String {
    let (zone, from) = (Zone::named("Europe/Berlin").expect("it is in the tables"), start_of_time());
    match domain::calendar::read(input, &zone, from, from + Duration::days(400)) {
        Ok(events) => format!("{} events, {} unread", events.len(), events.iter().filter(|event| event.times.is_err()).count()),
        Err(why) => why,
    }
}

fn replaced(input: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match input.windows(from.len()).position(|window| window == from) {
        Some(at) => [&input[..at], to, &input[at + from.len()..]].concat(),
        None => input.to_vec(),
    }
}
