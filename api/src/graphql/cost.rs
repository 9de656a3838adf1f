//! What queries cost.

/// The most that a query may cost: each field counts 1, and a page multiplies by its size. The board costs about 1,500.
pub const COMPLEXITY_MAX: usize = 20_000;

/// The cost of a page: that of one entry times the number of entries it may hold.
pub fn page_cost(first: Option<i32>, last: Option<i32>, entry: usize) -> usize {
    let size = first.or(last).and_then(|size| usize::try_from(size).ok()).unwrap_or(domain::limits::PAGE_DEFAULT);
    1 + size.min(domain::limits::PAGE_MAX) * entry
}

/// What a search costs, which may have to be counted in all incidents: ten of them in one query are plenty.
pub const SEARCH_COST: usize = 1_900;

/// [`SEARCH_COST`], if there is a text to search for.
pub fn search_cost(text: Option<&str>) -> usize {
    if text.is_some_and(|text| !text.trim().is_empty()) { SEARCH_COST } else { 0 }
}

/// What insights cost beside what is asked of them: one question reads all incidents of its period, so few of them fit in a query.
pub const INSIGHTS_COST: usize = 4_000;
