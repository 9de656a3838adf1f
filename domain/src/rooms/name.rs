//! What the channel of an incident is called.

use entity::{Timestamp, Visibility, incident};

use crate::zone::Zone;

/// Letters of a name: the chat takes 80, and a number may have to follow.
const NAME_CHARS: usize = 76;

/// `inc-2026-11-30-shop-is-down`, by the day on which it was declared in the team's zone. Of a restricted incident the channel's name says
/// the number alone: a name is seen by more people than the channel.
pub(super) fn of(incident: &incident::Model, zone: &Zone, now: Timestamp) -> String {
    let day = incident.declared_at.unwrap_or(now).with_timezone(zone).format("%Y-%m-%d");
    let words = match incident.visibility {
        Visibility::Open => slug(&incident.name),
        Visibility::Restricted => incident.number.to_string(),
    };
    let words = if words.is_empty() { incident.number.to_string() } else { words };
    let name: String = format!("inc-{day}-{words}").chars().take(NAME_CHARS).collect();
    name.trim_end_matches('-').to_owned()
}

/// `name` in small letters of ASCII and digits, with a hyphen for all between.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') && letter != '\'' && letter != '’' {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_what_a_channel_may_be_called() {
        for (name, expected) in [
            ("Shop is down", "shop-is-down"),
            ("  It's /really/ <!channel> down!! ", "its-really-channel-down"),
            ("Kaffee für 5 €", "kaffee-f-r-5"),
            ("停电", ""),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }
}
