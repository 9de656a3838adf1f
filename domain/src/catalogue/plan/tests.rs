use entity::SiteField::{Client, Gone, Hosting, Name, Url};
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const WHOLE: Lister = Lister { origin: Origin::Csv, is_whole: true };

fn id(number: usize) -> SiteId {
    SiteId(Uuid::from_u128(number as u128))
}

fn values(said: &[(SiteField, &str)]) -> Values {
    said.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
}

fn line(line: usize, said: &[(SiteField, &str)]) -> Listed {
    Listed { line, id: None, key: None, values: values(said) }
}

/// Sites that lists brought, by number and name.
fn of_lists(names: &[&str]) -> Vec<Entry> {
    let site = |(number, name): (usize, &&str)| {
        let mut new = Entry { site: blank(id(number + 1), NOW), client: None };
        new.site.listed_by = Some(Origin::Csv);
        merge(&new, &values(&[(Name, *name)]), Origin::Csv, NOW).entry
    };
    names.iter().enumerate().map(site).collect()
}

fn planned(known: &[Entry], listed: Vec<Listed>) -> Plan {
    plan(known, &["Example Ltd".to_owned()], listed, WHOLE, NOW, || id(99)).unwrap()
}

fn effects(plan: &Plan) -> Vec<(Effect, &str)> {
    plan.rows.iter().map(|row| (row.effect, row.entry.site.name.as_str())).collect()
}

#[test]
fn a_list_adds_changes_leaves_alone_and_marks_as_gone() {
    let known = of_lists(&["a", "b", "c"]);
    let listed = vec![line(2, &[(Name, "A"), (Hosting, "AWS")]), line(3, &[(Name, "b")]), line(4, &[(Name, "d"), (Client, "example ltd")])];
    let plan = planned(&known, listed);
    assert_eq!(effects(&plan), [(Effect::Gone, "c"), (Effect::Changed, "A"), (Effect::Added, "d")]);
    assert_eq!((plan.unchanged, plan.of_source, plan.rows[2].line), (1, 3, Some(4)));
    assert_eq!(plan.rows[2].entry.client.as_deref(), Some("Example Ltd"));
    assert_eq!(plan.rows[0].entry.site.gone_at, Some(NOW));
    let Entry { site, .. } = &plan.rows[2].entry;
    assert_eq!((site.id, site.listed_by), (id(99), Some(Origin::Csv)));
}

#[test]
fn who_comes_back_is_there_again_unless_people_sent_it_away() {
    let mut known = of_lists(&["a", "b"]);
    known[0] = merge(&known[0], &values(&[(Gone, "yes")]), Origin::Csv, NOW).entry;
    known[1] = merge(&known[1], &values(&[(Gone, "yes")]), Origin::Hand, NOW).entry;
    let plan = planned(&known, vec![line(2, &[(Name, "a")]), line(3, &[(Name, "b")])]);
    assert_eq!(effects(&plan), [(Effect::Changed, "a"), (Effect::Kept, "b")]);
    assert_eq!((plan.rows[0].entry.site.gone_at, plan.rows[1].entry.site.gone_at), (None, Some(NOW)));
    // And who is gone already is not lost again.
    assert!(effects(&planned(&known, Vec::new())).is_empty());
}

#[test]
fn what_was_brought_back_by_hand_stays_though_its_source_no_longer_lists_it() {
    let mut known = of_lists(&["a"]);
    known[0] = merge(&known[0], &values(&[(Gone, "yes")]), Origin::Csv, NOW).entry;
    known[0] = merge(&known[0], &values(&[(Gone, "no")]), Origin::Hand, NOW).entry;
    let plan = planned(&known, Vec::new());
    assert_eq!(effects(&plan), [(Effect::Kept, "a")]);
    assert!(!plan.loses_much());
}

#[test]
fn only_its_own_sites_can_be_lost_and_only_by_a_whole_list() {
    let mut known = of_lists(&["csv", "hand", "airtable"]);
    known[1].site.listed_by = None;
    known[2].site.listed_by = Some(Origin::Airtable);
    assert_eq!(effects(&planned(&known, Vec::new())), [(Effect::Gone, "csv")]);
    let part = plan(&known, &[], Vec::new(), Lister { is_whole: false, ..WHOLE }, NOW, || id(99)).unwrap();
    assert!(effects(&part).is_empty());
}

