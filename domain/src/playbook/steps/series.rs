//! Steps that repeat: which keys name numbers of one obligation.

use crate::playbook::Rule;
use crate::playbook::steps::Step;

/// Whether the obligation named by `key` still exists; for a series, whether any of its numbers does.
pub fn stands(key: &str, steps: &[Step]) -> bool {
    steps.iter().any(|step| same_series(&step.key, key))
}

/// Whether both keys name the same obligation, or numbers of one series.
pub fn same_series(one: &str, other: &str) -> bool {
    one == other || (Rule::of_key(one).is_some_and(Rule::is_series) && series_of(one) == series_of(other))
}

/// A key of a series without its last number.
pub(super) fn series_of(key: &str) -> &str {
    key.rfind(['.', ':']).map_or(key, |end| &key[..end])
}
