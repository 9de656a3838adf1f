//! A list of sites taken into the catalogue: first shown as a plan, then, if somebody confirms that plan, done in one transaction.
//!
//! Called by `api` and `cli` for files. [`apply`] is for every source, and so is [`look`]: [`super::reading`] gives them what was listed elsewhere. What is
//! confirmed is what was seen: the plan is made again while nobody else writes sites, and anything else than that is refused.

use std::collections::{BTreeMap, BTreeSet};

use entity::{ClientId, Importance, Origin, SiteId, client, site};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryOrder};

use super::fields::Entry;
use super::hosts::write_hosts;
use super::listing::{self, List};
use super::plan::{Effect, Listed, Lister, Plan, Problem, plan};
use super::remember_names;
use super::sites::{Turn, entries, turn};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::sql::save;

/// Rows that are inserted at once.
const AT_ONCE: usize = 200;

/// A file to import.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The file.
    pub csv: Vec<u8>,
    /// Sites that earlier files brought and this one does not list stay as they are.
    pub keeps_others: bool,
    /// What is to be done; without it, nothing is.
    pub confirmed: Option<Confirmed>,
}

/// What somebody saw and wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The plan, by its fingerprint.
    pub plan: String,
    /// It is right that more than a fifth of the source's sites are gone.
    pub accepts_loss: bool,
}

/// What an import does, or would do.
#[derive(Debug)]
pub struct Imported {
    /// What changes; none if something is wrong with the file.
    pub plan: Option<Plan>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What is left out of it, in words.
    pub warnings: Vec<String>,
    /// Clients that are new.
    pub new_clients: Vec<String>,
    /// Whether it was done.
    pub is_applied: bool,
}

/// Shows what a file would change, or does what was confirmed.
///
/// # Errors
/// `FORBIDDEN`; `BAD_USER_INPUT` on `csv` if it is no list of sites, or if one with problems is confirmed; `FAILED_PRECONDITION` if what
/// was confirmed is not what would happen now, or loses more than somebody accepted.
pub async fn import(ctx: &Ctx, input: Import) -> Result<Imported> {
    ctx.require(Right::Respond)?;
    let List { listed, mut problems, warnings } = listing::read(&input.csv)?;
    let lister = Lister { origin: Origin::Csv, is_whole: !input.keeps_others };
    let done = match &input.confirmed {
        Some(confirmed) if problems.is_empty() => Ok(Box::pin(apply(ctx, listed, lister, confirmed)).await?),
        Some(_) => return Err(wrong(&problems)),
        None => look(ctx, listed, lister).await?,
    };
    let (plan, new_clients) = match done {
        Ok(Done { plan, new_clients }) => (Some(plan).filter(|_| problems.is_empty()), new_clients),
        Err(more) => {
            problems.extend(more);
            (None, Vec::new())
        }
    };
    problems.sort_by_key(|problem| problem.line);
    Ok(Imported { is_applied: input.confirmed.is_some(), plan, problems, warnings, new_clients })
}

/// A plan, with the clients that it needs.
#[derive(Debug)]
pub struct Done {
    /// What changes.
    pub plan: Plan,
    /// The names of clients that are new.
    pub new_clients: Vec<String>,
}

/// What a list would change, or what is wrong with it.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn look(ctx: &Ctx, lines: Vec<Listed>, lister: Lister) -> Result<Result<Done, Vec<Problem>>> {
    ctx.require(Right::Respond)?;
    let known = Known::read(ctx.db.read()).await?;
    Ok(known.plan(ctx, lines, lister))
}

/// Does what was confirmed.
///
/// # Errors
/// As [`import`].
pub async fn apply(ctx: &Ctx, lines: Vec<Listed>, lister: Lister, confirmed: &Confirmed) -> Result<Done> {
    ctx.require(Right::Respond)?;
    let tx = ctx.db.begin().await?;
    let done = apply_within(ctx, &tx, lines, lister, confirmed).await?;
    tx.commit().await?;
    Ok(done)
}

/// As [`apply`], as a part of `tx`, which has locked nothing before: nothing happens until it is committed.
pub(super) async fn apply_within(
    ctx: &Ctx,
    tx: &DatabaseTransaction,
    lines: Vec<Listed>,
    lister: Lister,
    confirmed: &Confirmed,
) -> Result<Done> {
    // Nobody adds or changes a site meanwhile, so what was planned is what happens.
    turn(ctx, tx, Turn::Alone).await?;
    let known = Known::read(tx).await?;
    let done = known.plan(ctx, lines, lister).map_err(|problems| wrong(&problems))?;
    check(&done.plan, confirmed)?;
    let clients = add_clients(ctx, tx, &done.new_clients, &known.clients).await?;
    write(tx, &known, &done.plan, &clients).await?;
    Ok(done)
}

