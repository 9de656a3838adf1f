use super::*;

fn no_files(name: &str) -> Result<Vec<u8>, String> {
    Err(format!("there is no {name}"))
}

fn parsed(text: &str) -> Playbook {
    read("playbook.toml", text, &no_files).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn problems(text: &str) -> Vec<String> {
    match read("playbook.toml", text, &no_files) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_built_in_playbook_is_valid_and_has_the_values_of_the_guide() {
    let playbook = built_in();
    assert_eq!(playbook.source, "built in");
    let table = [
        (playbook.grace, 10),
        (playbook.triage_within, 15),
        (playbook.lead_within, 5),
        (playbook.comms_manager_within, 10),
        (playbook.leadership_acknowledge_within, 15),
        (playbook.page_acknowledge_within, 5),
        (playbook.escalate_others_after, 30),
        (playbook.summary_every, 30),
        (playbook.client_update_every, 60),
        (playbook.handover_after, 120),
        (playbook.stop_after, 120),
        (playbook.containment_within, 30),
        (playbook.review_after, 7 * 24 * 60),
        (playbook.channel_archive_after, 7 * 24 * 60),
    ];
    for (index, (duration, minutes)) in table.into_iter().enumerate() {
        assert_eq!(duration, Duration::minutes(minutes), "row {index}");
    }
    assert!(playbook.second_pair_of_eyes.is_empty());
    let hours = &playbook.working_hours;
    assert_eq!((hours.from, hours.to, hours.zone.name(), hours.holidays.len()), (600, 1_080, "Europe/London", 0));
    assert_eq!(hours.days, [true, true, true, true, true, false, false]);
    assert_eq!(playbook.leadership_contacts, CONTACTS);
    assert!(playbook.contacts.is_empty());
    assert_eq!(playbook.contact_title("dpo"), "Data Protection Officer");
    assert_eq!(playbook.few_follow_ups, 3);
    assert_eq!(playbook.boards.keys().collect::<Vec<_>>(), ["incident-actions", "internal-tech-tools", "tech-team-leadership"]);
    assert_eq!(playbook.goals.iter().map(|goal| &*goal.key).collect::<Vec<_>>(), ["understand", "contain", "restore", "monitor"]);
    assert_eq!(playbook.goal("contain").unwrap().breach_checklist.len(), 4);
    assert_eq!((playbook.criteria.len(), playbook.severities.len(), playbook.texts.len()), (5, 4, Rule::ALL.len()));
}

#[test]
fn a_file_needs_only_what_differs() {
    assert_eq!(parsed(""), Playbook { source: "playbook.toml".into(), ..built_in() });
    let playbook = parsed(
        r#"
        name = "Ours"
        grace = "90s"
        summary.every = "15m"
        [working_hours]
        days = ["sun", "Monday"]
        to = "24:00"
        holidays = ["2026-12-25", 2026-12-26]
        [leadership]
        contacts = ["cto", "ceo"]
        [contacts]
        cto = "CTO@example.org"
        ceo = "ceo@example.org"
        dpo = "dpo@example.org"
        [contact_titles]
        ceo = "CEO"
        [boards.incident-actions]
        trello_board = "0123456789abcdef01234567"
        [boards.office]
        title = "Office"
        [severities.minor]
        response = "Tomorrow."
        [steps.handover]
        title = "Sleep, {role}"
        [[goals]]
        key = "calm"
        title = "All is calm"
        "#,
    );
    assert_eq!((&*playbook.name, playbook.grace, playbook.summary_every), ("Ours", Duration::seconds(90), Duration::minutes(15)));
    let hours = &playbook.working_hours;
    assert_eq!((hours.from, hours.to, hours.days), (600, 1_440, [true, false, false, false, false, false, true]));
    assert_eq!(hours.holidays.len(), 2);
    assert_eq!(playbook.contacts["cto"], "cto@example.org");
    assert_eq!((playbook.contact_title("ceo"), playbook.contact_title("cto")), ("CEO", "CTO"));
    assert_eq!(playbook.boards["incident-actions"].title, "Incident actions");
    assert_eq!(playbook.boards["incident-actions"].trello_board.as_deref(), Some("0123456789abcdef01234567"));
    assert_eq!(playbook.boards["office"], Board { title: "Office".into(), ..Board::default() });
    assert_eq!(playbook.severities[2].response, "Tomorrow.");
    assert_eq!(playbook.severities[2].meaning, built_in().severities[2].meaning);
    assert_eq!(playbook.texts[&Rule::Handover].title, "Sleep, {role}");
    assert_eq!(playbook.texts[&Rule::Handover].why, built_in().texts[&Rule::Handover].why);
    assert_eq!(playbook.goals.len(), 1);
}

#[test]
fn every_mistake_is_reported_with_its_line_and_key() {
    let table = [
        ("\n\nsumary = 1", "line 3: sumary: unknown key; the playbook has"),
        ("[summary]\nevry = \"30m\"", "line 2: summary.evry: unknown key; [summary] has every"),
        ("[steps.lunch]\ntitle = \"Eat\"", "line 1: steps.lunch: unknown key; [steps] has triage"),
        ("[severities.huge]", "line 1: severities.huge: unknown key"),
        ("summary = \"30m\"", "line 1: summary: must be a table"),
        ("[summary]\n\nevery = 30", "line 3: summary.every: must be a duration such as \"90s\""),
        ("[summary]\nevery = \"-30m\"", "line 2: summary.every: \"-30m\" is not a duration"),
        ("[summary]\nevery = \"30 m\"", "line 2: summary.every: \"30 m\" is not a duration"),
        ("[summary]\nevery = \"½h\"", "line 2: summary.every: \"½h\" is not a duration"),
        ("[summary]\nevery = \"\"", "line 2: summary.every: \"\" is not a duration"),
        ("[summary]\nevery = \"0s\"", "line 2: summary.every: \"0s\" is too short"),
        ("[summary]\nevery = \"366d\"", "line 2: summary.every: \"366d\" is too long: the longest duration is 365d"),
        ("[stop]\nafter = \"99999999999999999999d\"", "line 2: stop.after: \"99999999999999999999d\" is too long"),
        ("grace = \"5m\"\ngrace = \"6m\"", "line 2: grace: duplicate key"),
        ("[stop]\nafter = \"5m\"\nafter = \"6m\"", "line 3: stop.after: duplicate key"),
        ("[stop]\n[stop]", "line 2: stop: duplicate key"),
        ("[boards.x]\ntitle = \"X\"\n[boards.x]", "line 3: boards.x: duplicate key"),
        ("[stop", "line 1: "),
        ("name = \"\"", "line 1: name: it is empty"),
        ("name = \"\"\"a\nb\"\"\"", "line 1: name: it must be one line of plain text"),
        ("[contacts]\nceo = \"a@example.org\"", "line 2: contacts.ceo: unknown contact; known ones are cto, dpo, head_of_tech_ops"),
        ("[contact_titles]\nceo = \"CEO\"", "line 2: contact_titles.ceo: unknown contact"),
        ("[contacts]\ncto = \"nobody\"", "line 2: contacts.cto: it must be an e-mail address"),
        ("[leadership]\ncontacts = [\"cto\", \"cto\"]", "line 2: leadership.contacts[2]: cto is named twice"),
        ("[leadership]\ncontacts = [\n\"The boss\"]", "line 3: leadership.contacts[1]: \"The boss\" is not a valid key"),
        ("[working_hours]\ntime_zone = \"Europe/Lundon\"", "line 2: working_hours.time_zone: there is no time zone \"Europe/Lundon\""),
        ("[working_hours]\nfrom = \"19:00\"", "line 2: working_hours.from: work must begin before it ends"),
        ("[working_hours]\nfrom = \"09:00\"\nto = \"09:00\"", "line 3: working_hours.to: work must begin before it ends"),
        ("[working_hours]\nfrom = \"9:00\"", "line 2: working_hours.from: \"9:00\" is not a time of day"),
        ("[working_hours]\nto = \"24:01\"", "line 2: working_hours.to: \"24:01\" is not a time of day"),
        ("[working_hours]\ndays = []", "line 2: working_hours.days: is empty; it needs at least one of days"),
        ("[working_hours]\ndays = [\"moonday\"]", "line 2: working_hours.days[1]: \"moonday\" is not a day"),
        ("[working_hours]\ndays = [\"mon\",\n\"monday\"]", "line 3: working_hours.days[2]: monday is named twice"),
        ("[working_hours]\nholidays = [\n\"2026-02-30\"]", "line 3: working_hours.holidays[1]: \"2026-02-30\" is neither a date"),
        ("[working_hours]\nholidays = \"bank.ics\"", "line 2: working_hours.holidays: bank.ics can't be read: there is no bank.ics"),
        ("[working_hours]\nholidays = 7", "line 2: working_hours.holidays: must be a list of dates"),
        ("[boards.Office]\ntitle = \"x\"", "line 1: boards.Office: the key of a board"),
        ("[boards.office]", "line 1: boards.office.title: is missing"),
        ("[boards.incident-actions]\ntrello_list = \"abc\"", "line 2: boards.incident-actions.trello_list: must be the 24 hexadecimal"),
        ("goals = []", "line 1: goals: is empty"),
        ("[[goals]]\ntitle = \"x\"", "line 1: goals[1].key: is missing"),
        ("[[goals]]\nkey = \"a\"\ntitle = \"x\"\n[[goals]]\nkey = \"a\"\ntitle = \"y\"", "line 5: goals[2].key: \"a\" is already taken"),
        (
            "[[goals]]\nkey = \"a\"\ntitle = \"x\"\nchecklist = [\n{ key = \"b\", text = \"c\" },\n{ key = \"b\", text = \"d\" }]",
            "line 6: goals[1].checklist[2].key: \"b\" is already taken",
        ),
        ("[[triage.criteria]]\nkey = \"a\"\ntext = \"x\"\nnote = \"y\"", "line 4: triage.criteria[1].note: unknown key"),
        ("[[triage.criteria]]\nkey = \"A\"\ntext = \"x\"", "line 2: triage.criteria[1].key: \"A\" is not a valid key"),
        (
            "[steps.lead]\nwhy = \"Ask {contact}\"",
            "line 2: steps.lead.why: {contact} is not a known placeholder; there are no placeholders here",
        ),
        (
            "[client_update]\ntemplate = \"{link}\"",
            "line 2: client_update.template: {link} is not a known placeholder; known ones are {reference}",
        ),
        ("[client_update]\nclosing = \"{next}\"", "line 2: client_update.closing: {next} is not a known placeholder"),
        ("[client_update]\nsecond_pair_of_eyes = [\"bad\"]", "line 2: client_update.second_pair_of_eyes[1]: \"bad\" is not a severity"),
        (
            "[client_update]\nsecond_pair_of_eyes = [\"major\", \"major\"]",
            "line 2: client_update.second_pair_of_eyes[2]: major is named twice",
        ),
        ("[client_update]\nevery_day = \"1d\"", "line 2: client_update.every_day: unknown key"),
        ("[notice]\ntext = \"{title}\"", "line 2: notice.text: {title} is not a known placeholder; known ones are {reference}, {name}"),
    ];
    for (text, expected) in table {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].starts_with(&format!("playbook.toml {expected}")), "{text}: {found:#?}");
    }
}

