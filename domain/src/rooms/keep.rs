//! Keeps what the chat shows in step with incidents.
//!
//! The loop of `worker` takes what is out of date, a few incidents at once: a channel whose incident has changed, that is to be archived, or
//! whose history is to be read. Each is taken for [`TAKEN`] by a conditional update; whoever dies leaves it to the next. What is done twice does
//! no harm.

use std::time::Duration;

use entity::chat_channel::{self, Column};
use entity::{DeliveryState, IncidentId, Operation, System, Timestamp, chat_message, delivery, incident};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, NotSet, QueryFilter, QueryOrder, QuerySelect, Set};
use tokio::time::timeout;

use super::dress::Look;
use super::history;
use super::order::is_exposed;
use super::shown::{Revision, revision};
use super::stop::{Stop, fingerprint};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::link;
use crate::incident::state::is_over;
use crate::playbook::Playbook;
use crate::playbook::steps::steps;
use crate::ports::{ChatOrder, ChatRooms, Effect, Posted, Refusal, Said};
use crate::record::{Facts, Whole};
use crate::telling::roster::{Roster, Staffed, may_know};
use crate::timeline::latest_update;
use crate::words;

/// What was taken and not finished within this time is taken again.
const TAKEN: chrono::Duration = chrono::Duration::seconds(90);
/// How long bringing one incident up to date may take: it ends before anybody else takes it.
const AT_WORK: Duration = Duration::from_secs(75);
/// Pause after the chat refused, unless it asks for a longer one.
const PAUSE: Duration = Duration::from_secs(15);
/// The version that is shown of what has to be looked at again: any is newer.
const UNSEEN: i32 = -1;
/// The longest pause that it can ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// Takes up to `most` of those that are out of date, by a conditional update, so that several workers take different ones. None only if there
/// are none: whoever lost a race looks again.
///
/// # Errors
/// Those of the database.
pub async fn take(ctx: &Ctx, most: u64) -> Result<Vec<chat_channel::Model>> {
    let now = ctx.now();
    loop {
        let due = chat_channel::Entity::find().select_only().column(Column::IncidentId).filter(is_due(now));
        // Those of which the least was shown, so that none that changes all the time comes before a new one.
        let due = due.order_by_asc(Column::ShownVersion).limit(most);
        let due: Vec<IncidentId> = due.into_tuple().all(ctx.db.read()).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let taken = chat_channel::ActiveModel { due_at: Set(Some(now + TAKEN)), ..Default::default() };
        let update = chat_channel::Entity::update_many().set(taken).filter(Column::IncidentId.is_in(due)).filter(is_due(now));
        let taken = update.exec_with_returning(ctx.db.write()).await?;
        if !taken.is_empty() {
            return Ok(taken);
        }
    }
}

/// Brings up to date what the chat shows of an incident that was just taken.
///
/// # Errors
/// Those of the database. What the chat refuses is put off.
pub async fn bring_up_to_date(ctx: &Ctx, rooms: &dyn ChatRooms, taken: &chat_channel::Model) -> Result<()> {
    let mut row = taken.clone();
    let late = || Refusal::Later { reason: format!("The chat took longer than {} seconds in total.", AT_WORK.as_secs()), after: None };
    let kept = timeout(AT_WORK, Box::pin(keep(ctx, rooms, taken, &mut row))).await;
    match kept.unwrap_or_else(|_| Err(Stop::Refused(late()))) {
        Ok(()) => {}
        Err(Stop::Refused(refusal)) => put_off(ctx, &row, &refusal).await?,
        Err(Stop::Failed(error)) => error.log(&format!("could not bring up to date what the chat shows of incident {}", taken.incident_id)),
    }
    Ok(())
}

fn is_due(now: Timestamp) -> Expr {
    let is_free = Column::DueAt.is_null().or(Column::DueAt.lte(now));
    let is_to_archive = Column::ArchiveAt.lte(now).and(Column::ArchivedAt.is_null()).and(Column::Channel.is_not_null());
    let is_active = Column::RestsSince.is_null().and(has_changed(false));
    let is_back = Column::RestsSince.is_not_null().and(has_changed(true));
    is_free.and(is_active.or(is_back).or(is_to_archive).or(Column::ReadsHistory.eq(true)))
}

/// Whether the incident has changed since; `live` asks for one that is live again.
fn has_changed(live: bool) -> Expr {
    let of_incident = |column: incident::Column| Expr::col((incident::Entity, column));
    let mut newer = Query::select();
    newer
        .expr(Expr::val(1))
        .from(incident::Entity)
        .and_where(of_incident(incident::Column::Id).equals((chat_channel::Entity, Column::IncidentId)))
        .and_where(of_incident(incident::Column::Version).gt(Expr::col((chat_channel::Entity, Column::ShownVersion))));
    if live {
        newer.and_where(of_incident(incident::Column::Live).eq(true));
    }
    Expr::exists(newer)
}