fn wrong(problems: &[Problem]) -> Error {
    let first = problems.first().map(|Problem { line, column, reason }| {
        let column = column.as_deref().map(|column| format!(", column “{column}”")).unwrap_or_default();
        format!(" Line {line}{column}: {reason}")
    });
    Error::invalid("csv", format!("Nothing was imported, because something is wrong with the list.{}", first.unwrap_or_default()))
}

fn check(plan: &Plan, confirmed: &Confirmed) -> Result<()> {
    if plan.fingerprint() != confirmed.plan {
        return Err(Error::precondition(
            "The list or the catalogue has changed since you looked, so nothing was imported: look at what would change now, and confirm that.",
        ));
    }
    if plan.loses_much() && !confirmed.accepts_loss {
        let (gone, all) = (plan.count(Effect::Gone), plan.of_source);
        return Err(Error::precondition(format!(
            "{gone} of {all} sites would be marked as gone, which is more than a fifth, so nothing was imported. If the list is the whole \
             catalogue and this is right, accept it; if it is a part of it, keep the others as they are."
        )));
    }
    Ok(())
}

/// The catalogue as it is.
struct Known {
    entries: Vec<Entry>,
    clients: Vec<client::Model>,
}

impl Known {
    async fn read<C: ConnectionTrait>(db: &C) -> Result<Self> {
        let sites = site::Entity::find().order_by_asc(site::Column::Id).all(db).await?;
        let clients = client::Entity::find().order_by_asc(client::Column::Id).all(db).await?;
        Ok(Self { entries: entries(sites, &clients), clients })
    }

    fn plan(&self, ctx: &Ctx, lines: Vec<Listed>, lister: Lister) -> Result<Done, Vec<Problem>> {
        let now = ctx.now();
        let names: Vec<String> = self.clients.iter().map(|client| client.name.clone()).collect();
        let plan = plan(&self.entries, &names, lines, lister, now, || SiteId(ctx.ids.uuid(now)))?;
        let new_clients = plan.new_clients(&names.into_iter().collect::<BTreeSet<_>>()).into_iter().collect();
        Ok(Done { plan, new_clients })
    }
}

/// Adds clients, and gives back the ids of all by name.
async fn add_clients(ctx: &Ctx, tx: &DatabaseTransaction, names: &[String], known: &[client::Model]) -> Result<BTreeMap<String, ClientId>> {
    let now = ctx.now();
    let new = |name: &String| client::Model {
        id: ClientId(ctx.ids.uuid(now)),
        name: name.clone(),
        importance: Importance::Normal,
        zendesk_organization_id: None,
        created_at: now,
    };
    let rows: Vec<client::Model> = names.iter().map(new).collect();
    for some in rows.chunks(AT_ONCE) {
        let some = some.iter().cloned().map(IntoActiveModel::into_active_model);
        client::Entity::insert_many(some).exec_without_returning(tx).await?;
    }
    Ok(known.iter().chain(&rows).map(|client| (client.name.clone(), client.id)).collect())
}

/// Writes what the plan says.
async fn write(tx: &DatabaseTransaction, known: &Known, plan: &Plan, clients: &BTreeMap<String, ClientId>) -> Result<()> {
    let before: BTreeMap<SiteId, &Entry> = known.entries.iter().map(|entry| (entry.site.id, entry)).collect();
    let changed = plan.rows.iter().map(|row| &row.entry).chain(&plan.adopted);
    let (mut new, mut names, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for entry in changed {
        let mut site = entry.site.clone();
        let Some(before) = before.get(&site.id) else {
            site.client_id = id_of(entry, clients);
            new.push(site);
            continue;
        };
        // Clients may have the same name: whose it is changes only with the name.
        if entry.client != before.client {
            site.client_id = id_of(entry, clients);
        }
        if before.site.name != site.name
            && let Some(client) = before.site.client_id
        {
            names.push((client, before.site.name.clone()));
        }
        if before.site.url != site.url || before.site.hosts != site.hosts {
            moved.push(site.clone());
        }
        save::<site::Entity, _>(tx, Some(before.site.clone()), site).await?;
    }
    for some in new.chunks(AT_ONCE) {
        let some = some.iter().cloned().map(IntoActiveModel::into_active_model);
        site::Entity::insert_many(some).exec_without_returning(tx).await?;
    }
    if !names.is_empty() {
        remember_names(tx, names).await?;
    }
    write_hosts(tx, new.iter().chain(&moved)).await
}

fn id_of(entry: &Entry, clients: &BTreeMap<String, ClientId>) -> Option<ClientId> {
    entry.client.as_ref().and_then(|name| clients.get(name)).copied()
}
