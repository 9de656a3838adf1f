//! Changes inputs at random: as bytes, as lines, and as the tree that a JSON text is.

use serde_json::{Value, json};

/// What parsers and databases have stumbled over.
const WORDS: [&str; 34] = [
    "null",
    "true",
    "[]",
    "{}",
    "-1",
    "0",
    "1e308",
    "-0",
    "9223372036854775808",
    "18446744073709551616",
    "00000000000000000000001",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "+262142-12-31T23:59:59Z",
    "-262143-01-01T00:00:00Z",
    "2026-02-30",
    "24:00",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\\u0000",
    "\\ud800",
    "\r\n",
    "\t",
    "\"",
    "'",
    "{reference}",
    "FREQ=SECONDLY;INTERVAL=0",
    "RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2",
    "DTSTART;TZID=Nowhere/Else:20261029T020000",
    "DURATION:-P9999999999D",
    "EXDATE:20261029",
];
/// Changes of one input.
const CHANGES_MAX: usize = 6;
/// Inputs do not grow beyond.
const LONGEST: usize = 64 * 1024;

/// Chance with a seed.
pub struct Mutator(u64);

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of `inputs`, changed a few times.
    pub fn change(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(inputs).clone();
        if let Ok(mut tree) = serde_json::from_slice::<Value>(&input)
            && self.below(3) > 0
        {
            for _ in 0..=self.below(CHANGES_MAX) {
                self.change_tree(&mut tree);
            }
            return tree.to_string().into_bytes();
        }
        for _ in 0..=self.below(CHANGES_MAX) {
            match self.below(3) {
                0 => self.change_bytes(&mut input),
                1 => self.change_lines(&mut input),
                _ => self.change_words(&mut input, inputs),
            }
        }
        input.truncate(LONGEST);
        input
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }

    fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn change_bytes(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.stretch(input.len());
        match self.below(4) {
            0 if from < input.len() => input[from] ^= 1 << self.below(8),
            1 => drop(input.drain(from..to)),
            2 => input.extend_from_within(from..to),
            _ => input.insert(from, u8::try_from(self.below(256)).unwrap_or_default()),
        }
    }

    fn change_lines(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if lines.is_empty() {
            return;
        }
        let (one, other) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(3) {
            0 => drop(lines.remove(one)),
            1 => lines.insert(other, lines[one].clone()),
            _ => lines.swap(one, other),
        }
        *input = lines.concat();
    }

    /// Puts a word, or a stretch of another input, in the place of a stretch that ends where words end.
    fn change_words(&mut self, input: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let new = if self.below(2) == 0 {
            self.one_of(&WORDS).as_bytes().to_vec()
        } else {
            let other = self.one_of(inputs);
            let (from, to) = self.stretch(other.len());
            other[from..to].to_vec()
        };
        let start = self.below(input.len() + 1);
        let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"-_.+".contains(byte);
        let from = input[..start].iter().rposition(is_end).map_or(0, |at| at + 1);
        let to = input[start..].iter().position(is_end).map_or(input.len(), |at| start + at);
        input.splice(from..to, new);
    }

    /// A short stretch of so many bytes.
    fn stretch(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        (from, (from + self.below(32)).min(length))
    }

    fn change_tree(&mut self, tree: &mut Value) {
        // Goes down a random path, and changes where it ends.
        let children = match tree {
            Value::Object(fields) => fields.len(),
            Value::Array(items) => items.len(),
            _ => 0,
        };
        if children > 0 && self.below(5) > 0 {
            let child = self.below(children);
            let child = match tree {
                Value::Object(fields) => fields.values_mut().nth(child),
                Value::Array(items) => items.get_mut(child),
                _ => None,
            };
            if let Some(child) = child {
                self.change_tree(child);
            }
            return;
        }
        match tree {
            Value::Object(fields) if !fields.is_empty() && self.below(3) > 0 => {
                let field = fields.keys().nth(self.below(fields.len())).cloned().unwrap_or_default();
                let value = fields.remove(&field);
                if self.below(2) == 0 {
                    let name = (*self.one_of(&WORDS)).to_owned();
                    fields.insert(name, value.unwrap_or_default());
                }
            }
            Value::Array(items) if !items.is_empty() && self.below(3) > 0 => {
                let item = self.one_of(items).clone();
                items.extend(std::iter::repeat_n(item, 1 + self.below(40)));
            }
            Value::String(text) if self.below(2) == 0 => {
                let word = *self.one_of(&WORDS);
                match self.below(3) {
                    0 => text.push_str(word),
                    1 => *text = word.repeat(1 + self.below(3_000)),
                    _ => text.insert_str(0, word),
                }
            }
            other => {
                *other = match self.below(8) {
                    0 => Value::Null,
                    1 => json!([]),
                    2 => json!({}),
                    3 => json!(i64::MIN),
                    4 => json!(u64::MAX),
                    5 => json!(1e300),
                    6 => json!(self.below(2) == 0),
                    _ => json!(*self.one_of(&WORDS)),
                };
            }
        }
    }
}
