//! Lists of sites: what they would change is shown first, and done exactly so or not at all.

use harness::drive::text;
use harness::process::Home;
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};

use super::{found, origins, save};

both_dbs![
    a_list_is_shown_first_and_then_taken_in,
    what_is_exported_changes_nothing_when_it_is_imported,
    what_was_set_by_hand_stays_until_it_is_left_to_lists,
    a_plan_that_no_longer_holds_is_refused,
    what_is_wrong_is_said_with_line_and_column,
    a_list_that_loses_more_than_a_fifth_takes_a_word_more,
    who_is_gone_comes_back_with_its_list,
    two_who_confirm_the_same_plan_do_it_once,
    the_command_line_shows_and_takes_in_and_writes_a_list,
];

const IMPORT: &str = "import { isApplied plan problemCount problems { line column reason } warnings newClients needsAcceptance \
    addedCount changedCount goneCount keptCount unchangedCount \
    rows { effect line name site { id name client { name } } changes { field from to } kept { field from to } } }";

async fn import(caller: &Client, input: Value) -> Value {
    caller.mutate("importSites", input, IMPORT).await["import"].take()
}

/// Looks, and does what it saw.
async fn take(caller: &Client, csv: &str) -> Value {
    let plan = import(caller, json!({ "csv": csv })).await["plan"].take();
    import(caller, json!({ "csv": csv, "plan": plan, "acceptLoss": true })).await
}

/// Each site with what becomes of it.
fn rows(import: &Value) -> Vec<(&str, &str)> {
    import["rows"].as_array().unwrap().iter().map(|row| (text(row, "effect"), text(row, "name"))).collect()
}

async fn exported(caller: &Client) -> String {
    let response = caller.get("/sites.csv").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    response.text().await.unwrap()
}

const CSV: &str = "name;url;client;environment;routinely attacked;busy hours\n\
    Shop;https://shop.example.org;Example Ltd;live;yes;mon-fri 8:00-20:00\n\
    Blog;https://blog.example.org;New Ltd;staging;;\n";

async fn a_list_is_shown_first_and_then_taken_in(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.add_client("Example Ltd").await;
    let seen = import(&sam, json!({ "csv": CSV })).await;
    assert_eq!(rows(&seen), [("ADDED", "Shop"), ("ADDED", "Blog")]);
    assert_eq!((&seen["isApplied"], &seen["newClients"], &seen["rows"][0]["line"]), (&json!(false), &json!(["New Ltd"]), &json!(2)));
    assert_eq!(seen["rows"][0]["site"], Value::Null);
    let changes = seen["rows"][0]["changes"].as_array().unwrap();
    assert!(changes.contains(&json!({ "field": "ENVIRONMENT", "from": null, "to": "PRODUCTION" })), "{changes:?}");
    assert!(found(&sam, Value::Null, Value::Null).await.is_empty(), "nothing was done");
    let done = import(&sam, json!({ "csv": CSV, "plan": seen["plan"] })).await;
    assert_eq!((&done["isApplied"], rows(&done)), (&json!(true), vec![("ADDED", "Shop"), ("ADDED", "Blog")]));
    assert_eq!(done["rows"][0]["site"]["client"]["name"], "Example Ltd", "the site is told as it was saved");
    let id = text(&done["rows"][0]["site"], "id").to_owned();
    // As long as a change is only shown, the site says what it said.
    let renamed = import(&sam, json!({ "csv": format!("name,id\nMuseum shop,{id}\n"), "keepOthers": true })).await;
    assert_eq!((&renamed["rows"][0]["name"], &renamed["rows"][0]["site"]["name"]), (&json!("Museum shop"), &json!("Shop")));
    let shop = sam.node(&id, "Site { name listedBy busyHours client { name } origins { field source isKept } }").await;
    assert_eq!((&shop["listedBy"], &shop["busyHours"]), (&json!("CSV"), &json!("Mon-Fri 08:00-20:00")));
    assert_eq!(shop["client"]["name"], "Example Ltd");
    let of_list = ["NAME", "URL", "CLIENT", "ENVIRONMENT", "ROUTINELY_ATTACKED", "BUSY_HOURS"].map(|field| (field, "CSV", false));
    assert_eq!(origins(&shop), of_list);
    // The same list again has nothing to do, in any case and order.
    let again = import(&sam, json!({ "csv": "client,NAME\nexample ltd,Shop\nNEW LTD,Blog\n" })).await;
    assert_eq!((&again["unchangedCount"], &again["plan"], rows(&again)), (&json!(2), &Value::Null, vec![]));
    let clients = sam.query("{ clients { nodes { name } } }", json!({})).await;
    assert_eq!(clients["clients"]["nodes"], json!([{ "name": "Example Ltd" }, { "name": "New Ltd" }]));
    let vic = app.viewer("Vic").await;
    assert_eq!(vic.refused("importSites", json!({ "csv": CSV })).await.code(), "FORBIDDEN");
    assert_eq!(app.anonymous().get("/sites.csv").await.status(), 401);
}

