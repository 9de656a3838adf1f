//! Which bodies go when there are too many. Pure.

use std::collections::HashMap;

use entity::AlertPostId;

use crate::limits::Room;

/// A body that takes room.
pub(super) struct Taken {
    pub id: AlertPostId,
    pub hook: String,
    pub bytes: u64,
}

/// What is used of a room; nothing more fits once something did not, so that what is left has no gaps.
#[derive(Clone, Copy, Default)]
struct Used {
    posts: usize,
    bytes: u64,
    is_full: bool,
}

impl Used {
    fn add(&mut self, bytes: u64, room: Room) {
        self.posts += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.is_full |= self.posts > room.posts || self.bytes > room.bytes;
    }
}

/// Those of `newest_first` for which there is no room: of all, and of each hook, the oldest.
pub(super) fn beyond(newest_first: &[Taken], of_all: Room, of_hook: Room) -> Vec<AlertPostId> {
    let mut all = Used::default();
    let mut hooks: HashMap<&str, Used> = HashMap::new();
    let mut gone = Vec::new();
    for taken in newest_first {
        let hook = hooks.entry(&taken.hook).or_default();
        hook.add(taken.bytes, of_hook);
        if !hook.is_full {
            all.add(taken.bytes, of_all);
        }
        if hook.is_full || all.is_full {
            gone.push(taken.id);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// The numbers of those that go, of hooks and sizes, newest first.
    fn gone(posts: &[(&str, u64)], of_all: Room, of_hook: Room) -> Vec<u128> {
        let taken = |(number, (hook, bytes)): (usize, &(&str, u64))| Taken {
            id: AlertPostId(Uuid::from_u128(number as u128)),
            hook: (*hook).to_owned(),
            bytes: *bytes,
        };
        let taken: Vec<Taken> = posts.iter().enumerate().map(taken).collect();
        beyond(&taken, of_all, of_hook).into_iter().map(|id| id.0.as_u128()).collect()
    }

    const WIDE: Room = Room { posts: 100, bytes: 1_000 };

    #[test]
    fn the_oldest_go_first_by_number_and_by_size() {
        let posts = [("a", 10), ("a", 10), ("b", 10), ("a", 10)];
        assert_eq!(gone(&posts, WIDE, WIDE), [0; 0]);
        assert_eq!(gone(&posts, Room { posts: 4, ..WIDE }, WIDE), [0; 0]);
        assert_eq!(gone(&posts, Room { posts: 3, ..WIDE }, WIDE), [3]);
        assert_eq!(gone(&posts, Room { bytes: 40, ..WIDE }, WIDE), [0; 0]);
        assert_eq!(gone(&posts, Room { bytes: 39, ..WIDE }, WIDE), [3]);
    }

    #[test]
    fn a_busy_hook_pushes_out_its_own() {
        let posts = [("busy", 10), ("busy", 10), ("busy", 10), ("quiet", 10)];
        assert_eq!(gone(&posts, Room { posts: 3, ..WIDE }, Room { posts: 2, ..WIDE }), [2]);
        // What no longer fits leaves no room for what is older and small.
        assert_eq!(gone(&[("a", 10), ("a", 90), ("a", 1)], WIDE, Room { bytes: 50, ..WIDE }), [1, 2]);
    }
}
