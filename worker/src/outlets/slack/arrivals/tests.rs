use super::*;

/// Real samples have no licence, so they are not part of the project.
fn sample(name: &str) -> Option<Value> {
    let Some(contracts) = std::env::var_os("MUSTER_CONTRACTS") else {
        eprintln!("MUSTER_CONTRACTS is not set: Slack's sample {name} was not read");
        return None;
    };
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(project.join(contracts).join("samples/slack").join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn hear(kind: &str, said: &Value) -> Option<ChatNews> {
    SlackEar.hear(kind, &said.to_string())
}

fn event(event: &Value) -> Value {
    json!({
        "type": "event_callback", "event_id": "Ev1", "team_id": "T1", "api_app_id": "A1", "event": event,
        "authorizations": [{ "user_id": "UBOT", "is_bot": true }],
    })
}

#[test]
fn a_command_keeps_who_it_names() {
    let said = json!({
        "command": "/incident", "text": "lead <@U2|lee> &amp; <https://a.org>", "channel_id": "C1", "user_id": "U1", "user_name": "kim",
        "response_url": "https://hooks.slack.com/1", "trigger_id": "1.2", "unknown": { "deep": true },
    });
    let Some(ChatNews::Command { by, channel, text, mentions, address, trigger }) = hear(ChatArrival::COMMAND, &said) else { panic!() };
    assert_eq!((&*by.account, &*channel, &*text), ("U1", "C1", "lead @lee & https://a.org"));
    assert_eq!(mentions, [("@lee".to_owned(), "U2".to_owned())]);
    assert!(address.is_some() && trigger.as_deref() == Some("1.2"));
    let received = SlackEar.receive(ChatArrival::COMMAND, &said.to_string());
    assert_eq!(received.arrival.map(|arrival| (arrival.id, arrival.is_awaited)), Some(("command:1.2".to_owned(), true)));
}

#[test]
fn a_button_says_where_it_is() {
    let mut said = json!({
        "type": "block_actions", "user": { "id": "U1", "name": "kim", "team_id": "T2" }, "team": { "id": "T1" }, "trigger_id": "1.2",
        "channel": { "id": "C1" }, "container": { "type": "message", "message_ts": "1.000001" },
        "actions": [{ "action_id": "accept:0", "value": "pag_1" }],
    });
    let Some(ChatNews::Pressed { by, press, value, at, .. }) = hear(ChatArrival::INTERACTION, &said) else { panic!() };
    assert_eq!((press, &*value, by.workspace.as_deref()), (Press::Accept, "pag_1", Some("T2")));
    assert_eq!(at, Some(Posted { channel: "C1".into(), ts: "1.000001".into() }));
    said["container"]["is_ephemeral"] = true.into();
    assert!(matches!(hear(ChatArrival::INTERACTION, &said), Some(ChatNews::Pressed { at: None, .. })));
    said["actions"][0]["action_id"] = "another_app".into();
    assert_eq!(hear(ChatArrival::INTERACTION, &said), None);
}

#[test]
fn what_we_say_is_no_news() {
    let message = |more: Value| {
        let mut message = json!({ "type": "message", "channel": "C1", "user": "U1", "text": "hi", "ts": "1583636399.000700" });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event(&message)
    };
    assert!(matches!(hear(ChatArrival::EVENT, &message(json!({}))), Some(ChatNews::Said(_))));
    for ours in
        [json!({ "user": "UBOT", "bot_id": "B1" }), json!({ "bot_id": "B1", "app_id": "A1" }), json!({ "subtype": "channel_topic" })]
    {
        assert_eq!(hear(ChatArrival::EVENT, &message(ours)), None);
    }
    let another = message(json!({ "subtype": "bot_message", "bot_id": "B2", "app_id": "A2" }));
    assert!(matches!(hear(ChatArrival::EVENT, &another), Some(ChatNews::Said(seen)) if seen.account.is_none()));
    let pinned =
        |user: &str| event(&json!({ "type": "pin_added", "user": user, "channel_id": "C1", "item": { "message": { "ts": "1.0" } } }));
    assert!(hear(ChatArrival::EVENT, &pinned("U1")).is_some() && hear(ChatArrival::EVENT, &pinned("UBOT")).is_none());
}

#[test]
fn of_accounts_it_is_news_that_they_were_closed() {
    let changed = |deleted: bool| event(&json!({ "type": "user_change", "user": { "id": "U1", "deleted": deleted } }));
    assert_eq!(hear(ChatArrival::EVENT, &changed(true)), Some(ChatNews::Closed { account: "U1".into() }));
    assert_eq!(hear(ChatArrival::EVENT, &changed(false)), None, "a new status");
}

#[test]
fn edits_are_peoples_and_deletions_have_a_time() {
    let changed = |message: Value| {
        event(&json!({ "type": "message", "subtype": "message_changed", "channel": "C1", "ts": "2.000001", "message": message }))
    };
    let edited = changed(json!({ "ts": "1.000001", "user": "U1", "text": "b", "edited": { "user": "U1", "ts": "2.0" } }));
    assert!(matches!(hear(ChatArrival::EVENT, &edited), Some(ChatNews::Edited(seen)) if seen.text == "b"));
    assert_eq!(hear(ChatArrival::EVENT, &changed(json!({ "ts": "1.000001", "user": "U1", "text": "https://a.org" }))), None, "a preview");
    let gone =
        event(&json!({ "type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "2.000001", "deleted_ts": "1.000001" }));
    assert!(matches!(hear(ChatArrival::EVENT, &gone), Some(ChatNews::Deleted { at, .. }) if at.ts == "1.000001"));
}

#[test]
fn an_address_is_confirmed_and_what_is_no_json_is_let_go() {
    let received = SlackEar.receive(ChatArrival::EVENT, r#"{"type":"url_verification","challenge":"3eZbrw"}"#);
    assert_eq!((received.arrival, received.reply.as_str()), (None, r#"{"challenge":"3eZbrw"}"#));
    for body in ["", "{", "[]", "null", r#"{"type":"event_callback"}"#] {
        for kind in [ChatArrival::COMMAND, ChatArrival::INTERACTION, ChatArrival::EVENT, "other"] {
            assert_eq!(SlackEar.receive(kind, body), ChatReceived { arrival: None, reply: String::new() }, "{kind} {body}");
        }
    }
}

#[test]
fn real_samples_are_read() {
    let real = |name: &str| sample(&format!("inbound/real_{name}.json")).map(|sample| sample["realPayload"].clone());
    let Some(action) = real("MessageShortcutTest") else { return };
    let mut ours = action.clone();
    ours["callback_id"] = ADD.into();
    assert_eq!(hear(ChatArrival::INTERACTION, &action), None, "it is another's");
    let Some(ChatNews::Added { by, message, .. }) = hear(ChatArrival::INTERACTION, &ours) else { panic!("{ours}") };
    assert_eq!((&*by.account, &*message.text, &*message.at.channel), ("U123", "@U234 test", "C123"));
    for other in ["BlockActionTest", "view_submission", "ViewClosedTest", "GlobalShortcutTest"] {
        assert_eq!(hear(ChatArrival::INTERACTION, &real(other).unwrap()), None, "{other} is another's");
    }
    for name in [
        "Message",
        "MessageBot",
        "MessageDeleted",
        "PinAdded",
        "ReactionAdded",
        "ChannelRename",
        "ChannelArchive",
        "UserChange",
        "AppHomeOpened",
    ] {
        // They hold every field that there is, empty: nothing is missed, and nothing breaks.
        let _ = hear(ChatArrival::EVENT, &sample(&format!("events/{name}.json")).unwrap());
    }
}
