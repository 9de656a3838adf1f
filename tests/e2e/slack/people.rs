//! Who may do what by Slack: people are known by their address or an administrator, and everybody else may report at most.

use harness::both_dbs;
use harness::drive::{id, text};
use harness::fakes::slack::{LEE, Message, TEAM, User};
use serde_json::{Value, json};

use super::night::begin;
use super::*;

both_dbs![by connected:
    whom_muster_does_not_know_may_report_and_nothing_else,
    guests_and_strangers_may_do_nothing,
    of_an_organisation_s_people_those_of_the_workspace_are_known,
    what_comes_from_another_workspace_is_nobody_s,
    whoever_leaves_the_team_may_do_nothing_from_then_on,
    a_restricted_incident_has_a_private_channel_and_no_notice,
    what_becomes_restricted_is_no_longer_said_where_others_read,
    a_closed_account_is_nobodys_and_another_one_is_found,
];

fn user(id: &str, name: &str, team: &str, is_guest: bool) -> User {
    let email = Some(format!("{}@example.org", name.to_lowercase()));
    let (id, name, team) = (id.to_owned(), name.to_owned(), team.to_owned());
    User { id, name, email, team, teams: Vec::new(), is_bot: false, is_guest, is_deleted: false }
}

async fn whom_muster_does_not_know_may_report_and_nothing_else(scene: &Scene<'_>) {
    let (fake, watcher) = (&scene.fake, scene.app.responder("Watcher").await);
    fake.add_user(user("U0NEW", "Newcomer", TEAM, false));
    let told = scene.ask("U0NEW", GENERAL, "INC-1 next").await;
    assert!(!told.contains("INC-1:"), "{told}");
    fake.opens_home("U0NEW");
    let home = scene.until("a home", || fake.home_of("U0NEW")).await.to_string();
    assert!(home.contains("does not know you yet"), "{home}");
    fake.types("U0NEW", GENERAL, "/incident", "The till is dead");
    scene.until("a form", || fake.form_of("U0NEW")).await;
    fake.fills_in("U0NEW", &[("name", &["The till is dead"])]);
    let incident = harness::eventually("a report", SOON, async || {
        let found = watcher.incident("INC-1", "id name status").await;
        (!found.is_null()).then_some(found)
    })
    .await;
    assert_eq!((text(&incident, "name"), text(&incident, "status")), ("The till is dead", "TRIAGE"));
    let summary = watcher.incident("INC-1", "summary").await;
    assert!(text(&summary, "summary").contains("newcomer"), "{summary}");
    let events = watcher.timeline(id(&incident)).await;
    assert_eq!(events[0]["source"], "SLACK", "{events:?}");
}

async fn guests_and_strangers_may_do_nothing(scene: &Scene<'_>) {
    let (fake, watcher) = (&scene.fake, scene.app.responder("Watcher").await);
    fake.add_user(user("U0GUEST", "Guest", TEAM, true));
    fake.add_user(user("U0STRANGER", "Stranger", "T0OTHER", false));
    for account in ["U0GUEST", "U0STRANGER"] {
        scene.ask(account, GENERAL, "The till is dead").await;
        assert!(fake.form_of(account).is_none(), "{account}");
    }
    assert_eq!(watcher.incident("INC-1", "id").await, Value::Null);
}

async fn of_an_organisation_s_people_those_of_the_workspace_are_known(scene: &Scene<'_>) {
    let fake = &scene.fake;
    for (account, teams) in [("U0PAT", ["T0SISTER", TEAM]), ("U0ROBIN", ["T0SISTER", "T0THIRD"])] {
        let teams = teams.map(str::to_owned).to_vec();
        fake.add_user(User { teams, ..user(account, &account[2..], "T0SISTER", false) });
        let email = format!("{}@example.org", account[2..].to_lowercase());
        domain::people::find_or_add(&scene.app.system(), account, &email, AccessLevel::Responder).await.unwrap();
    }
    for _ in 0..2 {
        assert!(scene.ask("U0PAT", GENERAL, "who").await.contains("first line"));
    }
    assert!(scene.ask("U0ROBIN", GENERAL, "who").await.contains("other workspaces"));
}

