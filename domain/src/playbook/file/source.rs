//! The text of a playbook as values that know their line and key, so that every problem can name both.
//!
//! A [`Table`] hands out its [`Entry`]s by name; keys left over when it is finished are unknown. Reading an entry yields a usable value
//! even after a problem, so that one run finds all of them; the caller must ask the [`Sink`] in the end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Range, RangeInclusive};

use toml::de::{DeTable, DeValue};

/// Collects the problems of a file.
pub struct Sink {
    file: String,
    problems: RefCell<Vec<Problem>>,
}

/// A value and the line of its key; no line for a default.
#[derive(Clone, Debug)]
pub struct Node {
    line: Option<usize>,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    /// A date or time without quotes.
    Moment(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// A whole number; `None` if it doesn't fit.
    Number(Option<u32>),
    Boolean(bool),
    /// A float; a playbook has none.
    Other,
}

/// A table that is being read.
pub struct Table<'a> {
    sink: &'a Sink,
    path: String,
    line: Option<usize>,
    entries: BTreeMap<String, Node>,
    known: Vec<String>,
    /// It is not a table, which was already reported: don't report what is missing from it.
    is_quiet: bool,
}

/// A key of a table, and its value.
pub struct Entry<'a> {
    sink: &'a Sink,
    /// The full key, such as `summary.every`.
    pub key: String,
    line: Option<usize>,
    value: Option<Value>,
    is_quiet: bool,
}

impl Sink {
    /// For the file that people know as `file`.
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: RefCell::default() }
    }

    fn add(&self, line: Option<usize>, key: &str, what: impl Into<String>) {
        let problem = Problem { file: self.file.clone(), line, key: key.to_owned(), what: what.into() };
        self.problems.borrow_mut().push(problem);
    }

    /// The problems found, in line order.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// A problem with the file as a whole.
    pub fn refuse(&self, what: impl Into<String>) {
        self.add(None, "", what);
    }

    /// Reads TOML; `None` after reporting syntax errors.
    pub fn parse(&self, text: &str) -> Option<Node> {
        let lines = Lines::of(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            let key = if error.message() == "duplicate key" { key_at(text, &span) } else { String::new() };
            self.add(Some(lines.line(span.start)), &key, error.message());
        }
        errors.is_empty().then(|| Node { line: None, value: table_value(table.get_ref(), &lines) })
    }
}

impl Node {
    /// An empty table.
    pub fn empty() -> Self {
        Self { line: None, value: Value::Table(BTreeMap::new()) }
    }

    /// The same values, as defaults: without lines.
    pub fn without_lines(self) -> Self {
        let value = match self.value {
            Value::List(items) => Value::List(items.into_iter().map(Self::without_lines).collect()),
            Value::Table(entries) => Value::Table(entries.into_iter().map(|(key, node)| (key, node.without_lines())).collect()),
            value => value,
        };
        Self { line: None, value }
    }

    /// These values overlaid with those of `other`: tables are merged, everything else is replaced.
    pub fn overlaid(self, other: Self) -> Self {
        let value = match (self.value, other.value) {
            (Value::Table(mut entries), Value::Table(over)) => {
                for (key, node) in over {
                    let merged = match entries.remove(&key) {
                        Some(default) => default.overlaid(node),
                        None => node,
                    };
                    entries.insert(key, merged);
                }
                Value::Table(entries)
            }
            (_, value) => value,
        };
        Self { line: other.line, value }
    }

    /// The table of the whole file.
    pub fn root(self, sink: &Sink) -> Table<'_> {
        Entry { sink, key: String::new(), line: None, value: Some(self.value), is_quiet: false }.table()
    }
}

