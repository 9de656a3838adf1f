//! What Trello posts: changes of cards (S4).
//!
//! Trello signs the raw body together with the address it posts to, which must be the registered one, and retries if it gets no 2xx:
//! whatever may pass is answered 503. The signature covers no time, so anyone could replay a post: each action is processed only once.
//! A 410 would delete the webhook and is never given.

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use domain::authz::Actor;
use domain::follow_up::{self, CardChange, CardNews};
use domain::ports::Member;
use domain::validate;
use entity::Source;
use hmac::Hmac;
use serde::Deserialize;
use sha1::Sha1;

use super::signed::{is_code_of, refused};
use super::{not_taken, read};
use crate::http::posted::SignedBody;
use crate::http::problem::Problem;
use crate::http::server::Server;

/// Answers Trello's check that the address exists, before it begins to post.
pub async fn trello_is_here(State(server): State<Server>) -> Result<StatusCode, Problem> {
    secret(&server).map(|_| StatusCode::OK)
}

const WRONG_SIGNATURE: &str = "The signature of this webhook is wrong: trello.secret and public_url must match what Trello has.";

/// The signature that a post shows. Without one, nothing of it is read.
pub struct Signature(Vec<u8>);

impl FromRequestParts<Server> for Signature {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, server: &Server) -> Result<Self, Problem> {
        secret(server)?;
        let shown = request.headers.get("x-trello-webhook").and_then(|value| decoded(value.to_str().ok()?));
        shown.map(Self).ok_or_else(|| refused(WRONG_SIGNATURE))
    }
}

fn decoded(signature: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(signature.trim()).ok()
}

/// Takes an action on a board.
pub async fn trello(
    State(server): State<Server>,
    Signature(signature): Signature,
    SignedBody(body): SignedBody,
) -> Result<StatusCode, Problem> {
    let parts = &server.app.0;
    let callback = format!("{}/hooks/trello", parts.settings.public_url.trim_end_matches('/'));
    if !is_signed(secret(&server)?, &body, &callback, &signature) {
        return Err(refused(WRONG_SIGNATURE));
    }
    let action: TrelloAction = read::<Post>(&body)?.action;
    let Some(news) = action.news() else { return Ok(StatusCode::OK) };
    let ctx = parts.domain.ctx(Actor::System, Source::Trello);
    let taken = parts.domain.db.while_up(Box::pin(follow_up::card_seen(&ctx, &news, Some(&action.id)))).await.flatten();
    taken.map_err(|error| not_taken(error, "a change of a card"))?;
    Ok(StatusCode::OK)
}

fn secret(server: &Server) -> Result<&str, Problem> {
    let secret = server.app.0.settings.trello_secret.as_deref();
    secret.ok_or_else(|| Problem::not_found("Trello's webhooks are not set up here: the setting trello.secret is missing."))
}

/// Whether `signature` is that of the raw body and the address.
fn is_signed(secret: &str, body: &[u8], callback: &str, signature: &[u8]) -> bool {
    is_code_of::<Hmac<Sha1>>(signature, secret, [body, callback.as_bytes()])
}

/// What Trello sends, as far as we need it.
#[derive(Deserialize)]
struct Post {
    action: TrelloAction,
}

#[derive(Deserialize)]
struct TrelloAction {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    date: DateTime<Utc>,
    #[serde(default)]
    data: Data,
    member: Option<ActionMember>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    card: Option<ActionCard>,
    /// The old values; the keys say what was changed.
    old: Option<serde_json::Map<String, serde_json::Value>>,
    id_member: Option<String>,
    member: Option<DataMember>,
}

