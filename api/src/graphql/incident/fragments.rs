//! What a query knows of fragments of its answer, by which it need not resolve an incident again.
//!
//! Put into queries by [`crate::graphql::Graph`], used by [`super::shown`] and by resolvers that know more than it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_graphql::Context;
use domain::Ctx;
use domain::incident::{self, Names};
use entity::IncidentId;
use tokio::sync::OnceCell;

use super::selection::Divided;
use crate::graphql::loader::lock;

/// Lives as long as a request.
#[derive(Default)]
pub struct Fragments {
    /// What is selected of incidents, by the address of the selection and the way to it in the answer.
    divided: Mutex<HashMap<(usize, String), Option<Arc<Divided>>>>,
    names: OnceCell<Names>,
    /// Incidents of which something depends on the caller that does not in others.
    discreet: Mutex<HashSet<IncidentId>>,
}

impl Fragments {
    /// The selection at `place`, divided by `divide` when it is first met.
    pub fn divided(&self, place: (usize, String), divide: impl FnOnce(&(usize, String)) -> Option<Divided>) -> Option<Arc<Divided>> {
        lock(&self.divided).entry(place).or_insert_with_key(|place| divide(place).map(Arc::new)).clone()
    }

    /// The names as they were at some time in this request. `None` if that can't be told now.
    pub async fn names(&self, ctx: &Ctx) -> Option<Names> {
        let read = || async { incident::names(ctx).await.ok().flatten().ok_or(()) };
        self.names.get_or_try_init(read).await.ok().copied()
    }

    /// Whether a field of an incident was answered that [`depends_on_caller`].
    pub fn is_discreet(&self, incident: IncidentId) -> bool {
        lock(&self.discreet).contains(&incident)
    }
}

/// Notes the names that were looked at together with incidents, so that they need no look of their own.
pub fn know_names(gql: &Context<'_>, names: Option<Names>) {
    if let (Some(fragments), Some(names)) = (gql.data_opt::<Fragments>(), names) {
        // Those of an earlier look of this request are as good.
        let _ = fragments.names.set(names);
    }
}

/// To be called by a resolver whose value for this once depends on who asks, although [`super::plain`] says that it does not.
pub fn depends_on_caller(gql: &Context<'_>, incident: IncidentId) {
    if let Some(fragments) = gql.data_opt::<Fragments>() {
        lock(&fragments.discreet).insert(incident);
    }
}
