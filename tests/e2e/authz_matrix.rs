//! Every field of the three roots against every kind of caller. A field that is added without a line here fails the test:
//! the author of a field says who may call it.

use std::collections::BTreeSet;
use std::time::Duration;

use entity::AccessLevel;
use harness::drive::id;
use harness::live::{Frame, Transport};
use harness::{Client, Refusal, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![every_root_field_has_a_line, nobody_gets_further_than_their_level];

/// A root field, the least level that may call it, and a call with all that it needs.
pub struct Line {
    pub root: &'static str,
    pub field: &'static str,
    least: AccessLevel,
    pub call: String,
}

fn query(field: &'static str, call: impl Into<String>) -> Line {
    Line { root: "query", field, least: AccessLevel::Viewer, call: call.into() }
}

/// A mutation with its input as GraphQL writes it.
fn mutation(field: &'static str, least: AccessLevel, input: String) -> Line {
    Line { root: "mutation", field, least, call: format!("{field}(input: {{ {input} }}) {{ __typename }}") }
}

fn subscription(field: &'static str, call: impl Into<String>) -> Line {
    Line { root: "subscription", field, least: AccessLevel::Viewer, call: call.into() }
}

/// What calls need to be valid.
pub struct World {
    pub live: String,
    other: String,
    triage: String,
    event: String,
    action: String,
    follow_up: String,
    pub report: String,
    comment: String,
    review: String,
    topic: String,
    role: String,
    person: String,
    pub client: String,
    page: String,
    delivery: String,
    draft: String,
    sent: String,
    ticket: String,
}

impl World {
    pub async fn make(app: &TestApp, sam: &Client) -> Self {
        let live = sam.declare_with(json!({ "name": "live", "severity": "MAJOR", "leadId": sam.id() })).await;
        let action = sam.mutate("addAction", json!({ "incidentId": live["id"], "title": "call" }), "action { id }").await;
        let follow_up = json!({ "incidentId": live["id"], "title": "learn", "board": "incident-actions", "ownerId": sam.id() });
        let follow_up = sam.mutate("addFollowUp", follow_up, "followUp { id }").await;
        let report = sam.mutate("startReport", json!({ "incidentId": live["id"] }), "report { id }").await;
        let comment = json!({ "reportId": report["report"]["id"], "sectionKey": "impact", "body": "more than that" });
        let comment = sam.mutate("commentOnReport", comment, "comment { id }").await;
        let review = json!({
            "incidentId": live["id"], "startsAt": app.now() + chrono::Duration::days(8), "facilitatorId": sam.id(), "noteTakerId": sam.id(),
            "overrideReason": "there is nobody else",
        });
        let review = sam.mutate("scheduleReview", review, "review { id }").await;
        let topic = json!({ "reviewId": review["review"]["id"], "topic": "logs", "forum": "tech forum" });
        let topic = sam.mutate("parkReviewTopic", topic, "topic { id }").await;
        let (incident, admin) = (id(&live), app.admin().await);
        admin.mutate("updatePerson", json!({ "personId": admin.id(), "seniority": 9 }), "person { id }").await;
        sam.incident_of("escalate", json!({ "incidentId": incident, "reason": "help" })).await;
        let client = sam.add_client("Example Ltd").await;
        sam.incident_of("markClientAffected", json!({ "incidentId": incident, "clientId": client })).await;
        let update = json!({ "incidentId": incident, "body": "We are on it." });
        let draft = sam.mutate("draftClientUpdate", update.clone(), "clientUpdate { id }").await;
        let sent = sam.mutate("sendClientUpdate", update, "clientUpdate { id }").await;
        let called = sam.incident("INC-1", "pages { id } deliveries { id }").await;
        sam.incident_of("linkTicket", json!({ "incidentId": incident, "externalId": "42" })).await;
        let tickets = sam.incident("INC-1", "tickets { id }").await;
        Self {
            ticket: id(&tickets["tickets"][0]).to_owned(),
            page: id(&called["pages"][0]).to_owned(),
            delivery: id(&called["deliveries"][0]).to_owned(),
            other: id(&sam.declare("other").await).to_owned(),
            triage: id(&sam.report("triage").await).to_owned(),
            event: id(&sam.note(id(&live), "note").await).to_owned(),
            follow_up: id(&follow_up["followUp"]).to_owned(),
            report: id(&report["report"]).to_owned(),
            comment: id(&comment["comment"]).to_owned(),
            review: id(&review["review"]).to_owned(),
            topic: id(&topic["topic"]).to_owned(),
            action: id(&action["action"]).to_owned(),
            role: id(&sam.incident("INC-1", "roles { id }").await["roles"][0]).to_owned(),
            person: sam.id(),
            client,
            draft: id(&draft["clientUpdate"]).to_owned(),
            sent: id(&sent["clientUpdate"]).to_owned(),
            live: id(&live).to_owned(),
        }
    }
}

/// All root fields.
pub fn lines(world: &World) -> Vec<Line> {
    use AccessLevel::{Admin, Responder, Viewer};
    let World {
        live,
        other,
        triage,
        event,
        action,
        follow_up,
        report,
        comment,
        review,
        topic,
        role,
        person,
        client,
        page,
        delivery,
        draft,
        sent,
        ticket,
    } = world;
    let post = "apo_00000000000000000000000000000001";
    let heartbeat = "heartbeatId: \"hbt_00000000000000000000000000000001\"";
    let endpoint = "endpointId: \"whk_00000000000000000000000000000001\"";
    let of = |incident: &str, rest: &str| format!("incidentId: \"{incident}\" {rest}");
    vec![
        query("node", format!("node(id: \"{live}\") {{ id }}")),
        query("nodes", format!("nodes(ids: [\"{live}\"]) {{ id }}")),
        query("viewer", "viewer { can }"),
        query("incident", "incident(reference: \"INC-1\") { id }"),
        query("incidents", "incidents { totalCount }"),
        query("people", "people { nodes { id } }"),
        query("sites", "sites { nodes { id } }"),
        query("siteReading", "siteReading { listedCount }"),
        query("clients", "clients { nodes { id } }"),
        query("quietWindows", "quietWindows { id }"),
        query("onCall", "onCall { workingHours }"),
        query("playbook", "playbook { name }"),
        query("chatLink", "chatLink(secret: \"unknown\") { account }"),
        query("severityAdvice", "severityAdvice(answers: { urgency: LOW, impact: LOW, extent: UNSURE }) { recommended }"),
        query("simulatePlaybook", "simulatePlaybook(input: { severity: MAJOR declaredAt: \"2026-11-20T17:45:00Z\" }) { isCut }"),
        Line { least: Responder, ..query("deliveries", "deliveries { nodes { id } }") },
        Line { least: Responder, ..query("searchTickets", "searchTickets(text: \"down\") { externalId }") },
        Line { least: Responder, ..query("reviewPlan", format!("reviewPlan(input: {{ incidentId: \"{live}\" }}) {{ durationMinutes }}")) },
        Line { least: Responder, ..query("systems", "systems { system connected }") },
        query("knownEvents", "knownEvents(text: \"down\") { title }"),
        query("opsDocs", "opsDocs { pages }"),
        query("opsPages", "opsPages { nodes { id } }"),
        query("opsPage", "opsPage(path: \"none.md\") { id }"),
        query("insights", "insights(from: \"2026-01-01\" to: \"2026-12-31\") { incidents }"),
        // One's own is for everybody; this is everybody's.
        Line { least: Admin, ..query("pageLedger", "pageLedger(from: \"2026-01-01\" to: \"2026-12-31\") { nodes { reference } }") },
        Line { least: Admin, ..query("auditLog", "auditLog { nodes { id } }") },
        Line { least: Responder, ..query("heartbeats", "heartbeats { nodes { id } }") },
        mutation("createHeartbeat", Admin, "name: \"backup\" everySeconds: 3600 graceSeconds: 600 severity: MINOR".into()),
        // This one does not exist.
        mutation("updateHeartbeat", Admin, heartbeat.into()),
        mutation("rotateHeartbeatSecret", Admin, heartbeat.into()),
        mutation("deleteHeartbeat", Admin, heartbeat.into()),
        Line { least: Admin, ..query("webhookEndpoints", "webhookEndpoints { id }") },
        Line { least: Admin, ..query("webhookHosts", "webhookHosts") },
        Line { least: Admin, ..query("webhookEventTypes", "webhookEventTypes { name }") },
        query("alertRules", "alertRules { text }"),
        Line { least: Responder, ..query("alertSources", "alertSources { name isSilent }") },
        Line { least: Admin, ..query("alertPosts", "alertPosts { nodes { id } }") },
        Line { least: Admin, ..query("foreseeAlertRules", "foreseeAlertRules(rules: \"\") { posts }") },
        // These do not exist.
        Line { least: Admin, ..query("alertPost", format!("alertPost(id: \"{post}\") {{ id }}")) },
        Line { least: Admin, ..query("replayAlertPost", format!("replayAlertPost(id: \"{post}\") {{ unreadable }}")) },
        mutation("receiveAlertPost", Admin, format!("postId: \"{post}\"")),
        mutation("deleteAlertPost", Admin, format!("postId: \"{post}\"")),
        // These do not exist, and nothing is set up for them.
        mutation("saveWebhookEndpoint", Admin, "name: \"automation\" url: \"https://hooks.example.org/\"".into()),
        mutation("rotateWebhookSecret", Admin, endpoint.into()),
        mutation("disableWebhookEndpoint", Admin, endpoint.into()),
        mutation("enableWebhookEndpoint", Admin, endpoint.into()),
        mutation("removeWebhookEndpoint", Admin, endpoint.into()),
        mutation("replayWebhookMessages", Admin, format!("{endpoint} failedSince: \"2026-11-20T09:00:00Z\"")),
        mutation("testWebhookEndpoint", Admin, endpoint.into()),
        mutation("reportIncident", Viewer, "name: \"errors\"".into()),
        mutation("declareIncident", Responder, "name: \"errors\" severity: MAJOR".into()),
        mutation("answerTriage", Responder, of(triage, "answers: [{ criterion: \"security\" answer: NO }]")),
        mutation("declineIncident", Responder, of(triage, "reason: \"no\"")),
        mutation("updateIncident", Responder, of(live, "name: \"better\"")),
        mutation("changeSeverity", Responder, of(live, "severity: MINOR reason: \"less\"")),
        mutation("changeStatus", Responder, of(live, "status: FIXING")),
        mutation("assignRole", Responder, of(live, &format!("role: RESPONDER personId: \"{person}\""))),
        mutation("endRole", Responder, format!("roleAssignmentId: \"{role}\"")),
        mutation("shareIncident", Responder, of(live, &format!("personId: \"{person}\""))),
        mutation("settleStep", Responder, of(live, "key: \"general-notice:1\"")),
        mutation("snoozeStep", Responder, of(live, "key: \"general-notice:1\" minutes: 10 note: \"busy\"")),
        mutation("escalate", Responder, of(live, "reason: \"help\"")),
        // The person who was paged may answer; for others it takes a responder.
        mutation("answerPage", Responder, format!("pageId: \"{page}\"")),
        mutation("offerRole", Responder, of(live, &format!("role: INCIDENT_LEAD personId: \"{person}\""))),
        // Only the person who was offered the role may answer, so this offer does not exist.
        mutation("answerRoleOffer", Responder, "offerId: \"off_00000000000000000000000000000001\" accept: true".into()),
        // Of a page that does not exist.
        mutation("rateKnownEvent", Responder, of(live, "knownEventId: \"ops_00000000000000000000000000000001\" verdict: HELPED")),
        mutation("confirmGoal", Responder, of(live, "goal: \"contain\" evidence: \"seen\"")),
        mutation("markClientAffected", Responder, of(live, &format!("clientId: \"{client}\""))),
        mutation("sendClientUpdate", Responder, of(live, "body: \"We are on it.\"")),
        mutation("draftClientUpdate", Responder, of(live, "body: \"We are on it.\"")),
        mutation("approveClientUpdate", Responder, format!("clientUpdateId: \"{draft}\"")),
        // Of one that was sent, so that the draft is there for the others.
        mutation("editClientUpdate", Responder, format!("clientUpdateId: \"{sent}\" body: \"Better.\"")),
        mutation("sendDraftedClientUpdate", Responder, format!("clientUpdateId: \"{draft}\"")),
        mutation("discardClientUpdate", Responder, format!("clientUpdateId: \"{sent}\"")),
        mutation("retryClientUpdate", Responder, format!("clientUpdateId: \"{sent}\"")),
        mutation("addAction", Responder, of(live, "title: \"call\"")),
        mutation("settleAction", Responder, format!("actionId: \"{action}\" state: DONE")),
        mutation("addFollowUp", Responder, of(live, &format!("title: \"learn\" board: \"incident-actions\" ownerId: \"{person}\""))),
        mutation("updateFollowUp", Responder, format!("followUpId: \"{follow_up}\" title: \"learn more\"")),
        mutation("settleFollowUp", Responder, format!("followUpId: \"{follow_up}\" state: DONE")),
        mutation("startReport", Responder, of(live, "")),
        mutation(
            "editReportSection",
            Responder,
            format!("reportId: \"{report}\" sectionKey: \"impact\" body: \"a lot\" expectedVersion: 0"),
        ),
        // Whoever was asked to read it may comment on it; for others it takes a responder.
        mutation("commentOnReport", Responder, format!("reportId: \"{report}\" sectionKey: \"impact\" body: \"less\"")),
        mutation("resolveReportComment", Responder, format!("commentId: \"{comment}\" resolution: \"done\"")),
        mutation("decideReportName", Responder, format!("reportId: \"{report}\" form: \"mark\"")),
        mutation("circulateReport", Responder, format!("reportId: \"{report}\"")),
        // Only who was asked to read it may say that they have, so this one does not exist.
        mutation("markReportRead", Viewer, "reportId: \"rpt_00000000000000000000000000000001\"".into()),
        mutation("finaliseReport", Responder, format!("reportId: \"{report}\"")),
        mutation("takeBackReport", Responder, format!("reportId: \"{report}\" reason: \"more to say\"")),
        // For people with a grant, whatever their level; this one does not exist.
        mutation(
            "approveReport",
            Viewer,
            format!("reportId: \"rpt_00000000000000000000000000000001\" clientId: \"{client}\" sha256: \"\""),
        ),
        mutation("publishReport", Responder, format!("reportId: \"{report}\" version: ABRIDGED")),
        mutation(
            "scheduleReview",
            Responder,
            of(
                live,
                &format!(
                    "startsAt: \"2026-12-03T11:00:00Z\" facilitatorId: \"{person}\" noteTakerId: \"{person}\" overrideReason: \"nobody else\""
                ),
            ),
        ),
        // Only who is invited may answer, so this one does not exist.
        mutation("answerReviewInvitation", Viewer, "reviewId: \"rev_00000000000000000000000000000001\" answer: YES".into()),
        mutation("commentOnReview", Viewer, format!("reviewId: \"{review}\" body: \"it was dark\"")),
        mutation("chooseReviewMoment", Responder, format!("reviewId: \"{review}\" eventId: \"{event}\" wanted: true")),
        mutation("parkReviewTopic", Responder, format!("reviewId: \"{review}\" topic: \"logs\" forum: \"tech forum\"")),
        mutation("unparkReviewTopic", Responder, format!("topicId: \"{topic}\"")),
        mutation("beginReview", Responder, format!("reviewId: \"{review}\"")),
        mutation("recordReview", Responder, format!("reviewId: \"{review}\" heldAt: \"2026-11-20T09:00:00Z\"")),
        mutation("callOffReview", Responder, format!("reviewId: \"{review}\" reason: \"later\"")),
        mutation("resolveIncident", Responder, of(live, "summary: \"back\"")),
        mutation("reopenIncident", Responder, of(live, "reason: \"again\"")),
        mutation("closeIncident", Responder, of(live, "")),
        mutation("fileIncident", Responder, of(live, "")),
        mutation("mergeIncident", Responder, of(other, &format!("intoIncidentId: \"{live}\""))),
        mutation("addTimelineEvent", Responder, of(live, "kind: NOTE text: \"note\"")),
        mutation("amendTimelineEvent", Responder, format!("eventId: \"{event}\" text: \"better\"")),
        mutation("starTimelineEvent", Responder, format!("eventId: \"{event}\" starred: true")),
        mutation("redactEvent", Admin, format!("eventId: \"{event}\" reason: \"a password\"")),
        mutation("postUpdate", Responder, of(live, "text: \"soon\"")),
        mutation("linkTicket", Responder, of(live, "externalId: \"43\"")),
        mutation("commentOnTicket", Responder, format!("ticketId: \"{ticket}\" text: \"hello\"")),
        mutation("unlinkTicket", Responder, format!("ticketId: \"{ticket}\"")),
        mutation("retryDelivery", Responder, format!("deliveryId: \"{delivery}\"")),
        mutation("dismissDeliveries", Responder, format!("deliveryIds: [\"{delivery}\"]")),
        mutation("settleDeliveryByHand", Responder, format!("deliveryId: \"{delivery}\"")),
        // Each does what its user may do.
        mutation("runCommand", Viewer, "text: \"help\"".into()),
        mutation("submitCommandForm", Viewer, "kind: \"declare\" values: [{ key: \"name\" values: [\"errors\"] }]".into()),
        mutation("saveSite", Responder, "name: \"example.org\"".into()),
        mutation("importSites", Responder, "csv: \"name\\nexample.org\"".into()),
        mutation("addQuietWindow", Responder, "source: \"grafana\" endsAt: \"2026-12-03T11:00:00Z\" why: \"the upgrade\"".into()),
        mutation("endQuietWindow", Responder, "quietWindowId: \"qwn_00000000000000000000000000000001\"".into()),
        // There is nothing to read.
        Line { root: "mutation", least: Responder, ..query("readSites", "readSites { __typename }") },
        // Nothing waits.
        mutation("settleSiteReading", Responder, "plan: \"none\" take: true".into()),
        mutation("saveClient", Responder, "name: \"Example Ltd\"".into()),
        mutation("setClientTeam", Responder, format!("clientId: \"{client}\" personIds: [\"{person}\"]")),
        mutation("setOnCall", Responder, format!("firstLineId: \"{person}\"")),
        mutation("importRota", Responder, "line: FIRST calendar: \"BEGIN:VCALENDAR END:VCALENDAR\"".into()),
        mutation("invitePerson", Admin, "name: \"New\" email: \"new@example.org\" accessLevel: VIEWER".into()),
        mutation("updatePerson", Admin, format!("personId: \"{person}\" seniority: 3")),
        mutation("createSignInLink", Admin, format!("personId: \"{person}\"")),
        mutation("setChatAccount", Admin, format!("personId: \"{person}\" account: \"U0123ABCD\"")),
        // For oneself.
        mutation("confirmChatAccount", Viewer, "secret: \"unknown\"".into()),
        mutation("quietReminders", Viewer, "channels: [EMAIL]".into()),
        mutation("setNtfyTopic", Viewer, "topic: \"a-phone\"".into()),
        Line { root: "mutation", ..query("makeCalendarFeed", "makeCalendarFeed { __typename }") },
        Line { root: "mutation", ..query("revokeCalendarFeed", "revokeCalendarFeed { __typename }") },
        // For oneself, at most at one's own level.
        mutation("createApiToken", Viewer, "name: \"script\" accessLevel: VIEWER".into()),
        // One's own; to others it is as if there were none.
        mutation("revokeApiToken", Viewer, "tokenId: \"tok_00000000000000000000000000000001\"".into()),
        mutation("endSession", Viewer, "sessionId: \"ses_00000000000000000000000000000001\"".into()),
        mutation("removePasskey", Viewer, "passkeyId: \"pky_00000000000000000000000000000001\"".into()),
        // One's own, or anyone's by administrators.
        mutation("endSessions", Admin, format!("personId: \"{person}\"")),
        mutation("unlinkChatAccount", Admin, format!("personId: \"{person}\"")),
        subscription("timeline", format!("timeline(incidentId: \"{live}\") {{ cursor }}")),
        subscription("incidentChanged", "incidentChanged { id }"),
        subscription("changes", "changes { kind }"),
    ]
}

async fn every_root_field_has_a_line(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let lines = lines(&World::make(app, &sam).await);
    let schema = "{ __schema { query: queryType { fields { name } } mutation: mutationType { fields { name } } \
        subscription: subscriptionType { fields { name } } } }";
    let schema = sam.query(schema, json!({})).await;
    for root in ["query", "mutation", "subscription"] {
        let fields = schema["__schema"][root]["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap());
        let known = lines.iter().filter(|line| line.root == root).map(|line| line.field);
        assert_eq!(fields.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>(), "{root}: who may call it? Add a line to the matrix");
    }
}

/// How the server answered: the code of its refusal, or nothing. An expected refusal is waited for; a subscription that is accepted and
/// has nothing to say is silent.
async fn outcome(caller: &Client, line: &Line, is_refusal_expected: bool) -> String {
    let document = format!("{} {{ {} }}", line.root, line.call);
    let code = |errors: &[Refusal]| errors.first().map(|error| error.code().to_owned()).unwrap_or_default();
    if line.root != "subscription" {
        return code(&caller.try_query(&document, Value::Null).await.errors);
    }
    let mut stream = caller.subscribe(Transport::ServerSentEvents, &document, Value::Null).await;
    let patience = Duration::from_secs(if is_refusal_expected { 20 } else { 1 });
    match tokio::time::timeout(patience, stream.frame()).await {
        Ok(Frame::Failed(errors)) => code(&errors),
        Ok(_) | Err(_) => String::new(),
    }
}

async fn nobody_gets_further_than_their_level(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let world = World::make(app, &sam).await;
    let callers = [
        (None, app.anonymous()),
        (Some(AccessLevel::Viewer), app.viewer("Vic").await),
        (Some(AccessLevel::Responder), app.responder("Kim").await),
        (Some(AccessLevel::Admin), app.admin().await),
    ];
    let mut wrong = Vec::new();
    for line in lines(&world) {
        for (level, caller) in &callers {
            let code = outcome(caller, &line, level.is_none_or(|level| level < line.least)).await;
            let right = match level {
                None => code == "UNAUTHENTICATED",
                Some(level) if *level < line.least => code == "FORBIDDEN",
                Some(_) => !["UNAUTHENTICATED", "FORBIDDEN", "INTERNAL", "UNAVAILABLE"].contains(&code.as_str()),
            };
            if !right {
                wrong.push(format!("{} {} by {level:?}: {code:?}, though it needs {}", line.root, line.field, line.least));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
