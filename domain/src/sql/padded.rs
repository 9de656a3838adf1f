//! Lists in conditions, of few lengths.

/// `keys` with the last one repeated up to the next power of two. A statement's text depends on the number of ids in
/// it; padding keeps the number of distinct statements, which the database prepares and caches, small.
pub fn padded<T: Clone>(keys: &[T]) -> Vec<T> {
    let mut keys = keys.to_vec();
    if let Some(last) = keys.last().cloned() {
        keys.resize(keys.len().next_power_of_two(), last);
    }
    keys
}
