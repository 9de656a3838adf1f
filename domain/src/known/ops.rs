//! The pages of the ops docs (S9), as they were last read, and how that went.
//!
//! `worker` reads the folder or the repository when it is [`due`] and hands over what is there ([`take`]). What changed is written, each page
//! together with what it is found by; a page keeps its id as long as its path stays. A first reading of thousands of pages is several
//! transactions, so that nobody waits for it: should it break off, the next goes on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use entity::{KnownKind, OpsPageId, Timestamp, ops_page, ops_reading};
use sea_orm::sea_query::{Condition, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::index::{self, Entry, of_alert, of_site};
use super::page::{self, About, Page};
use super::rights::require_team;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Slice, Window};
use crate::error::{Error, Result};
use crate::limits;
use crate::sql::{by_name, contains, padded};

/// The one row of how it went.
const READING: &str = "ops-docs";
/// How often they are read, and how much later at most, so that not all servers of the world ask at once.
const EVERY: Duration = Duration::minutes(5);
const JITTER_SECONDS: i64 = 60;
/// After how long they are tried again at first, and at last.
const AGAIN: Duration = Duration::minutes(1);
const AGAIN_AT_LAST: Duration = Duration::hours(1);
/// Pages that are written at once: some 200 milliseconds.
const AT_ONCE: usize = 100;

/// What was found where the ops docs are.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The commit, if they are in Git.
    pub mark: Option<String>,
    /// The pages: path and content.
    pub pages: BTreeMap<String, String>,
    /// What can't be read as a page.
    pub unread: Vec<Unread>,
}

/// A file that is no page, and why; or a page, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Where it is.
    pub path: String,
    /// Why, worded to follow the path.
    pub problem: String,
}

/// How the last reading went.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where they are read from, for people; nothing if that is not set.
    pub source: Option<String>,
    /// Pages there are.
    pub pages: i32,
    /// When they were last read.
    pub read_at: Option<Timestamp>,
    /// When that was last tried.
    pub tried_at: Option<Timestamp>,
    /// The commit, if they are in Git.
    pub mark: Option<String>,
    /// Why they could not be read the last time.
    pub problem: Option<String>,
    /// Files that are no pages, and pages with something wrong.
    pub unread: Vec<Unread>,
}

/// What was read last, if they are to be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The commit that was read last.
    pub mark: Option<String>,
}

/// Whether the ops docs are to be read now.
pub async fn due(ctx: &Ctx) -> Result<Option<Due>> {
    ctx.require(Right::Administer)?;
    let now = ctx.now();
    Ok(match last(ctx).await? {
        None => Some(Due { mark: None }),
        // A time further ahead than any that is set was set by a clock that was wrong.
        Some(row) if row.due_at <= now || row.due_at > now + AGAIN_AT_LAST * 2 => Some(Due { mark: row.mark }),
        Some(_) => None,
    })
}

async fn last(ctx: &Ctx) -> Result<Option<ops_reading::Model>> {
    Ok(ops_reading::Entity::find_by_id(READING.to_owned()).one(ctx.db.read()).await?)
}

/// Hears that nothing changed since the last reading.
pub async fn unchanged(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Administer)?;
    let Some(row) = last(ctx).await? else { return Ok(()) };
    let now = ctx.now();
    let row = ops_reading::Model { tried_at: now, read_at: Some(now), due_at: later(ctx, EVERY), failures: 0, problem: None, ..row };
    keep(ctx, row).await
}

/// Hears that they could not be read: `problem` says why, and holds no secret. What was read before stays.
pub async fn failed(ctx: &Ctx, problem: &str) -> Result<()> {
    ctx.require(Right::Administer)?;
    let before = last(ctx).await?.unwrap_or_else(|| first(ctx));
    let failures = before.failures.saturating_add(1);
    let pause = AGAIN * 2_i32.pow(failures.clamp(1, 7).cast_unsigned() - 1);
    let due_at = later(ctx, pause.min(AGAIN_AT_LAST));
    let problem = problem.chars().filter(|c| !c.is_control()).take(limits::NAME_CHARS * 2).collect();
    keep(ctx, ops_reading::Model { tried_at: ctx.now(), due_at, failures, problem: Some(problem), ..before }).await
}

fn first(ctx: &Ctx) -> ops_reading::Model {
    let now = ctx.now();
    ops_reading::Model {
        name: READING.to_owned(),
        due_at: now,
        tried_at: now,
        failures: 0,
        pages: 0,
        read_at: None,
        mark: None,
        problem: None,
        unread: json!([]),
    }
}

fn later(ctx: &Ctx, pause: Duration) -> Timestamp {
    let now = ctx.now();
    let random = i64::try_from(ctx.ids.uuid(now).as_u128() % 1_000).unwrap_or_default();
    now + pause + Duration::milliseconds(random * JITTER_SECONDS)
}

