//! Organisations as clients, their users as contacts (S3).
//!
//! A full sync goes page by page through all of them; later changes come from the search export, whose cursors are valid for an hour and
//! which lags by minutes. Deleted users are in neither: a full sync shows that they are missing.
//!
//! Reading may use a quarter of the account's requests: client updates must not wait for it.

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::ports::{Batch, ClientDirectory, Refusal, SeenOrganization, SeenPerson};
use entity::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ZendeskOutlet;
use super::wire::{Listed, Organization, User};
use crate::outlets::client::Failed;

/// Entries per page, Zendesk's maximum.
const PAGE: &str = "100";

#[async_trait]
impl ClientDirectory for ZendeskOutlet {
    async fn organizations(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Batch<SeenOrganization>, Refusal> {
        let listed: Listed<Organization> = match since {
            None => self.list("/api/v2/organizations", &[], page).await?,
            Some(since) => self.changed("organization", since, page).await?,
        };
        let next = listed.next();
        let seen = |Organization { id, name }| SeenOrganization { id: id.to_string(), name };
        Ok(Batch { items: listed.items.into_iter().map(seen).collect(), next })
    }

    async fn people(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Batch<SeenPerson>, Refusal> {
        let listed: Listed<User> = match since {
            None => self.list("/api/v2/users", &[("role", "end-user")], page).await?,
            Some(since) => self.changed("user", since, page).await?,
        };
        let next = listed.next();
        // Changed users count even without an organisation: they may have left theirs.
        let belongs = |user: &User| since.is_some() || user.organization_id.is_some();
        let users = listed.items.into_iter().filter(|user| user.role.as_deref().is_none_or(|role| role == "end-user") && belongs(user));
        Ok(Batch { items: users.map(|user| self.person(user)).collect(), next })
    }
}

impl ZendeskOutlet {
    async fn list<T: DeserializeOwned>(&self, path: &str, filter: &[(&str, &str)], page: Option<&str>) -> Result<Listed<T>, Failed> {
        let turn = self.api.turn(&self.directory).await?;
        let mut call = self.api.get(path).with_turn(turn).query(&[("page[size]", PAGE)]).query(filter);
        if let Some(page) = page {
            call = call.query(&[("page[after]", page)]);
        }
        call.list().send().await
    }

    async fn changed<T: DeserializeOwned>(&self, kind: &str, since: Timestamp, page: Option<&str>) -> Result<Listed<T>, Failed> {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.list("/api/v2/search/export", &[("query", &format!("updated>={since}")), ("filter[type]", kind)], page).await
    }

    fn person(&self, user: User) -> SeenPerson {
        let senior = self.senior(&user);
        let active = user.active != Some(false) && user.suspended != Some(true);
        let organization = user.organization_id.map(|id| id.to_string());
        SeenPerson { id: user.id.to_string(), name: user.name, email: user.email, organization, senior, active }
    }

    fn senior(&self, user: &User) -> Option<bool> {
        let (tag, field) = (self.settings.senior_tag.as_deref(), self.settings.senior_field.as_deref());
        if tag.is_none() && field.is_none() {
            return None;
        }
        let has_tag = tag.is_some_and(|tag| user.tags.iter().any(|has| has == tag));
        let has_field = field.is_some_and(|field| user.fields.as_ref().and_then(|fields| fields.get(field)).is_some_and(is_set));
        Some(has_tag || has_field)
    }
}

impl<T> Listed<T> {
    fn next(&self) -> Option<String> {
        self.meta.after_cursor.clone().filter(|_| self.meta.has_more)
    }
}

/// Whether a user's field is set: a ticked box, or any non-empty value.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