#[test]
fn more_than_a_fifth_is_much() {
    for (sites, lost, is_much) in [(5, 1, false), (5, 2, true), (10, 2, false), (10, 3, true), (1, 1, true), (4, 1, true), (0, 0, false)] {
        let names: Vec<String> = (0..sites).map(|number| format!("site {number}")).collect();
        let known = of_lists(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let listed = names.iter().skip(lost).enumerate().map(|(at, name)| line(at + 2, &[(Name, name.as_str())])).collect();
        assert_eq!(planned(&known, listed).loses_much(), is_much, "{lost} of {sites}");
    }
}

#[test]
fn a_site_is_recognised_by_id_then_key_then_name_then_address() {
    let mut known = of_lists(&["shop", "blog", "twin", "twin"]);
    known[0] = merge(&known[0], &values(&[(Url, "https://shop.example.org/")]), Origin::Csv, NOW).entry;
    known[1].site.source_key = Some("rec1".into());
    let by_id = Listed { id: Some(id(1)), ..line(2, &[(Name, "The shop")]) };
    // The name is free again, so this is another one.
    let plan_of = |listed| plan(&known, &[], listed, Lister { is_whole: false, ..WHOLE }, NOW, || id(99));
    let plan = plan_of(vec![by_id.clone(), line(3, &[(Name, "shop")])]).unwrap();
    assert_eq!(effects(&plan), [(Effect::Changed, "The shop"), (Effect::Added, "shop")]);
    let by_key = Listed { key: Some("rec1".into()), ..line(2, &[(Name, "News")]) };
    assert_eq!(effects(&plan_of(vec![by_key]).unwrap()), [(Effect::Changed, "News")]);
    let by_address = line(2, &[(Name, "Museum shop"), (Url, "https://shop.example.org/")]);
    assert_eq!(effects(&plan_of(vec![by_address]).unwrap()), [(Effect::Changed, "Museum shop")]);
    for (listed, problem) in [
        (vec![line(2, &[(Name, "Twin")])], (2, "more than one site")),
        (vec![line(2, &[(Name, "New")]), line(3, &[(Name, "new")])], (2, "Line 3 has the same name")),
        (vec![by_id.clone(), Listed { line: 3, ..by_id.clone() }], (3, "Line 2 is about the same site")),
        (vec![Listed { id: Some(id(50)), ..line(2, &[(Name, "x")]) }], (2, "There is no site")),
    ] {
        let problems = plan_of(listed).unwrap_err();
        assert!(problems[0].line == problem.0 && problems[0].reason.contains(problem.1), "{problems:?}");
    }
    // Ids tell twins apart.
    let twins = [3, 4].map(|number| Listed { id: Some(id(number)), ..line(number, &[(Name, "twin")]) });
    assert_eq!(plan_of(twins.to_vec()).unwrap().unchanged, 2);
}

#[test]
fn clients_are_found_whatever_their_case_and_new_ones_are_named_once() {
    let clients = ["Example Ltd", "Twin", "twin"].map(str::to_owned);
    let listed = |names: &[&str]| {
        let line = |(at, name): (usize, &&str)| line(at + 2, &[(Name, ["a", "b", "c"][at]), (Client, *name)]);
        names.iter().enumerate().map(line).collect::<Vec<_>>()
    };
    let plan_of = |names| plan(&[], &clients, listed(names), WHOLE, NOW, || id(99));
    let plan = plan_of(&["EXAMPLE LTD", "New Ltd", "new ltd"]).unwrap();
    assert_eq!(plan.new_clients(&clients.iter().cloned().collect()), BTreeSet::from(["New Ltd".to_owned()]));
    let problems = plan_of(&["TWIN"]).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column.as_deref()), (2, Some("client")));
}

#[test]
fn a_site_keeps_its_client_though_another_one_has_the_same_name() {
    let clients = ["twin", "twin", "Twin"].map(str::to_owned);
    let mut known = of_lists(&["a"]);
    known[0] = merge(&known[0], &values(&[(Client, "twin")]), Origin::Csv, NOW).entry;
    let plan_of =
        |name: &str, client: &str| plan(&known, &clients, vec![line(2, &[(Name, name), (Client, client)])], WHOLE, NOW, || id(99));
    assert_eq!(plan_of("a", "twin").unwrap().unchanged, 1, "as the export has it");
    assert_eq!(effects(&plan_of("a", "Twin").unwrap()), [(Effect::Changed, "a")], "only one is written so");
    for (name, client) in [("a", "TWIN"), ("b", "twin")] {
        assert_eq!(plan_of(name, client).unwrap_err()[0].column.as_deref(), Some("client"), "{name} of {client}");
    }
}

