//! What is selected of an incident, divided into what follows from it alone and the rest.
//!
//! Used by [`super::shown`], once for each place of a document. Guarantee: two selections of which the texts are the same are answered in the same
//! way, to everybody, as long as the incident and the names in it are the same.

use std::collections::HashMap;
use std::fmt::Write as _;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value, Variables};
use domain::incident::kept;

use super::plain::{Follows, follows};
use crate::transport::KIND;

/// The type of what is divided.
const INCIDENT: &str = "Incident";

/// A selection on an incident.
pub struct Divided {
    /// What follows from the incident alone, in order.
    pub chosen: Vec<Chosen>,
    /// Whether that is worth keeping: the incident's own values are at hand.
    pub is_kept: bool,
    /// The same as a text.
    pub selection: kept::Selection,
    /// Everything else.
    pub rest: Option<Positioned<SelectionSet>>,
}

/// A field of an answer.
#[derive(Debug)]
pub struct Chosen {
    /// Its key there.
    pub key: Name,
    /// The fields of its objects, if it has any.
    pub fields: Option<Vec<Self>>,
}

/// The document of a request, with the operation that runs.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// The operation.
    pub operation: &'a OperationDefinition,
    /// The document's fragments.
    pub fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// The values of variables.
    pub variables: &'a Variables,
}

/// Fields by response key, in order.
type Groups<'a> = IndexMap<&'a Name, Vec<&'a Positioned<Field>>>;

