//! The team's values: what the guide fixes for one agency and another team would set differently.
//!
//! Goals and their checklists so far; the file that changes them comes with the rest of the playbook.

/// The values in force.
#[derive(Clone, Debug)]
pub struct Playbook {
    /// What a response must reach before an incident may be resolved (R15, R24).
    pub goals: Vec<Goal>,
}

/// A goal of the response.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Names it for ever, e.g. `contain`.
    pub key: String,
    /// For people.
    pub title: String,
    /// What must be ticked when there was a breach; nothing otherwise.
    pub breach_checklist: Vec<ChecklistItem>,
}

/// An item of a checklist.
#[derive(Clone, Debug)]
pub struct ChecklistItem {
    /// Names it within its goal.
    pub key: String,
    /// For people.
    pub text: String,
}

impl Playbook {
    /// The goal named `key`.
    pub fn goal(&self, key: &str) -> Option<&Goal> {
        self.goals.iter().find(|goal| goal.key == key)
    }
}

impl Default for Playbook {
    fn default() -> Self {
        let goal = |key: &str, title: &str, items: &[(&str, &str)]| Goal {
            key: key.into(),
            title: title.into(),
            breach_checklist: items.iter().map(|(key, text)| ChecklistItem { key: (*key).into(), text: (*text).into() }).collect(),
        };
        Self {
            goals: vec![
                goal("understand", "We know what is going on", &[]),
                goal(
                    "contain",
                    "It can't get worse",
                    &[
                        ("revoke-access", "Access that nobody authorised is revoked"),
                        ("remove-modifications", "What an intruder changed is removed"),
                        ("find-compromised-data", "It is known which data got out or was altered"),
                        ("preserve-evidence", "Logs and copies that a later investigation needs are kept safe"),
                    ],
                ),
                goal("restore", "The service works again", &[]),
                goal("monitor", "It was watched and stays well", &[]),
            ],
        }
    }
}
