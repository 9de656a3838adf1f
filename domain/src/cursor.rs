//! Pagination by key, not by offset: pages stay correct while rows come and go, and the hundredth page costs as much
//! as the first.

use crate::error::{Error, Result};
use crate::limits;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use entity::{AlertPostId, DeliveryId, Timestamp, WebhookMessageId};
use uuid::Uuid;

/// A position in an ordered list, opaque text to clients.
pub trait Cursor: Sized {
    /// The text for clients.
    fn encode(&self) -> String;
    /// The position that `text` stands for, if it is a cursor of this kind.
    fn decode(text: &str) -> Option<Self>;
}

/// The sequence number of a timeline event.
impl Cursor for i32 {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("s{self}"))
    }

    fn decode(text: &str) -> Option<Self> {
        plain(text)?.strip_prefix('s')?.parse().ok().filter(|sequence| *sequence >= 0)
    }
}

/// A name and, as names are not unique, an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKey(pub String, pub Uuid);

impl Cursor for NameKey {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("n{}{}", self.1.as_simple(), self.0))
    }

    fn decode(text: &str) -> Option<Self> {
        let plain = plain(text)?;
        let rest = plain.strip_prefix('n')?;
        let (id, name) = (rest.get(..32)?, rest.get(32..)?);
        let fits = !name.contains('\0') && name.chars().count() <= limits::NAME_CHARS;
        if fits { Some(Self(name.to_owned(), Uuid::try_parse(id).ok()?)) } else { None }
    }
}

/// A rank (0 if the order has none), a time and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeKey(pub i16, pub Timestamp, pub Uuid);

impl Cursor for TimeKey {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("t{}.{}.{}", self.0, self.1.timestamp_micros(), self.2.as_simple()))
    }

    fn decode(text: &str) -> Option<Self> {
        let plain = plain(text)?;
        let mut parts = plain.strip_prefix('t')?.split('.');
        let rank = parts.next()?.parse().ok()?;
        // Cursors were never issued for times that a database can't hold.
        let micros = parts.next()?.parse().ok().filter(|micros| (0..=253_402_300_799_999_999_i64).contains(micros))?;
        let id = Uuid::try_parse(parts.next()?).ok()?;
        Some(Self(rank, DateTime::from_timestamp_micros(micros)?, id))
    }
}

/// The id of a row, for lists ordered by age: ids begin with the time.
impl Cursor for DeliveryId {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("d{}", self.0.as_simple()))
    }

    fn decode(text: &str) -> Option<Self> {
        Some(Self(Uuid::try_parse(plain(text)?.strip_prefix('d')?).ok()?))
    }
}

/// As for deliveries.
impl Cursor for AlertPostId {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("p{}", self.0.as_simple()))
    }

    fn decode(text: &str) -> Option<Self> {
        Some(Self(Uuid::try_parse(plain(text)?.strip_prefix('p')?).ok()?))
    }
}

/// As for deliveries.
impl Cursor for WebhookMessageId {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("w{}", self.0.as_simple()))
    }

    fn decode(text: &str) -> Option<Self> {
        Some(Self(Uuid::try_parse(plain(text)?.strip_prefix('w')?).ok()?))
    }
}

/// The sequence number of an entry of the audit log, which has the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKey(pub i32);

impl Cursor for AuditKey {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("a{}", self.0))
    }

    fn decode(text: &str) -> Option<Self> {
        plain(text)?.strip_prefix('a')?.parse().ok().filter(|sequence| *sequence >= 0).map(Self)
    }
}

fn plain(text: &str) -> Option<String> {
    if text.len() > 2_000 {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// The arguments of a connection, as given.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// How many from the start.
    pub first: Option<i32>,
    /// After this cursor.
    pub after: Option<String>,
    /// How many from the end.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<String>,
}

/// The part of a list that is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<K> {
    /// Maximum number of entries.
    pub limit: usize,
    /// Whether the entries are taken from the end of the list rather than its start.
    pub backwards: bool,
    /// After this position.
    pub after: Option<K>,
    /// Before this position.
    pub before: Option<K>,
}