async fn keep(ctx: &Ctx, row: ops_reading::Model) -> Result<()> {
    let tx = ctx.db.begin().await?;
    write(&tx, row).await?;
    tx.commit().await?;
    Ok(())
}

async fn write(tx: &DatabaseTransaction, row: ops_reading::Model) -> Result<(), DbErr> {
    let columns = ops_reading::Column::iter().filter(|column| !matches!(column, ops_reading::Column::Name));
    let latest = OnConflict::column(ops_reading::Column::Name).update_columns(columns).to_owned();
    ops_reading::Entity::insert(row.into_active_model()).on_conflict(latest).exec_without_returning(tx).await?;
    Ok(())
}

/// `reading`, if it has pages.
///
/// # Errors
/// If it has none, for people: a folder that is not mounted is empty, and what was read before is better than nothing.
pub fn with_pages(reading: Reading) -> Result<Reading, String> {
    if reading.pages.is_empty() {
        return Err("there is no page: pages are files that end in .md or .markdown".to_owned());
    }
    Ok(reading)
}

/// What [`take`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Pages that are new or have changed.
    pub changed: usize,
    /// Pages that are gone.
    pub gone: usize,
}

/// A page that is there already, without its text.
struct There {
    id: OpsPageId,
    number: i32,
    path: String,
    sha256: String,
}

/// Takes over what was read: what changed, and what is gone.
pub async fn take(ctx: &Ctx, reading: Reading) -> Result<Taken> {
    ctx.require(Right::Administer)?;
    let there = there(ctx).await?;
    let mut next = there.iter().map(|page| page.number).max().unwrap_or(0);
    let by_path: BTreeMap<&str, &There> = there.iter().map(|page| (page.path.as_str(), page)).collect();
    let (mut changed, now) = (Vec::new(), ctx.now());
    for (path, file) in &reading.pages {
        let (known, sha256) = (by_path.get(path.as_str()), hex::encode(Sha256::digest(file)));
        if known.is_some_and(|known| known.sha256 == sha256) {
            continue;
        }
        let number = known.map_or_else(
            || {
                next += 1;
                next
            },
            |known| known.number,
        );
        let id = known.map_or_else(|| OpsPageId(ctx.ids.uuid(now)), |known| known.id);
        changed.push((There { id, number, path: path.clone(), sha256 }, file.as_str()));
    }
    let gone: Vec<&There> = there.iter().filter(|page| !reading.pages.contains_key(&page.path)).collect();
    let taken = Taken { changed: changed.len(), gone: gone.len() };
    // The last portion goes together with what else there is to say.
    let (portions, last) = changed.split_at(changed.len().saturating_sub(1) / AT_ONCE * AT_ONCE);
    for portion in portions.chunks(AT_ONCE) {
        // One portion after the other: what pages are found by is larger than they are.
        let pages: Vec<Changed<'_>> = portion.iter().map(Changed::of).collect();
        let tx = ctx.db.begin().await?;
        put(&tx, &pages, now).await?;
        tx.commit().await?;
    }
    let pages: Vec<Changed<'_>> = last.iter().map(Changed::of).collect();
    let tx = ctx.db.begin().await?;
    put(&tx, &pages, now).await?;
    finish(ctx, &tx, &reading, &gone).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn there(ctx: &Ctx) -> Result<Vec<There>> {
    use ops_page::Column::{Id, Number, Path, Sha256};
    let rows = ops_page::Entity::find().select_only().columns([Id, Number, Path, Sha256]);
    let rows: Vec<(OpsPageId, i32, String, String)> = rows.into_tuple().all(ctx.db.read()).await?;
    Ok(rows.into_iter().map(|(id, number, path, sha256)| There { id, number, path, sha256 }).collect())
}

/// A page as it is to be written.
struct Changed<'a> {
    place: &'a There,
    page: Page,
    entry: Entry,
}

impl<'a> Changed<'a> {
    fn of((place, file): &'a (There, &str)) -> Self {
        let page = page::read(&place.path, file);
        let About { alerts, sites, .. } = &page.about;
        let about = alerts.iter().map(|name| of_alert(name)).chain(sites.iter().map(|name| of_site(name)));
        let weighed = page::weigh(&page);
        let entry = Entry::new(KnownKind::Page, place.number, &weighed, &weighed, limits::PAGE_TERMS, about);
        Self { place, page, entry }
    }

    fn row(&self, now: Timestamp) -> ops_page::ActiveModel {
        let Self { place, page, .. } = self;
        let row = ops_page::Model {
            id: place.id,
            number: place.number,
            path: place.path.clone(),
            title: page.title.clone(),
            text: page.text.clone(),
            sha256: place.sha256.clone(),
            about: json!(page.about),
            problem: page.problem.clone(),
            changed_at: now,
        };
        row.into_active_model()
    }
}

