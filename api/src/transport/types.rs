//! What the schema says about the shape of answers.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name,
    parser::{
        parse_schema,
        types::{BaseType, OperationType, SchemaDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

/// The types of a schema: their fields, and the objects that an interface or union may be.
#[derive(Debug, Default)]
pub(super) struct Types {
    fields: HashMap<Name, HashMap<Name, Type>>,
    /// The objects behind each interface and union.
    possible: HashMap<Name, HashSet<Name>>,
    roots: Option<SchemaDefinition>,
}

impl Types {
    /// Reads a schema in SDL. Introspection types are not in there, so nothing is known about them.
    ///
    /// # Panics
    /// If `sdl` is not a schema.
    pub(super) fn of(sdl: &str) -> Self {
        let mut types = Self::default();
        for definition in parse_schema(sdl).expect("the SDL of a schema").definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => types.roots = Some(schema.node),
                TypeSystemDefinition::Type(definition) => types.add(definition.node.name.node, definition.node.kind),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        types
    }

    fn add(&mut self, name: Name, kind: TypeKind) {
        let fields = match kind {
            TypeKind::Object(object) => {
                for abstraction in object.implements {
                    self.possible.entry(abstraction.node).or_default().insert(name.clone());
                }
                object.fields
            }
            TypeKind::Interface(interface) => {
                self.possible.entry(name.clone()).or_default();
                interface.fields
            }
            TypeKind::Union(union) => {
                self.possible.entry(name).or_default().extend(union.members.into_iter().map(|member| member.node));
                return;
            }
            TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::InputObject(_) => return,
        };
        self.fields.insert(name, fields.into_iter().map(|field| (field.node.name.node, field.node.ty.node)).collect());
    }

    /// The type whose fields `operation` selects.
    pub(super) fn root(&self, operation: OperationType) -> Option<&Name> {
        let roots = self.roots.as_ref()?;
        let root = match operation {
            OperationType::Query => &roots.query,
            OperationType::Mutation => &roots.mutation,
            OperationType::Subscription => &roots.subscription,
        };
        root.as_ref().map(|name| &name.node)
    }

    /// The type of `parent.field`.
    pub(super) fn field(&self, parent: &Name, field: &Name) -> Option<&Type> {
        self.fields.get(parent)?.get(field)
    }

    pub(super) fn is_abstract(&self, name: &Name) -> bool {
        self.possible.contains_key(name)
    }

    /// The schema's own copy of an object's name.
    pub(super) fn object(&self, name: &str) -> Option<&Name> {
        self.fields.get_key_value(name).map(|(name, _)| name)
    }

    /// Whether a fragment on `condition` is about the object `object`.
    pub(super) fn includes(&self, condition: &Name, object: &Name) -> bool {
        condition == object || self.possible.get(condition).is_some_and(|objects| objects.contains(object))
    }
}

/// The type inside all lists.
pub(super) fn named(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}