impl<K> Window<K> {
    /// The first entries of a list.
    pub const fn first(limit: usize) -> Self {
        Self { limit, backwards: false, after: None, before: None }
    }
}

impl<K: Cursor> Window<K> {
    /// Checks the arguments.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for sizes out of range, both directions at once, and invalid cursors.
    pub fn from_args(args: &PageArgs) -> Result<Self> {
        if args.first.is_some() && args.last.is_some() {
            return Err(Error::invalid("last", "Give first or last, not both."));
        }
        let size = |field, value: Option<i32>| match value {
            None => Ok(limits::PAGE_DEFAULT),
            Some(value) => usize::try_from(value)
                .ok()
                .filter(|size| *size <= limits::PAGE_MAX)
                .ok_or_else(|| Error::invalid(field, format!("{field} must be 0 to {}.", limits::PAGE_MAX))),
        };
        let place = |field, value: &Option<String>| {
            let wrong = || Error::invalid(field, format!("{field} is not a cursor of this list: take one from pageInfo or edges."));
            value.as_deref().map(|text| K::decode(text).ok_or_else(wrong)).transpose()
        };
        let backwards = args.last.is_some();
        let limit = if backwards { size("last", args.last)? } else { size("first", args.first)? };
        Ok(Self { limit, backwards, after: place("after", &args.after)?, before: place("before", &args.before)? })
    }

    /// Rows to read: one more than requested shows whether there are more.
    pub fn rows(&self) -> u64 {
        u64::try_from(self.limit + 1).unwrap_or(u64::MAX)
    }

    /// Turns rows, read in the window's direction, into a page in the list's order.
    pub fn slice<T>(&self, mut rows: Vec<T>) -> Slice<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        if self.backwards {
            rows.reverse();
        }
        let (has_previous, has_next) = if self.backwards { (more, self.before.is_some()) } else { (self.after.is_some(), more) };
        Slice { items: rows, has_previous, has_next }
    }
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T> {
    /// The entries, in the list's order.
    pub items: Vec<T>,
    /// Whether there may be entries before these.
    pub has_previous: bool,
    /// Whether there may be entries after these.
    pub has_next: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(first: Option<i32>, last: Option<i32>) -> PageArgs {
        PageArgs { first, last, ..PageArgs::default() }
    }

    #[test]
    fn cursors_survive_a_round_trip() {
        let id = Uuid::from_u128(5);
        assert_eq!(i32::decode(&7.encode()), Some(7));
        assert_eq!(NameKey::decode(&NameKey("Zoë .x".into(), id).encode()), Some(NameKey("Zoë .x".into(), id)));
        let key = TimeKey(2, DateTime::from_timestamp_micros(1_234_567).unwrap(), id);
        assert_eq!(TimeKey::decode(&key.encode()), Some(key));
        for strange in ["", "x", "🦀", &7.encode()[1..], &NameKey(String::new(), id).encode()] {
            assert_eq!(i32::decode(strange), None, "{strange}");
        }
    }

    #[test]
    fn page_sizes_are_limited() {
        let max = i32::try_from(limits::PAGE_MAX).unwrap();
        assert!(Window::<i32>::from_args(&args(Some(max), None)).is_ok());
        for (first, last) in [(Some(max + 1), None), (None, Some(-1)), (Some(1), Some(1))] {
            assert!(Window::<i32>::from_args(&args(first, last)).is_err());
        }
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        let forwards = Window::<i32>::first(2);
        assert_eq!(forwards.slice(vec![1, 2, 3]), Slice { items: vec![1, 2], has_previous: false, has_next: true });
        let backwards = Window::<i32> { limit: 2, backwards: true, after: None, before: Some(9) };
        assert_eq!(backwards.slice(vec![8, 7]), Slice { items: vec![7, 8], has_previous: false, has_next: true });
    }
}
