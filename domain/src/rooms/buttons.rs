//! Buttons, and what they are about.

use entity::{IncidentId, PageId};

use crate::ports::{Button, Press};

/// What can be done about a step from a message: at once, later or never.
pub(crate) fn of_step(incident: IncidentId, key: &str) -> Vec<Button> {
    [(Press::DoStep, "Do it now"), (Press::NotNow, "Not now"), (Press::NotNeeded, "Not needed")]
        .map(|(press, label)| Button { press, value: step_value(incident, key), label: label.to_owned(), is_main: press == Press::DoStep })
        .into()
}

/// What a person who is paged can say.
pub(crate) fn of_page(page: PageId) -> Vec<Button> {
    [(Press::Accept, "I have it"), (Press::Decline, "Can't help")]
        .map(|(press, label)| Button { press, value: page.to_string(), label: label.to_owned(), is_main: press == Press::Accept })
        .into()
}

/// What a person who is offered a role can say.
pub(crate) fn of_offer(incident: IncidentId) -> Vec<Button> {
    [(Press::TakeRole, "Take over"), (Press::RefuseRole, "Can't")]
        .map(|(press, label)| of_incident(press, label, incident, press == Press::TakeRole))
        .into()
}

/// Something about an incident as a whole.
pub(crate) fn of_incident(press: Press, label: &str, incident: IncidentId, is_main: bool) -> Button {
    Button { press, value: incident.to_string(), label: label.to_owned(), is_main }
}

/// Names a step of an incident.
fn step_value(incident: IncidentId, key: &str) -> String {
    format!("{incident} {key}")
}

/// The incident, and the step if it is one, that a button is about.
pub(crate) fn about(value: &str) -> Option<(IncidentId, Option<&str>)> {
    match value.split_once(' ') {
        Some((incident, key)) => Some((IncidentId::parse(incident)?, Some(key))),
        None => Some((IncidentId::parse(value)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_a_button_is_about_comes_back() {
        let incident = IncidentId(Uuid::from_u128(7));
        for button in of_step(incident, "summary:2.1") {
            assert_eq!(about(&button.value), Some((incident, Some("summary:2.1"))));
        }
        assert_eq!(about(&of_offer(incident)[0].value), Some((incident, None)));
        assert_eq!(about("nonsense"), None);
    }
}