/// Tries again later, and says why meanwhile: until the channel looks as it should. Who was invited is.
async fn put_off(ctx: &Ctx, row: &chat_channel::Model, refusal: &Refusal) -> Result<()> {
    let asked = match refusal {
        Refusal::Later { after, .. } => after.unwrap_or(PAUSE),
        Refusal::Unclear(_) => PAUSE,
        Refusal::Never(_) | Refusal::Locked(_) => LONGEST_PAUSE,
    };
    let pause = chrono::Duration::from_std(asked.clamp(PAUSE, LONGEST_PAUSE)).unwrap_or(TAKEN);
    let later = chat_channel::ActiveModel {
        invited: Set(row.invited.clone()),
        due_at: Set(Some(ctx.now() + pause)),
        problem: Set(Some(words::shortened(refusal.reason()))),
        shown: Set(None),
        ..Default::default()
    };
    write(ctx, row.incident_id, later).await
}

async fn keep(ctx: &Ctx, rooms: &dyn ChatRooms, before: &chat_channel::Model, row: &mut chat_channel::Model) -> Result<(), Stop> {
    let found = incident::Entity::find_by_id(before.incident_id).one(ctx.db.read()).await?;
    let facts = Staffed::load(ctx, found.ok_or(Error::NotFound("incident"))?).await?;
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let incident = &facts.whole.incident;
    row.archive_at = archive_at(incident, before, &playbook);
    keep_messages(ctx, rooms, before, &facts, &playbook).await?;
    if row.channel.is_none() {
        row.problem = None;
    }
    if let Some(channel) = row.channel.clone() {
        let lacking = keep_people(rooms, row, &channel, &facts).await?;
        keep_look(ctx, rooms, row, &channel, &facts, &playbook).await?;
        row.problem = row.problem.take().or(lacking);
        row.reads_history &= row.archived_at.is_none();
        if row.reads_history {
            keep_history(ctx, rooms, row, &channel).await?;
        }
    }
    let has_gone = row.channel.is_none() || row.archived_at.is_some();
    row.rests_since = (is_over(incident) && has_gone).then_some(row.rests_since.unwrap_or(now));
    row.shown_version = incident.version;
    // What we may not archive is tried again, and not at once.
    let is_still_there = row.channel.is_some() && row.archived_at.is_none() && row.archive_at.is_some_and(|at| at <= now);
    row.due_at = is_still_there.then_some(now + chrono::Duration::from_std(LONGEST_PAUSE).unwrap_or(TAKEN));
    if is_still_there {
        row.shown = None;
    }
    finish(ctx, before, row).await?;
    Ok(())
}

/// Writes what was done. The button that archives, and a channel that was just made, may have been faster: those columns are left alone. If the
/// chat told something of the channel meanwhile, that is newer, and it is looked at again.
async fn finish(ctx: &Ctx, before: &chat_channel::Model, row: &chat_channel::Model) -> Result<()> {
    let done = chat_channel::ActiveModel {
        name: Set(row.name.clone()),
        is_private: Set(row.is_private),
        summary_ts: Set(row.summary_ts.clone()),
        shown: Set(row.shown.clone()),
        invited: Set(row.invited.clone()),
        problem: Set(row.problem.clone()),
        history_page: Set(row.history_page.clone()),
        reads_history: Set(row.reads_history),
        shown_version: Set(row.shown_version),
        due_at: Set(row.due_at),
        archive_at: if row.archive_at == before.archive_at { NotSet } else { Set(row.archive_at) },
        archived_at: Set(row.archived_at),
        rests_since: Set(row.rests_since),
        ..Default::default()
    };
    let same = Column::IncidentId.eq(row.incident_id).and(Column::ShownVersion.eq(before.shown_version)).and(match &row.channel {
        Some(channel) => Column::Channel.eq(channel),
        None => Column::Channel.is_null(),
    });
    let written = chat_channel::Entity::update_many().set(done).filter(same).exec(ctx.db.write()).await?;
    if written.rows_affected == 0 {
        let again = chat_channel::ActiveModel { due_at: Set(None), ..Default::default() };
        write(ctx, row.incident_id, again).await?;
    }
    Ok(())
}

/// Writes what has changed of an incident's row, whatever else has meanwhile.
async fn write(ctx: &Ctx, incident: IncidentId, change: chat_channel::ActiveModel) -> Result<()> {
    chat_channel::Entity::update_many().set(change).filter(Column::IncidentId.eq(incident)).exec(ctx.db.write()).await?;
    Ok(())
}

