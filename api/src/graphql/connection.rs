//! Relay connections: pages of a list with a cursor for every entry.

use async_graphql::SimpleObject;
use domain::cursor::{Cursor, PageArgs, Slice};

/// Where a page is in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether there are entries after this page.
    pub has_next_page: bool,
    /// Whether there are entries before this page.
    pub has_previous_page: bool,
    /// The cursor of the first entry; null on an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the last entry; pass it as `after` to read on.
    pub end_cursor: Option<String>,
}

impl PageInfo {
    /// The info of `slice`, whose rows get their cursors from `key`.
    pub fn new<T>(slice: &Slice<T>, key: impl Fn(&T) -> String) -> Self {
        Self {
            has_next_page: slice.has_next,
            has_previous_page: slice.has_previous,
            start_cursor: slice.items.first().map(&key),
            end_cursor: slice.items.last().map(&key),
        }
    }
}

pub fn page_args(first: Option<i32>, after: Option<String>, last: Option<i32>, before: Option<String>) -> PageArgs {
    PageArgs { first, after, last, before }
}

pub fn cursor(key: &impl Cursor) -> String {
    key.encode()
}

/// Defines a connection and its edge for a node type, and how to build them from a page of rows.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ident, $row:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $connection {
            /// The entries, each with its cursor.
            pub edges: Vec<$edge>,
            /// The entries alone.
            pub nodes: Vec<$node>,
            /// Where the page is in the list.
            pub page_info: $crate::graphql::connection::PageInfo,
        }

        #[doc = concat!("An entry of a page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// The entry's place in the list.
            pub cursor: String,
            /// The entry.
            pub node: $node,
        }

        impl $connection {
            /// The page of `slice`, whose rows get their cursors from `key`.
            fn new(slice: domain::cursor::Slice<$row>, key: impl Fn(&$row) -> String) -> Self {
                let page_info = $crate::graphql::connection::PageInfo::new(&slice, &key);
                let rows: Vec<(String, std::sync::Arc<$row>)> =
                    slice.items.into_iter().map(|row| (key(&row), std::sync::Arc::new(row))).collect();
                Self {
                    nodes: rows.iter().map(|(_, row)| $node::from(row.clone())).collect(),
                    edges: rows.into_iter().map(|(cursor, row)| $edge { cursor, node: $node::from(row) }).collect(),
                    page_info,
                }
            }
        }
    };
}

pub(crate) use connection;
