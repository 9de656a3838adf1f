//! The house of `domain` (ARCHITECTURE.md): arrows between its files go down only, and never in a circle, as in `api`.
//!
//! An arrow is a `use` or a path in the code. It is followed through re-exports to the file that defines the item, so a folder's
//! `mod.rs` hides nothing. Tests beside the code may look anywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::hygiene::{root, rust_files};

/// The floors, from the ground up. A file stands on the floor of the longest prefix of its path.
const FLOORS: [&[&str]; 9] = [
    // Ground: knows no caller and no incident.
    &[
        "clock",
        "cursor",
        "db",
        "documents",
        "error",
        "ids",
        "lanes",
        "limits",
        "networks",
        "traces",
        "validate",
        "waiting",
        "wake",
        "words",
        "severity",
        "sheet",
        "catalogue::busy",
        "web_address",
        "zone",
    ],
    // What is pure: the playbook, what is asked of outside systems, calendars, hashes.
    &[
        "playbook",
        "ports",
        "delivery::policy",
        "chain",
        "timeline::chain",
        "timeline::others",
        "timeline::redactions",
        "calendar",
        "blameless",
        "on_call::plan",
        "catalogue::fields",
        "catalogue::freeze",
        "catalogue::listing",
        "catalogue::matching",
        "catalogue::merge",
        "catalogue::notes",
        "catalogue::plan",
        "heartbeats::due",
        "heartbeats::silence",
        "tickets::mention",
        "tickets::number",
        "clients::lint",
        "report::difference",
        "report::state",
        "search::words",
        "timeline::rollout",
        "insights::spread",
        "insights::tally",
        "insights::period",
        "known::words",
        "known::page",
        "known::rank",
        "known::excerpt",
        "alerts::alarm",
        "alerts::episode",
        "webhooks::event_type",
        "webhooks::rules",
        "webhooks::schedule",
        "webhooks::secret",
    ],
    // Who calls, and with what.
    &[
        "authz",
        "config",
        "ctx",
        "delivery::outcome",
        "people::secrets",
        "agenda::kept",
        "heartbeats::lately",
        "incident::kept",
        "incident::seen",
        "insights::kept",
        "record::plain_draft",
        "webhooks::known",
        "sql",
        "audit",
        "search",
    ],
    // What a decision sees and wants.
    &["record"],
    // What is written on a draft.
    &[
        "delivery::order",
        "delivery::outgoing",
        "filing::order",
        "follow_up::arrived",
        "follow_up::card",
        "follow_up::settle",
        "follow_up::sync",
        "follow_up::team",
        "idempotency",
        "incident::marks",
        "incident::reference",
        "incident::state",
        "incident::writes",
        "report::begin",
        "rooms::buttons",
        "rooms::name",
        "rooms::order",
        "telling::message",
        "tickets::problem",
        "tickets::rows",
        "webhooks::message",
        "webhooks::order",
    ],
    // The door.
    &["change"],
    // The use cases: whatever is on no other floor.
    &[],
    // What is said in words, which calls them all.
    &["chat"],
    // The team's chat, where it is said.
    &["rooms"],
];

/// The floor of a file that is on no list.
const USE_CASES: usize = 6;

#[test]
fn arrows_go_down_only() {
    let arrows = Code::read("domain").arrows();
    let upward: Vec<String> = arrows
        .iter()
        .flat_map(|(from, targets)| targets.iter().map(move |to| (from, to)))
        .filter(|(from, to)| floor(from) < floor(to))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert!(upward.is_empty(), "these point upwards: {upward:#?}");
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 300, "the reader of arrows finds too few");
}

#[test]
fn no_files_point_at_each_other_in_a_circle() {
    for package in ["domain", "api"] {
        let mut left = Code::read(package).arrows();
        // Files that point at nothing that is left are in no circle; without them, others point at nothing.
        loop {
            let names: BTreeSet<String> = left.keys().cloned().collect();
            let before = left.len();
            left.retain(|_, targets| targets.iter().any(|to| names.contains(to)));
            if left.len() == before {
                break;
            }
        }
        assert!(left.is_empty(), "these files of {package} are in a circle, or point into one: {left:#?}");
    }
}

fn floor(file: &str) -> usize {
    let within = |prefix: &&&str| file == **prefix || file.strip_prefix(**prefix).is_some_and(|rest| rest.starts_with("::"));
    let found = FLOORS.iter().enumerate().flat_map(|(floor, files)| files.iter().filter(within).map(move |prefix| (prefix.len(), floor)));
    found.max().map_or(USE_CASES, |(_, floor)| floor)
}

/// What `use` brings into a file: the name there, and the path from the root of the crate.
type Imports = Vec<(String, Vec<String>)>;

struct Code {
    /// Each file without comments, tests and `use` items, by its module's path; that of the root is empty.
    files: BTreeMap<String, String>,
    imports: BTreeMap<String, Imports>,
    exports: BTreeMap<String, Imports>,
}

