//! S6, R28: an incident goes into the incidents' folder when its report is final. Against a strict fake of Google Drive, for every way to fail.

mod orders;
mod refusals;
mod storm;

use std::sync::Arc;
use std::time::Duration;

use document::Press;
use document::typesetter::Typesetter;
use domain::clock::{Clock, SystemClock};
use domain::delivery::{claim_due, record};
use domain::ports::{Content, Effect, Folder, Order, Outlet, Part, Receipt, Refusal};
use entity::delivery::Column;
use entity::{DeliveryId, DeliveryState, System, delivery};
use harness::drive::{id, text as told};
use harness::fakes::DriveFake;
use harness::fakes::drive::FOLDER;
use harness::{Engine, TestApp, both_dbs};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;
use worker::outlets::client::CallLimits;
use worker::outlets::drive::{Credentials, DriveOutlet, DriveSettings};

use crate::publishing::World;

both_dbs![by connected:
    a_final_report_arrives_with_the_timeline_and_the_files,
    a_restricted_incident_is_filed_only_at_somebodys_word,
    the_last_order_stands_for_those_before,
];

both_dbs![without_a_folder_a_person_files_what_somebody_wants_filed];

/// Short, so that what hangs costs little; long enough for a busy machine.
const LIMITS: CallLimits = CallLimits { connect: Duration::from_secs(2), whole: Duration::from_secs(4) };
const MARKER: &str = "inc_00000000000000000000000000000007";

fn connected(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).connected(System::Drive), test);
}

/// A fake; requests are checked against Google's description if that is at hand.
async fn fake() -> DriveFake {
    let fake = DriveFake::start().await;
    if std::env::var_os("MUSTER_CONTRACTS").is_some() { fake.checked() } else { fake }
}

fn settings(fake: &DriveFake) -> DriveSettings {
    let credentials = Credentials::read(&fake.credentials()).unwrap();
    DriveSettings { folder: FOLDER.to_owned(), credentials, subject: None, base_url: fake.url().to_owned() }
}

fn outlet(fake: &DriveFake) -> DriveOutlet {
    outlet_with(&settings(fake))
}

fn outlet_with(settings: &DriveSettings) -> DriveOutlet {
    let press = Arc::new(Press::new(Typesetter::at("/nowhere/typeset".into())));
    DriveOutlet::with_limits(settings, press, LIMITS).unwrap()
}

fn text(key: &str, text: &str) -> Part {
    let content = Content::Bytes { media_type: "text/plain", bytes: text.as_bytes().to_vec() };
    Part { key: key.to_owned(), name: format!("{key}.txt"), content }
}

/// An attempt at the order for a folder with these files, of which `folder` is known.
fn order(attempt: i32, folder: Option<&str>, parts: &[Part]) -> Order {
    let effect: Effect = Folder {
        marker: MARKER.to_owned(),
        folder: folder.map(str::to_owned),
        name: "INC-7 It is down".to_owned(),
        url: String::new(),
        though_restricted: false,
        parts: parts.to_vec(),
    }
    .into();
    Order { delivery: DeliveryId(Uuid::from_u128(7)), attempt, created_at: SystemClock.now(), is_page: false, effect }
}

