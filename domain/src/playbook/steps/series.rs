//! Steps that repeat: which keys name numbers of one obligation.

use crate::playbook::Rule;
use crate::playbook::steps::Step;

/// Whether the obligation of `key` still stands: of a series, whether any number of it does.
pub fn stands(key: &str, steps: &[Step]) -> bool {
    steps.iter().any(|step| same_series(&step.key, key))
}

/// Whether both keys name the same obligation, or numbers of one series.
pub fn same_series(one: &str, other: &str) -> bool {
    one == other || (Rule::of_key(one).is_some_and(is_series) && series_of(one) == series_of(other))
}

pub(super) fn is_series(rule: Rule) -> bool {
    matches!(rule, Rule::Summary | Rule::ClientUpdate | Rule::Handover | Rule::StopOrContinue)
}

/// A key of a series without its last number.
pub(super) fn series_of(key: &str) -> &str {
    key.rfind(['.', ':']).map_or(key, |end| &key[..end])
}
