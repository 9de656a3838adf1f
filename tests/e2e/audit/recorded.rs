//! Who got in, who changed what others may do, and who took data out: each leaves its entry, and what was refused leaves none.

use chrono::Duration;
use domain::authz::Actor;
use domain::delivery::{self, hold};
use domain::people::access;
use entity::AuditAction::*;
use entity::{AttachmentId, Source, System, api_token, audit_head, page};
use harness::drive::{id, text};
use harness::process::Home;
use harness::{Client, TestApp, both_dbs, browser};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{actions, details, left_by, log};

both_dbs![
    signing_in_and_out_by_a_browser,
    a_failed_sign_in_that_names_somebody,
    a_visit_by_the_link_of_a_page,
    sessions_that_are_ended,
    people_and_their_rights,
    tokens_with_what_made_them,
    settings_in_the_database,
    who_may_know_of_an_incident,
    what_is_downloaded,
    what_is_refused_leaves_no_entry,
    nothing_changes_without_its_entry,
    an_export_by_the_command_line,
];

async fn posted(app: &TestApp, path: &str, form: &str, cookie: Option<&str>) -> reqwest::Response {
    let request = browser().post(format!("{}{path}", app.url())).header("content-type", "application/x-www-form-urlencoded");
    let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", format!("muster_session={cookie}")));
    request.body(form.to_owned()).send().await.unwrap()
}

/// The value of the session cookie that an answer sets.
fn cookie(response: &reqwest::Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.strip_prefix("muster_session=").unwrap().split(';').next().unwrap().to_owned()
}

async fn signing_in_and_out_by_a_browser(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (mut link, mut session) = (String::new(), String::new());
    let entries = left_by(app, async || {
        link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
        session = cookie(&posted(app, "/sign-in", &format!("link={link}"), None).await);
        posted(app, "/sign-out", "", Some(&session)).await;
        // There is nothing left to end.
        posted(app, "/sign-out", "", Some(&session)).await;
    })
    .await;
    assert_eq!(actions(&entries), [SignInLinkCreated, SignedIn, SignedOut]);
    assert_eq!((entries[0].actor_id, entries[0].subject.as_deref()), (None, Some(&*sam.id())));
    for entry in &entries[1..] {
        assert_eq!((entry.actor_id, entry.subject.as_deref()), (Some(sam.person_id()), Some(&*sam.id())));
        assert_eq!((entry.source, entry.address.as_deref()), (Source::Web, Some("127.0.0.1")));
    }
    assert_eq!(details(&entries[1])["how"], "LINK");
    assert_eq!(details(&entries[1])["session"], details(&entries[2])["session"]);
    let all = format!("{:?}", log(app).await);
    assert!([&*link, &session, sam.token()].iter().all(|secret| !all.contains(*secret)), "a secret is in the log");
}

async fn a_failed_sign_in_that_names_somebody(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let used = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    access::sign_in(&app.system(), &used).await.unwrap();
    let expired = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    let entries = left_by(app, async || {
        assert_eq!(posted(app, "/sign-in", &format!("link={used}"), None).await.status(), 401);
        app.advance(Duration::days(2).to_std().unwrap());
        assert_eq!(posted(app, "/sign-in", &format!("link={expired}"), None).await.status(), 401);
        // This names nobody.
        assert_eq!(posted(app, "/sign-in", "link=unknown", None).await.status(), 401);
    })
    .await;
    assert_eq!(actions(&entries), [SignInFailed, SignInFailed]);
    let said: Vec<Value> = entries.iter().map(details).collect();
    assert_eq!(said, [json!({ "how": "LINK", "why": "used" }), json!({ "how": "LINK", "why": "expired" })]);
    for entry in &entries {
        assert_eq!((entry.actor_id, entry.subject.as_deref(), entry.address.as_deref()), (None, Some(&*sam.id()), Some("127.0.0.1")));
    }
}