impl Code {
    fn read(package: &str) -> Self {
        let folder = format!("{package}/src");
        let source = root().join(&folder);
        let named = rust_files(&folder).into_iter().map(|(path, text)| {
            let path = path.strip_prefix(&source).unwrap().with_extension("");
            let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).filter(|part| !["mod", "lib"].contains(part)).collect();
            (parts.join("::"), without_comments_and_tests(&text))
        });
        let split: BTreeMap<String, (String, Vec<(bool, String)>)> =
            named.filter(|(name, _)| !name.split("::").any(|part| part == "tests")).map(|(name, text)| (name, split_uses(&text))).collect();
        let files: BTreeMap<String, String> = split.iter().map(|(name, (body, _))| (name.clone(), body.clone())).collect();
        let paths = |public: bool| {
            let of_file = |(name, (_, uses)): (&String, &(String, Vec<(bool, String)>))| {
                let leaves = uses.iter().filter(|(is_public, _)| *is_public == public).flat_map(|(_, tree)| leaves(tree));
                let paths = leaves.filter_map(|(local, path)| Some((local, absolute(&files, name, &path)?)));
                (name.clone(), paths.collect::<Imports>())
            };
            split.iter().map(of_file).collect()
        };
        let (imports, exports) = (paths(false), paths(true));
        Self { files, imports, exports }
    }

    /// Each file with those that define what it names.
    fn arrows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let of_file = |(name, text): (&String, &String)| {
            let imported = self.imports[name].iter().flat_map(|(local, path)| match self.defined_in(path) {
                (file, false) => vec![file],
                // A module: what is named of it counts.
                (_, true) => tails(text, local).into_iter().map(|tail| self.defined_in(&[path.clone(), tail].concat()).0).collect(),
            });
            let named = ["crate", "super"].into_iter().flat_map(|first| {
                let paths = tails(text, first).into_iter().map(move |tail| [vec![first.to_owned()], tail].concat());
                paths.filter_map(|path| absolute(&self.files, name, &path))
            });
            let direct = named.map(|path| self.defined_in(&path).0);
            let targets: BTreeSet<String> = imported.chain(direct).filter(|file| file != name).collect();
            (name.clone(), targets)
        };
        self.files.iter().map(of_file).collect()
    }

    /// The file that defines the item at `path`, and whether the path ends at the file itself.
    fn defined_in(&self, path: &[String]) -> (String, bool) {
        let mut file = String::new();
        for (index, part) in path.iter().enumerate() {
            let child = if file.is_empty() { part.clone() } else { format!("{file}::{part}") };
            if self.files.contains_key(&child) {
                file = child;
            } else if let Some((_, target)) = self.exports[&file].iter().find(|(name, _)| name == part) {
                return self.defined_in(&[target, &path[index + 1..]].concat());
            } else {
                return (file, false);
            }
        }
        (file, true)
    }
}

fn without_comments_and_tests(text: &str) -> String {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = code.join("\n");
    code.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned()
}

/// The code without its `use` items, and those: whether each is public, and its tree.
fn split_uses(text: &str) -> (String, Vec<(bool, String)>) {
    let (mut body, mut uses, mut rest) = (String::new(), Vec::new(), text);
    while let Some((start, is_public)) = next_use(rest) {
        let (item, after) = rest[start..].split_once(';').unwrap();
        body.push_str(&rest[..start]);
        let tree = item.split_once("use ").unwrap().1;
        uses.push((is_public, tree.split_whitespace().collect::<Vec<_>>().join(" ")));
        rest = after;
    }
    body.push_str(rest);
    (body, uses)
}

/// Where the next line begins that is a `use` item, and whether that is public.
fn next_use(text: &str) -> Option<(usize, bool)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let item = line.trim_start();
        let is_public = item.starts_with("pub") && item.split_whitespace().nth(1) == Some("use");
        if is_public || item.starts_with("use ") {
            return Some((start, is_public));
        }
        start += line.len();
    }
    None
}

/// What a tree brings in: the name, and the path as it is written.
fn leaves(tree: &str) -> Imports {
    let Some((prefix, group)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
        let path: Vec<String> = path.trim().split("::").filter(|part| *part != "self").map(str::to_owned).collect();
        let name = alias.map(str::to_owned).or(path.last().cloned());
        return name.map(|name| (name, path)).into_iter().collect();
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    parts.iter().filter(|part| !part.trim().is_empty()).flat_map(|part| leaves(&format!("{prefix}{}", part.trim()))).collect()
}

/// The path from the root of the crate; nothing for what is of another crate.
fn absolute(files: &BTreeMap<String, String>, module: &str, path: &[String]) -> Option<Vec<String>> {
    let own: Vec<String> = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let ups = path.iter().take_while(|part| *part == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => Some(path[1..].to_vec()),
        Some("self") => Some([&own, &path[1..]].concat()),
        Some("super") => Some([&own[..own.len().checked_sub(ups)?], &path[ups..]].concat()),
        Some(first) => {
            let child = own.iter().map(String::as_str).chain([first]).collect::<Vec<_>>().join("::");
            files.contains_key(&child).then(|| [&own, path].concat())
        }
        None => None,
    }
}

/// What stands behind `name::` wherever that is in the code.
fn tails(body: &str, name: &str) -> Vec<Vec<String>> {
    let start = format!("{name}::");
    let is_inside = |place: usize| body[..place].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'));
    let found = body.match_indices(&start).filter(|(place, _)| !is_inside(*place)).map(|(place, _)| {
        let path = body[place + start.len()..].split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap();
        path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
    });
    found.collect()
}
