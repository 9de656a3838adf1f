//! A call's way to its method: who calls, how often, with which scopes and in which form.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::methods::{self, BOOKMARKS, CONNECT, Method, OPEN, POST};
use super::state::{State, wrong};
use super::{APP_TOKEN, BOT_TOKEN, Slack, channels, messages, users, views};
use crate::fakes::http::{Reply, Request};
use crate::fakes::limits::Window;

/// What a method says. A refusal has the status 200 as well.
pub(super) type Outcome = Result<Value, Value>;

/// What a call holds, however it was written.
pub(super) struct Call<'a> {
    pub method: &'static str,
    pub now: DateTime<Utc>,
    pub url: &'a str,
    arguments: Map<String, Value>,
}

impl Call<'_> {
    /// An argument that must be there.
    pub fn text(&self, name: &str) -> Result<&str, Value> {
        self.optional(name).ok_or_else(|| wrong("invalid_arguments"))
    }

    pub fn optional(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn value(&self, name: &str) -> &Value {
        self.arguments.get(name).unwrap_or(&Value::Null)
    }

    /// A switch, which is a word in a query.
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name) == true || self.optional(name) == Some("true")
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        self.value(name).as_u64().and_then(|number| usize::try_from(number).ok()).or_else(|| self.optional(name)?.parse().ok())
    }
}

impl Slack {
    pub(super) fn call(&self, request: &Request) -> Reply {
        let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        match path.as_slice() {
            ["api", method] => self.method(request, method),
            ["respond", id] => self.respond(request, id),
            ["files", id] => self.file(request, id),
            _ => Reply::text(404, "Not Found"),
        }
    }

    fn method(&self, request: &Request, name: &str) -> Reply {
        let Some(method) = methods::named(name) else { return Reply::json(200, &wrong("unknown_method")) };
        let mut state = self.state();
        if let Err(refusal) = state.admit(request, method) {
            return Reply::json(200, &refusal);
        }
        let arguments = match arguments(request, method) {
            Ok(arguments) => arguments,
            Err(refusal) => return Reply::json(200, &refusal),
        };
        let call = Call { method: method.name, now: self.front.now(), url: self.front.url(), arguments };
        if let Err(seconds) = state.count(&call, method) {
            return Reply::json(429, &wrong("ratelimited")).header("retry-after", seconds);
        }
        let scopes = state.scopes.iter().cloned().collect::<Vec<_>>().join(",");
        let outcome = state.refused_or(&call, |state| state.checked(&call, method));
        let mut answer = outcome.unwrap_or_else(|refusal| refusal);
        if answer.get("ok").is_none() {
            answer["ok"] = true.into();
        }
        Reply::json(200, &answer).header("x-oauth-scopes", scopes)
    }

    /// An answer to a command or button. It takes five within half an hour.
    fn respond(&self, request: &Request, id: &str) -> Reply {
        let now = self.front.now();
        let Some(body) = request.json() else { return Reply::text(400, "invalid_payload") };
        if let Some(problem) = messages::problem(&body) {
            return Reply::text(400, &problem);
        }
        let mut state = self.state();
        let Some(known) = state.replies.get_mut(id).filter(|known| known.left > 0 && now - known.at < Duration::minutes(30)) else {
            return Reply::text(404, "used_url");
        };
        known.left -= 1;
        let (user, channel) = (known.user.clone(), known.channel.clone());
        state.heard(&user, &channel, body, now);
        Reply::text(200, "ok")
    }

    fn file(&self, request: &Request, id: &str) -> Reply {
        if request.header("authorization") != Some(&*format!("Bearer {BOT_TOKEN}")) {
            // The real one shows its sign-in page.
            return Reply::text(302, "").header("location", "https://slack.com/signin");
        }
        let state = self.state();
        let Some(file) = state.files.get(id) else { return Reply::text(404, "Not Found") };
        Reply { status: 200, headers: vec![("content-type", file.media_type.clone())], body: file.content.clone() }
    }
}

