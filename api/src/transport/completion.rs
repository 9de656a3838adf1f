//! Answers as the GraphQL specification defines them.
//!
//! async-graphql 7.2.1 leaves a failed field out of `data` where it should be null, keeps an object although a field of it failed that may not
//! be null, orders fields by when they were resolved, and loses the path of errors in an interface's fields (docs/upstream/).
//! [`Asked::complete`] puts that right. Guarantees: every selected field is
//! in the answer, in the order of the selection; a failed one is null, or what surrounds it as far as the next thing that may be null; there is
//! one error for each of them, in the same order, and none from within what became null.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::{
    Name, PathSegment, Pos, Positioned, Response, ServerError, Value, Variables,
    parser::types::{
        BaseType, Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type,
    },
};
use domain::error::code;

use super::response::{is_request_error, refused};
use super::types::{Types, named};

/// The response key of a `__typename` that was added for ourselves.
pub(crate) const KIND: &str = "muster__kind";

/// Has a document ask for what [`Asked::complete`] must know: which object an interface or union is, and whether an object is there at all
/// when everything selected from it may be skipped.
pub(super) fn ask_for_kinds(document: &mut ExecutableDocument, types: &Types) {
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(named) => named.values_mut().collect(),
    };
    for operation in operations {
        let root = types.root(operation.node.ty);
        ask_below(&mut operation.node.selection_set.node, root, types);
    }
    for fragment in document.fragments.values_mut() {
        let condition = fragment.node.type_condition.node.on.node.clone();
        ask_below(&mut fragment.node.selection_set.node, Some(&condition), types);
    }
}

fn ask_below(set: &mut SelectionSet, parent: Option<&Name>, types: &Types) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                let ty = parent.and_then(|parent| types.field(parent, &field.node.name.node)).map(named);
                let set = &mut field.node.selection_set.node;
                ask_below(set, ty, types);
                let may_be_empty =
                    || set.items.iter().all(|item| !matches!(&item.node, Selection::Field(field) if field.node.directives.is_empty()));
                if !set.items.is_empty() && (ty.is_some_and(|ty| types.is_abstract(ty)) || may_be_empty()) {
                    set.items.push(Positioned::new(Selection::Field(Positioned::new(kind(), selection.pos)), selection.pos));
                }
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.clone());
                ask_below(&mut inline.node.selection_set.node, condition.as_ref().or(parent), types);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn kind() -> Field {
    let unplaced = |name: &str| Positioned::new(Name::new(name), Pos::default());
    Field {
        alias: Some(unplaced(KIND)),
        name: unplaced("__typename"),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet::default(), Pos::default()),
    }
}

/// What an operation asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    document: Arc<ExecutableDocument>,
    operation_name: Option<String>,
    /// The variables that `@skip` and `@include` may look at.
    switches: HashMap<Name, bool>,
    types: Arc<Types>,
}

impl Asked {
    /// `document` has been through [`ask_for_kinds`].
    pub(super) fn new(document: Arc<ExecutableDocument>, operation_name: Option<String>, variables: &Variables, types: Arc<Types>) -> Self {
        let mut asked = Self { document, operation_name, switches: HashMap::new(), types };
        let definitions = asked.operation().map(|operation| operation.variable_definitions.as_slice()).unwrap_or_default();
        asked.switches = definitions
            .iter()
            .filter_map(|definition| {
                let name = &definition.node.name.node;
                let default = definition.node.default_value.as_ref().map(|value| value.node.clone());
                match variables.get(name).cloned().or(default) {
                    Some(Value::Boolean(value)) => Some((name.clone(), value)),
                    _ => None,
                }
            })
            .collect();
        asked
    }

    fn operation(&self) -> Option<&OperationDefinition> {
        match (&self.document.operations, &self.operation_name) {
            (DocumentOperations::Single(operation), _) => Some(&operation.node),
            (DocumentOperations::Multiple(named), Some(name)) => named.get(name.as_str()).map(|operation| &operation.node),
            // One with a name is among several, even if it is the only one.
            (DocumentOperations::Multiple(named), None) => {
                named.values().next().filter(|_| named.len() == 1).map(|operation| &operation.node)
            }
        }
    }

    /// Makes what async-graphql answered to this operation the answer that the specification wants.
    pub(super) fn complete(&self, response: &mut Response) {
        let Some(operation) = self.operation().filter(|_| !is_request_error(response)) else { return };
        let root = Selected::whole(operation);
        let mut walk = Walk::new(self);
        let plan = walk.plan(&root, self.types.root(operation.ty));

        let mut failures = Failures::default();
        let mut elsewhere = Vec::new();
        for error in response.errors.drain(..) {
            match error.path.first() {
                Some(PathSegment::Field(key)) if plan.contains_key(key.as_str()) => failures.add(error),
                _ => elsewhere.push(error),
            }
        }
        let fields = match std::mem::take(&mut response.data) {
            Value::Object(fields) => Some(fields),
            // The whole operation failed, at no field that could be named.
            _ if !elsewhere.is_empty() && failures.is_empty() => None,
            _ => Some(IndexMap::new()),
        };
        walk.unplaced = elsewhere;
        if let Some(Ok(data)) = fields.map(|fields| walk.object(fields, &plan, failures)) {
            response.data = data;
        }
        response.errors = walk.errors;
        response.errors.append(&mut walk.unplaced);
    }

