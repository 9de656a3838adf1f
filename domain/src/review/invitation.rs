//! What people who are invited to a review are told: by mail with an event for their calendars (R30).

use entity::{Operation, person, review};

use super::attendance::Guest;
use super::query::ends_at;
use crate::calendar;
use crate::incident::reference::{link, reference};
use crate::ports::Invitation;
use crate::record::Draft;
use crate::telling::message::{Message, Recipient};

/// Sends the plan to everybody who is invited.
pub fn invite(draft: &mut Draft<'_>, review: &review::Model, guests: &[Guest<'_>], facilitator: &str) {
    let at = draft.ctx().playbook().local(review.starts_at);
    let page = page(draft);
    let place = review.place.as_ref().map(|place| format!("\nWhere: {place}")).unwrap_or_default();
    for guest in guests {
        let what = format!("{}, you are invited to the review of {} on {at}.", guest.person.name, reference(draft.incident()));
        let about = format!(
            "{what}\n\nWhen: {at}, {} minutes{place}\nLed by: {facilitator}\nWhy you: {} {}\n\n\
             The review is there to learn from what happened. It looks for nobody to blame: everybody did their best with what they knew and had. \
             Please read the draft report before.\n\nThe report, and your answer whether you come: {page}\n\n\
             What you would rather not say in the meeting can be written on that page, without your name.",
            review.duration_minutes, guest.person.name, guest.reason,
        );
        let invitation = event(draft, review, guest.person, false);
        tell(draft, guest.person, what, about, page.clone(), invitation);
    }
}

/// Tells people that the review is off for them.
pub fn uninvite<'a>(draft: &mut Draft<'_>, review: &review::Model, people: impl Iterator<Item = &'a person::Model>) {
    let at = draft.ctx().playbook().local(review.starts_at);
    let page = page(draft);
    for person in people {
        let is_off = review.called_off_at.is_some();
        let off = if is_off { "is off" } else { "takes place without you" };
        let what = format!("{}, the review of {} on {at} {off}.", person.name, reference(draft.incident()));
        let invitation = event(draft, review, person, true);
        tell(draft, person, what.clone(), what, page.clone(), invitation);
    }
}

fn page(draft: &Draft<'_>) -> String {
    format!("{}/review", link(draft.ctx(), draft.incident()))
}

fn tell(draft: &mut Draft<'_>, person: &person::Model, short: String, text: String, link: String, invitation: Invitation) {
    let subject = format!("[{}] {}", reference(draft.incident()), if invitation.is_cancelled { "The review is off" } else { "Review" });
    draft.tell(&Message {
        to: Recipient::Person(person),
        purpose: Operation::Invite,
        subject,
        text,
        short,
        link,
        step: None,
        page: None,
        invitation: Some(invitation),
    });
}

fn event(draft: &Draft<'_>, review: &review::Model, person: &person::Model, is_cancelled: bool) -> Invitation {
    let page = page(draft);
    Invitation {
        uid: uid(&draft.ctx().config.public_url, review),
        sequence: review.sequence,
        is_cancelled,
        written_at: draft.now,
        starts_at: review.starts_at,
        ends_at: ends_at(review),
        title: format!("Review of {}", reference(draft.incident())),
        place: review.place.clone(),
        text: format!("The report and what the review is about: {page}"),
        url: page,
        to_name: person.name.clone(),
    }
}

/// What the event is called for ever, in every calendar.
pub fn uid(public_url: &str, review: &review::Model) -> String {
    calendar::uid(public_url, &format!("review-{}", review.id.0.as_simple()))
}