async fn what_comes_from_another_workspace_is_nobody_s(scene: &Scene<'_>) {
    assert!(scene.ask(LEE, GENERAL, "who").await.contains("first line"));
    scene.fake.changes_user(LEE, |lee| lee.team = "T0OTHER".to_owned());
    assert!(scene.ask(LEE, GENERAL, "who").await.contains("other workspaces"));
}

async fn whoever_leaves_the_team_may_do_nothing_from_then_on(scene: &Scene<'_>) {
    let (fake, ada) = (&scene.fake, scene.app.admin().await);
    assert!(scene.ask(LEE, GENERAL, "who").await.contains("first line"));
    let lee = domain::people::find_or_add(&scene.app.system(), "Lee", "lee@example.org", AccessLevel::Responder).await.unwrap();
    ada.mutate("updatePerson", json!({ "personId": lee.id.to_string(), "deactivated": true }), "person { id }").await;
    for text in ["who", "The till is dead"] {
        let told = scene.ask(LEE, GENERAL, text).await;
        assert!(told.contains("no longer on the team") && fake.form_of(LEE).is_none(), "{text}: {told}");
    }
}

async fn a_restricted_incident_has_a_private_channel_and_no_notice(scene: &Scene<'_>) {
    let fake = &scene.fake;
    fake.types(KIM, GENERAL, "/incident", "Secret breach");
    scene.until("a form", || fake.form_of(KIM)).await;
    fake.fills_in(KIM, &[("name", &["Secret breach"]), ("severity", &["CRITICAL"]), ("visibility", &["RESTRICTED"])]);
    let channel = scene.until("a channel", || fake.channels_like("inc-").pop()).await;
    assert!(channel.is_private && !channel.name.contains("secret"), "{channel:?}");
    assert!(!channel.members.contains(LEE), "{:?}", channel.members);
    scene.until("a summary", || (!fake.messages(&channel.id).is_empty()).then_some(())).await;
    let general: Vec<String> = fake.messages(GENERAL).iter().map(Message::words).collect();
    assert!(general.iter().all(|words| !words.contains("Secret")), "{general:?}");
}

async fn what_becomes_restricted_is_no_longer_said_where_others_read(scene: &Scene<'_>) {
    let (fake, ada) = (&scene.fake, scene.app.admin().await);
    let channel = begin(scene, "Shop is down", &[("severity", &["MINOR"])]).await;
    scene.say(KIM, &channel, "lead me", "Kim is incident lead now.").await;
    let incident = ada.incident("INC-1", "id").await;
    ada.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    scene.read(&channel, "INC-1 is restricted").await;
    // Whoever may know is answered, and nobody else reads it.
    assert!(scene.ask(KIM, &channel, "update It was the night watchman.").await.contains("night watchman"));
    assert!(fake.messages(&channel).iter().all(|message| !message.words().contains("watchman")));
    // Once nobody else reads it, it shows the incident again.
    fake.changes(&channel, "made_private", |channel| channel.is_private = true);
    fake.types(KIM, &channel, "/incident", "update He has left.");
    let is_back = || {
        let look = fake.channels().into_iter().find(|known| known.id == channel)?;
        let summary = fake.messages(&channel).into_iter().find(|message| look.pins.contains(&message.ts))?;
        summary.words().contains("Lead: Kim").then_some(())
    };
    scene.until("the summary is back", is_back).await;
}

async fn a_closed_account_is_nobodys_and_another_one_is_found(scene: &Scene<'_>) {
    let fake = &scene.fake;
    scene.ask(LEE, GENERAL, "who").await;
    fake.changes_user(LEE, |lee| lee.is_deleted = true);
    let account = async || {
        let lee = domain::people::find_or_add(&scene.app.system(), "Lee", "lee@example.org", AccessLevel::Responder).await.unwrap();
        lee.chat_account
    };
    harness::eventually("it is nobody's", SOON, async || account().await.is_none().then_some(())).await;
    fake.add_user(user("U0AGAIN", "Lee", TEAM, false));
    scene.ask("U0AGAIN", GENERAL, "who").await;
    assert_eq!(account().await.as_deref(), Some("U0AGAIN"));
}