/// The arguments, in the one form that the method takes.
fn arguments(request: &Request, method: &Method) -> Result<Map<String, Value>, Value> {
    let arguments: Map<String, Value> = if method.takes_json {
        // The real one only warns of a missing charset.
        let is_json = request.header("content-type") == Some("application/json; charset=utf-8");
        if request.method != "POST" || !request.query.is_empty() || !(is_json || request.body.is_empty()) {
            return Err(wrong("invalid_form_data"));
        }
        let body = if request.body.is_empty() { Some(json!({})) } else { request.json() };
        body.and_then(|body| body.as_object().cloned()).ok_or_else(|| wrong("invalid_json"))?
    } else {
        if request.method != "GET" {
            return Err(wrong("invalid_arguments"));
        }
        request.query.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
    };
    match arguments.keys().find(|name| !method.arguments.contains(&name.as_str())) {
        None => Ok(arguments),
        Some(unknown) => {
            Err(json!({ "ok": false, "error": "invalid_arguments", "response_metadata": { "messages": [format!("unknown: {unknown}")] } }))
        }
    }
}

impl State {
    fn admit(&self, request: &Request, method: &Method) -> Result<(), Value> {
        let given = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        let wanted = if method.name == CONNECT { APP_TOKEN } else { BOT_TOKEN };
        match given {
            None => Err(wrong("not_authed")),
            Some(_) if self.is_revoked => Err(wrong("token_revoked")),
            Some(given) if given == wanted => Ok(()),
            Some(APP_TOKEN | BOT_TOKEN) => Err(wrong("not_allowed_token_type")),
            Some(_) => Err(wrong("invalid_auth")),
        }
    }

    /// Counts a call, or says after how many seconds it may come again.
    fn count(&mut self, call: &Call<'_>, method: &Method) -> Result<(), i64> {
        let mut counted = vec![(method.name.to_owned(), method.a_minute, Duration::minutes(1))];
        if method.name == POST {
            counted.push((format!("{POST} {}", call.optional("channel").unwrap_or_default()), 1, Duration::seconds(1)));
        }
        for (key, most, span) in counted {
            self.windows.entry(key).or_insert_with(|| Window::new(most, span)).take(call.now)?;
        }
        Ok(())
    }

    /// What was asked to go wrong with this call, or what happens.
    fn refused_or(&mut self, call: &Call<'_>, happens: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let Some(at) = self.refusing.iter().position(|refusing| refusing.method == call.method) else { return happens(self) };
        let refusing = &mut self.refusing[at];
        refusing.left -= 1;
        let (error, is_done, is_over) = (refusing.error.clone(), refusing.is_done, refusing.left == 0);
        if is_over {
            self.refusing.remove(at);
        }
        if is_done {
            let _ = happens(self);
        }
        Err(wrong(&error))
    }

    fn checked(&mut self, call: &Call<'_>, method: &Method) -> Outcome {
        let channel = call.optional("channel").or(call.optional("channel_id"));
        let is_private = call.is_on("is_private") || channel.and_then(|id| self.channels.get(id)).is_some_and(|channel| channel.is_private);
        let needed = if is_private { method.private } else { method.scopes };
        if !needed.is_empty() && !needed.iter().any(|scope| self.scopes.contains(*scope)) {
            let provided = self.scopes.iter().cloned().collect::<Vec<_>>().join(",");
            return Err(json!({ "ok": false, "error": "missing_scope", "needed": needed[0], "provided": provided }));
        }
        match method.name {
            "auth.test" => Ok(users::who_am_i(call.url)),
            CONNECT => self.ticket(),
            "conversations.create" => channels::create(self, call),
            "conversations.invite" => channels::invite(self, call),
            "conversations.setTopic" => channels::set_topic(self, call),
            "conversations.setPurpose" => channels::set_purpose(self, call),
            "conversations.archive" => channels::archive(self, call),
            "conversations.join" => channels::join(self, call),
            "conversations.info" => channels::info(self, call),
            "conversations.list" => channels::list(self, call),
            OPEN => channels::open(self, call),
            BOOKMARKS => channels::bookmarks(self, call),
            "bookmarks.add" => channels::bookmark(self, call),
            "pins.add" => channels::pin(self, call),
            "conversations.history" => messages::history(self, call),
            "conversations.replies" => messages::replies(self, call),
            POST => messages::post(self, call),
            "chat.update" => messages::update(self, call),
            "views.open" => views::open(self, call),
            "views.update" => views::update(self, call),
            "views.publish" => views::publish(self, call),
            "users.info" => users::info(self, call),
            "users.lookupByEmail" => users::by_email(self, call),
            other => unreachable!("{other} is in the table"),
        }
    }
}