impl<'a> Document<'a> {
    /// Whether on the way along these response keys each field is selected once, so that nothing is merged into what is there.
    pub fn has_one_way<'k>(self, keys: impl Iterator<Item = &'k str>) -> bool {
        let mut set = &self.operation.selection_set.node;
        for key in keys {
            let mut fields = Vec::new();
            self.collect(set, key, &mut fields);
            let [only] = fields.as_slice() else { return false };
            set = &only.selection_set.node;
        }
        true
    }

    /// All fields under a response key, whatever they are selected of.
    fn collect(self, set: &'a SelectionSet, key: &str, into: &mut Vec<&'a Field>) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) if field.node.response_key().node.as_str() == key => into.push(&field.node),
                Selection::Field(_) => {}
                Selection::InlineFragment(inline) => self.collect(&inline.node.selection_set.node, key, into),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.collect(&fragment.node.selection_set.node, key, into);
                    }
                }
            }
        }
    }

    /// Divides a selection on an incident. `None` if it can't be told what is selected.
    pub fn divide(self, set: &'a Positioned<SelectionSet>) -> Option<Divided> {
        let mut groups = Groups::new();
        self.group(INCIDENT, &set.node, &mut groups)?;
        let (mut chosen, mut text, mut rest) = (Vec::new(), String::new(), Vec::new());
        for (key, fields) in &groups {
            let mut said = String::new();
            if let Some(field) = self.choose(INCIDENT, key, fields, &mut said) {
                chosen.push(field);
                text.push_str(&said);
            } else {
                rest.extend(fields.iter().map(|field| Positioned::new(Selection::Field((*field).clone()), field.pos)));
            }
        }
        let is_kept = chosen.iter().any(|chosen| chosen.fields.is_some());
        let rest = (!rest.is_empty()).then(|| Positioned::new(SelectionSet { items: rest }, set.pos));
        Some(Divided { chosen, is_kept, selection: kept::Selection::new(&text), rest })
    }

    /// What is selected of an `object`, as the specification's `CollectFields` has it; the engine has taken out what is skipped. `None` if there is
    /// something that may or may not concern it.
    fn group(self, object: &str, set: &'a SelectionSet, into: &mut Groups<'a>) -> Option<()> {
        for item in &set.items {
            if !item.node.directives().is_empty() {
                return None;
            }
            let (condition, set) = match &item.node {
                Selection::Field(field) => {
                    let key = &field.node.response_key().node;
                    if key.as_str() != KIND {
                        into.entry(key).or_default().push(field);
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => (inline.node.type_condition.as_ref(), &inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.fragments.get(&spread.node.fragment_name.node)?.node;
                    if !fragment.directives.is_empty() {
                        return None;
                    }
                    (Some(&fragment.type_condition), &fragment.selection_set.node)
                }
            };
            if condition.is_some_and(|condition| condition.node.on.node.as_str() != object) {
                return None;
            }
            self.group(object, set, into)?;
        }
        Some(())
    }

    /// A field of an `object` that is selected in `fields` under one `key`, if it follows from the incident alone. Adds to `text` all that its value
    /// depends on beside.
    fn choose(self, object: &str, key: &Name, fields: &[&'a Positioned<Field>], text: &mut String) -> Option<Chosen> {
        let first = &fields.first()?.node;
        let name = first.name.node.as_str();
        let follows = if name == "__typename" { Follows::Value } else { follows(object, name)? };
        let of = match follows {
            Follows::Value => None,
            Follows::Objects(of) => Some(of),
            Follows::End(of) => self.is_from_end(first).then_some(Some(of))?,
            Follows::Caller | Follows::Clock | Follows::Playbook | Follows::Aside | Follows::Unmarked => return None,
        };
        let arguments = self.arguments(first)?;
        for other in fields.iter().skip(1) {
            if other.node.name.node.as_str() != name || self.arguments(&other.node)? != arguments {
                return None;
            }
        }
        write!(text, "{key}:{name}({arguments})").ok()?;
        let below = match of {
            None => None,
            Some(of) => {
                let mut groups = Groups::new();
                for field in fields {
                    self.group(of, &field.node.selection_set.node, &mut groups)?;
                }
                text.push('{');
                let below = groups.iter().map(|(key, fields)| self.choose(of, key, fields, text)).collect::<Option<Vec<_>>>()?;
                text.push('}');
                Some(below)
            }
        };
        text.push(' ');
        Some(Chosen { key: key.clone(), fields: below })
    }

    /// The arguments of a field with the values of variables in them, in alphabetical order.
    fn arguments(self, field: &Field) -> Option<String> {
        let argument = |name: &Name| Some(format!("{name}:{}", self.argument(field, name)?));
        let mut all: Vec<String> = field.arguments.iter().map(|(name, _)| argument(&name.node)).collect::<Option<_>>()?;
        all.sort_unstable();
        Some(all.join(","))
    }

    /// The value of an argument, if it is given.
    fn argument(self, field: &Field, name: &str) -> Option<Value> {
        let variable = |name: Name| {
            let definition = self.operation.variable_definitions.iter().find(|definition| definition.node.name.node == name).ok_or(())?;
            self.variables.get(&name).or_else(|| definition.node.default_value()).cloned().ok_or(())
        };
        field.get_argument(name)?.node.clone().into_const_with(variable).ok()
    }

    fn is_from_end(&self, field: &Field) -> bool {
        let is_given = |name| self.argument(field, name).is_some_and(|value| value != Value::Null);
        is_given("last") && !is_given("first")
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
    use serde_json::json;

    use super::*;

    /// What is kept and what is not of the first field of a query, by the keys.
    struct Parts {
        selection: kept::Selection,
        chosen: Vec<String>,
        rest: usize,
    }

    fn divide(query: &str, variables: serde_json::Value) -> Option<Parts> {
        let ExecutableDocument { operations, fragments } = parse_query(query).expect("it parses");
        let operation = match operations {
            DocumentOperations::Single(operation) => operation.node,
            DocumentOperations::Multiple(named) => named.into_values().next().expect("an operation").node,
        };
        let variables = Variables::from_json(variables);
        let document = Document { operation: &operation, fragments: &fragments, variables: &variables };
        let Selection::Field(field) = &operation.selection_set.node.items[0].node else { panic!("not a field") };
        let divided = document.divide(&field.node.selection_set).filter(|divided| divided.is_kept)?;
        let Divided { chosen, selection, rest, .. } = divided;
        let chosen = chosen.iter().map(|chosen| chosen.key.to_string()).collect();
        Some(Parts { selection, chosen, rest: rest.map_or(0, |rest| rest.node.items.len()) })
    }

    /// The same of what is selected of an incident.
    fn of(selected: &str) -> Option<Parts> {
        divide(&format!("{{ i {{ {selected} }} }}"), json!({}))
    }

    fn selection(selected: &str) -> kept::Selection {
        of(selected).unwrap_or_else(|| panic!("{selected} is kept")).selection
    }

    #[test]
    fn selections_that_may_be_answered_differently_differ() {
        let all = [
            "id lead { id name }",
            "id lead { name id }",
            "lead { id name } id",
            "id lead { id name kind: id }",
            "id lead { id } clientCommsManager { id }",
            "id clientCommsManager: lead { id }",
            "id lead: clientCommsManager { id }",
            "id lead { id __typename }",
            "id lead { id } actions { id }",
            "id actions { id }",
            "id actions(state: OPEN) { id }",
            "id actions(state: DONE) { id }",
            "id timeline(last: 3) { nodes { id } }",
            "id timeline(last: 4) { nodes { id } }",
            "id timeline(last: 3, before: \"a\") { nodes { id } }",
            "id timeline(last: 3, before: \"a){nodes(){id() } } b\") { nodes { id } }",
            "id timeline(last: 3, filter: { starred: true }) { nodes { id } }",
            "id timeline(last: 3, filter: { kinds: [NOTE] }) { nodes { id } }",
            "id timeline(last: 3, filter: { kinds: [NOTE, UPDATE] }) { nodes { id } }",
            "id timeline(last: 3, filter: { kinds: [UPDATE, NOTE] }) { nodes { id } }",
            "id timeline(last: 3) { edges { node { id } } }",
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(selection(one) == selection(one), "{one}");
            for other in &all[index + 1..] {
                assert!(selection(one) != selection(other), "{one}, {other}");
            }
        }
    }

    #[test]
    fn what_is_written_differently_and_means_the_same_is_the_same() {
        let plain = selection("id actions(state: OPEN) { id title } timeline(last: 3, before: null) { nodes { id } }");
        for same in [
            "id, actions ( state : OPEN ) { id, title } timeline(before: null, last: 3) { nodes { id } }",
            "id actions(state: OPEN) { id } ... { actions(state: OPEN) { title } } timeline(last: 3, before: null) { nodes { id } }",
            "... on Incident { id actions(state: OPEN) { id title } id } timeline(last: 3, before: null) { nodes { id id } }",
        ] {
            assert!(selection(same) == plain, "{same}");
        }
        let query = "query($n: Int!, $b: String, $s: ActionState = OPEN) { i { ...F } } fragment F on Incident { id actions(state: $s) { ...A } \
            timeline(last: $n, before: $b) { nodes { id } } muster__kind: __typename } fragment A on Action { id title }";
        let by_variables = |variables| divide(query, variables).expect("it is kept").selection;
        assert!(
            by_variables(json!({ "n": 3 }))
                == selection("id actions(state: OPEN) { id title } timeline(last: 3, before: null) { nodes { id } }")
        );
        assert!(by_variables(json!({ "n": 4 })) != plain);
        assert!(by_variables(json!({ "n": 3, "b": "x" })) != plain);
    }

    #[test]
    fn what_does_not_follow_from_the_incident_alone_is_the_rest() {
        for (selected, chosen, rest) in [
            ("id lead { name }", vec!["id", "lead"], 0),
            ("id lead { name } nextSteps { key }", vec!["id", "lead"], 1),
            ("nextSteps { key } l: lead { name } pages { id }", vec!["l"], 2),
            ("actions { id } lead { name phone }", vec!["actions"], 1),
            ("actions { id } lead { name } ... { lead { email } }", vec!["actions"], 2),
            ("actions { id } timeline(first: 3) { nodes { id } }", vec!["actions"], 1),
            ("actions { id } timeline { nodes { id } }", vec!["actions"], 1),
            ("actions { id } timeline(last: null) { nodes { id } }", vec!["actions"], 1),
            ("actions { id } timeline(last: 2) { nodes { id hash } }", vec!["actions"], 1),
            ("actions { id } timeline(last: 2) { nodes { id incident { id } } }", vec!["actions"], 1),
            ("actions { id } timeline(last: $unknown) { nodes { id } }", vec!["actions"], 1),
            ("actions { id } mergedInto { id } unheardOf", vec!["actions"], 2),
        ] {
            let parts = of(selected).unwrap_or_else(|| panic!("{selected} is kept"));
            assert_eq!((parts.chosen, parts.rest), (chosen.into_iter().map(str::to_owned).collect(), rest), "{selected}");
        }
        // Nothing that takes a look elsewhere, or what can't be told.
        for selected in [
            "id name",
            "id nextSteps { key }",
            "id lead { name @unheardOf }",
            "id @unheardOf lead { name }",
            "lead { name } ... on Node { id }",
            "lead { ... on Node { id } }",
            "lead { name } ...Gone",
        ] {
            assert!(of(selected).is_none(), "{selected}");
        }
    }

    #[test]
    fn texts_stand_where_nothing_is_merged() {
        let is_alone = |query: &str| {
            let ExecutableDocument { operations, fragments } = parse_query(query).expect("it parses");
            let DocumentOperations::Single(operation) = operations else { panic!("one operation") };
            let document = Document { operation: &operation.node, fragments: &fragments, variables: &Variables::default() };
            document.has_one_way(["a", "nodes"].into_iter())
        };
        for query in ["{ a { nodes { id } } }", "{ b: a { nodes { id } } ...F } fragment F on Q { a { ... { nodes { id } } } }"] {
            assert!(is_alone(query), "{query}");
        }
        for query in [
            "{ a { nodes { id } nodes { name } } }",
            "{ a { nodes { id } } a { nodes { name } } }",
            "{ a { nodes { id } } a: b { nodes { name } } }",
            "{ a { ...F ...F } } fragment F on Q { nodes { id } }",
            "{ a { nodes { id } ... on Q { ... { nodes { name } } } } }",
        ] {
            assert!(!is_alone(query), "{query}");
        }
    }
}
