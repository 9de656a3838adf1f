//! One rule for everything that can be edited: what is left out stays, null or an empty text empties, a value replaces.

use harness::drive::id;
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![what_is_left_out_stays_and_null_empties, what_is_wrong_changes_nothing];

/// Something to edit: the mutation, what names the thing, what the payload says of it, and the fields that may be empty with a value each.
struct Editable {
    mutation: &'static str,
    which: Value,
    payload: &'static str,
    selection: &'static str,
    fields: Value,
    /// How an object without values reads when it is emptied.
    emptied: Value,
}

async fn everything(ada: &Client) -> Vec<Editable> {
    let client = ada.mutate("saveClient", json!({ "name": "Example Ltd" }), "client { id }").await;
    let site = ada.mutate("saveSite", json!({ "name": "example.org" }), "site { id }").await;
    let incident = ada.declare("errors").await;
    let follow_up = json!({ "incidentId": incident["id"], "title": "learn", "board": "incident-actions", "ownerId": ada.id() });
    let follow_up = ada.mutate("addFollowUp", follow_up, "followUp { id }").await;
    vec![
        Editable {
            mutation: "saveSite",
            which: json!({ "id": site["site"]["id"], "name": "example.org" }),
            payload: "site",
            selection: "url repository runbook expected busyHours hosting codeFreeze client { id }",
            fields: json!({
                "url": "https://example.org/", "repository": "https://git.example.org/", "runbook": "https://docs.example.org/",
                "expected": "bots", "busyHours": "Mon-Fri 08:00-20:00", "clientId": client["client"]["id"],
                "hosting": "AWS", "codeFreeze": "2026-12-15 to 2027-01-05",
            }),
            emptied: json!({}),
        },
        Editable {
            mutation: "saveClient",
            which: json!({ "id": client["client"]["id"], "name": "Example Ltd" }),
            payload: "client",
            selection: "zendeskOrganizationId",
            fields: json!({ "zendeskOrganizationId": "42" }),
            emptied: json!({}),
        },
        Editable {
            mutation: "updatePerson",
            which: json!({ "personId": ada.id() }),
            payload: "person",
            selection: "seniority phone ntfyTopic",
            fields: json!({ "seniority": 3, "phone": "+44 20 7946 0018", "ntfyTopic": "ada-7Jd" }),
            emptied: json!({}),
        },
        Editable {
            mutation: "updateFollowUp",
            which: json!({ "followUpId": follow_up["followUp"]["id"] }),
            payload: "followUp",
            selection: "description dueOn",
            fields: json!({ "description": "by hand", "dueOn": "2026-12-24" }),
            emptied: json!({}),
        },
        Editable {
            mutation: "updateIncident",
            which: json!({ "incidentId": id(&incident) }),
            payload: "incident",
            selection: "summary clientName impactStartedAt impactEndedAt impact { requests description }",
            fields: json!({
                "summary": "the queue is full", "clientName": "slow pages", "impactStartedAt": "2026-11-22T02:00:00+00:00",
                "impactEndedAt": "2026-11-22T02:30:00+00:00", "impact": { "requests": 7, "description": "many" },
            }),
            emptied: json!({ "impact": { "requests": null, "description": null } }),
        },
    ]
}

impl Editable {
    async fn edit(&self, by: &Client, edits: &Value) -> Value {
        let mut input = self.which.clone();
        input.as_object_mut().unwrap().extend(edits.as_object().unwrap().clone());
        by.mutate(self.mutation, input, &format!("{} {{ {} }}", self.payload, self.selection)).await[self.payload].take()
    }

    /// What the payload says when `edits` have been made to nothing.
    fn read(&self, edits: &Value) -> Value {
        let mut seen = json!({});
        for (field, value) in edits.as_object().unwrap() {
            match field.as_str() {
                "clientId" => seen["client"] = if value.is_null() { Value::Null } else { json!({ "id": value }) },
                field => seen[field] = if value.is_null() { self.emptied[field].clone() } else { value.clone() },
            }
        }
        seen
    }

    fn all(&self, value: &Value) -> Value {
        self.fields.as_object().unwrap().keys().map(|field| (field.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
    }
}

async fn what_is_left_out_stays_and_null_empties(app: &TestApp) {
    let ada = app.admin().await;
    for thing in everything(&ada).await {
        let full = thing.read(&thing.fields);
        assert_eq!(thing.edit(&ada, &thing.fields).await, full, "{}", thing.mutation);
        assert_eq!(thing.edit(&ada, &json!({})).await, full, "{}: what is left out stays", thing.mutation);
        let nulls = thing.all(&Value::Null);
        assert_eq!(thing.edit(&ada, &nulls).await, thing.read(&nulls), "{}: null empties", thing.mutation);
        assert_eq!(thing.edit(&ada, &json!({})).await, thing.read(&nulls), "{}: it stays empty", thing.mutation);
        // An empty text does the same, each alone.
        thing.edit(&ada, &thing.fields).await;
        for (field, value) in thing.fields.as_object().unwrap() {
            let is_text = value.is_string() && !field.ends_with("At") && !field.ends_with("Id") && field != "dueOn";
            if is_text || field == "zendeskOrganizationId" {
                let mut expected = full.clone();
                expected[field] = Value::Null;
                assert_eq!(thing.edit(&ada, &json!({ field: " " })).await, expected, "{}: {field}", thing.mutation);
                thing.edit(&ada, &json!({ field: value })).await;
            }
        }
    }
}

async fn what_is_wrong_changes_nothing(app: &TestApp) {
    let ada = app.admin().await;
    for thing in everything(&ada).await.into_iter().filter(|thing| thing.mutation == "saveSite" || thing.mutation == "updatePerson") {
        let full = thing.edit(&ada, &thing.fields).await;
        for (field, wrong) in [("url", "javascript:alert(1)"), ("busyHours", "whenever"), ("phone", "call me"), ("ntfyTopic", "a/b")] {
            if thing.fields[field].is_string() {
                let mut input = thing.which.clone();
                input[field] = json!(wrong);
                let refusal = ada.refused(thing.mutation, input).await;
                assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field));
            }
        }
        assert_eq!(thing.edit(&ada, &json!({})).await, full);
    }
}
