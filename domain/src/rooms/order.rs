//! What a decision orders of the chat, as written on a draft.

use chrono::Duration;
use entity::{Flag, IncidentId, Operation, System, Timestamp, Visibility, chat_channel, incident};
use sea_orm::IntoActiveModel;

use super::{buttons, name};
use crate::delivery::order::New;
use crate::incident::reference::{link, shown_name};
use crate::playbook::steps::Step;
use crate::ports::{ChatChannel, ChatLink, ChatMessage, ChatPlace, Said};
use crate::record::Draft;

/// How long reminders wait for a channel that was ordered. Whoever orders one sees it within seconds, unless something is wrong.
const IN_THE_MAKING: Duration = Duration::minutes(2);

/// Has the chat follow the incident, and orders its channel once it is live. The door calls it for each decision, so every way to declare an
/// incident has it.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    if !is_connected(draft) {
        return;
    }
    if draft.incident().chat_since.is_none() {
        draft.incident_mut().chat_since = Some(draft.now);
        let row = nothing_yet(draft.incident().id, draft.incident().version);
        draft.insert(row.into_active_model());
    }
    let incident = draft.incident();
    if incident.live && incident.channel_ordered_at.is_none() && !incident.flags.contains(Flag::Retrospective) {
        let channel = channel_for(draft, None);
        order_channel(draft, channel);
    }
}

/// Orders this channel as the incident's.
pub(super) fn order_channel(draft: &mut Draft<'_>, channel: ChatChannel) {
    draft.incident_mut().channel_ordered_at = Some(draft.now);
    draft.send(New::of(Operation::ChatChannel, Box::new(channel)));
}

/// The channel that the incident should have; with `taken`, that one, which is there already.
pub(super) fn channel_for(draft: &Draft<'_>, taken: Option<String>) -> ChatChannel {
    let (incident, playbook) = (draft.incident(), draft.ctx().playbook());
    ChatChannel {
        marker: incident.id.to_string(),
        taken,
        name: name::of(incident, &playbook.working_hours.zone, draft.now),
        is_private: incident.visibility == Visibility::Restricted,
        purpose: format!("{}: {}", shown_name(incident), link(draft.ctx(), incident)),
        invite: Vec::new(),
    }
}

/// A step that people are reminded of in the channel of the incident.
pub(crate) struct Reminder<'a> {
    /// The step.
    pub step: &'a Step,
    /// Since when it has been due or overdue, in words.
    pub since: &'a str,
    /// Accounts of those who are asked, and want to be mentioned.
    pub mentions: Vec<String>,
    /// Their names, and those of all others who are asked.
    pub names: &'a str,
}

/// Posts it.
pub(crate) fn remind(draft: &mut Draft<'_>, reminder: Reminder<'_>) {
    let Reminder { step, since, mentions, names } = reminder;
    let (incident, url) = (draft.incident(), link(draft.ctx(), draft.incident()));
    let said = Said {
        mentions,
        headline: step.title.clone(),
        paragraphs: vec![step.why.clone(), format!("{since}{names}")],
        short: format!("{}: {}", shown_name(incident), step.title),
        link: Some(ChatLink::in_muster(format!("{url}?do={}", step.key))),
        buttons: buttons::of_step(incident.id, &step.key),
    };
    let message = Box::new(ChatMessage { place: ChatPlace::Incident { channel: None }, said });
    draft.send(New { step: Some(step.key.clone()), ..New::of(Operation::Remind, message) });
}

/// Whether people are reminded in the incident's channel, of which `channel` is known, and not each by a message in the chat.
pub(crate) fn reminds_in_channel(draft: &Draft<'_>, channel: Option<&chat_channel::Model>) -> bool {
    is_connected(draft) && channel.is_some_and(|channel| takes_reminders(draft.incident(), channel, draft.now))
}

/// Whether those whom a reminder concerns find it in the channel. One that is being made is waited for, but not for ever: its order may have
/// failed.
fn takes_reminders(incident: &incident::Model, channel: &chat_channel::Model, now: Timestamp) -> bool {
    match &channel.channel {
        Some(_) => channel.archived_at.is_none() && !is_exposed(incident, channel),
        None => incident.channel_ordered_at.is_some_and(|at| now < at + IN_THE_MAKING),
    }
}

/// Whether more people read the channel than may know of the incident: it was open when its channel was made.
pub(super) fn is_exposed(incident: &incident::Model, channel: &chat_channel::Model) -> bool {
    incident.visibility == Visibility::Restricted && !channel.is_private
}

fn is_connected(draft: &Draft<'_>) -> bool {
    draft.ctx().config.systems.contains(&System::Slack)
}

/// What the chat has of an incident before anything was made there: it is shown as of `version`.
pub(crate) fn nothing_yet(incident: IncidentId, version: i32) -> chat_channel::Model {
    chat_channel::Model {
        incident_id: incident,
        channel: None,
        name: None,
        url: None,
        is_private: false,
        is_ours: false,
        summary_ts: None,
        shown: None,
        invited: None,
        problem: None,
        history_page: None,
        shown_version: version,
        reads_history: false,
        due_at: None,
        archive_at: None,
        archived_at: None,
        rests_since: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn people_are_reminded_in_a_channel_that_they_read() {
        let now = Timestamp::UNIX_EPOCH + Duration::days(1);
        let ordered = |ago: Duration| incident::Model { channel_ordered_at: Some(now - ago), ..fixtures::live_incident(now) };
        let restricted = incident::Model { visibility: Visibility::Restricted, ..ordered(IN_THE_MAKING) };
        let there = fixtures::chat_channel();
        let none_yet = chat_channel::Model { channel: None, ..there.clone() };
        let archived = chat_channel::Model { archived_at: Some(now), ..there.clone() };
        let private = chat_channel::Model { is_private: true, ..there.clone() };
        for (incident, channel, expected) in [
            (&ordered(Duration::seconds(1)), &none_yet, true),
            (&ordered(IN_THE_MAKING), &none_yet, false),
            (&fixtures::live_incident(now), &none_yet, false),
            (&ordered(IN_THE_MAKING), &there, true),
            (&ordered(Duration::seconds(1)), &archived, false),
            (&restricted, &there, false),
            (&restricted, &private, true),
        ] {
            assert_eq!(takes_reminders(incident, channel, now), expected, "{:?} {channel:?}", incident.channel_ordered_at);
        }
    }
}