#[test]
fn all_problems_are_reported_at_once_in_line_order() {
    let found = problems("nmae = \"x\"\n[summary]\nevery = \"0m\"\n[contacts]\nboss = \"x\"\n[client_update]\nevery = true\n");
    let lines: Vec<&str> = found.iter().map(|problem| problem.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["playbook.toml line 1", "playbook.toml line 3", "playbook.toml line 5", "playbook.toml line 7"], "{found:#?}");
}

#[test]
fn durations_are_whole_numbers_with_a_unit() {
    let table = [("1s", 1), ("90s", 90), ("30m", 1_800), ("2h", 7_200), ("7d", 604_800), ("365d", 31_536_000)];
    for (text, seconds) in table {
        assert_eq!(parse_duration(text), Ok(Duration::seconds(seconds)), "{text}");
    }
    for bad in ["", "s", "1", "1w", "1.5h", "+1h", "-1h", "1h30m", " 1h", "1 h", "0h", "8761h", "١h"] {
        assert!(parse_duration(bad).is_err(), "{bad}");
    }
}

#[test]
fn holidays_come_from_calendar_files_too() {
    let load = |name: &str| match name {
        "bank.ICS" => Ok("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".into()),
        name => Err(format!("no {name}")),
    };
    let playbook = read("p", "working_hours.holidays = [\"bank.ICS\", \"2027-01-01\"]", &load).unwrap();
    let days: Vec<String> = playbook.working_hours.holidays.iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2026-12-25", "2027-01-01"]);
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    assert_eq!(problems(&"#".repeat(limits::PLAYBOOK_BYTES + 1)), ["playbook.toml: is larger than 1048576 bytes"]);
}

#[test]
fn windows_line_endings_and_a_byte_order_mark_are_accepted() {
    assert_eq!(parsed("\u{feff}name = \"x\"\r\n[stop]\r\nafter = \"1h\"\r\n").stop_after, Duration::hours(1));
    assert!(problems("\u{feff}name = \"x\"\r\n[stop]\r\nafter = \"1\"\r\n")[0].starts_with("playbook.toml line 3: stop.after"));
}
