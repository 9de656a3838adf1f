//! A body as the hooks hand it over, and as it is stored. Pure.

use std::collections::BTreeMap;

use entity::{AlertPostId, AlertPostOutcome, Timestamp, alert_post, alert_post_body};
use sea_orm::IntoActiveModel;
use sha2::{Digest, Sha256};

use super::cut::without_secrets;
use super::pack::packed;
use crate::alerts::Received;
use crate::error::Result;
use crate::heartbeats::SourceSign;
use crate::{limits, validate, words};

/// A body that was posted, with what came of it.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The end of the address that it was posted to, without a secret: `alertmanager`, `alerts` or `alerts/NAME`.
    pub hook: String,
    /// What people and rules know its source by.
    pub source: String,
    /// The kind of its source, by its name.
    pub kind: &'static str,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The headers that reading it again takes, and no others.
    pub headers: BTreeMap<String, String>,
    /// What came of it.
    pub came: Came,
    body: Vec<u8>,
    is_whole: bool,
    bytes: usize,
}

/// What came of a body.
#[derive(Clone, Debug)]
pub enum Came {
    /// Its alerts were heard.
    Taken {
        /// Alarms in it.
        alarms: usize,
        /// What became of them.
        received: Received,
    },
    /// It is not as its kind of source writes it, and why.
    Unreadable(String),
    /// It could not be taken at that moment.
    Failed {
        /// Alarms in it.
        alarms: usize,
        /// Why, in the words of the answer.
        why: String,
    },
}

impl Came {
    /// What that says of the source. What could not be taken at that moment is no fault of it.
    pub fn sign(&self) -> SourceSign {
        match self {
            Self::Taken { .. } | Self::Failed { .. } => SourceSign::Heard,
            Self::Unreadable(why) => SourceSign::Unreadable(why.clone()),
        }
    }
}

impl NewPost {
    /// A body that was posted to `hook` just now: all of it, or its beginning if it is too large.
    pub fn new(hook: String, source: String, kind: &'static str, received_at: Timestamp, body: &[u8], came: Came) -> Self {
        let is_whole = body.len() <= limits::ALERT_POST_BYTES;
        let kept = if is_whole { body } else { &body[..limits::ALERT_POST_HEAD_BYTES] };
        Self { hook, source, kind, received_at, headers: BTreeMap::new(), came, body: kept.to_vec(), is_whole, bytes: body.len() }
    }

    /// The same, if it is kept in another form than the one in which `bytes` were posted.
    #[must_use]
    pub fn posted_as(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Bytes that it takes until it is kept.
    pub fn held(&self) -> usize {
        self.body.len()
    }

    /// Its rows, without secrets.
    pub(super) fn stored(self, id: AlertPostId) -> Result<(alert_post::ActiveModel, alert_post_body::ActiveModel)> {
        let body = without_secrets(&self.body);
        let digest = hex::encode(Sha256::digest(&body));
        let stored = packed(&body)?;
        let (outcome, alarms, received, problem) = match self.came {
            Came::Taken { alarms, received } => (AlertPostOutcome::Taken, alarms, received, None),
            Came::Unreadable(why) => (AlertPostOutcome::Unreadable, 0, Received::default(), Some(why)),
            Came::Failed { alarms, why } => (AlertPostOutcome::Failed, alarms, Received::default(), Some(why)),
        };
        let post = alert_post::Model {
            id,
            hook: self.hook,
            source: self.source,
            kind: self.kind.to_owned(),
            received_at: self.received_at,
            headers: self.headers.into_iter().collect(),
            bytes: number(self.bytes),
            kept_bytes: number(stored.len()),
            is_whole: self.is_whole,
            digest,
            outcome,
            alarms: number(alarms),
            began: number(received.new),
            ended: number(received.ended),
            ignored: number(received.ignored),
            dropped: number(received.dropped),
            recorded: number(received.recorded),
            quiet: number(received.quiet),
            too_low: number(received.too_low),
            unjoined: number(received.unjoined),
            not_firing: number(received.not_firing),
            incident_id: received.incident,
            problem: problem.map(|why| words::shortened(&validate::as_text(&why))),
            again_at: None,
            again_by_id: None,
        };
        Ok((post.into_active_model(), alert_post_body::Model { id, body: stored }.into_active_model()))
    }
}

/// A count as it is stored.
pub(super) fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use sea_orm::ActiveValue;
    use uuid::Uuid;

    use super::*;

    fn stored(body: &[u8], came: Came) -> (alert_post::ActiveModel, Vec<u8>) {
        let post = NewPost::new("alerts/ours".into(), "ours".into(), "json", DateTime::UNIX_EPOCH, body, came);
        let (post, body) = post.stored(AlertPostId(Uuid::nil())).unwrap();
        (post, super::super::pack::unpacked(body.body.as_ref()).unwrap())
    }

    fn taken() -> Came {
        Came::Taken { alarms: 1, received: Received { new: 1, ..Received::default() } }
    }

    #[test]
    fn a_body_is_kept_whole_up_to_its_limit_and_then_its_beginning() {
        let most = vec![b'x'; limits::ALERT_POST_BYTES];
        let (post, body) = stored(&most, taken());
        assert_eq!((post.is_whole, body == most), (ActiveValue::Unchanged(true), true));
        let (post, body) = stored(&[most.as_slice(), b"x"].concat(), taken());
        assert_eq!((post.is_whole, body.len()), (ActiveValue::Unchanged(false), limits::ALERT_POST_HEAD_BYTES));
        assert_eq!(post.bytes, ActiveValue::Unchanged(number(limits::ALERT_POST_BYTES + 1)));
    }

    #[test]
    fn secrets_are_not_stored_and_the_same_body_has_the_same_digest() {
        let (post, body) = stored(br#"{"token":"hunter2"}"#, taken());
        assert_eq!(body, br#"{"token":"(cut)"}"#);
        let (twin, _) = stored(br#"{"token":"hunter3"}"#, Came::Unreadable("no\0pe".into()));
        assert_eq!(post.digest, twin.digest);
        assert_eq!(
            (twin.problem, twin.outcome),
            (ActiveValue::Unchanged(Some("nope".into())), ActiveValue::Unchanged(AlertPostOutcome::Unreadable))
        );
    }
}
