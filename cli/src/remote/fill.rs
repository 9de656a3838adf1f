//! Filling in a form: from options, and on a terminal by asking.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::output::complain;

/// What was given by options, by field.
pub type Given = BTreeMap<String, Vec<String>>;

/// Reads `key=value`, several times for several values.
///
/// # Errors
/// For anything else.
pub fn given(options: &[String]) -> anyhow::Result<Given> {
    let mut given = Given::new();
    for option in options {
        let (key, value) = option.split_once('=').ok_or_else(|| anyhow!("--field takes KEY=VALUE, such as name='Shop is down'"))?;
        given.entry(key.trim().to_owned()).or_default().push(value.trim().to_owned());
    }
    Ok(given)
}

/// A form of the server, and what was filled in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    kind: String,
    title: String,
    notes: Vec<String>,
    incident_id: Option<String>,
    version: Option<i32>,
    fields: Vec<Field>,
    #[serde(skip)]
    values: Given,
}

#[derive(Deserialize)]
struct Field {
    key: String,
    label: String,
    hint: Option<String>,
    kind: String,
    required: bool,
    initial: Vec<String>,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    value: String,
    label: String,
}

impl Form {
    /// Reads what the server sent.
    ///
    /// # Errors
    /// When it is no form.
    pub fn read(form: &Value) -> anyhow::Result<Self> {
        Self::deserialize(form).context("the server sent a form that this version does not know: update muster")
    }

    /// Takes what was given, asks for the rest if there is somebody to ask, and leaves what is left as it is.
    ///
    /// # Errors
    /// For fields that the form does not have, and naming those that must be filled in.
    pub fn fill(&mut self, given: &Given, is_asked: bool) -> anyhow::Result<()> {
        if let Some(unknown) = given.keys().find(|key| !self.has(key)) {
            let known: Vec<&str> = self.fields.iter().map(|field| field.key.as_str()).collect();
            bail!("“{}” has no field {unknown}; it has {}", self.title, known.join(", "));
        }
        if is_asked {
            complain(format!("{}\n{}", self.title, self.notes.join("\n")).trim_end());
        }
        let mut missing = Vec::new();
        for field in &self.fields {
            let filled = match given.get(&field.key) {
                Some(values) => values.iter().map(|value| field.value(value)).collect::<anyhow::Result<Vec<_>>>()?,
                None if is_asked => field.ask()?,
                None => field.initial.clone(),
            };
            if field.required && is_blank(&filled) {
                missing.push(format!("--field {}=… ({})", field.key, field.label));
            }
            self.values.insert(field.key.clone(), filled);
        }
        if !missing.is_empty() {
            bail!("“{}” needs {}", self.title, missing.join(" and "));
        }
        // A slip of the pen in a script, such as a word that is no command, must not begin an incident.
        if given.is_empty() && !is_asked {
            bail!(
                "“{}” is a form, and nobody is there to ask: fill it in with --field, such as --field {}=…",
                self.title,
                self.first_key()
            );
        }
        Ok(())
    }

    fn first_key(&self) -> &str {
        self.fields.first().map_or("KEY", |field| &field.key)
    }

    /// Whether it has this field.
    pub fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|field| field.key == key)
    }

    /// Asks for one field once more.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn ask_again(&mut self, key: &str) -> anyhow::Result<()> {
        if let Some(field) = self.fields.iter().find(|field| field.key == key) {
            let value = field.ask()?;
            self.values.insert(key.to_owned(), value);
        }
        Ok(())
    }

    /// What to send.
    pub fn input(&self, key: &str) -> Value {
        let values: Vec<Value> = self.values.iter().map(|(key, values)| json!({ "key": key, "values": values })).collect();
        json!({ "kind": self.kind, "incidentId": self.incident_id, "version": self.version, "values": values, "idempotencyKey": key })
    }
}

