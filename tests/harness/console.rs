//! What the console asks: its documents, as it sends them.
//!
//! They stand in `web/src`, each fragment beside the component that shows it. The console's client puts a query and its fragments together, leaves
//! out `@_unmask`, which only its types are made from, and asks for the `__typename` of everything, by which its cache knows what is what. So does
//! this, from the same sources: what is measured and counted is what people's browsers send. Called by tests and by the benchmark.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Live incidents on the board, and those that wait for triage, as `Board.svelte` wants them.
const LIVE: usize = 100;
const TRIAGE: usize = 20;

/// A definition of a document: `query` or `fragment` and so on, its name, and all of it.
struct Definition {
    kind: String,
    name: String,
    text: String,
}

/// A request for the board, as it is without a filter.
pub fn board() -> Value {
    let variables = json!({
        "live": { "live": true },
        "triage": { "status": ["TRIAGE"] },
        "over": { "status": ["RESOLVED", "CLOSED"] },
        "liveFirst": LIVE,
        "triageFirst": TRIAGE,
    });
    json!({ "query": query("Board"), "variables": variables })
}

/// A request for the page of the incident `reference`, as it is when somebody who responds opens it.
pub fn page(reference: &str) -> Value {
    json!({ "query": query("IncidentPage"), "variables": page_variables(reference) })
}

/// What goes along with `IncidentPage`.
pub fn page_variables(reference: &str) -> Value {
    let filter = json!({ "kinds": null, "exceptKinds": ["PROMPT"], "starred": null, "actorId": null, "text": null });
    json!({ "reference": reference, "responds": true, "filter": filter })
}

/// The query `name` with all fragments that it uses.
///
/// # Panics
/// If the console has no such query, or its sources are not here.
pub fn query(name: &str) -> String {
    let mut all = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src"), &mut all);
    let (mut parts, mut known) = (Vec::new(), BTreeSet::new());
    let mut wanted = vec![("query", name.to_owned())];
    while let Some((kind, name)) = wanted.pop() {
        if !known.insert(name.clone()) {
            continue;
        }
        let found = all.iter().find(|definition| definition.kind == kind && definition.name == name);
        let found = found.unwrap_or_else(|| panic!("the console should have a {kind} {name}"));
        wanted.extend(spreads(&found.text).map(|name| ("fragment", name)));
        parts.push(with_type_names(found));
    }
    parts.join(" ")
}

/// Adds what the files below `folder` define.
fn collect(folder: &Path, all: &mut Vec<Definition>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{} can't be read: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "ts" || extension == "svelte") {
            let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
            for call in source.split("graphql(").skip(1) {
                let template = call.trim_start().strip_prefix('`').and_then(|rest| rest.split_once('`'));
                all.extend(template.into_iter().flat_map(|(template, _)| definitions(template)));
            }
        }
    }
}

/// The definitions of a document: each ends with the brace that closes its first.
fn definitions(document: &str) -> Vec<Definition> {
    let (mut found, mut start, mut nesting) = (Vec::new(), 0, Nesting::default());
    for (place, c) in document.char_indices() {
        let was = nesting.braces;
        nesting.meet(c);
        if was == 1 && nesting.braces == 0 {
            let text = document[start..=place].split_whitespace().filter(|word| *word != "@_unmask").collect::<Vec<_>>().join(" ");
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned);
            found.push(Definition { kind: words.next().unwrap_or_default(), name: words.next().unwrap_or_default(), text });
            start = place + 1;
        }
    }
    found
}

/// How deep a place of a document is. Braces within parentheses are values, not selections.
#[derive(Default)]
struct Nesting {
    braces: usize,
    parentheses: usize,
}

impl Nesting {
    fn meet(&mut self, c: char) {
        match c {
            '(' => self.parentheses += 1,
            ')' => self.parentheses -= 1,
            '{' if self.parentheses == 0 => self.braces += 1,
            '}' if self.parentheses == 0 => self.braces -= 1,
            _ => {}
        }
    }
}

/// The names of the fragments that `text` uses.
fn spreads(text: &str) -> impl Iterator<Item = String> {
    let names = text.split("...").skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
    names.filter(|name| !name.is_empty() && name != "on")
}

/// The definition with `__typename` in every selection but that of the query itself.
fn with_type_names(definition: &Definition) -> String {
    let (mut text, mut nesting) = (String::new(), Nesting::default());
    let outermost = usize::from(definition.kind == "query");
    for c in definition.text.chars() {
        let was = nesting.braces;
        nesting.meet(c);
        if nesting.braces < was && was > outermost {
            text.push_str("__typename ");
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_put_together_as_the_console_sends_it() {
        let made = definitions(
            "\n query Q($a: In = { b: 1 }) {\n  list(filter: { c: $a }) {\n ...F } }\n fragment F on T @_unmask {\n id ... on U { d } }",
        );
        let names: Vec<_> = made.iter().map(|one| (one.kind.as_str(), one.name.as_str())).collect();
        assert_eq!(names, [("query", "Q"), ("fragment", "F")]);
        assert_eq!(with_type_names(&made[0]), "query Q($a: In = { b: 1 }) { list(filter: { c: $a }) { ...F __typename } }");
        assert_eq!(with_type_names(&made[1]), "fragment F on T { id ... on U { d __typename } __typename }");
        assert_eq!(spreads(&made[0].text).chain(spreads(&made[1].text)).collect::<Vec<_>>(), ["F"]);
    }

    #[test]
    fn the_board_and_the_page_are_found_with_all_their_fragments() {
        for (name, parts) in
            [("Board", ["fragment OnDuty", "fragment BoardIncident"]), ("IncidentPage", ["fragment Undelivered", "fragment Editable"])]
        {
            let text = query(name);
            assert!(parts.iter().all(|part| text.contains(part)) && !text.contains("@_unmask"), "{text}");
        }
    }
}
