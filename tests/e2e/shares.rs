//! Nobody can keep the others waiting, or wake them again and again.

use std::time::Duration;

use api::ShareLimits;
use harness::live::{Frame, Transport};
use harness::{Engine, TestApp, both_dbs, run_with};
use serde_json::{Value, json};

both_dbs![one_person_wakes_the_others_ten_times_and_no_more, a_query_searches_ten_times_and_no_more];

fn with_shares(shares: ShareLimits) -> harness::Builder {
    TestApp::builder(Engine::Sqlite).settings(move |settings| settings.shares = shares)
}

#[test]
fn requests_beyond_a_persons_share_are_refused() {
    run_with(with_shares(ShareLimits { requests: 0, waiting: 0, subscriptions: 1 }), async |app| {
        let sam = app.responder("Sam").await;
        let refusal = sam.try_query("{ viewer { can } }", Value::Null).await.expect_refusal("no turn is free");
        assert_eq!(refusal.code(), "RATE_LIMITED");
        assert!(refusal.message().contains("wait for their answers"), "{}", refusal.message());
    });
}

#[test]
fn subscriptions_beyond_a_persons_share_are_refused_until_one_ends() {
    run_with(with_shares(ShareLimits { subscriptions: 1, ..ShareLimits::default() }), async |app| {
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        let incident = sam.declare("one of each").await;
        let query = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
        let id = json!({ "id": incident["id"] });
        let mut first = sam.subscribe(Transport::WebSocket, query, id.clone()).await;
        first.next().await;
        for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
            let (code, _) = sam.subscribe(transport, query, id.clone()).await.end().await;
            assert_eq!(code, "RATE_LIMITED", "{transport:?}");
        }
        kim.subscribe(Transport::WebSocket, query, id.clone()).await.next().await;
        drop(first);
        harness::eventually("the place is free again", Duration::from_secs(10), async || {
            matches!(sam.subscribe(Transport::WebSocket, query, id.clone()).await.frame().await, Frame::Next(_)).then_some(())
        })
        .await;
    });
}

async fn one_person_wakes_the_others_ten_times_and_no_more(app: &TestApp) {
    let (vic, uma) = (app.viewer("Vic").await, app.viewer("Uma").await);
    let report = |number: usize| json!({ "name": format!("odd {number}"), "idempotencyKey": format!("key-{number}") });
    for number in 0..10 {
        vic.mutate("reportIncident", report(number), "incident { reference }").await;
    }
    let refusal = vic.refused("reportIncident", report(10)).await;
    assert_eq!(refusal.code(), "RATE_LIMITED");
    assert!(refusal.message().contains("10 incidents in the last 10 minutes"), "{}", refusal.message());

    let again = vic.mutate("reportIncident", report(0), "incident { reference }").await;
    assert_eq!(again["incident"]["reference"], "INC-1", "what is known already is no new report");
    uma.mutate("reportIncident", json!({ "name": "another's" }), "incident { id }").await;

    app.advance(Duration::from_secs(11 * 60));
    vic.mutate("reportIncident", report(10), "incident { id }").await;
}

async fn a_query_searches_ten_times_and_no_more(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let searches = |many: usize| {
        let each = (0..many).map(|n| format!("s{n}: incidents(first: 1, filter: {{ text: \"x{n}\" }}) {{ nodes {{ id }} }}"));
        format!("{{ {} }}", each.collect::<Vec<_>>().join(" "))
    };
    vic.query(&searches(10), Value::Null).await;
    let refusal = vic.try_query(&searches(11), Value::Null).await.expect_refusal("one more is too many");
    assert_eq!(refusal.code(), "QUERY_TOO_COMPLEX");
}