impl<'a> Table<'a> {
    /// The value under `key`, which counts as known from now on.
    pub fn entry(&mut self, key: &str) -> Entry<'a> {
        let missing =
            |table: &Self| Entry { sink: table.sink, key: table.path_of(key), line: table.line, value: None, is_quiet: table.is_quiet };
        self.optional(key).unwrap_or_else(|| missing(self))
    }

    /// Like [`Self::entry`], if there is such a key.
    pub fn optional(&mut self, key: &str) -> Option<Entry<'a>> {
        self.known.push(key.to_owned());
        let node = self.entries.remove(key)?;
        Some(Entry { sink: self.sink, key: self.path_of(key), line: node.line, value: Some(node.value), is_quiet: self.is_quiet })
    }

    /// The table under `key`.
    pub fn table(&mut self, key: &str) -> Table<'a> {
        self.entry(key).table()
    }

    /// The keys not read yet.
    pub fn rest(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Reports what is wrong with it as a whole.
    pub fn problem(&self, what: impl Into<String>) {
        if !self.is_quiet {
            self.sink.add(self.line, &self.path, what);
        }
    }

    /// Reports the keys that nobody asked for as unknown.
    pub fn finish(self) {
        let place = if self.path.is_empty() { "the playbook".to_owned() } else { format!("[{}]", self.path) };
        for (key, node) in &self.entries {
            let what = format!("unknown key; {place} has {}", self.known.join(", "));
            self.sink.add(node.line, &self.path_of(key), what);
        }
    }

    /// Whether nothing is wrong with it so far, and no key is unknown: for when all that it may have was read.
    pub fn is_sound(&self) -> bool {
        let is_within = |key: &str| key.strip_prefix(&*self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.entries.is_empty() && !self.sink.problems.borrow().iter().any(|problem| is_within(&problem.key))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'a> Entry<'a> {
    /// Reports what is wrong with it and how to fix it.
    pub fn problem(&self, what: impl Into<String>) {
        if !self.is_quiet {
            self.sink.add(self.line, &self.key, what);
        }
    }

    /// As a table; an empty one after a problem.
    pub fn table(self) -> Table<'a> {
        if !matches!(self.value, Some(Value::Table(_))) {
            self.wrong_kind("a table");
        }
        let (entries, is_quiet) = match self.value {
            Some(Value::Table(entries)) => (entries, self.is_quiet),
            _ => (BTreeMap::new(), true),
        };
        Table { sink: self.sink, path: self.key, line: self.line, entries, known: Vec::new(), is_quiet }
    }

    /// Its items, if it is a list; none after a problem. `what` describes the items.
    pub fn list(mut self, what: &str) -> Vec<Entry<'a>> {
        let items = match self.value.take() {
            Some(Value::List(items)) => items,
            other => {
                self.value = other;
                self.wrong_kind(&format!("a list of {what}"));
                return Vec::new();
            }
        };
        let (sink, key, is_quiet) = (self.sink, self.key, self.is_quiet);
        let item = |(index, node): (usize, Node)| Entry {
            sink,
            key: format!("{key}[{}]", index + 1),
            line: node.line,
            value: Some(node.value),
            is_quiet,
        };
        items.into_iter().enumerate().map(item).collect()
    }

    /// How many items it has; 0 if it is not a list.
    pub fn items(&self) -> usize {
        if let Some(Value::List(items)) = &self.value { items.len() } else { 0 }
    }

    /// Whether it is an empty list.
    pub fn is_empty_list(&self) -> bool {
        matches!(&self.value, Some(Value::List(items)) if items.is_empty())
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        matches!(self.value, Some(Value::Text(_)))
    }

    /// Whether the file leaves it at its default.
    pub fn is_default(&self) -> bool {
        self.line.is_none()
    }

    /// Its text; `None` after a problem. `what` describes the text.
    pub fn text(&self, what: &str) -> Option<&str> {
        if let Some(Value::Text(text)) = &self.value {
            return Some(text);
        }
        self.wrong_kind(&format!("{what}, in quotes"));
        None
    }

    /// Its text, or its unquoted date; `None` after a problem.
    pub fn text_or_date(&self, what: &str) -> Option<&str> {
        match &self.value {
            Some(Value::Moment(text)) => Some(text),
            _ => self.text(what),
        }
    }

    /// Its number, which must be in `range`; `None` after a problem. `what` says what is counted.
    pub fn number(&self, what: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let number = match self.value {
            Some(Value::Number(number)) => number.filter(|number| range.contains(number)),
            _ => None,
        };
        if number.is_none() {
            self.wrong_kind(&format!("{what}: a whole number from {} to {}, without quotes", range.start(), range.end()));
        }
        number
    }

    /// Whether it is true; `None` after a problem. `what` says what is answered.
    pub fn boolean(&self) -> Option<bool> {
        if let Some(Value::Boolean(is)) = self.value {
            return Some(is);
        }
        self.wrong_kind("true or false, without quotes");
        None
    }

    /// The line where it stands; none for a default.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    fn wrong_kind(&self, right: &str) {
        match self.value {
            None => self.problem(format!("is missing; it must be {right}")),
            Some(_) => self.problem(format!("must be {right}")),
        }
    }
}

/// The offset of each line.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self(std::iter::once(0).chain(after_breaks).collect())
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

fn table_value(table: &DeTable<'_>, lines: &Lines) -> Value {
    let entry = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        let node = Node { line: Some(lines.line(key.span().start)), value: value_of(value.get_ref(), lines) };
        (key.get_ref().to_string(), node)
    };
    Value::Table(table.iter().map(entry).collect())
}

fn value_of(value: &DeValue<'_>, lines: &Lines) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(items) => {
            let item = |item: &toml::Spanned<DeValue<'_>>| Node {
                line: Some(lines.line(item.span().start)),
                value: value_of(item.get_ref(), lines),
            };
            Value::List(items.iter().map(item).collect())
        }
        DeValue::Table(table) => table_value(table, lines),
        DeValue::Integer(number) => Value::Number(u32::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Boolean(is) => Value::Boolean(*is),
        DeValue::Float(_) => Value::Other,
    }
}

/// The key in `span` with its table, as far as the text shows: the parser only gives the span of a duplicate key.
fn key_at(text: &str, span: &Range<usize>) -> String {
    let key = text.get(span.clone()).unwrap_or_default();
    let before = text.get(..span.start).unwrap_or_default();
    let header = before.lines().rev().map(str::trim).find(|line| line.starts_with('['));
    let name = header.map(|line| line.trim_matches(['[', ']', ' ']));
    match name {
        Some(name) if before.lines().last().is_some_and(|line| line.trim_start().starts_with('[')) && !before.ends_with('\n') => {
            format!("{name}{key}")
        }
        Some(name) => format!("{name}.{key}"),
        None => key.to_owned(),
    }
}

/// A problem with a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name for people.
    pub file: String,
    /// The line of the key or value, from 1; `None` for the file as a whole.
    pub line: Option<usize>,
    /// Such as `summary.every`; empty when no key is at fault.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)
    }
}
