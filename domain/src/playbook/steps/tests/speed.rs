//! How long the list takes: `cargo test --release -p domain --lib speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::*;

/// An incident with five hundred facts, at a time so long after its declaration.
fn busy(live: Duration) -> (Case, Timestamp) {
    let start = on("18 11:00");
    let part = |index: i32| start + live / 100 * index;
    let mut case = Case::declared(Severity::Critical, Flags::from_iter([Flag::DataBreach]), start);
    for (index, role) in
        [Role::IncidentLead, Role::ClientCommsManager, Role::Responder, Role::ReportAuthor].into_iter().cycle().take(100).enumerate()
    {
        let index = i32::try_from(index).unwrap();
        let until = (index < 96).then(|| part(index + 1));
        case.holders.push(Holder { role, person: person(1), from: part(index), until });
        let step = ["leadership:cto", "leadership-fallback:dpo"].get(index.unsigned_abs() as usize % 4).map(|step| (*step).to_owned());
        case.pages.push(Page { step, person: person(2), at: part(index), answered_at: None });
    }
    case.ticked = (0..50).map(|index| (format!("goal-{}", index % 5), format!("item-{index}"))).collect();
    case.first_client_at = Some(start);
    case.clients_since = Some(start);
    for (index, series) in ["summary:0.", "client-update:0.", "stop-or-continue:"].into_iter().cycle().take(250).enumerate() {
        let mark = Mark { due_reminded_at: Some(start), overdue_reminded_at: Some(start), ..Mark::default() };
        case.marks.insert(format!("{series}{}", index + 1), mark);
    }
    (case, start + live)
}

#[test]
#[ignore = "a measurement, which says nothing of a debug build"]
fn five_hundred_facts() {
    let default = Playbook::default();
    let first = on("20 00:00").date_naive();
    let holidays = (0..160).map(|index| first + chrono::Days::new(index * 9)).collect();
    let with_holidays = Playbook { working_hours: Calendar { holidays, ..default.working_hours.clone() }, ..default.clone() };
    for (name, playbook) in [("no holidays", &default), ("holidays", &with_holidays)] {
        for days in [0, 1, 7, 30, 365, 3 * 365] {
            let (case, now) = busy(Duration::days(days) + Duration::hours(3));
            let mut times: Vec<std::time::Duration> = Vec::new();
            for _ in 0..2_000 {
                let begun = Instant::now();
                black_box(steps(black_box(&case), playbook, now));
                times.push(begun.elapsed());
            }
            times.sort();
            eprintln!("{name}, live for {days} days: {:?} at best, {:?} median, {:?} at p99", times[0], times[1_000], times[1_980]);
        }
    }
}