async fn put(tx: &DatabaseTransaction, pages: &[Changed<'_>], now: Timestamp) -> Result<(), DbErr> {
    if pages.is_empty() {
        return Ok(());
    }
    let columns = ops_page::Column::iter().filter(|column| !matches!(column, ops_page::Column::Id));
    let latest = OnConflict::column(ops_page::Column::Id).update_columns(columns).to_owned();
    let rows = pages.iter().map(|page| page.row(now));
    ops_page::Entity::insert_many(rows).on_conflict(latest).exec_without_returning(tx).await?;
    let docs: Vec<i32> = pages.iter().map(|page| page.place.number).collect();
    index::replace(tx, &[KnownKind::Page], &docs, &pages.iter().map(|page| &page.entry).collect::<Vec<_>>()).await
}

/// Removes what is gone, and says how it went.
async fn finish(ctx: &Ctx, tx: &DatabaseTransaction, reading: &Reading, gone: &[&There]) -> Result<(), DbErr> {
    for gone in gone.chunks(AT_ONCE) {
        let ids: Vec<OpsPageId> = gone.iter().map(|page| page.id).collect();
        ops_page::Entity::delete_many().filter(ops_page::Column::Id.is_in(ids)).exec(tx).await?;
        let docs: Vec<i32> = gone.iter().map(|page| page.number).collect();
        index::replace(tx, &[KnownKind::Page], &docs, &[]).await?;
    }
    let (now, unread) = (ctx.now(), &reading.unread[..reading.unread.len().min(limits::OPS_UNREAD)]);
    let row = ops_reading::Model {
        tried_at: now,
        read_at: Some(now),
        due_at: later(ctx, EVERY),
        pages: i32::try_from(reading.pages.len()).unwrap_or(i32::MAX),
        mark: reading.mark.clone(),
        unread: json!(unread),
        ..first(ctx)
    };
    write(tx, row).await
}

/// How the last reading went.
///
/// # Errors
/// `FORBIDDEN` for who came by the link of a page.
pub async fn status(ctx: &Ctx) -> Result<Status> {
    require_team(ctx)?;
    let row = last(ctx).await?;
    let mut unread: Vec<Unread> =
        row.as_ref().map(|row| serde_json::from_value(row.unread.clone())).transpose().map_err(Error::internal)?.unwrap_or_default();
    let broken = ops_page::Entity::find().select_only().columns([ops_page::Column::Path, ops_page::Column::Problem]);
    let broken = broken.filter(ops_page::Column::Problem.is_not_null()).order_by_asc(ops_page::Column::Path);
    let broken: Vec<(String, String)> = broken.limit(limits::OPS_UNREAD as u64).into_tuple().all(ctx.db.read()).await?;
    unread.extend(broken.into_iter().map(|(path, problem)| Unread { path, problem }));
    Ok(Status {
        source: ctx.config.ops_docs.clone(),
        pages: row.as_ref().map_or(0, |row| row.pages),
        read_at: row.as_ref().and_then(|row| row.read_at),
        tried_at: row.as_ref().map(|row| row.tried_at),
        mark: row.as_ref().and_then(|row| row.mark.clone()),
        problem: row.and_then(|row| row.problem),
        unread,
    })
}

/// A page of the list of pages whose path or title contains `text`, by path.
///
/// # Errors
/// `FORBIDDEN` for who came by the link of a page.
pub async fn pages(ctx: &Ctx, text: Option<&str>, window: &Window<NameKey>) -> Result<Slice<ops_page::Model>> {
    use ops_page::Column::{Id, Path, Title};
    require_team(ctx)?;
    let backend = ctx.db.backend();
    let wanted = text.map(|text| Condition::any().add(contains(backend, Path, text)).add(contains(backend, Title, text)));
    let select = ops_page::Entity::find().filter(Condition::all().add_option(wanted));
    let rows = by_name(select, Path, Id, window).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// The page at `path`, if there is one.
///
/// # Errors
/// `FORBIDDEN` for who came by the link of a page.
pub async fn by_path(ctx: &Ctx, path: &str) -> Result<Option<ops_page::Model>> {
    require_team(ctx)?;
    Ok(ops_page::Entity::find().filter(ops_page::Column::Path.eq(path.replace('\0', ""))).one(ctx.db.read()).await?)
}

/// The pages among `ids` that exist; none for who came by the link of a page.
pub async fn by_ids(ctx: &Ctx, ids: &[OpsPageId]) -> Result<Vec<ops_page::Model>> {
    if require_team(ctx).is_err() {
        return Ok(Vec::new());
    }
    Ok(ops_page::Entity::find().filter(ops_page::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}

/// What is wrong with the front matter of what was read, in order.
pub fn problems(reading: &Reading) -> Vec<Unread> {
    let of_page = |(path, file): (&String, &String)| Some(Unread { path: path.clone(), problem: page::read(path, file).problem? });
    reading.pages.iter().filter_map(of_page).chain(reading.unread.iter().cloned()).collect()
}

/// What a page says it is about.
pub fn about(page: &ops_page::Model) -> About {
    serde_json::from_value(page.about.clone()).unwrap_or_default()
}

/// Whether a file in the ops docs is a page, by its path: Markdown, in no hidden folder.
pub fn is_page(path: &str) -> bool {
    let is_markdown = [".md", ".markdown"].iter().any(|end| path.to_lowercase().ends_with(end));
    is_markdown && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// A reading that is being put together, within its limits.
#[derive(Default)]
pub struct Collected {
    reading: Reading,
    bytes: usize,
    paths: BTreeSet<String>,
}

impl Collected {
    /// Whether a page may be taken from `path`, which has so many bytes; says why not.
    ///
    /// # Errors
    /// If there is more than all limits allow: then nothing is read.
    pub fn admits(&mut self, path: &str, bytes: u64) -> Result<bool, String> {
        let problem = if path.chars().count() > limits::OPS_PATH_CHARS || path.chars().any(char::is_control) {
            format!("its path has more than {} characters, or ones that can't be shown", limits::OPS_PATH_CHARS)
        } else if bytes > limits::OPS_PAGE_BYTES as u64 {
            format!("it has more than {} KiB", limits::OPS_PAGE_BYTES / 1024)
        } else {
            self.bytes += usize::try_from(bytes).unwrap_or(usize::MAX);
            self.paths.insert(path.to_owned());
            if self.paths.len() > limits::OPS_PAGES || self.bytes > limits::OPS_BYTES {
                return Err(format!(
                    "there are more than {} pages, or more than {} MiB of them: name the folder that has what people need at night",
                    limits::OPS_PAGES,
                    limits::OPS_BYTES / 1024 / 1024
                ));
            }
            return Ok(true);
        };
        self.refuse(path, problem);
        Ok(false)
    }

    /// Says why a file is no page.
    pub fn refuse(&mut self, path: &str, problem: impl Into<String>) {
        if self.reading.unread.len() < limits::OPS_UNREAD {
            let path = path.chars().filter(|c| !c.is_control()).take(limits::OPS_PATH_CHARS).collect();
            self.reading.unread.push(Unread { path, problem: problem.into() });
        }
    }

    /// Takes the content of a page that was admitted.
    pub fn take(&mut self, path: String, content: Vec<u8>) {
        match String::from_utf8(content) {
            Ok(text) => drop(self.reading.pages.insert(path, text)),
            Err(_) => self.refuse(&path, "it is not UTF-8"),
        }
    }

    /// What was put together.
    pub fn finish(self, mark: Option<String>) -> Reading {
        Reading { mark, ..self.reading }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_in_no_hidden_folder_is_a_page() {
        for path in ["a.md", "a/b.MD", "a b/c.markdown"] {
            assert!(is_page(path), "{path}");
        }
        for path in [".github/a.md", "a/.b.md", "a.txt", "md", "a//b.md"] {
            assert!(!is_page(path), "{path}");
        }
    }

    #[test]
    fn a_folder_without_pages_takes_none_away() {
        assert!(with_pages(Reading::default()).unwrap_err().contains("no page"));
        let pages = BTreeMap::from([("a.md".to_owned(), String::new())]);
        assert!(with_pages(Reading { pages, ..Reading::default() }).is_ok());
    }

    #[test]
    fn what_is_too_much_is_said_and_left_out() {
        let mut collected = Collected::default();
        assert_eq!(collected.admits("a.md", limits::OPS_PAGE_BYTES as u64), Ok(true));
        collected.take("a.md".into(), vec![0xff]);
        assert_eq!(collected.admits("b.md", limits::OPS_PAGE_BYTES as u64 + 1), Ok(false));
        assert_eq!(collected.admits(&"x".repeat(limits::OPS_PATH_CHARS + 1), 1), Ok(false));
        let mut all = Collected::default();
        let pages = limits::OPS_BYTES / limits::OPS_PAGE_BYTES;
        assert!((0..pages).all(|page| all.admits(&format!("{page}.md"), limits::OPS_PAGE_BYTES as u64) == Ok(true)));
        assert!(all.admits("more.md", 1).is_err());
        let reading = collected.finish(None);
        assert_eq!(reading.unread.iter().map(|one| one.path.len()).collect::<Vec<_>>(), [4, 4, limits::OPS_PATH_CHARS]);
        assert!(reading.pages.is_empty());
    }
}