async fn a_visit_by_the_link_of_a_page(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    sam.mutate("setOnCall", json!({ "firstLineId": kim.id() }), "onCall { until }").await;
    let incident = sam.report("errors").await;
    let page = page::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap();
    let entries = left_by(app, async || {
        assert!(access::visit_by_page(&app.system(), &page).await.unwrap().is_some());
        assert!(access::visit_by_page(&app.system(), &page).await.unwrap().is_none());
    })
    .await;
    assert_eq!(actions(&entries), [SignedIn]);
    assert_eq!(entries[0].actor_id, Some(kim.person_id()));
    assert_eq!((&details(&entries[0])["how"], &details(&entries[0])["incident"]), (&json!("PAGE"), &incident["id"]));
}

async fn sessions_that_are_ended(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    for _ in 0..3 {
        let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
        access::sign_in(&app.system(), &link).await.unwrap();
    }
    let sessions = sam.node(&sam.id(), "Person { sessions { id } }").await["sessions"].clone();
    let entries = left_by(app, async || {
        sam.mutate("endSession", json!({ "sessionId": sessions[0]["id"] }), "sessionId").await;
        ada.mutate("endSessions", json!({ "personId": sam.id() }), "ended").await;
        ada.mutate("endSessions", json!({ "personId": sam.id() }), "ended").await;
    })
    .await;
    assert_eq!(actions(&entries), [SessionEnded, SessionsEnded]);
    assert_eq!(details(&entries[0]), json!({ "session": sessions[0]["id"] }));
    assert_eq!(details(&entries[1]), json!({ "ended": 2 }));
    assert_eq!((entries[1].actor_id, entries[1].subject.as_deref()), (Some(ada.person_id()), Some(&*sam.id())));
}

async fn people_and_their_rights(app: &TestApp) {
    let ada = app.admin().await;
    let mut kim = String::new();
    let entries = left_by(app, async || {
        let invite = json!({ "name": "Kim", "email": "kim@example.org", "accessLevel": "VIEWER" });
        id(&ada.mutate("invitePerson", invite, "person { id }").await["person"]).clone_into(&mut kim);
        let changes = [
            json!({ "accessLevel": "RESPONDER", "grants": ["SEE_RESTRICTED"] }),
            json!({ "phone": "+44 20 7946 0018" }),
            // This is so already.
            json!({ "accessLevel": "RESPONDER" }),
            json!({ "deactivated": true }),
            json!({ "deactivated": false }),
        ];
        for mut change in changes {
            change["personId"] = kim.clone().into();
            ada.mutate("updatePerson", change, "person { id }").await;
        }
        ada.mutate("setNtfyTopic", json!({ "topic": "phone-of-ada" }), "person { id }").await;
    })
    .await;
    let expected = [PersonAdded, SignInLinkCreated, RightsChanged, PersonChanged, PersonDeactivated, PersonReactivated, PersonChanged];
    assert_eq!(actions(&entries), expected);
    assert_eq!(details(&entries[0]), json!({ "kind": "HUMAN", "accessLevel": "VIEWER", "grants": [] }));
    assert_eq!(
        details(&entries[2]),
        json!({ "accessLevel": { "from": "VIEWER", "to": "RESPONDER" }, "grants": { "from": [], "to": ["SEE_RESTRICTED"] } })
    );
    assert_eq!((details(&entries[3]), details(&entries[6])), (json!({ "fields": ["phone"] }), json!({ "fields": ["ntfyTopic"] })));
    assert!(entries.iter().all(|entry| entry.actor_id == Some(ada.person_id())));
    assert!(entries[..6].iter().all(|entry| entry.subject.as_deref() == Some(&*kim)));
    let all = format!("{entries:?}");
    assert!(!all.contains("7946 0018") && !all.contains("phone-of-ada"), "{all}");
}

async fn tokens_with_what_made_them(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let mut made = Value::Null;
    let entries = left_by(app, async || {
        let input = json!({ "name": "deploy", "accessLevel": "VIEWER" });
        made = sam.mutate("createApiToken", input, "token apiToken { id }").await;
        for _ in 0..2 {
            sam.mutate("revokeApiToken", json!({ "tokenId": made["apiToken"]["id"] }), "token { id }").await;
        }
    })
    .await;
    assert_eq!(actions(&entries), [TokenCreated, TokenRevoked]);
    for entry in &entries {
        assert_eq!((entry.actor_id, entry.subject.as_deref()), (Some(sam.person_id()), Some(&*sam.id())));
        // Which was the token of the tests.
        assert_eq!((entry.token_name.as_deref(), entry.source), (Some("tests"), Source::Api));
        assert_eq!((&details(entry)["token"], &details(entry)["name"]), (&made["apiToken"]["id"], &json!("deploy")));
    }
    assert!(!format!("{entries:?}").contains(text(&made, "token")));
}