async fn done(outlet: &DriveOutlet, order: Order) -> Receipt {
    outlet.carry_out(&order).await.unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

async fn refused(outlet: &DriveOutlet, order: Order) -> Refusal {
    let refusal = outlet.carry_out(&order).await.expect_err("it is refused");
    assert!(!refusal.reason().contains("ya29") && !refusal.reason().contains("PRIVATE"), "{refusal:?}");
    refusal
}

/// Carries out what is due.
async fn work(app: &TestApp, outlet: &DriveOutlet) {
    for claim in claim_due(&app.system(), System::Drive, 10).await.unwrap() {
        let outcome = outlet.carry_out(&claim.order).await;
        record(&app.system(), &claim, outcome).await.unwrap();
    }
}

async fn rows(app: &TestApp) -> Vec<delivery::Model> {
    let rows = delivery::Entity::find().filter(Column::System.eq(System::Drive)).order_by_asc(Column::Id);
    rows.all(app.domain.db.read()).await.unwrap()
}

fn names(fake: &DriveFake) -> Vec<String> {
    // Where there is no program for PDFs, reports are for Word.
    let mut names: Vec<String> = fake.items().into_iter().map(|item| item.name.replace(".docx", ".pdf")).collect();
    names.sort();
    names
}

async fn a_final_report_arrives_with_the_timeline_and_the_files(app: &TestApp) {
    let (fake, world) = (fake().await, World::new(app).await);
    let outlet = outlet(&fake);
    world.sam.upload(id(&world.incident), "graph.txt", "cpu 100 %".into()).await;
    world.sam.note(id(&world.incident), "Sam saw the disk fill up").await;
    world.write("explanation", 0, json!({ "body": "Sam: logs were never rotated." })).await;
    assert!(rows(app).await.is_empty(), "it is not final yet");
    world.finish().await;
    work(app, &outlet).await;
    let folder = "INC-1 Database of Bexley & Sons full";
    assert_eq!(names(&fake), [folder, "INC-1-report-abridged.pdf", "INC-1-report-full.pdf", "graph.txt", "timeline.csv"]);
    let [made] = &fake.folders()[..] else { panic!("{:?}", fake.folders()) };
    assert_eq!(made.parent, FOLDER);
    let timeline = String::from_utf8(fake.file("timeline.csv").content.to_vec()).unwrap();
    assert!(timeline.contains("saw the disk fill up") && !timeline.contains("Sam"), "R27: {timeline}");
    assert_eq!(&fake.file("graph.txt").content[..], b"cpu 100 %");
    let [row] = rows(app).await.try_into().unwrap();
    assert_eq!((row.state, row.external_id.as_deref()), (DeliveryState::Delivered, Some(made.id.as_str())), "{row:?}");
    assert!(row.external_url.is_some_and(|url| url.contains(&made.id)));

    // The same again writes nothing.
    fake.forget_requests();
    world.sam.incident_of("fileIncident", json!({ "incidentId": world.incident["id"] })).await;
    work(app, &outlet).await;
    assert_eq!(rows(app).await.pop().unwrap().state, DeliveryState::Delivered);
    assert!(fake.requests().iter().all(|request| request.method == "GET"), "{:?}", fake.requests());

    // What is new comes to the rest.
    let read = world.read(&world.lea, &world.acme).await;
    world.approve(&world.lea, &world.acme, &read).await;
    work(app, &outlet).await;
    assert!(names(&fake).contains(&"INC-1-report-acme-retail.pdf".to_owned()), "{:?}", names(&fake));
    world.sam.mutate("takeBackReport", json!({ "reportId": world.report, "reason": "more to say" }), "report { id }").await;
    world.write("explanation", 1, json!({ "body": "Logs were never rotated, and nobody looked." })).await;
    world.finish().await;
    work(app, &outlet).await;
    let writes = |part: &str| {
        let of_part = |item: &harness::fakes::drive::Item| item.app_properties.get("part").is_some_and(|known| known == part);
        fake.items().into_iter().find(of_part).unwrap().writes
    };
    assert_eq!([writes("report/full"), writes("report/abridged"), writes("timeline")], [2, 2, 1]);
    assert_eq!(fake.folders().len(), 1);
    world.sam.incident_of("closeIncident", json!({ "incidentId": world.incident["id"], "note": "done" })).await;
    assert_eq!(rows(app).await.pop().unwrap().state, DeliveryState::Queued);
    work(app, &outlet).await;
    assert_eq!(writes("timeline"), 2, "that it was closed stands there");
    assert_eq!(fake.violations(), [""; 0]);
}

async fn a_restricted_incident_is_filed_only_at_somebodys_word(app: &TestApp) {
    let (fake, world) = (fake().await, World::new(app).await);
    let outlet = outlet(&fake);
    // What waits while it becomes restricted does not go out.
    let this = json!({ "incidentId": world.incident["id"] });
    world.sam.incident_of("fileIncident", this.clone()).await;
    let restrict = json!({ "incidentId": world.incident["id"], "visibility": "RESTRICTED" });
    world.sam.incident_of("updateIncident", restrict).await;
    work(app, &outlet).await;
    assert_eq!(rows(app).await.pop().unwrap().state, DeliveryState::Cancelled);
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.finish().await;
    assert_eq!(rows(app).await.len(), 1);
    let refusal = world.sam.refused("fileIncident", this).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    let though = json!({ "incidentId": world.incident["id"], "thoughRestricted": true });
    world.sam.incident_of("fileIncident", though).await;
    work(app, &outlet).await;
    assert_eq!(fake.folders().len(), 1);
}

async fn the_last_order_stands_for_those_before(app: &TestApp) {
    let (fake, world) = (fake().await, World::new(app).await);
    for _ in 0..3 {
        world.sam.incident_of("fileIncident", json!({ "incidentId": world.incident["id"] })).await;
    }
    let states: Vec<DeliveryState> = rows(app).await.into_iter().map(|row| row.state).collect();
    assert_eq!(states, [DeliveryState::Cancelled, DeliveryState::Cancelled, DeliveryState::Queued]);
    // An attempt whose answer was lost, and one by a worker that knows nothing of it.
    fake.fail_next(1, "POST", "/drive/v3/files", harness::fakes::Fault::DoneThenCut);
    work(app, &outlet(&fake)).await;
    assert_eq!(rows(app).await.pop().unwrap().state, DeliveryState::Retrying);
    app.advance(Duration::from_secs(60));
    work(app, &outlet(&fake)).await;
    assert_eq!((rows(app).await.pop().unwrap().state, fake.folders().len()), (DeliveryState::Delivered, 1));
}

async fn without_a_folder_a_person_files_what_somebody_wants_filed(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.finish().await;
    assert!(rows(app).await.is_empty(), "nobody asked for it");
    world.sam.incident_of("fileIncident", json!({ "incidentId": world.incident["id"] })).await;
    let found: Value = world.sam.incident("INC-1", "deliveries { system operation state instructions }").await;
    let deliveries = found["deliveries"].as_array().unwrap();
    let filing = deliveries.iter().find(|row| row["system"] == "drive").unwrap();
    assert_eq!((&filing["operation"], &filing["state"]), (&json!("filing"), &json!("BY_HAND")));
    assert!(told(filing, "instructions").contains("INC-1 Database"), "{filing}");
}