    /// A field that async-graphql would run more than once, since it does not merge those of one name: harmless only where nothing is changed.
    pub(super) fn repeated(&self) -> Option<(String, Vec<Pos>)> {
        let operation = self.operation()?;
        let root = Selected::whole(operation);
        let plan = Walk::new(self).plan(&root, self.types.root(operation.ty));
        plan.iter()
            .find(|(key, selected)| selected.places.len() > 1 && **key != "__typename")
            .map(|(key, selected)| ((*key).to_owned(), selected.places.clone()))
    }

    fn is_included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let unless = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return true,
            };
            let condition = directive.node.get_argument("if").and_then(|value| {
                let switch = |name: Name| self.switches.get(&name).map(|switch| Value::Boolean(*switch)).ok_or(());
                value.node.clone().into_const_with(switch).ok()
            });
            condition != Some(Value::Boolean(unless))
        })
    }
}

/// Errors by where they happened.
#[derive(Debug, Default)]
struct Failures {
    here: Vec<ServerError>,
    fields: HashMap<String, Self>,
    items: BTreeMap<usize, Self>,
}

impl Failures {
    fn add(&mut self, error: ServerError) {
        let mut place = self;
        for segment in &error.path {
            place = match segment {
                PathSegment::Field(key) => place.fields.entry(key.clone()).or_default(),
                PathSegment::Index(index) => place.items.entry(*index).or_default(),
            };
        }
        place.here.push(error);
    }

    fn is_empty(&self) -> bool {
        self.here.is_empty() && self.fields.is_empty() && self.items.is_empty()
    }

    /// The errors of the first place that has any.
    fn into_first(self) -> Vec<ServerError> {
        if !self.here.is_empty() {
            return self.here;
        }
        self.items.into_values().chain(self.fields.into_values()).map(Self::into_first).next().unwrap_or_default()
    }
}

/// What is selected under one response key.
struct Selected<'a> {
    /// `None` for introspection, whose types are not in the SDL.
    ty: Option<&'a Type>,
    sets: Vec<&'a SelectionSet>,
    places: Vec<Pos>,
}

impl<'a> Selected<'a> {
    fn whole(operation: &'a OperationDefinition) -> Self {
        Self { ty: None, sets: vec![&operation.selection_set.node], places: Vec::new() }
    }

    /// The one error of a field, which was resolved once for each place where it is selected.
    fn error(&self, errors: Vec<ServerError>) -> Option<ServerError> {
        let mut error = errors.into_iter().next()?;
        error.locations.clone_from(&self.places);
        Some(error)
    }
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Field(&'a str),
    Index(usize),
}

impl From<Segment<'_>> for PathSegment {
    fn from(segment: Segment<'_>) -> Self {
        match segment {
            Segment::Field(key) => Self::Field(key.to_owned()),
            Segment::Index(index) => Self::Index(index),
        }
    }
}

type Plan<'a> = IndexMap<&'a str, Selected<'a>>;

/// Something is null that may not be; why has been reported.
struct Nulled;

struct Walk<'a> {
    asked: &'a Asked,
    errors: Vec<ServerError>,
    /// Errors that do not say by themselves where they happened.
    unplaced: Vec<ServerError>,
    path: Vec<Segment<'a>>,
    /// What is selected, by the address of the [`Selected`] and the object it is selected from. They live as long as this map.
    plans: HashMap<(usize, Option<&'a Name>), Rc<Plan<'a>>>,
}

impl<'a> Walk<'a> {
    fn new(asked: &'a Asked) -> Self {
        Self { asked, errors: Vec::new(), unplaced: Vec::new(), path: Vec::new(), plans: HashMap::new() }
    }

    fn value(&mut self, value: Value, ty: Option<&'a Type>, at: &Selected<'a>, failures: Failures) -> Result<Value, Nulled> {
        match self.base(value, ty.map(|ty| &ty.base), at, failures) {
            Err(Nulled) if ty.is_none_or(|ty| ty.nullable) => Ok(Value::Null),
            Ok(Value::Null) if ty.is_some_and(|ty| !ty.nullable) => {
                self.unexplained(at);
                Err(Nulled)
            }
            outcome => outcome,
        }
    }

    /// Says that something is null that may not be, and that nobody said why.
    fn unexplained(&mut self, at: &Selected<'a>) {
        let mut error = refused(code::INTERNAL, "Something is missing here, and the server can't say why.");
        error.path = self.path.iter().copied().map(PathSegment::from).collect();
        error.locations.clone_from(&at.places);
        tracing::error!(path = ?error.path, "null where the schema promises a value");
        self.errors.push(error);
    }

