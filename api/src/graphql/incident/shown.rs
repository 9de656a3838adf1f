//! Incidents in answers, of which what was written before is not resolved again.
//!
//! Lists and `incident(reference)` return incidents as [`Shown`]. What is selected of one is divided ([`super::selection`]) into what follows from it
//! alone and the rest. The former is a fragment: JSON that is kept under the incident's version and the selection (`incident::kept` in `domain`), counts
//! while the mark of the names is the same, and is sent as it is. The rest is resolved each time. Guarantees:
//!
//! - A fragment is what the fields would answer to anybody who sees the incident, byte by byte. It is kept only if nothing failed beside it, if no field
//!   said that its value depends on the caller, and if the incident has the same version, and names the same mark, after everything was read
//!   (`incident::reading` in `domain`). An incident of which more is shown than its own row is noted for the same question.
//! - The mark was also read in this request before fragments are looked for, and before names are read for one.
//! - Only in queries: what a mutation shows, it may have changed after the mark was read, and a subscription goes on for long. Only where nothing
//!   else is selected under the same keys, because the engine merges values, not texts.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, OperationType};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Name, OutputType, Positioned, QueryPathSegment, ServerResult, Value};
use bytes::Bytes;
use domain::Ctx;
use domain::incident::kept::{Part, Weighed};
use domain::incident::{Names, reading};

use super::fragments::Fragments;
use super::row::Incident;
use super::selection::{Chosen, Divided, Document};

/// An incident in an answer.
#[derive(Clone)]
pub struct Shown(pub Incident);

impl OutputType for Shown {
    fn type_name() -> Cow<'static, str> {
        <Incident as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Incident as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, gql: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let (ctx, version) = (gql.data_unchecked::<Ctx>(), self.0.read_as());
        let Some((fragments, place)) = place(gql) else { return self.resolve_beside(gql, field).await };
        if !place.is_kept && place.rest.is_none() {
            // Its own row.
            return self.0.resolve(gql, field).await;
        }
        let names = if place.is_kept && ctx.kept.is_on() { fragments.names(ctx).await } else { None };
        let Some(names) = names else { return self.resolve_beside(gql, field).await };
        let part = Part::Fragment(place.selection.clone());
        let Some(known) = ctx.kept.get_if(version, part.clone(), |fragment: &Fragment| fragment.names == names) else {
            let before = failures(gql);
            let value = self.resolve_beside(gql, field).await?;
            let is_whole = before.is_some() && before == failures(gql) && !fragments.is_discreet(version.incident);
            if is_whole && let Some(fragment) = Fragment::of(&place.chosen, &value, names) {
                reading::keep_later(ctx, version, Some(names), part, Arc::new(fragment));
            }
            return Ok(value);
        };
        let Some(rest) = &place.rest else { return Ok(Value::Binary(known.text.clone())) };
        let mut fields = match self.resolve_beside(&gql.with_selection_set(rest), field).await? {
            Value::Object(fields) => fields,
            // All of them failed.
            _ => IndexMap::new(),
        };
        fields.extend(place.chosen.iter().zip(&known.values).map(|(chosen, value)| (chosen.key.clone(), known.value(value))));
        Ok(Value::Object(fields))
    }
}

impl Shown {
    /// Resolves a selection with more in it than the incident's own row.
    async fn resolve_beside(&self, gql: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        reading::note_beside(gql.data_unchecked::<Ctx>(), self.0.read_as());
        self.0.resolve(gql, field).await
    }
}

/// How many errors the request has so far.
fn failures(gql: &ContextSelectionSet<'_>) -> Option<usize> {
    gql.query_env.errors.lock().map(|errors| errors.len()).ok()
}

/// How the selection here is divided and in which request, if it may be.
fn place<'a>(gql: &ContextSelectionSet<'a>) -> Option<(&'a Fragments, Arc<Divided>)> {
    let env = gql.query_env;
    if env.operation.node.ty != OperationType::Query {
        return None;
    }
    let fragments = gql.data_opt::<Fragments>()?;
    let place = fragments.divided(place_of(gql), |(_, way)| {
        let document = document(gql);
        // The engine merges what is selected in several places.
        if document.has_one_way(way.split(STEP)) { document.divide(gql.item) } else { None }
    })?;
    Some((fragments, place))
}

/// Between the response keys on the way to a place.
const STEP: char = '.';

/// Where the selection is, in the request's document, which stays where it is as long as the request, and in the answer. One of a fragment may be at
/// several places.
fn place_of(gql: &ContextSelectionSet<'_>) -> (usize, String) {
    let mut keys = Vec::new();
    let mut node = gql.path_node.as_ref();
    while let Some(here) = node {
        if let QueryPathSegment::Name(key) = here.segment {
            keys.push(key);
        }
        node = here.parent;
    }
    let mut way = String::new();
    for key in keys.into_iter().rev() {
        if !way.is_empty() {
            way.push(STEP);
        }
        way.push_str(key);
    }
    (std::ptr::from_ref(gql.item).addr(), way)
}

fn document<'a>(gql: &ContextSelectionSet<'a>) -> Document<'a> {
    let env = gql.query_env;
    Document { operation: &env.operation.node, fragments: &env.fragments, variables: &env.variables }
}

/// What the fields of an incident say that follow from it alone.
struct Fragment {
    names: Names,
    /// An object with all of them.
    text: Bytes,
    /// Where the value of each is in `text`.
    values: Vec<Range<usize>>,
}

impl Fragment {
    /// What is `chosen` of what was resolved; `None` if something is missing.
    fn of(chosen: &[Chosen], value: &Value, names: Names) -> Option<Self> {
        let (mut text, mut values) = (Vec::new(), Vec::with_capacity(chosen.len()));
        let Value::Object(fields) = value else { return None };
        write_object(chosen, fields, &mut text, &mut |value| values.push(value))?;
        text.shrink_to_fit();
        Some(Self { names, text: text.into(), values })
    }

    fn value(&self, range: &Range<usize>) -> Value {
        Value::Binary(self.text.slice(range.clone()))
    }
}

impl Weighed for Fragment {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(self.values.as_slice())
    }
}

/// Writes the fields of an object in the order of the selection, and says where the value of each is.
fn write_object(chosen: &[Chosen], fields: &IndexMap<Name, Value>, text: &mut Vec<u8>, place: &mut dyn FnMut(Range<usize>)) -> Option<()> {
    text.push(b'{');
    for (index, Chosen { key, fields: below }) in chosen.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, key).ok()?;
        text.push(b':');
        let start = text.len();
        write_value(below.as_deref(), fields.get(key)?, text)?;
        place(start..text.len());
    }
    text.push(b'}');
    Some(())
}

fn write_value(chosen: Option<&[Chosen]>, value: &Value, text: &mut Vec<u8>) -> Option<()> {
    match (chosen, value) {
        (Some(chosen), Value::List(items)) => {
            text.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write_value(Some(chosen), item, text)?;
            }
            text.push(b']');
            Some(())
        }
        (Some(chosen), Value::Object(fields)) => write_object(chosen, fields, text, &mut |_| {}),
        (None, _) | (Some(_), Value::Null) => serde_json::to_writer(text, value).ok(),
        (Some(_), _) => None,
    }
}