async fn what_is_exported_changes_nothing_when_it_is_imported(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("=Example Ltd").await;
    save(&sam, json!({
        "name": "@Shop, \"the\" one", "url": "https://shop.example.org", "hosts": ["example.net/shop", "[::1]:8080"], "clientId": client,
        "environment": "TESTING", "importance": "HIGH", "hosting": "'=AWS; eu", "repository": "https://git.example.org",
        "runbook": "https://wiki.example.org", "expected": "- slow nights\n- \"404\", for leaflets", "routinelyAttacked": true,
        "busyHours": "Fri 22:00-02:00", "codeFreeze": "2026-11-27 Black Friday", "tooling": [{ "label": "-Logs", "url": "https://logs.example.org" }],
    }))
    .await;
    save(&sam, json!({ "name": "Twin" })).await;
    save(&sam, json!({ "name": "Twin", "hosting": "elsewhere" })).await;
    save(&sam, json!({ "name": "Gone", "isGone": true })).await;
    take(&sam, "name,hosting\nBlog,Fly\nTwin 2,\n").await;
    let before = exported(&sam).await;
    assert!(before.starts_with("name,url,hosts,client,") && !before.contains("Gone") && before.contains("'@Shop"), "{before}");
    let seen = import(&sam, json!({ "csv": before })).await;
    assert_eq!((&seen["unchangedCount"], rows(&seen), &seen["problems"]), (&json!(5), vec![], &json!([])), "{before}");
    assert_eq!(seen["plan"], Value::Null);
    // As spreadsheets of other countries write it.
    let other = format!("\u{feff}{}", before.replace('\n', "\r\n"));
    assert_eq!(import(&sam, json!({ "csv": other })).await["unchangedCount"], 5, "whatever line breaks it has");
    assert_eq!(exported(&sam).await, before);
}

async fn what_was_set_by_hand_stays_until_it_is_left_to_lists(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let csv = "name,hosting,runbook\nShop,AWS,https://wiki.example.org/shop\n";
    let done = take(&sam, csv).await;
    let shop = text(&done["rows"][0]["site"], "id").to_owned();
    save(&sam, json!({ "id": shop, "name": "Shop", "hosting": "Fly", "runbook": null })).await;
    let seen = import(&sam, json!({ "csv": csv })).await;
    assert_eq!((rows(&seen), &seen["keptCount"], &seen["plan"]), (vec![("KEPT", "Shop")], &json!(1), &Value::Null));
    assert_eq!(
        seen["rows"][0]["kept"],
        json!([
            { "field": "HOSTING", "from": "Fly", "to": "AWS" },
            { "field": "RUNBOOK", "from": null, "to": "https://wiki.example.org/shop" },
        ])
    );
    save(&sam, json!({ "id": shop, "name": "Shop", "leaveToImports": ["HOSTING"] })).await;
    let done = take(&sam, csv).await;
    assert_eq!(done["rows"][0]["changes"], json!([{ "field": "HOSTING", "from": "Fly", "to": "AWS" }]));
    let shop = sam.node(&shop, "Site { hosting runbook origins { field source isKept } }").await;
    assert_eq!((&shop["hosting"], &shop["runbook"]), (&json!("AWS"), &Value::Null));
    assert_eq!(origins(&shop), [("NAME", "CSV", false), ("HOSTING", "CSV", false), ("RUNBOOK", "HAND", true)]);
}