    fn base(&mut self, value: Value, base: Option<&'a BaseType>, at: &Selected<'a>, mut failures: Failures) -> Result<Value, Nulled> {
        if !failures.here.is_empty() {
            self.errors.extend(at.error(failures.here));
            return Err(Nulled);
        }
        let item = match base {
            Some(BaseType::List(item)) => Some(&**item),
            _ => None,
        };
        match value {
            Value::List(values) => {
                let items = values.into_iter().enumerate().map(|(index, value)| {
                    let failures = failures.items.remove(&index).unwrap_or_default();
                    self.path.push(Segment::Index(index));
                    let value = self.value(value, item, at, failures);
                    self.path.pop();
                    value
                });
                items.collect::<Result<_, _>>().map(Value::List)
            }
            // An item failed that may not be null.
            Value::Null if item.is_some() && !failures.is_empty() => {
                self.errors.extend(at.error(failures.into_first()));
                Err(Nulled)
            }
            Value::Object(fields) if !at.sets.is_empty() => self.object_of(fields, base, at, failures),
            // All fields of the object failed.
            Value::Null if !failures.is_empty() => self.object_of(IndexMap::new(), base, at, failures),
            value => Ok(value),
        }
    }

    fn object_of(
        &mut self,
        mut fields: IndexMap<Name, Value>,
        base: Option<&'a BaseType>,
        at: &Selected<'a>,
        failures: Failures,
    ) -> Result<Value, Nulled> {
        let types = &self.asked.types;
        let object = match (fields.swap_remove(KIND), base) {
            (Some(Value::String(kind)), _) => types.object(&kind),
            (_, Some(BaseType::Named(name))) => Some(name),
            _ => None,
        };
        let plan = self.plan(at, object);
        self.object(fields, &plan, failures)
    }

    fn object(&mut self, mut fields: IndexMap<Name, Value>, plan: &Plan<'a>, mut failures: Failures) -> Result<Value, Nulled> {
        if !fields.keys().map(Name::as_str).eq(plan.keys().copied()) {
            let mut ordered = IndexMap::with_capacity(plan.len());
            for (key, selected) in plan {
                let value = fields.swap_remove(*key);
                if value.is_none() && !failures.fields.contains_key(*key) {
                    let here = self.unplaced.iter().position(|error| error.locations.iter().any(|place| selected.places.contains(place)));
                    if let Some(index) = here {
                        failures.fields.entry((*key).to_owned()).or_default().here.push(self.placed(index, key));
                    }
                }
                ordered.insert(Name::new(*key), value.unwrap_or_default());
            }
            fields = ordered;
        }
        for ((_, value), (key, selected)) in fields.iter_mut().zip(plan) {
            let failures = if failures.fields.is_empty() { None } else { failures.fields.remove(*key) };
            self.path.push(Segment::Field(key));
            let completed = self.value(std::mem::take(value), selected.ty, selected, failures.unwrap_or_default());
            self.path.pop();
            *value = completed?;
        }
        Ok(Value::Object(fields))
    }

    /// An error without a path, with that of the field `key` of this object.
    fn placed(&mut self, index: usize, key: &str) -> ServerError {
        let path = self.path.iter().copied().chain([Segment::Field(key)]).map(PathSegment::from).collect();
        self.unplaced.remove(index).with_path(path)
    }

    fn plan(&mut self, at: &Selected<'a>, object: Option<&'a Name>) -> Rc<Plan<'a>> {
        let key = (std::ptr::from_ref(at).addr(), object);
        if let Some(plan) = self.plans.get(&key) {
            return Rc::clone(plan);
        }
        let mut plan = Plan::new();
        let mut spread = HashSet::new();
        for set in &at.sets {
            self.collect(set, object, &mut plan, &mut spread);
        }
        let plan = Rc::new(plan);
        self.plans.insert(key, Rc::clone(&plan));
        plan
    }

    /// The specification's `CollectFields`.
    fn collect(&self, set: &'a SelectionSet, object: Option<&'a Name>, plan: &mut Plan<'a>, spread: &mut HashSet<&'a Name>) {
        let asked = self.asked;
        for selection in set.items.iter().filter(|selection| asked.is_included(selection.node.directives())) {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let key = field.response_key().node.as_str();
                    if key != KIND {
                        let ty = object.and_then(|object| asked.types.field(object, &field.name.node));
                        let selected = plan.entry(key).or_insert_with(|| Selected { ty, sets: Vec::new(), places: Vec::new() });
                        selected.places.push(selection.pos);
                        if !field.selection_set.node.items.is_empty() {
                            selected.sets.push(&field.selection_set.node);
                        }
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => (inline.node.type_condition.as_ref(), &inline.node.selection_set.node),
                Selection::FragmentSpread(fragment) => {
                    let name = &fragment.node.fragment_name.node;
                    match asked.document.fragments.get(name) {
                        Some(fragment) if spread.insert(name) => (Some(&fragment.node.type_condition), &fragment.node.selection_set.node),
                        _ => continue,
                    }
                }
            };
            let includes = |object| condition.is_none_or(|condition| asked.types.includes(&condition.node.on.node, object));
            if object.is_none_or(includes) {
                self.collect(set, object, plan, spread);
            }
        }
    }
}
