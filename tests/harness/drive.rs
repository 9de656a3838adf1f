//! The language of the tests: what people do, in one line each.

use serde_json::{Value, json};

use crate::client::Client;

/// What most tests want to know of an incident.
pub const INCIDENT: &str = "id reference name summary severity status visibility flags version reportedAt declaredAt resolvedAt closedAt \
    impactStartedAt impactEndedAt reporter { id name } lead { id name } clientCommsManager { id name }";

/// What most tests want to know of an event.
pub const EVENT: &str = "id sequence kind text occurredAt recordedAt source starred hash details actor { id name }";

/// The text of a field that must be there.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} should be text in {value}"))
}

/// The id of something.
pub fn id(value: &Value) -> &str {
    text(value, "id")
}

impl Client {
    /// Reports an incident and returns it.
    pub async fn report(&self, name: &str) -> Value {
        self.incident_of("reportIncident", json!({ "name": name })).await
    }

    /// Declares a new incident of major severity.
    pub async fn declare(&self, name: &str) -> Value {
        self.declare_with(json!({ "name": name, "severity": "MAJOR" })).await
    }

    /// Declares an incident.
    pub async fn declare_with(&self, input: Value) -> Value {
        self.incident_of("declareIncident", input).await
    }

    /// Carries out a mutation whose payload is an incident, and returns it.
    pub async fn incident_of(&self, mutation: &str, input: Value) -> Value {
        self.mutate(mutation, input, &format!("incident {{ {INCIDENT} }}")).await["incident"].take()
    }

    /// Writes a note and returns the event.
    pub async fn note(&self, incident: &str, text: &str) -> Value {
        self.event_of("addTimelineEvent", json!({ "incidentId": incident, "kind": "NOTE", "text": text })).await
    }

    /// Carries out a mutation whose payload is an event, and returns it.
    pub async fn event_of(&self, mutation: &str, input: Value) -> Value {
        self.mutate(mutation, input, &format!("event {{ {EVENT} }}")).await["event"].take()
    }

    /// Confirms all goals of an incident without a breach.
    pub async fn meet_goals(&self, incident: &str) {
        for goal in ["understand", "contain", "restore", "monitor"] {
            self.incident_of("confirmGoal", json!({ "incidentId": incident, "goal": goal, "evidence": "seen" })).await;
        }
    }

    /// Meets all goals and resolves.
    pub async fn resolve(&self, incident: &str) -> Value {
        self.meet_goals(incident).await;
        self.incident_of("resolveIncident", json!({ "incidentId": incident, "summary": "The service is back." })).await
    }

    /// The incident; null if the caller may not see it or it does not exist.
    pub async fn incident(&self, reference: &str, selection: &str) -> Value {
        let query = format!("query($reference: String!) {{ incident(reference: $reference) {{ {selection} }} }}");
        self.found(&query, json!({ "reference": reference }), "incident").await
    }

    /// The node, whose type `selection` names; null if the caller may not see it or it does not exist.
    pub async fn node(&self, id: &str, selection: &str) -> Value {
        let query = format!("query($id: ID!) {{ node(id: $id) {{ __typename ... on {selection} }} }}");
        self.found(&query, json!({ "id": id }), "node").await
    }

    async fn found(&self, query: &str, variables: Value, field: &str) -> Value {
        let answer = self.try_query(query, variables).await;
        if answer.code() == "NOT_FOUND" { Value::Null } else { answer.expect(query)[field].take() }
    }

    /// The whole timeline, oldest first, page by page.
    pub async fn timeline(&self, incident: &str) -> Vec<Value> {
        let query = format!(
            "query($id: ID!, $after: String) {{ node(id: $id) {{ ... on Incident {{ timeline(first: 200, after: $after) \
             {{ nodes {{ {EVENT} }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"
        );
        let (mut events, mut after) = (Vec::new(), Value::Null);
        loop {
            let mut data = self.query(&query, json!({ "id": incident, "after": after })).await;
            let page = &mut data["node"]["timeline"];
            events.append(page["nodes"].as_array_mut().expect("a page has nodes"));
            after = page["pageInfo"]["endCursor"].take();
            if page["pageInfo"]["hasNextPage"] != true {
                return events;
            }
        }
    }

    /// Adds a client and returns its id.
    pub async fn add_client(&self, name: &str) -> String {
        let input = json!({ "name": name, "contacts": [{ "name": "Kim", "email": "kim@example.org", "kind": "SENIOR" }] });
        id(&self.mutate("saveClient", input, "client { id }").await["client"]).to_owned()
    }

    /// Adds a site and returns its id.
    pub async fn add_site(&self, name: &str) -> String {
        id(&self.mutate("saveSite", json!({ "name": name }), "site { id }").await["site"]).to_owned()
    }
}

/// The kinds of events, in order.
pub fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(event, "kind")).collect()
}

/// The sequence numbers of events, in order.
pub fn sequences(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["sequence"].as_i64().expect("an event has a sequence")).collect()
}

/// Whether these are 1, 2, 3 … without a gap.
pub fn is_gap_free(sequences: &[i64]) -> bool {
    sequences.iter().copied().eq(1..=i64::try_from(sequences.len()).unwrap_or(i64::MAX))
}
