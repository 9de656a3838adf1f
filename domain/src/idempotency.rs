//! A request that is sent twice is carried out once.
//!
//! A caller that does not know whether its request arrived sends it again with the same key. The key is written in
//! the transaction of the first request, so it exists if and only if the request's effect does. A key belongs to one
//! person and one operation and lasts for [`limits::KEY_LIFETIME`].

use entity::{PersonId, idempotency_key};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, Set};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::record::{Draft, Scope};

/// A key that came with a request.
pub struct Key {
    person: PersonId,
    operation: &'static str,
    text: String,
    fingerprint: String,
}

impl Key {
    /// The key of this call to `operation` with `input`; `None` if the caller gave none or is not a person.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for an empty or overlong key.
    pub fn of(ctx: &Ctx, operation: &'static str, key: Option<&str>, input: &impl Serialize) -> Result<Option<Self>> {
        let (Some(key), Some(person)) = (key, ctx.actor.person_id()) else { return Ok(None) };
        let length = key.chars().count();
        if length == 0 || length > limits::KEY_CHARS || key.chars().any(char::is_control) {
            let reason = format!("idempotencyKey must have 1 to {} printable characters.", limits::KEY_CHARS);
            return Err(Error::invalid("idempotencyKey", reason));
        }
        let input = serde_json::to_vec(input).map_err(Error::internal)?;
        Ok(Some(Self { person, operation, text: key.to_owned(), fingerprint: hex::encode(Sha256::digest(input)) }))
    }

    /// What the first request with this key created, if there was one.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if the first request had different input.
    async fn replay(&self, ctx: &Ctx) -> Result<Option<Uuid>> {
        let first = idempotency_key::Entity::find_by_id((self.person, self.operation.to_owned(), self.text.clone()))
            .filter(idempotency_key::Column::ExpiresAt.gt(ctx.now()))
            .one(ctx.db.read())
            .await?;
        match first {
            Some(row) if row.fingerprint != self.fingerprint => {
                let reason = "This idempotencyKey was already used for a different request: use a new key for each new request.";
                Err(Error::invalid("idempotencyKey", reason))
            }
            Some(row) => Ok(Some(row.subject_id)),
            None => Ok(None),
        }
    }

    /// Writes the key along with the request's effect, replacing one that has expired but not yet been deleted.
    pub fn keep<S: Scope>(&self, draft: &mut Draft<'_, S>, subject: Uuid) {
        use idempotency_key::Column;
        let same = Column::PersonId.eq(self.person).and(Column::Operation.eq(self.operation)).and(Column::Key.eq(&self.text));
        draft.delete::<idempotency_key::Entity>(same.and(Column::ExpiresAt.lte(draft.now)));
        draft.insert(idempotency_key::ActiveModel {
            person_id: Set(self.person),
            operation: Set(self.operation.to_owned()),
            key: Set(self.text.clone()),
            fingerprint: Set(self.fingerprint.clone()),
            subject_id: Set(subject),
            expires_at: Set(draft.now + limits::KEY_LIFETIME),
        });
    }
}

/// Does `work` once under `key`, which it keeps with its effect. When a request under the same key was carried out before, or is being
/// carried out by another process, gives back what `find` finds of its subject.
///
/// # Errors
/// `BAD_USER_INPUT` when the first request had another input; and those of `work` and `find`.
pub async fn once<T, F>(ctx: &Ctx, key: Option<&Key>, work: impl Future<Output = Result<T>>, find: impl Fn(Uuid) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let Some(key) = key else { return work.await };
    if let Some(subject) = key.replay(ctx).await? {
        return find(subject).await;
    }
    match work.await {
        Err(Error::KeyTaken) => match key.replay(ctx).await? {
            Some(subject) => find(subject).await,
            None => Err(Error::KeyTaken),
        },
        outcome => outcome,
    }
}
