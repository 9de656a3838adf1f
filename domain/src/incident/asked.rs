//! What the list of an incident's steps is made of, as [`kept`](super::kept) may keep it.
//!
//! Called by [`super::steps`]. It follows from the incident and its children alone: all that changes without their version (names of clients, the
//! playbook, the time) is put in at each look. Of pages and offers nothing is here that is also written around the door.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{ClientId, FollowUpId, IncidentId, PersonId, Role, incident, step};

use super::kept::{Part, Version, Weighed};
use super::reading;
use crate::catalogue::clients_by_ids;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::playbook::steps::Case;
use crate::record::Whole;

/// What a small thing takes, with a key and a name.
const THING: usize = 160;

/// What the list of steps is made of.
#[derive(Clone)]
pub(super) struct Asked {
    /// What the playbook counts from.
    pub case: Case,
    /// What people were reminded of, and what they decided.
    pub steps: Vec<step::Model>,
    /// Who has which role, in the order in which roles were given.
    pub holders: Vec<(Role, PersonId)>,
    /// Follow-ups and their titles.
    pub follow_ups: Vec<(FollowUpId, String)>,
}

impl Asked {
    fn of(whole: Whole) -> Self {
        Self {
            case: whole.case(),
            holders: whole.roles.iter().filter(|row| row.ended_at.is_none()).map(|row| (row.role, row.person_id)).collect(),
            follow_ups: whole.follow_ups.into_iter().map(|row| (row.id, row.title)).collect(),
            steps: whole.steps,
        }
    }
}

impl Weighed for Asked {
    fn bytes(&self) -> usize {
        let Self { case, steps, holders, follow_ups } = self;
        let things = case.clients.len() + case.holders.len() + case.ticked.len() + case.pages.len() + case.marks.len();
        let things = things + case.follow_ups.len() + holders.len() + follow_ups.len();
        let words: usize = steps.iter().map(|row| size_of_val(row) + row.key.len() + row.note.as_ref().map_or(0, String::len)).sum();
        let titles: usize = follow_ups.iter().map(|(_, title)| 2 * title.len()).sum();
        size_of::<Self>() + THING * things + words + titles
    }
}

/// What the steps of incidents that the caller has seen are made of.
pub(super) async fn asked(ctx: &Ctx, incidents: &[Arc<incident::Model>]) -> Result<Vec<(IncidentId, Arc<Asked>)>> {
    let (mut found, mut news) = (Vec::with_capacity(incidents.len()), Vec::new());
    for row in incidents {
        match ctx.kept.get::<Asked>(Version::from(&**row), Part::Asked) {
            Some(asked) => found.push((row.id, asked)),
            None => news.push(incident::Model::clone(row)),
        }
    }
    rename_clients(ctx, &mut found).await?;
    if news.is_empty() {
        return Ok(found);
    }
    let mut read = Vec::with_capacity(news.len());
    for whole in Whole::load_many(ctx, news).await? {
        let version = Version::from(&whole.incident);
        let asked = Arc::new(Asked::of(whole));
        found.push((version.incident, asked.clone()));
        read.push((version, Part::Asked, asked));
    }
    reading::keep(ctx, read).await?;
    Ok(found)
}

/// Calls the clients what they are called by now.
async fn rename_clients(ctx: &Ctx, found: &mut [(IncidentId, Arc<Asked>)]) -> Result<()> {
    let mut ids: Vec<ClientId> = found.iter().flat_map(|(_, asked)| &asked.case.clients).map(|affected| affected.client).collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    let names: HashMap<ClientId, String> = clients_by_ids(ctx, &ids).await?.into_iter().map(|client| (client.id, client.name)).collect();
    for (_, asked) in found {
        let is_called_so = |(client, name): (&ClientId, &String)| names.get(client).is_none_or(|now| now == name);
        if asked.case.clients.iter().map(|affected| (&affected.client, &affected.name)).all(is_called_so) {
            continue;
        }
        for affected in &mut Arc::make_mut(asked).case.clients {
            if let Some(now) = names.get(&affected.client) {
                affected.name.clone_from(now);
            }
        }
    }
    Ok(())
}
