//! Where settings come from: a file, and the environment, which wins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use super::{Secret, unknown};

/// What variables of Muster begin with.
pub(super) const PREFIX: &str = "MUSTER_";

/// Characters of the shortest secret that nobody guesses.
const SHORTEST_SECRET: usize = 16;

/// The variables of the environment that begin with `MUSTER_`.
pub(super) type Environment = BTreeMap<String, String>;

/// Hands out settings by key, and collects what is wrong with them.
pub struct Source<'a> {
    file: BTreeMap<String, toml::Value>,
    environment: &'a Environment,
    known: BTreeSet<String>,
    problems: Vec<String>,
}

impl<'a> Source<'a> {
    /// Has `read` take what it needs from `text`, the content of the file called `name`, and the environment. Keys that it did not ask for
    /// are unknown.
    ///
    /// # Errors
    /// All problems, in words that name the key.
    pub fn read<T>(name: &str, text: &str, environment: &'a Environment, read: impl FnOnce(&mut Self) -> T) -> Result<T, Vec<String>> {
        let table: toml::Table = text.parse().map_err(|error| vec![broken(name, text, &error)])?;
        let mut source = Self { file: flattened(&table), environment, known: BTreeSet::new(), problems: Vec::new() };
        let value = read(&mut source);
        let Self { file, known, mut problems, .. } = source;
        problems.extend(unknown::keys(name, file.keys(), &known));
        problems.extend(unknown::variables(environment, &known));
        if problems.is_empty() { Ok(value) } else { Err(problems) }
    }

    /// The value of `key`, from the environment before the file.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.known.insert(key.to_owned());
        let from_environment = self.environment.get(&variable(key)).filter(|value| !value.is_empty());
        from_environment.cloned().or_else(|| match self.file.get(key)? {
            toml::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        })
    }

    /// Like [`Self::text`], without blanks around it; none if nothing else is there.
    pub fn filled(&mut self, key: &str) -> Option<String> {
        self.text(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A secret with which others sign or prove who they are: long enough that nobody guesses it, and never blank.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        let secret = self.text(key)?.trim().to_owned();
        if secret.chars().count() < SHORTEST_SECRET {
            self.problem(key, format_args!("must have at least {SHORTEST_SECRET} characters, blanks around it not counted"));
        }
        Some(Secret(secret))
    }

    /// Like [`Self::text`], parsed; `what` says what it must be.
    pub fn parsed<T: FromStr>(&mut self, key: &str, what: &str) -> Option<T> {
        let text = self.text(key)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.problem(key, format_args!("must be {what}"));
        }
        value
    }

    /// The names in the table `key`, of tables and values alike, in the file and the environment.
    pub fn names_in(&self, key: &str) -> BTreeSet<String> {
        let (of_file, of_environment) = (format!("{key}."), format!("{}__", variable(key)));
        let from_file = self.file.keys().filter_map(|known| known.strip_prefix(&of_file)).map(str::to_owned);
        let from_environment = self.environment.keys().filter_map(|name| name.strip_prefix(&of_environment));
        let from_environment = from_environment.map(|rest| rest.to_lowercase().replace("__", "."));
        from_file.chain(from_environment).filter_map(|rest| rest.split('.').next().map(str::to_owned)).collect()
    }

    /// The keys of the tables in the list `key`, in their order, which are numbered from 1: `key.1` and so on.
    pub fn tables_in(&self, key: &str) -> Vec<String> {
        let mut numbers: Vec<u32> = self.names_in(key).iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|number| format!("{key}.{number}")).collect()
    }

    /// Reports what is wrong with `key`, in words that follow its name and don't show its value.
    pub fn problem(&mut self, key: &str, what: impl Display) {
        self.problems.push(format!("{key} ({}) {what}.", variable(key)));
    }
}

/// What concerns Muster in the environment of this process.
pub(super) fn environment() -> Result<Environment, Vec<String>> {
    let (mut ours, mut problems) = (Environment::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        match value.into_string() {
            Ok(value) => drop(ours.insert(name.to_owned(), value)),
            Err(_) => problems.push(format!("{name} is not UTF-8.")),
        }
    }
    if problems.is_empty() { Ok(ours) } else { Err(problems) }
}

/// Where the file is broken. The parser's own text would quote the line, which may hold a secret.
fn broken(name: &str, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let (line, column) = (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    format!("{name}, line {line}, column {column}: {}.", error.message())
}

/// The name of `key` in the environment.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

fn flattened(table: &toml::Table) -> BTreeMap<String, toml::Value> {
    let mut keys = BTreeMap::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => keys.extend(flattened(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value))),
            toml::Value::Array(items) if !items.is_empty() && items.iter().all(toml::Value::is_table) => {
                let numbered = items.iter().zip(1..).map(|(item, number): (_, u32)| (number.to_string(), item.clone()));
                let inner = flattened(&numbered.collect());
                keys.extend(inner.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => drop(keys.insert(name.clone(), value.clone())),
        }
    }
    keys
}