#[test]
fn a_fingerprint_is_that_of_the_changes() {
    let known = of_lists(&["a", "b"]);
    let listed = || vec![line(2, &[(Name, "a"), (Hosting, "AWS")]), line(3, &[(Name, "b")]), line(4, &[(Name, "c")])];
    let first = planned(&known, listed()).fingerprint();
    assert_eq!(first.len(), 32);
    let again = plan(&known, &[], listed(), WHOLE, NOW + chrono::Duration::hours(1), || id(98)).unwrap();
    assert_eq!(again.fingerprint(), first, "neither the time nor the new id matter");
    let mut changed = known.clone();
    changed[0] = merge(&changed[0], &values(&[(Hosting, "Fly")]), Origin::Csv, NOW).entry;
    assert_ne!(planned(&changed, listed()).fingerprint(), first);
    let mut kept = known.clone();
    kept[0] = merge(&kept[0], &values(&[(Hosting, "Fly")]), Origin::Hand, NOW).entry;
    assert_ne!(planned(&kept, listed()).fingerprint(), first);
}

#[test]
fn a_column_that_is_cleared_is_much_and_who_comes_back_loses_nothing() {
    let names = ["a", "b", "c", "d", "e"];
    let mut known = of_lists(&names);
    for entry in &mut known {
        *entry = merge(entry, &values(&[(Url, "https://a.example/"), (Hosting, "AWS"), (Gone, "yes")]), Origin::Csv, NOW).entry;
        *entry = merge(entry, &values(&[(Gone, "no")]), Origin::Csv, NOW).entry;
    }
    let lists = |cleared: usize| {
        let one = |(at, name): (usize, &&str)| line(at + 2, &[(Name, *name), (Hosting, if at < cleared { "" } else { "AWS" })]);
        names.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    for (cleared, is_much) in [(0, false), (1, false), (2, true), (5, true)] {
        let plan = planned(&known, lists(cleared));
        assert_eq!(plan.emptied(), (cleared > 0).then_some((Hosting, cleared)));
        assert_eq!(plan.empties_much(), is_much, "{cleared}");
    }
    for entry in &mut known {
        *entry = merge(entry, &values(&[(Gone, "yes")]), Origin::Csv, NOW).entry;
    }
    let back = planned(&known, lists(0));
    assert_eq!((back.rows.len(), back.emptied()), (5, None));
}

#[test]
fn a_new_site_of_a_source_with_keys_needs_a_name_and_a_known_one_keeps_its_own() {
    let mut known = of_lists(&["a"]);
    known[0].site.listed_by = Some(Origin::Airtable);
    known[0].site.source_key = Some("rec1".into());
    let airtable = Lister { origin: Origin::Airtable, is_whole: true };
    let nameless = |line, key: &str| Listed { key: Some(key.to_owned()), ..self::line(line, &[(Hosting, "AWS")]) };
    let plan_of = |listed| plan(&known, &[], listed, airtable, NOW, || id(99));
    let problems = plan_of(vec![nameless(1, "rec1"), nameless(2, "rec2")]).unwrap_err();
    assert_eq!((problems.len(), problems[0].line, problems[0].column.as_deref()), (1, 2, Some("name")));
    assert_eq!(effects(&plan_of(vec![nameless(1, "rec1")]).unwrap()), [(Effect::Changed, "a")]);
}

/// The seam for a source with keys of its own.
#[test]
fn a_source_with_keys_adopts_what_people_added() {
    let mut known = of_lists(&["a"]);
    known[0].site.listed_by = None;
    let airtable = Lister { origin: Origin::Airtable, is_whole: true };
    let listed = vec![Listed { key: Some("rec1".into()), ..line(1, &[(Name, "a")]) }];
    let plan = plan(&known, &[], listed, airtable, NOW, || id(99)).unwrap();
    assert_eq!((plan.rows.len(), plan.unchanged, plan.adopted.len()), (0, 1, 1));
    let site = &plan.adopted[0].site;
    assert_eq!((site.listed_by, site.source_key.as_deref()), (Some(Origin::Airtable), Some("rec1")));
    // One that was deleted there and made again is the same, by its new key.
    let listed = |key: &str| vec![Listed { key: Some(key.to_owned()), ..line(1, &[(Name, "a")]) }];
    let again = super::plan(&plan.adopted, &[], listed("rec2"), airtable, NOW, || id(99)).unwrap();
    assert_eq!((again.rows.len(), again.adopted[0].site.source_key.as_deref()), (0, Some("rec2")));
    assert!(super::plan(&again.adopted, &[], listed("rec2"), airtable, NOW, || id(99)).unwrap().adopted.is_empty());
}