/// When the channel is to be archived; somebody may want it earlier. What people had before the incident is archived at their word alone.
fn archive_at(incident: &incident::Model, channel: &chat_channel::Model, playbook: &Playbook) -> Option<Timestamp> {
    let ended = incident.closed_at.unwrap_or(incident.changed_at);
    let by_itself = channel.is_ours.then_some(ended + playbook.channel_archive_after);
    channel.archive_at.or(by_itself).filter(|_| is_over(incident))
}

/// Invites whoever has come to belong there. Says why that can't be done: whoever is there still sees how it stands.
async fn keep_people(rooms: &dyn ChatRooms, row: &mut chat_channel::Model, channel: &str, facts: &Staffed) -> Result<Option<String>, Stop> {
    let known = row.invited.clone().unwrap_or_default();
    let mut invited: Vec<&str> = known.split_whitespace().collect();
    let belong = belong(&facts.whole, &facts.roster);
    let new: Vec<String> = belong.into_iter().filter(|account| !invited.contains(&&**account)).collect();
    if new.is_empty() || row.archived_at.is_some() {
        return Ok(None);
    }
    match rooms.invite(channel, &new).await {
        Ok(()) => {}
        Err(Refusal::Never(why)) => return Ok(Some(words::shortened(&why))),
        Err(refusal) => return Err(refusal.into()),
    }
    invited.extend(new.iter().map(String::as_str));
    row.invited = Some(invited.join(" "));
    if row.problem.is_some() {
        // It may have been this one.
        row.shown = None;
    }
    Ok(None)
}

/// Reads on in what was said there before. What can't be read holds nothing else up.
async fn keep_history(ctx: &Ctx, rooms: &dyn ChatRooms, row: &mut chat_channel::Model, channel: &str) -> Result<(), Stop> {
    match history::read_on(ctx, rooms, row, channel).await {
        Err(Stop::Refused(Refusal::Never(why))) => {
            row.reads_history = false;
            let problem = format!("What was said here before can't be read: {why} Write “here” once more when that is put right.");
            row.problem = Some(words::shortened(&problem));
            Ok(())
        }
        read => read,
    }
}

