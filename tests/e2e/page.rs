//! The first page in a real browser: it shows what is going on, follows live changes, and its forms work.

use std::collections::BTreeSet;

use domain::playbook::Playbook;
use entity::Severity;
use harness::browser::Browser;
use harness::drive::id;
use harness::{Engine, TestApp, run};
use serde_json::json;

#[test]
fn the_page_shows_an_incident_and_its_forms_work() {
    run(Engine::Sqlite, the_page_in_a_browser);
}

async fn the_page_in_a_browser(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (site, client) = (sam.add_site("example.org").await, sam.add_client("Example Ltd").await);
    let input = json!({ "name": "example.org errors", "severity": "MAJOR", "siteIds": [site], "affectedClientIds": [client] });
    let incident = sam.declare_with(input).await;
    let link = domain::people::access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();

    let mut browser = Browser::start().await;
    browser.open(&sam.url(&format!("/sign-in?link={link}"))).await;
    browser.until("document.querySelector('form button')").await;
    browser.eval("document.querySelector('form button').click()").await;
    browser.until("document.querySelector('#state')?.dataset.state === 'live'").await;
    browser.until("document.querySelector('#live')?.innerText.includes('example.org errors')").await;

    browser.eval("document.querySelector('[data-card=\"INC-1\"]').click()").await;
    browser.until("document.querySelector('#steps')?.innerText.includes('Name an incident lead')").await;
    browser.until("document.querySelector('#clients')?.innerText.includes('Example Ltd')").await;
    // What others write is heard.
    browser.until("document.querySelector('#timeline-state')?.dataset.state === 'live'").await;
    sam.note(id(&incident), "The disk is full").await;
    browser.until("document.querySelector('#timeline').innerText.includes('The disk is full')").await;

    browser.eval("document.querySelector('#write-text').value = 'Logs are moved away'").await;
    browser.eval("document.querySelector('#write').requestSubmit()").await;
    browser.until("document.querySelector('#timeline').innerText.includes('Logs are moved away')").await;
    browser.eval("document.querySelector('#tell-text').value = 'We are on it.'").await;
    browser.eval("document.querySelector('#tell').requestSubmit(document.querySelector('#tell button.main'))").await;
    browser.until("document.querySelector('#timeline').innerText.includes('We are on it.')").await;
    browser.eval("document.querySelector('#link-number').value = '#42'").await;
    browser.eval("document.querySelector('#link').requestSubmit()").await;
    browser.until("document.querySelector('#tickets').innerText.includes('#42')").await;
    let told = sam.incident("INC-1", "clientUpdates { body }").await;
    assert_eq!(told["clientUpdates"], json!([{ "body": "We are on it." }]));
    // With a second pair of eyes: a draft, approved by somebody else, sent.
    let kim = app.responder("Kim").await;
    app.domain.replace_playbook(Playbook { second_pair_of_eyes: BTreeSet::from([Severity::Major]), ..Playbook::default() });
    browser.eval("document.querySelector('#tell-text').value = 'We found it.'").await;
    browser.eval("document.querySelector('#tell').requestSubmit(document.querySelector('#tell button.main'))").await;
    browser.until("document.querySelector('#drafts').innerText.includes('Somebody else must approve it')").await;
    let draft = sam.incident("INC-1", "clientUpdates { id }").await["clientUpdates"][1]["id"].take();
    kim.mutate("approveClientUpdate", json!({ "clientUpdateId": draft }), "clientUpdate { id }").await;
    browser.until("document.querySelector('#drafts').innerText.includes('Approved by Kim')").await;
    browser.eval("document.querySelector('#drafts button.main').click()").await;
    browser.until("document.querySelector('#timeline').innerText.includes('We found it.')").await;
    assert_eq!(browser.complaints(), [] as [String; 0]);
}