/// The card: only the fields that changed, and its name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionCard {
    id: String,
    name: Option<String>,
    id_list: Option<String>,
    closed: Option<bool>,
    due_complete: Option<bool>,
    due: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct DataMember {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionMember {
    id: String,
    username: Option<String>,
    full_name: Option<String>,
}

impl TrelloAction {
    /// What it means for a card; `None` if it does not concern follow-ups.
    fn news(&self) -> Option<CardNews> {
        let card = self.data.card.as_ref()?;
        let change = match self.kind.as_str() {
            "updateCard" => self.changed(card)?,
            "addMemberToCard" => CardChange { joined: Some(self.joined()?), ..CardChange::default() },
            "removeMemberFromCard" => CardChange { left: Some(self.data.id_member.clone()?), ..CardChange::default() },
            "deleteCard" => return Some(CardNews::Gone { card: card.id.clone() }),
            _ => return None,
        };
        Some(CardNews::Changed { card: card.id.clone(), at: validate::storable(self.date), change: Box::new(change) })
    }

    fn changed(&self, card: &ActionCard) -> Option<CardChange> {
        let was_changed = |field: &str| self.data.old.as_ref().is_some_and(|old| old.contains_key(field));
        let change = CardChange {
            title: card.name.clone().filter(|_| was_changed("name")),
            due_at: was_changed("due").then(|| card.due.map(validate::storable)),
            list: card.id_list.clone().filter(|_| was_changed("idList")),
            complete: card.due_complete.filter(|_| was_changed("dueComplete")),
            archived: card.closed.filter(|_| was_changed("closed")),
            ..CardChange::default()
        };
        (change != CardChange::default()).then_some(change)
    }

    fn joined(&self) -> Option<Member> {
        let id = self.data.id_member.clone()?;
        let known = self.member.as_ref().filter(|member| member.id == id);
        let name = known.and_then(|member| member.full_name.clone()).or_else(|| self.data.member.as_ref()?.name.clone());
        Some(Member { id, name: name.unwrap_or_default(), username: known.and_then(|member| member.username.clone()), email: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::hooks::samples;

    fn sample(samples: &std::path::Path, name: &str) -> Option<CardNews> {
        let text = std::fs::read(samples.join("trello/webhook").join(name)).unwrap();
        serde_json::from_slice::<Post>(&text).unwrap().action.news()
    }

    fn change(samples: &std::path::Path, name: &str) -> CardChange {
        match sample(samples, name) {
            Some(CardNews::Changed { change, .. }) => *change,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn the_signature_is_of_the_body_and_the_address() {
        let Some(samples) = samples() else { return };
        let text = std::fs::read_to_string(samples.join("vectors.json")).unwrap();
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        let vector = |field: &str| vectors["trello-computed"][field].as_str().unwrap().to_owned();
        let (secret, body, callback, signature) = (vector("secret"), vector("body"), vector("callbackURL"), vector("signature"));
        let check = |secret: &str, body: &str, callback: &str, shown: &str| {
            decoded(shown).is_some_and(|shown| is_signed(secret, body.as_bytes(), callback, &shown))
        };
        assert!(check(&secret, &body, &callback, &signature));
        assert!(!check("another", &body, &callback, &signature));
        assert!(!check(&secret, &format!("{body} "), &callback, &signature));
        assert!(!check(&secret, &body, &format!("{callback}/"), &signature));
        for shown in ["", "AAAA", "no base64"] {
            assert!(!check(&secret, &body, &callback, shown), "{shown}");
        }
    }

    #[test]
    fn actions_say_what_was_changed_and_nothing_else() {
        let Some(samples) = samples() else { return };
        let (nothing, change) = (CardChange::default(), |name: &str| change(&samples, name));
        assert_eq!(change("UpdateCardTitle.json"), CardChange { title: Some("new name2".into()), ..nothing.clone() });
        assert_eq!(change("MarkDueAsComplete.json"), CardChange { complete: Some(true), ..nothing.clone() });
        assert_eq!(change("MoveCardFromListToList.json"), CardChange { list: Some("63d128787441d05619f44dc6".into()), ..nothing.clone() });
        let due = "2023-02-02T21:52:00Z".parse().ok();
        assert_eq!(change("UpdateCardDueDate.json"), CardChange { due_at: Some(due), ..nothing.clone() });
        assert_eq!(change("RemoveMember.json"), CardChange { left: Some("63d1239e857afaa8b003c633".into()), ..nothing });
        let joined = change("AddMember.json").joined.unwrap();
        assert_eq!((&*joined.name, joined.username.as_deref()), ("Rasmus", Some("rasmus58348007")));
        for other in ["UpdateCardDescription.json", "AddAttachment.json", "AddLabel_Part1.json", "ChangeListName.json", "RenameBoard.json"]
        {
            assert_eq!(sample(&samples, other), None, "{other}");
        }
    }
}