async fn a_plan_that_no_longer_holds_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    take(&sam, "name,hosting\nShop,AWS\n").await;
    let csv = "name,hosting\nShop,Fly\n";
    let plan = import(&sam, json!({ "csv": csv })).await["plan"].take();
    take(&sam, "name,hosting\nShop,Azure\n").await;
    let refusal = sam.refused("importSites", json!({ "csv": csv, "plan": plan })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().contains("has changed since you looked"), "{}", refusal.message());
    // Neither is it a plan for another list, nor is a made-up one.
    let plan = import(&sam, json!({ "csv": csv })).await["plan"].take();
    for (csv, plan) in [("name,hosting\nShop,Fly,\n", &plan), ("name,hosting\nShop,Heroku\n", &plan), (csv, &json!("guessed"))] {
        let refusal = sam.refused("importSites", json!({ "csv": csv, "plan": plan })).await;
        assert!(["FAILED_PRECONDITION", "BAD_USER_INPUT"].contains(&refusal.code()), "{refusal:?}");
    }
    assert_eq!(import(&sam, json!({ "csv": csv, "plan": plan })).await["isApplied"], true);
}

async fn what_is_wrong_is_said_with_line_and_column(app: &TestApp) {
    let sam = app.responder("Sam").await;
    save(&sam, json!({ "name": "Twin" })).await;
    save(&sam, json!({ "name": "Twin" })).await;
    let csv = "name,url,busy hours,id,colour\nShop,example.org,always,,red\nBlog,,,\nTwin,,,,\nBlog,,,sit_00000000000000000000000000000007,\n,,,,x\n";
    let seen = import(&sam, json!({ "csv": csv })).await;
    let problems = seen["problems"].as_array().unwrap();
    let at: Vec<(u64, Option<&str>)> = problems.iter().map(|one| (one["line"].as_u64().unwrap(), one["column"].as_str())).collect();
    assert_eq!(at, [(2, Some("url")), (2, Some("busy hours")), (3, None), (4, Some("name")), (5, Some("id")), (6, Some("name"))]);
    assert!(text(&problems[0], "reason").contains("https://") && text(&problems[3], "reason").contains("by its id"), "{problems:?}");
    assert!(seen["warnings"][0].as_str().unwrap().contains("“colour”"));
    assert_eq!((&seen["plan"], &seen["problemCount"], rows(&seen)), (&Value::Null, &json!(6), vec![]));
    let refusal = sam.refused("importSites", json!({ "csv": csv, "plan": "any" })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "csv"));
    assert!(refusal.message().contains("Line 2, column “url”"), "{}", refusal.message());
    let large = format!("name\n{}", "x".repeat(domain::limits::SITES_BYTES));
    for (csv, said) in [("", "is empty"), ("url\nhttps://a.example\n", "no column “name”"), (large.as_str(), "larger than 512 KiB")] {
        let refusal = sam.refused("importSites", json!({ "csv": csv })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "csv"));
        assert!(refusal.message().contains(said), "{}", refusal.message());
    }
    assert_eq!(found(&sam, Value::Null, Value::Null).await, ["Twin", "Twin"]);
}

async fn a_list_that_loses_more_than_a_fifth_takes_a_word_more(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let list = |names: std::ops::RangeInclusive<u32>| format!("name\n{}", names.map(|name| format!("site {name}\n")).collect::<String>());
    take(&sam, &list(1..=10)).await;
    save(&sam, json!({ "name": "by hand" })).await;
    let eight = import(&sam, json!({ "csv": list(3..=10) })).await;
    assert_eq!((&eight["goneCount"], &eight["needsAcceptance"]), (&json!(2), &json!(false)));
    let seven = import(&sam, json!({ "csv": list(4..=10) })).await;
    assert_eq!((&seven["goneCount"], &seven["needsAcceptance"]), (&json!(3), &json!(true)));
    let refusal = sam.refused("importSites", json!({ "csv": list(4..=10), "plan": seven["plan"] })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().contains("3 of 10 sites would be marked as gone"), "{}", refusal.message());
    assert_eq!(found(&sam, Value::Null, json!({ "isGone": true })).await, [""; 0]);
    // As a part of the catalogue, it loses nobody.
    let part = import(&sam, json!({ "csv": list(4..=10), "keepOthers": true })).await;
    assert_eq!((&part["goneCount"], &part["unchangedCount"], &part["plan"]), (&json!(0), &json!(7), &Value::Null));
    import(&sam, json!({ "csv": list(4..=10), "plan": seven["plan"], "acceptLoss": true })).await;
    assert_eq!(found(&sam, Value::Null, json!({ "isGone": true })).await, ["site 1", "site 2", "site 3"]);
    assert_eq!(found(&sam, json!("by hand"), Value::Null).await, ["by hand"]);
}

