//! How what follows a word is read. Pure.

use entity::{IncidentStatus, Role, Severity};

/// The statuses that people set by themselves.
pub(super) const LIVE: [IncidentStatus; 3] = [IncidentStatus::Investigating, IncidentStatus::Fixing, IncidentStatus::Monitoring];

/// That of [`LIVE`] with this name, in any case.
pub(super) fn live_status_named(name: &str) -> Option<IncidentStatus> {
    LIVE.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name))
}

/// The severity of this name, in any case.
pub(super) fn severity_named(name: &str) -> Option<Severity> {
    Severity::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(name))
}

/// The role of this short name.
pub(super) fn role_named(name: &str) -> Option<Role> {
    Some(match name.to_lowercase().as_str() {
        "lead" => Role::IncidentLead,
        "comms" => Role::ClientCommsManager,
        "responder" => Role::Responder,
        "author" => Role::ReportAuthor,
        "facilitator" => Role::ReviewFacilitator,
        "notes" | "note-taker" => Role::NoteTaker,
        _ => return None,
    })
}

/// The first word, and the rest.
pub(super) fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(first, rest)| (first, rest.trim_start()))
}

/// What was written, unless nothing was.
pub(super) fn given(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A reason, with or without the word that people begin it with.
pub(super) fn reason(text: &str) -> Option<String> {
    let (first, rest) = split_word(text);
    given(if first.eq_ignore_ascii_case("because") { rest } else { text })
}

/// Splits `text` at the first word “because”.
pub(super) fn split_because(text: &str) -> (&str, Option<String>) {
    const BECAUSE: &str = "because";
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        if word.trim_end().eq_ignore_ascii_case(BECAUSE) {
            return (text[..offset].trim_end(), given(&text[offset + word.len()..]));
        }
        offset += word.len();
    }
    (text.trim_end(), None)
}
