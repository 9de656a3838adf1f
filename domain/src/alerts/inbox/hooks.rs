//! When each hook of alerts was last heard, and what it last refused.

use std::collections::BTreeMap;

use entity::{Timestamp, alert_hook};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel, QueryOrder};

use super::post::NewPost;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::{validate, words};

/// When each hook that was ever heard, or that refused something, last did. Why it refused is for administrators.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn hooks(ctx: &Ctx) -> Result<Vec<alert_hook::Model>> {
    ctx.require(Right::Respond)?;
    let mut rows = alert_hook::Entity::find().order_by_asc(alert_hook::Column::Hook).all(ctx.db.read()).await?;
    if !ctx.actor.may(Right::Administer) {
        for row in &mut rows {
            row.refusal = None;
        }
    }
    Ok(rows)
}

/// Notes that a hook refused what somebody posted. For Muster itself; whoever calls sees to it that strangers can't have it written often.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn refused(ctx: &Ctx, hook: &str, why: &str) -> Result<()> {
    use alert_hook::Column;
    ctx.require(Right::Administer)?;
    let row =
        alert_hook::Model { hook: hook.to_owned(), heard_at: None, refused_at: Some(ctx.now()), refusal: Some(words::shortened(why)) };
    let latest = OnConflict::column(Column::Hook).update_columns([Column::RefusedAt, Column::Refusal]).to_owned();
    alert_hook::Entity::insert(row.into_active_model()).on_conflict(latest).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// When a hook was heard in some posts, and what it refused of them.
pub(super) struct Heard {
    at: Timestamp,
    refused: Option<(Timestamp, String)>,
}

/// When each hook was last heard in these, oldest first.
pub(super) fn heard(posts: &[NewPost]) -> BTreeMap<String, Heard> {
    let mut all: BTreeMap<String, Heard> = BTreeMap::new();
    for post in posts {
        let at = post.received_at;
        let heard = all.entry(post.hook.clone()).or_insert(Heard { at, refused: None });
        heard.at = at;
        if let Some(why) = post.unreadable() {
            heard.refused = Some((at, words::shortened(&validate::as_text(why))));
        }
    }
    all
}

/// Writes that hooks were heard. In the order of their names, so that two processes do not wait for each other.
pub(super) async fn note(tx: &DatabaseTransaction, heard: BTreeMap<String, Heard>) -> Result<()> {
    use alert_hook::Column;
    for (hook, Heard { at, refused }) in heard {
        let mut latest = OnConflict::column(Column::Hook);
        latest.update_column(Column::HeardAt);
        if refused.is_some() {
            latest.update_columns([Column::RefusedAt, Column::Refusal]);
        }
        let (refused_at, refusal) = refused.unzip();
        let row = alert_hook::Model { hook, heard_at: Some(at), refused_at, refusal };
        alert_hook::Entity::insert(row.into_active_model()).on_conflict(latest).exec_without_returning(tx).await?;
    }
    Ok(())
}