async fn settings_in_the_database(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let on_server = app.domain.ctx(Actor::System, Source::Cli);
    let entries = left_by(app, async || {
        hold::hold_by_hand(&on_server, &[System::Email], "moving").await.unwrap();
        delivery::release(&on_server, System::Email).await.unwrap();
        // What the worker does on its own is no setting.
        hold::hold(&app.system(), System::Email, "refused").await.unwrap();
        delivery::release(&app.system(), System::Email).await.unwrap();
        sam.mutate("setOnCall", json!({ "firstLineId": sam.id() }), "onCall { until }").await;
        let calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Sam\nDTSTART;VALUE=DATE:20261122\nEND:VEVENT\nEND:VCALENDAR\n";
        sam.mutate("importRota", json!({ "line": "SECOND", "calendar": calendar }), "imported").await;
    })
    .await;
    assert_eq!(actions(&entries), [SystemHeld, SystemReleased, OnCallChanged, OnCallChanged]);
    assert_eq!((entries[0].subject.as_deref(), entries[0].source), (Some(System::Email.as_str()), Source::Cli));
    assert_eq!((entries[2].subject.as_deref(), &details(&entries[2])["line"]), (Some(&*sam.id()), &json!("FIRST")));
    assert_eq!(details(&entries[3]), json!({ "line": "SECOND", "imported": 1 }));
}

async fn who_may_know_of_an_incident(app: &TestApp) {
    let (sam, kim, zoe) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Zoe").await);
    let mut incident = Value::Null;
    let entries = left_by(app, async || {
        incident = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
        let of = |more: Value| {
            let mut input = json!({ "incidentId": incident["id"] });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        sam.incident_of("shareIncident", of(json!({ "personId": kim.id() }))).await;
        sam.incident_of("assignRole", of(json!({ "role": "RESPONDER", "personId": zoe.id() }))).await;
        sam.incident_of("shareIncident", of(json!({ "personId": kim.id(), "shared": false }))).await;
        sam.incident_of("updateIncident", of(json!({ "visibility": "OPEN" }))).await;
        // As long as everybody may know, this changes nothing.
        sam.incident_of("shareIncident", of(json!({ "personId": kim.id() }))).await;
        sam.incident_of("updateIncident", of(json!({ "visibility": "RESTRICTED", "name": "a breach" }))).await;
        sam.incident_of("updateIncident", of(json!({ "name": "the breach" }))).await;
    })
    .await;
    let expected = [IncidentRestricted, IncidentShared, IncidentShared, IncidentUnshared, IncidentOpened, IncidentRestricted];
    assert_eq!(actions(&entries), expected);
    assert!(entries.iter().all(|entry| entry.subject.as_deref() == Some(id(&incident)) && entry.actor_id == Some(sam.person_id())));
    assert_eq!(details(&entries[0]), json!({ "incident": "INC-1", "sharedWith": [sam.id()] }));
    assert_eq!((&details(&entries[1])["person"], &details(&entries[2])["person"]), (&json!(kim.id()), &json!(zoe.id())));
    let mut all = [sam.id(), kim.id(), zoe.id()];
    all.sort();
    assert_eq!(details(&entries[5]), json!({ "incident": "INC-1", "sharedWith": all }));
}

async fn what_is_downloaded(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let incident = sam.declare("errors").await;
    let file = sam.upload(id(&incident), "access.log", b"GET / 500\n".to_vec()).await;
    let client = sam.add_client("Example Ltd").await;
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client })).await;
    let entries = left_by(app, async || {
        for (caller, path, status) in [
            (&sam, format!("/files/{}", id(&file)), 200),
            (&sam, format!("/files/{}", AttachmentId(uuid::Uuid::nil())), 404),
            (&sam, "/incidents/INC-1/addresses.csv".to_owned(), 200),
            (&vic, "/incidents/INC-1/addresses.csv".to_owned(), 403),
        ] {
            assert_eq!(caller.get(&path).await.status(), status, "{path}");
        }
    })
    .await;
    assert_eq!(actions(&entries), [FileDownloaded, AddressesExported]);
    assert_eq!((entries[0].subject.as_deref(), &details(&entries[0])["fileName"]), (Some(id(&file)), &json!("access.log")));
    assert_eq!((entries[1].subject.as_deref(), &details(&entries[1])["incident"]), (Some(id(&incident)), &json!("INC-1")));
    assert!(entries.iter().all(|entry| entry.actor_id == Some(sam.person_id()) && entry.address.as_deref() == Some("127.0.0.1")));
}

