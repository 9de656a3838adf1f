//! The manifest in docs/integrations/slack.md asks for what is used, and for nothing else.

use std::collections::BTreeSet;

use harness::fakes::slack::methods::METHODS;
use worker::outlets::slack::SCOPES;

/// What commands, message actions, events and files need, which are no methods.
const BESIDE_METHODS: [&str; 4] = ["commands", "files:read", "pins:read", "reactions:read"];

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/integrations/slack.md");
    std::fs::read_to_string(path).unwrap()
}

/// The list below this key of the manifest.
fn listed(key: &str) -> BTreeSet<String> {
    let page = page();
    let lines = page.lines().skip_while(|line| line.trim() != format!("{key}:")).skip(1);
    let items = lines.map_while(|line| line.trim().strip_prefix("- "));
    items.map(|item| item.split_once(" #").map_or(item, |(item, _)| item).to_owned()).collect()
}

#[test]
fn every_scope_is_in_the_manifest_and_has_a_use() {
    let manifest = listed("bot");
    assert_eq!(manifest, SCOPES.iter().map(|scope| (*scope).to_owned()).collect());
    for method in METHODS {
        for needed in [method.scopes, method.private].into_iter().filter(|needed| !needed.is_empty()) {
            assert!(needed.iter().any(|scope| manifest.contains(*scope)), "{} needs one of {needed:?}", method.name);
        }
    }
    let used = METHODS.iter().flat_map(|method| method.scopes.iter().chain(method.private)).copied().chain(BESIDE_METHODS);
    let used: BTreeSet<&str> = used.collect();
    assert_eq!(manifest.iter().filter(|scope| !used.contains(scope.as_str())).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn both_commands_and_the_action_are_in_the_manifest() {
    let page = page();
    for word in
        ["command: /incident", "command: /muster", "callback_id: add_to_timeline", "should_escape: true", "socket_mode_enabled: true"]
    {
        assert!(page.contains(word), "{word}");
    }
    assert!(listed("bot_events").contains("message.groups"), "restricted incidents have private channels");
}
