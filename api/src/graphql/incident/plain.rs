//! What follows from an incident alone, field by field.
//!
//! An answer to fields that do is kept as it was written, for everybody who sees the incident in that version ([`super::shown`]). So each field of
//! each type that can be reached by such fields says here whether it does, or why not; what is not here does not. A new field that depends on nothing else
//! is `Value` or `Objects`, and must not look at the caller, the clock or the playbook, nor read what is written without the incident's version.

use self::Follows::{Aside, Caller, Clock, End, Objects, Playbook, Unmarked, Value};

/// What the value of a field follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// From the incident's version, and from the names of people, clients and sites for which there is a mark (`incident::names` in `domain`).
    Value,
    /// The same; these are objects of this type.
    Objects(&'static str),
    /// The same if `last` is asked for. From its beginning it is read from the database, so that who verifies hashes sees what is stored.
    End(&'static str),
    /// Also from who asks.
    Caller,
    /// Also from the time.
    Clock,
    /// Also from the playbook.
    Playbook,
    /// From what is written without a new version.
    Aside,
    /// From what changes without the incident and has no mark.
    Unmarked,
}

/// What `field` of an object of the type `object` follows from, if it is known.
pub fn follows(object: &str, field: &str) -> Option<Follows> {
    let (_, fields) = TYPES.iter().find(|(name, _)| *name == object)?;
    fields.iter().find(|(name, _)| *name == field).map(|(_, follows)| *follows)
}

const TYPES: &[(&str, &[(&str, Follows)])] = &[
    ("Incident", INCIDENT),
    ("TimelineConnection", TIMELINE_CONNECTION),
    ("TimelineEdge", &[("cursor", Value), ("node", Objects("TimelineEvent"))]),
    ("TimelineEvent", TIMELINE_EVENT),
    ("Attachment", ATTACHMENT),
    ("ChangeRollout", &[("tried", Value), ("deployed", Value), ("reason", Value)]),
    ("PageInfo", &[("hasNextPage", Value), ("hasPreviousPage", Value), ("startCursor", Value), ("endCursor", Value)]),
    ("Impact", &[("requests", Value), ("visits", Value), ("users", Value), ("description", Value)]),
    ("RoleAssignment", ROLE_ASSIGNMENT),
    ("Action", ACTION),
    ("AffectedClient", AFFECTED_CLIENT),
    ("Person", PERSON),
    ("Client", CLIENT),
    ("Site", SITE),
];

const INCIDENT: &[(&str, Follows)] = &[
    ("id", Value),
    ("reference", Value),
    ("formerReference", Aside),
    ("name", Value),
    ("clientName", Value),
    ("summary", Value),
    ("severity", Value),
    ("status", Value),
    ("visibility", Value),
    ("flags", Value),
    ("reportedAt", Value),
    ("declaredAt", Value),
    ("impactStartedAt", Value),
    ("impactEndedAt", Value),
    ("resolvedAt", Value),
    ("closedAt", Value),
    ("reporter", Objects("Person")),
    ("lead", Objects("Person")),
    ("clientCommsManager", Objects("Person")),
    ("roles", Objects("RoleAssignment")),
    ("goals", Playbook),
    ("impact", Objects("Impact")),
    ("sites", Objects("Site")),
    ("participants", Objects("Person")),
    ("triage", Playbook),
    ("affectedClients", Objects("AffectedClient")),
    ("timeline", End("TimelineConnection")),
    ("latestUpdate", Objects("TimelineEvent")),
    ("actions", Objects("Action")),
    // One that waits for its event comes without any.
    ("attachments", Aside),
    ("alerts", Aside),
    ("mergedInto", Caller),
    ("nextSteps", Clock),
    ("pages", Aside),
    ("leadership", Aside),
    ("handoverBrief", Clock),
    ("handoverCandidates", Caller),
    ("roleOffers", Aside),
    ("followUps", Aside),
    ("report", Aside),
    ("review", Aside),
    ("clientBoard", Clock),
    ("clientUpdates", Aside),
    ("clientUpdateDraft", Clock),
    ("deliveries", Caller),
    ("channel", Aside),
    ("tickets", Aside),
    ("ticketSuggestions", Caller),
    ("knownEvents", Caller),
    ("version", Value),
];

const TIMELINE_CONNECTION: &[(&str, Follows)] =
    &[("edges", Objects("TimelineEdge")), ("nodes", Objects("TimelineEvent")), ("pageInfo", Objects("PageInfo")), ("totalCount", Value)];

const TIMELINE_EVENT: &[(&str, Follows)] = &[
    ("id", Value),
    // No circles.
    ("incident", Caller),
    ("sequence", Value),
    ("kind", Value),
    ("occurredAt", Value),
    ("recordedAt", Value),
    ("actor", Objects("Person")),
    ("source", Value),
    // But for an old one that names another incident; its resolver says so.
    ("text", Value),
    // But where there is one; its resolver says so.
    ("otherIncident", Objects("Incident")),
    ("details", Value),
    ("change", Objects("ChangeRollout")),
    // They come and go together with events.
    ("attachments", Objects("Attachment")),
    ("starred", Value),
    ("amendments", Objects("TimelineEvent")),
    ("amends", Value),
    ("redactedAt", Value),
    // Who asks for it wants to verify what is stored.
    ("hash", Aside),
];

const ATTACHMENT: &[(&str, Follows)] =
    &[("id", Value), ("fileName", Value), ("contentType", Value), ("bytes", Value), ("sha256", Value), ("downloadUrl", Value)];

const ROLE_ASSIGNMENT: &[(&str, Follows)] =
    &[("id", Value), ("role", Value), ("person", Objects("Person")), ("assignedAt", Value), ("endedAt", Value), ("handoverNote", Value)];

const ACTION: &[(&str, Follows)] =
    &[("id", Value), ("title", Value), ("assignee", Objects("Person")), ("state", Value), ("createdAt", Value), ("settledAt", Value)];

const AFFECTED_CLIENT: &[(&str, Follows)] = &[
    ("client", Objects("Client")),
    ("since", Value),
    ("note", Value),
    ("contacts", Unmarked),
    ("lastUpdatedAt", Aside),
    ("nextUpdateDueAt", Clock),
];

const PERSON: &[(&str, Follows)] = &[
    ("id", Value),
    ("name", Value),
    ("kind", Unmarked),
    ("phone", Caller),
    ("ntfyTopic", Caller),
    ("chatAccount", Caller),
    ("email", Unmarked),
    ("accessLevel", Unmarked),
    ("seniority", Unmarked),
    ("grants", Unmarked),
    ("quietChannels", Caller),
    ("deactivatedAt", Unmarked),
    ("tokens", Caller),
    ("sessions", Caller),
    ("passkeys", Caller),
    ("calendarFeed", Caller),
];

const CLIENT: &[(&str, Follows)] = &[
    ("id", Value),
    ("name", Value),
    ("importance", Value),
    ("contacts", Unmarked),
    ("team", Unmarked),
    ("sites", Unmarked),
    ("zendeskOrganizationId", Unmarked),
];

const SITE: &[(&str, Follows)] = &[
    ("id", Value),
    ("name", Value),
    ("url", Unmarked),
    ("hosts", Unmarked),
    ("repository", Unmarked),
    ("client", Objects("Client")),
    ("tooling", Unmarked),
    ("runbook", Unmarked),
    ("importance", Unmarked),
    ("expected", Unmarked),
    ("routinelyAttacked", Unmarked),
    ("busyHours", Unmarked),
    ("environment", Unmarked),
    ("hosting", Unmarked),
    ("codeFreeze", Clock),
    ("goneAt", Unmarked),
    ("listedBy", Unmarked),
    ("lastSyncedAt", Unmarked),
    ("origins", Unmarked),
    ("quietWindows", Clock),
    ("incidents", Caller),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{BaseType, Type, TypeKind, TypeSystemDefinition};

    use super::*;

    /// The objects of our schema: their fields, and the types of these without lists.
    fn objects() -> BTreeMap<String, BTreeMap<String, String>> {
        fn named(ty: &Type) -> String {
            match &ty.base {
                BaseType::Named(name) => name.to_string(),
                BaseType::List(item) => named(item),
            }
        }
        let schema = parse_schema(include_str!("../../../schema.graphql")).expect("our schema");
        let object = |definition: TypeSystemDefinition| match definition {
            TypeSystemDefinition::Type(ty) => match ty.node.kind {
                TypeKind::Object(object) => {
                    let fields = object.fields.into_iter().map(|field| (field.node.name.node.to_string(), named(&field.node.ty.node)));
                    Some((ty.node.name.node.to_string(), fields.collect()))
                }
                _ => None,
            },
            _ => None,
        };
        schema.definitions.into_iter().filter_map(object).collect()
    }

    #[test]
    fn each_field_says_what_it_follows_from() {
        let objects = objects();
        for (name, fields) in TYPES {
            let said: BTreeSet<&str> = fields.iter().map(|(field, _)| *field).collect();
            assert_eq!(said.len(), fields.len(), "{name} says something twice");
            let there: BTreeSet<&str> = objects[*name].keys().map(String::as_str).collect();
            let (silent, gone): (Vec<_>, Vec<_>) = (there.difference(&said).collect(), said.difference(&there).collect());
            assert!(silent.is_empty(), "say in api/src/graphql/incident/plain.rs what {silent:?} of {name} follow from");
            assert!(gone.is_empty(), "{name} has no {gone:?}");
        }
    }

    #[test]
    fn objects_are_of_the_type_that_is_said() {
        let objects = objects();
        for (name, fields) in TYPES {
            for (field, follows) in *fields {
                let ty = objects[*name][*field].as_str();
                match follows {
                    Value => assert!(!objects.contains_key(ty) && ty != "Node", "{name}.{field} is an object"),
                    Objects(of) | End(of) => {
                        assert_eq!(*of, ty, "{name}.{field}");
                        assert!(TYPES.iter().any(|(known, _)| *known == ty), "{name}.{field} is of {ty}, which says nothing");
                    }
                    Caller | Clock | Playbook | Aside | Unmarked => {}
                }
            }
        }
    }
}