async fn what_is_refused_leaves_no_entry(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let incident = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED", "leadId": sam.id() })).await;
    let invite = json!({ "name": "Kim", "email": "kim@example.org", "accessLevel": "VIEWER" });
    ada.mutate("invitePerson", invite.clone(), "person { id }").await;
    let entries = left_by(app, async || {
        let refusals: [(&Client, &str, Value); 6] = [
            (&ada, "invitePerson", invite),
            (&ada, "updatePerson", json!({ "personId": ada.id(), "accessLevel": "VIEWER" })),
            (&sam, "updatePerson", json!({ "personId": sam.id(), "accessLevel": "ADMIN" })),
            (&sam, "createApiToken", json!({ "name": "too much", "accessLevel": "ADMIN" })),
            (&sam, "shareIncident", json!({ "incidentId": incident["id"], "personId": sam.id(), "shared": false })),
            (&sam, "setNtfyTopic", json!({ "topic": "no topic" })),
        ];
        for (caller, mutation, input) in refusals {
            caller.refused(mutation, input).await;
        }
    })
    .await;
    assert_eq!(actions(&entries), []);
}

async fn nothing_changes_without_its_entry(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let db = app.domain.db.write();
    let tokens = api_token::Entity::find().all(db).await.unwrap().len();
    // An end that is missing stands for whatever may keep an entry from being written.
    audit_head::Entity::delete_many().exec(db).await.unwrap();
    app.expect_error_log("the end of the audit log");
    let token = sam.refused("createApiToken", json!({ "name": "deploy", "accessLevel": "VIEWER" })).await;
    let shared = sam.refused("shareIncident", json!({ "incidentId": incident["id"], "personId": kim.id() })).await;
    assert_eq!((token.code(), shared.code()), ("INTERNAL", "INTERNAL"));
    assert_eq!(api_token::Entity::find().all(db).await.unwrap().len(), tokens);
    let seen = sam.incident("INC-1", "participants { id } timeline { nodes { text } }").await;
    assert_eq!(seen["participants"], json!([{ "id": sam.id() }]));
    assert!(!seen.to_string().contains("Shared with"), "{seen}");
}

async fn an_export_by_the_command_line(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let home = Home::new(app.data_dir(), app.database_url());
    let printed = tokio::task::block_in_place(|| home.run(&["audit"]));
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let entries = log(app).await;
    assert_eq!(lines.len(), entries.len());
    for (line, entry) in lines.iter().zip(&entries) {
        assert_eq!((&line["sequence"], &line["id"]), (&json!(entry.sequence), &json!(entry.id.to_string())));
        assert_eq!((&line["action"], &line["details"]), (&json!(entry.action), &details(entry)));
    }
    assert_eq!(lines[0]["subject"], sam.id());
    assert_eq!(lines.last().unwrap()["action"], "AUDIT_EXPORTED");
    // The clock of the tests is behind that of the machine.
    let later = tokio::task::block_in_place(|| home.run(&["audit", "--since", &(app.now() + Duration::hours(1)).to_rfc3339()]));
    let actions: Vec<Value> = later.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["action"].clone()).collect();
    assert_eq!(actions, ["AUDIT_EXPORTED", "AUDIT_EXPORTED"]);
}