async fn who_is_gone_comes_back_with_its_list(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let both = "name,url\nShop,https://shop.example.org\nBlog,https://blog.example.org\n";
    let done = take(&sam, both).await;
    let shop = text(&done["rows"][0]["site"], "id").to_owned();
    sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "siteIds": [shop] })).await;
    let lost = take(&sam, "name\nBlog\n").await;
    assert_eq!(rows(&lost), [("GONE", "Shop")]);
    assert_eq!(sam.incident("INC-1", "sites { name }").await["sites"], json!([{ "name": "Shop" }]));
    sam.report("https://shop.example.org/ is down").await;
    assert_eq!(sam.incident("INC-2", "sites { name }").await["sites"], json!([]));
    let back = take(&sam, both).await;
    assert_eq!((rows(&back), &back["rows"][0]["site"]["id"]), (vec![("CHANGED", "Shop")], &json!(shop)));
    assert_eq!(back["rows"][0]["changes"], json!([{ "field": "GONE", "from": "yes", "to": "no" }]));
    sam.report("https://shop.example.org/ is down again").await;
    assert_eq!(sam.incident("INC-3", "sites { name }").await["sites"], json!([{ "name": "Shop" }]));
}

async fn two_who_confirm_the_same_plan_do_it_once(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    take(&sam, "name\nBlog\n").await;
    let csv = "name,client\nBlog,New Ltd\nShop,New Ltd\n";
    let plan = import(&sam, json!({ "csv": csv })).await["plan"].take();
    let second = match app.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(app.second_process().await),
    };
    let there = match &second {
        Some(second) => kim.at(second),
        None => kim.clone(),
    };
    let input = json!({ "csv": csv, "plan": plan });
    let (one, two) =
        tokio::join!(sam.try_mutate("importSites", input.clone(), IMPORT), there.try_mutate("importSites", input.clone(), IMPORT));
    let mut codes = [one.code().to_owned(), two.code().to_owned()];
    codes.sort();
    assert_eq!(codes, ["", "FAILED_PRECONDITION"]);
    assert_eq!(found(&sam, Value::Null, Value::Null).await, ["Blog", "Shop"]);
    let clients = sam.query("{ clients { nodes { name } } }", json!({})).await;
    assert_eq!(clients["clients"]["nodes"], json!([{ "name": "New Ltd" }]));
    if let Some(second) = second {
        second.stop().await;
    }
}

async fn the_command_line_shows_and_takes_in_and_writes_a_list(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let home = Home::new(app.data_dir(), app.database_url());
    let path = |name: &str| app.data_dir().join(name).to_str().unwrap().to_owned();
    let (file, copy) = (path("sites.csv"), path("copy.csv"));
    let run = |arguments: &[&str]| {
        let output = home.command(&[&["sites"], arguments].concat()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    std::fs::write(&file, "name,url\nShop,example.org\n").unwrap();
    let (code, said) = run(&["import", &file]);
    assert!(code == 1 && said.contains("line 2, column url: url must be a web address"), "{said}");
    std::fs::write(&file, CSV).unwrap();
    let (code, said) = run(&["import", &file]);
    assert!(code == 0 && said.contains("new: Shop") && said.contains("  busy hours: nothing -> \"Mon-Fri 08:00-20:00\""), "{said}");
    assert!(
        said.contains("new client: New Ltd") && said.contains("2 new, 0 changed, 0 gone") && said.contains("Nothing was changed"),
        "{said}"
    );
    assert!(found(&sam, Value::Null, Value::Null).await.is_empty());
    let plan = said.split("--plan ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let (code, said) = run(&["import", &file, "--apply", "--plan", "another"]);
    assert!(code == 1 && said.contains("has changed since you looked"), "{said}");
    let (code, said) = run(&["import", &file, "--apply", "--plan", &plan]);
    assert!(code == 0 && said.contains("This was done."), "{said}");
    assert_eq!(found(&sam, Value::Null, Value::Null).await, ["Blog", "Shop"]);
    assert_eq!(run(&["export", &copy]).0, 0);
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), exported(&sam).await);
    let (code, said) = run(&["import", &copy, "--apply"]);
    assert!(code == 0 && said.contains("There is nothing to do."), "{said}");
    std::fs::write(&file, "name\nShop\n").unwrap();
    let (code, said) = run(&["import", &file, "--apply"]);
    assert!(code == 1 && said.contains("gone: Blog") && said.contains("more than a fifth"), "{said}");
    let (code, _) = run(&["import", &file, "--apply", "--accept-loss"]);
    assert_eq!((code, found(&sam, Value::Null, Value::Null).await), (0, vec!["Shop".to_owned()]));
}
