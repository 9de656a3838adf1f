//! How good suggestions are: 60 incidents and 40 pages that were written for this, of many kinds. `incidents.json` says which page each incident
//! needs, or that none fits; some have typos, some are named by an alert, some share a word with a page that is about something else.

use std::path::PathBuf;

use entity::{AlertId, IncidentId, alert};
use harness::drive::{id, text};
use harness::{TestApp, both_dbs};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use super::{read, suggested};
use crate::hygiene::root;

both_dbs![the_right_page_is_suggested_and_none_where_none_fits];

/// Of a hundred.
const RIGHT: usize = 90;

fn folder() -> PathBuf {
    root().join("tests/e2e/known")
}

/// An alert that fires for `incident`.
async fn fire(app: &TestApp, incident: IncidentId, name: &str) {
    let ctx = app.system();
    let row = alert::Model {
        id: AlertId(ctx.ids.uuid(ctx.now())),
        source: "alertmanager".into(),
        fingerprint: incident.to_string(),
        identity: String::new(),
        group_key: incident.to_string(),
        title: format!("{name} on web3"),
        firing: true,
        starts_at: ctx.now(),
        ends_at: None,
        told_start: None,
        told_end: None,
        severity: None,
        count: 1,
        incident_id: Some(incident),
        labels: json!({ "labels": { "alertname": name, "instance": "web3" }, "annotations": {} }),
        received_at: ctx.now(),
        stretch: None,
        look_at: None,
    };
    alert::Entity::insert(row.into_active_model()).exec_without_returning(ctx.db.write()).await.unwrap();
}

async fn the_right_page_is_suggested_and_none_where_none_fits(app: &TestApp) {
    assert_eq!(read(app, &folder().join("ops")).await.changed, 40);
    let incidents: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(folder().join("incidents.json")).unwrap()).unwrap();
    assert_eq!(incidents.len(), 60);
    let sam = app.responder("Sam").await;
    let (mut right, mut wrong) = ((0, 0), Vec::new());
    let (mut fitting, mut others) = (0, 0);
    for incident in &incidents {
        let sites = match incident["site"].as_str() {
            Some(site) => json!([sam.add_site(site).await]),
            None => json!([]),
        };
        let new = json!({ "name": incident["name"], "severity": "MINOR", "description": incident["summary"], "siteIds": sites });
        let new = sam.declare_with(new).await;
        if let Some(name) = incident["alert"].as_str() {
            fire(app, IncidentId::parse(id(&new)).unwrap(), name).await;
        }
        let found = suggested(&sam, text(&new, "reference")).await;
        assert!(found.len() <= 3, "{found:?}");
        let paths: Vec<&str> = found.iter().map(|one| text(one, "path")).collect();
        let is_right = match incident["page"].as_str() {
            Some(page) => {
                fitting += 1;
                right.0 += usize::from(paths.contains(&page));
                paths.contains(&page)
            }
            None => {
                others += 1;
                right.1 += usize::from(paths.is_empty());
                paths.is_empty()
            }
        };
        if !is_right {
            wrong.push(format!("{}: {paths:?}, not {}", incident["name"], incident["page"]));
        }
    }
    assert!(fitting >= 40 && others >= 12, "{fitting} {others}");
    assert!(right.0 * 100 >= fitting * RIGHT, "{} of {fitting}: {wrong:#?}", right.0);
    assert!(right.1 * 100 >= others * RIGHT, "none for {} of {others}: {wrong:#?}", right.1);
}
