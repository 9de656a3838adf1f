//! How people name an incident, and where they see it.

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use entity::{Timestamp, Visibility, incident};

/// `INC-42`: what people say out loud.
pub fn reference(incident: &incident::Model) -> String {
    of_number(incident.number)
}

/// The reference of the incident with this number.
pub fn of_number(number: i32) -> String {
    format!("INC-{number}")
}

/// What an incident is called in messages: they show on locked screens, so a restricted one has only its number there.
pub fn shown_name(incident: &incident::Model) -> String {
    match incident.visibility {
        Visibility::Open => format!("{} ({})", incident.name, reference(incident)),
        Visibility::Restricted => format!("{} (restricted)", reference(incident)),
    }
}

/// The address at which people see the incident.
pub fn link(ctx: &Ctx, incident: &incident::Model) -> String {
    format!("{}/incidents/{}", ctx.config.public_url, reference(incident))
}

/// Since when it has been going on, as far as known: what began the impact may be found out later, and a report may come before it is
/// declared.
pub fn began(incident: &incident::Model) -> Timestamp {
    let known = [incident.impact_started_at, incident.declared_at];
    known.into_iter().flatten().fold(incident.reported_at, Timestamp::min)
}

/// Reads `INC-42` (or `42`, in any case).
///
/// # Errors
/// `BAD_USER_INPUT` for anything else.
pub fn parse_reference(text: &str) -> Result<i32> {
    let digits = text.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("inc-")).map_or(text, |_| &text[4..]);
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i32>().ok()).flatten();
    number.filter(|number| *number > 0).ok_or_else(|| Error::invalid("reference", "A reference looks like INC-42."))
}