impl Field {
    /// Asks on the terminal; nothing leaves what it holds.
    fn ask(&self) -> anyhow::Result<Vec<String>> {
        let optional = if self.required { "" } else { " (optional)" };
        complain(format_args!("\n{}{optional}", self.label));
        if let Some(hint) = &self.hint {
            complain(format_args!("  {hint}"));
        }
        for (number, choice) in self.choices.iter().enumerate() {
            complain(format_args!("  {} {}", number + 1, choice.label));
        }
        match (self.kind.as_str(), self.initial.first().filter(|initial| !initial.is_empty())) {
            ("MANY", _) => complain("  numbers, separated by spaces"),
            ("FLAG", _) => complain("  y for yes"),
            (_, Some(initial)) => complain(format_args!("  enter for: {}", self.label_of(initial))),
            _ => {}
        }
        loop {
            let line = read_line()?;
            let parts: Vec<&str> = if self.kind == "MANY" { line.split([' ', ',']).collect() } else { vec![line.as_str()] };
            let answered: Vec<&str> = parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
            if answered.is_empty() {
                if self.required && is_blank(&self.initial) {
                    complain("  this must be filled in");
                    continue;
                }
                return Ok(self.initial.clone());
            }
            match answered.into_iter().map(|part| self.value(part)).collect::<anyhow::Result<Vec<_>>>() {
                Ok(values) => return Ok(values.into_iter().filter(|value| !value.is_empty()).collect()),
                Err(error) => complain(format_args!("  {error}")),
            }
        }
    }

    fn label_of<'a>(&'a self, value: &'a str) -> &'a str {
        self.choices.iter().find(|choice| choice.value == value).map_or(value, |choice| &choice.label)
    }

    /// What to send for what somebody wrote: of a choice its number, name or value.
    fn value(&self, written: &str) -> anyhow::Result<String> {
        match self.kind.as_str() {
            "CHOICE" | "MANY" => {
                let numbered = written.parse::<usize>().ok().and_then(|number| self.choices.get(number.checked_sub(1)?));
                let named =
                    |choice: &&Choice| choice.value.eq_ignore_ascii_case(written) || choice.label.to_lowercase() == written.to_lowercase();
                let chosen = numbered.or_else(|| self.choices.iter().find(named));
                let known = || self.choices.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>().join(", ");
                chosen.map(|choice| choice.value.clone()).ok_or_else(|| anyhow!("{} takes one of these: {}", self.key, known()))
            }
            "FLAG" => Ok(if ["y", "yes", "true", "1"].contains(&written.to_lowercase().as_str()) { "yes".into() } else { String::new() }),
            _ => Ok(written.to_owned()),
        }
    }
}

fn is_blank(values: &[String]) -> bool {
    values.iter().all(|value| value.trim().is_empty())
}

/// Says `what` and waits.
///
/// # Errors
/// When nobody answers.
pub fn wait_for_enter(what: &str) -> anyhow::Result<()> {
    complain(what);
    read_line().map(drop)
}

fn read_line() -> anyhow::Result<String> {
    let mut prompt = io::stderr();
    let _ = write!(prompt, "> ");
    let _ = prompt.flush();
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        bail!("nobody answered, so nothing more was sent");
    }
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::read(&json!({
            "kind": "declare", "title": "A new incident", "notes": [], "incidentId": null, "version": null,
            "fields": [
                { "key": "name", "label": "Name", "hint": null, "kind": "TEXT", "required": true, "initial": [""], "choices": [] },
                { "key": "severity", "label": "Severity", "hint": null, "kind": "CHOICE", "required": false, "initial": ["MINOR"],
                  "choices": [{ "value": "MAJOR", "label": "Quite bad" }, { "value": "MINOR", "label": "Not so bad" }] },
                { "key": "offHours", "label": "At night", "hint": null, "kind": "FLAG", "required": false, "initial": [], "choices": [] },
            ],
        }))
        .unwrap()
    }

    fn filled(options: &[&str]) -> anyhow::Result<Given> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let mut form = form();
        form.fill(&given(&options)?, false)?;
        Ok(form.values)
    }

    #[test]
    fn fields_are_filled_in_by_name() {
        let value = |values: &Given, key: &str| values[key].join(",");
        let plain = filled(&["name=Shop = down"]).unwrap();
        assert_eq!(
            (value(&plain, "name"), value(&plain, "severity"), value(&plain, "offHours")),
            ("Shop = down".into(), "MINOR".into(), String::new())
        );
        for severity in ["1", "quite BAD", "major"] {
            let values = filled(&["name=x", &format!("severity={severity}"), "offHours=yes"]).unwrap();
            assert_eq!((value(&values, "severity"), value(&values, "offHours")), ("MAJOR".into(), "yes".into()));
        }
    }

    #[test]
    fn what_is_wrong_or_missing_is_named() {
        for (options, part) in [
            (&[][..], "--field name=… (Name)"),
            (&["title=x"][..], "no field title; it has name, severity, offHours"),
            (&["name=x", "severity=huge"][..], "severity takes one of these: Quite bad, Not so bad"),
            (&["name"][..], "KEY=VALUE"),
        ] {
            let said = filled(options).unwrap_err().to_string();
            assert!(said.contains(part), "{said}");
        }
    }
}