/// Accounts of those who belong into the channel of an incident: whoever reported it or has a part in it, and second line.
pub(super) fn belong(whole: &Whole, roster: &Roster) -> Vec<String> {
    let at_work = whole.roles.iter().filter(|row| row.ended_at.is_none()).filter_map(|row| roster.person(row.person_id));
    let reporter = whole.incident.reporter_id.and_then(|id| roster.person(id));
    let people = at_work.chain(reporter).chain(roster.second_line()).filter(|person| may_know(person, whole));
    let mut accounts: Vec<String> = people.filter_map(|person| person.chat_account.clone()).collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

async fn keep_look(
    ctx: &Ctx,
    rooms: &dyn ChatRooms,
    row: &mut chat_channel::Model,
    channel: &str,
    facts: &Staffed,
    playbook: &Playbook,
) -> Result<(), Stop> {
    let (incident, now) = (&facts.whole.incident, ctx.now());
    let (update, url) = (latest_update(ctx, incident).await?, link(ctx, incident));
    // Once more if others can read it than was known: then it shows something else. Where too many can, that is asked each time.
    for _ in 0..2 {
        let wanted = Look { facts, channel: row, update: update.as_ref(), playbook, url: &url, now }.dress();
        let name = fingerprint(&format!("{:?}", (&wanted.topic, &wanted.link, &wanted.summary, wanted.is_archived)));
        if row.shown.as_ref() == Some(&name) && !is_exposed(incident, row) {
            return Ok(());
        }
        let (dressed, was_private) = (rooms.dress(channel, &wanted).await?, row.is_private);
        row.name = dressed.name.or(row.name.take());
        row.summary_ts = dressed.summary_at;
        row.problem = dressed.problem;
        row.is_private = dressed.is_private.unwrap_or(row.is_private);
        row.archived_at = (dressed.is_archived || dressed.is_gone).then_some(row.archived_at.unwrap_or(now));
        // What is gone may come back, by an invitation that nobody tells us of.
        row.shown = (!dressed.is_gone).then_some(name);
        if row.is_private == was_private {
            return Ok(());
        }
    }
    Ok(())
}

/// Has messages of ours show what became of what they are about.
async fn keep_messages(
    ctx: &Ctx,
    rooms: &dyn ChatRooms,
    channel: &chat_channel::Model,
    facts: &Staffed,
    playbook: &Playbook,
) -> Result<(), Stop> {
    let whole = &facts.whole;
    let steps = steps(&whole.case(), playbook, ctx.now());
    let known = chat_message::Entity::find().filter(chat_message::Column::IncidentId.eq(whole.incident.id)).all(ctx.db.read()).await?;
    for row in posted(ctx, whole.incident.id).await? {
        let before = known.iter().find(|message| message.delivery_id == row.id);
        let (Ok(Effect::Chat(order)), Some(at)) = (Effect::of(&row), row.external_id.as_deref().and_then(Posted::parse)) else { continue };
        let (said, is_settled) = match (revision(&row, &order, facts, channel, &steps, playbook), before) {
            (Revision::Instead { said, is_settled }, _) => (said, is_settled),
            (Revision::AsPosted, Some(_)) => (as_ordered(&order), false),
            (Revision::AsPosted, None) => continue,
        };
        let name = fingerprint(&format!("{said:?}"));
        if before.is_none_or(|before| before.shown != name) {
            rooms.revise(&at, &said).await?;
        }
        keep_shown(ctx, chat_message::Model { delivery_id: row.id, incident_id: whole.incident.id, shown: name, is_settled }).await?;
    }
    Ok(())
}

/// What was posted about an incident and may have to change.
async fn posted(ctx: &Ctx, incident: IncidentId) -> Result<Vec<delivery::Model>> {
    use delivery::Column as Of;
    let settled = Query::select()
        .column(chat_message::Column::DeliveryId)
        .from(chat_message::Entity)
        .and_where(chat_message::Column::IncidentId.eq(incident).and(chat_message::Column::IsSettled.eq(true)))
        .to_owned();
    let rows = delivery::Entity::find()
        .filter(Of::IncidentId.eq(incident).and(Of::System.eq(System::Slack)).and(Of::State.eq(DeliveryState::Delivered)))
        .filter(Of::Operation.is_in([Operation::Notice, Operation::Offer, Operation::Page, Operation::Remind]))
        .filter(Of::ExternalId.is_not_null().and(Of::Id.not_in_subquery(settled)))
        .order_by_asc(Of::Id);
    Ok(rows.all(ctx.db.read()).await?)
}

fn as_ordered(order: &ChatOrder) -> Said {
    match order {
        ChatOrder::Notice(notice) => Said { paragraphs: vec![notice.text.clone()], short: notice.text.clone(), ..Said::default() },
        ChatOrder::Message(message) => message.said.clone(),
        ChatOrder::Channel(_) => Said::default(),
    }
}

async fn keep_shown(ctx: &Ctx, row: chat_message::Model) -> Result<()> {
    use chat_message::Column as Of;
    let anew = OnConflict::column(Of::DeliveryId).update_columns([Of::Shown, Of::IsSettled]).to_owned();
    chat_message::Entity::insert(row.into_active_model()).on_conflict(anew).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Has the channel of an incident archived now.
pub(super) async fn archive_now(ctx: &Ctx, incident: IncidentId) -> Result<()> {
    let now = chat_channel::ActiveModel { archive_at: Set(Some(ctx.now())), due_at: Set(None), ..Default::default() };
    write(ctx, incident, now).await?;
    ctx.outbox.ring();
    Ok(())
}

/// Takes what the chat says of a channel, which is looked at again: it is called otherwise, was archived by somebody, or is gone.
pub(super) async fn heard(ctx: &Ctx, channel: &str, change: chat_channel::ActiveModel) -> Result<()> {
    let change = chat_channel::ActiveModel { shown: Set(None), shown_version: Set(UNSEEN), ..change };
    chat_channel::Entity::update_many().set(change).filter(Column::Channel.eq(channel)).exec(ctx.db.write()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use entity::IncidentStatus;

    use super::*;
    use crate::fixtures;

    #[test]
    fn what_muster_made_is_archived_by_itself_and_what_was_there_by_people() {
        let (now, playbook) = (Timestamp::UNIX_EPOCH, Playbook::default());
        let live = fixtures::live_incident(now);
        let closed = incident::Model { status: IncidentStatus::Closed, live: false, closed_at: Some(now), ..live.clone() };
        let ours = fixtures::chat_channel();
        let theirs = chat_channel::Model { is_ours: false, ..ours.clone() };
        let pressed = chat_channel::Model { archive_at: Some(now), ..theirs.clone() };
        for (incident, channel, expected) in [
            (&closed, &ours, Some(now + playbook.channel_archive_after)),
            (&closed, &theirs, None),
            (&closed, &pressed, Some(now)),
            (&live, &ours, None),
            (&live, &pressed, None),
        ] {
            assert_eq!(archive_at(incident, channel, &playbook), expected, "{:?} {channel:?}", incident.status);
        }
    }
}
