//! What a visitor may do: somebody who was paged and came by the link, for one incident.
//!
//! Which incidents they see is the domain's rule. Here is the list of the mutations that are about an incident; all others are refused.

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use domain::Error;
use domain::people::access::VISITING;

const ABOUT_AN_INCIDENT: &[&str] = &[
    "__typename",
    "addAction",
    "addFollowUp",
    "addTimelineEvent",
    "amendTimelineEvent",
    "answerPage",
    "answerReviewInvitation",
    "answerRoleOffer",
    "answerTriage",
    "approveClientUpdate",
    "approveReport",
    "assignRole",
    "beginReview",
    "callOffReview",
    "changeSeverity",
    "changeStatus",
    "chooseReviewMoment",
    "circulateReport",
    "closeIncident",
    "commentOnReport",
    "commentOnReview",
    "commentOnTicket",
    "confirmGoal",
    "decideReportName",
    "declareIncident",
    "declineIncident",
    "discardClientUpdate",
    "dismissDeliveries",
    "draftClientUpdate",
    "editClientUpdate",
    "editReportSection",
    "endRole",
    "escalate",
    "fileIncident",
    "finaliseReport",
    "linkTicket",
    "markClientAffected",
    "markReportRead",
    "offerRole",
    "parkReviewTopic",
    "postUpdate",
    "publishReport",
    "recordReview",
    "reopenIncident",
    "resolveIncident",
    "resolveReportComment",
    "retryClientUpdate",
    "retryDelivery",
    "scheduleReview",
    "sendClientUpdate",
    "sendDraftedClientUpdate",
    "settleAction",
    "settleDeliveryByHand",
    "settleFollowUp",
    "settleStep",
    "shareIncident",
    "snoozeStep",
    "starTimelineEvent",
    "startReport",
    "takeBackReport",
    "unlinkTicket",
    "unparkReviewTopic",
    "updateFollowUp",
    "updateIncident",
];

/// Fragments that may be spread within each other.
const FRAGMENTS_MAX: usize = 32;

/// Fails if the document holds a mutation that is not about an incident.
///
/// # Errors
/// `FORBIDDEN`.
pub fn check(document: &ExecutableDocument) -> Result<(), Error> {
    let mutations = document.operations.iter().filter(|(_, operation)| operation.node.ty == OperationType::Mutation);
    let refused =
        mutations.map(|(_, operation)| &operation.node.selection_set.node).any(|fields| !is_about_an_incident(document, fields, 0));
    if refused { Err(Error::Forbidden(VISITING.to_owned())) } else { Ok(()) }
}

fn is_about_an_incident(document: &ExecutableDocument, fields: &SelectionSet, depth: usize) -> bool {
    // Fragments that spread each other in a circle never end.
    depth <= FRAGMENTS_MAX
        && fields.items.iter().all(|item| match &item.node {
            Selection::Field(field) => ABOUT_AN_INCIDENT.contains(&field.node.name.node.as_str()),
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node);
                fragment.is_none_or(|fragment| is_about_an_incident(document, &fragment.node.selection_set.node, depth + 1))
            }
            Selection::InlineFragment(inline) => is_about_an_incident(document, &inline.node.selection_set.node, depth + 1),
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use async_graphql::parser::parse_query;

    use super::*;
    use crate::graphql::sdl;

    /// Mutations about something else.
    const OTHERS: &[&str] = &[
        "addQuietWindow",
        "confirmChatAccount",
        "createApiToken",
        "createHeartbeat",
        "createSignInLink",
        "deleteAlertPost",
        "deleteHeartbeat",
        "disableWebhookEndpoint",
        "enableWebhookEndpoint",
        "endQuietWindow",
        "endSession",
        "endSessions",
        "importRota",
        "importSites",
        "invitePerson",
        "makeCalendarFeed",
        "mergeIncident",
        "quietReminders",
        "rateKnownEvent",
        "readSites",
        "receiveAlertPost",
        "redactEvent",
        "removePasskey",
        "removeWebhookEndpoint",
        "replayWebhookMessages",
        "reportIncident",
        "revokeApiToken",
        "revokeCalendarFeed",
        "rotateHeartbeatSecret",
        "rotateWebhookSecret",
        "runCommand",
        "saveClient",
        "saveSite",
        "saveWebhookEndpoint",
        "setChatAccount",
        "setClientTeam",
        "setNtfyTopic",
        "setOnCall",
        "settleSiteReading",
        "submitCommandForm",
        "testWebhookEndpoint",
        "unlinkChatAccount",
        "updateHeartbeat",
        "updatePerson",
    ];

    #[test]
    fn every_mutation_is_allowed_to_visitors_or_not() {
        let sdl = sdl();
        let mutations = sdl.split("type Mutation {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("there are mutations");
        let of_schema = mutations.lines().filter_map(|line| line.strip_prefix('\t')?.split_once(['(', ':'])).map(|(name, _)| name);
        let of_schema: BTreeSet<&str> = of_schema.filter(|name| name.chars().all(char::is_alphanumeric)).collect();
        let known: BTreeSet<&str> = ABOUT_AN_INCIDENT.iter().chain(OTHERS).copied().filter(|name| *name != "__typename").collect();
        assert_eq!(of_schema, known);
    }

    fn parsed(query: &str) -> ExecutableDocument {
        parse_query(query).expect("it parses")
    }

    #[test]
    fn only_mutations_about_an_incident_pass() {
        for (query, passes) in [
            ("{ people { nodes { email } } }", true),
            ("mutation { addTimelineEvent(input: {}) { event { id } } }", true),
            ("mutation { createApiToken(input: {}) { token } }", false),
            ("mutation { a: addTimelineEvent(input: {}) { event { id } } b: createApiToken(input: {}) { token } }", false),
            ("mutation { ...F } fragment F on Mutation { createApiToken(input: {}) { token } }", false),
            ("mutation { ... { setOnCall(input: {}) { onCall { until } } } }", false),
            ("mutation { reportIncident(input: {}) { incident { id } } }", false),
        ] {
            assert_eq!(check(&parsed(query)).is_ok(), passes, "{query}");
        }
    }

    #[test]
    fn a_mutation_can_not_hide_in_fragments_within_fragments() {
        let nested =
            (0..100).map(|number| format!("fragment F{number} on Mutation {{ ...F{} }} ", number + 1)).collect::<Vec<_>>().concat();
        let hidden = format!("mutation {{ ...F0 }} {nested} fragment F100 on Mutation {{ createApiToken(input: {{}}) {{ token }} }}");
        assert!(check(&parsed(&hidden)).is_err());
        assert!(check(&parsed("mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A }")).is_err());
    }
}
