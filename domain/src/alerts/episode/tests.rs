use chrono::TimeZone;
use chrono::Utc;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::*;

const MAJOR: Option<Severity> = Some(Severity::Major);

/// Seconds into the night.
fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap() + Duration::seconds(seconds)
}

fn fire(start: i64) -> Notice {
    Notice { firing: true, start: Some(at(start)), end: None, level: MAJOR, identity: Identity::OneAtATime }
}

fn end(start: i64, end: i64) -> Notice {
    Notice { firing: false, end: Some(at(end)), ..fire(start) }
}

/// The same from a source that tells episodes apart by their start.
fn by_start(notice: Notice) -> Notice {
    Notice { identity: Identity::Start, ..notice }
}

/// The same from a source that names the moments of its news.
fn by_moment(notice: Notice) -> Notice {
    Notice { identity: Identity::Moment, ..notice }
}

/// The same from a source that names no times.
fn without_times(notice: Notice) -> Notice {
    Notice { start: None, end: None, ..notice }
}

/// What notices mean that arrive at these seconds, each in a call of its own, in short: `+` begins, `A` begins again, `N` begins instead of
/// one that ended unnoticed, `=` continues, `^` is raised, `-` ends (as often as episodes end), `u` ends unseen, `.` is over, ` ` is nothing.
/// At the end, how many episodes fire.
fn play(notices: &[(i64, Notice)]) -> (String, usize) {
    let mut alert = Alert::default();
    let mut story = String::new();
    for (second, notice) in notices {
        alert.episodes.iter_mut().for_each(|episode| episode.ended_in_this_call = false);
        story += &short(&alert.hear(notice, at(*second)));
    }
    (story, firing(&alert))
}

/// The same in one call.
fn play_at_once(notices: &[Notice]) -> (String, usize) {
    let mut alert = Alert::default();
    let story = notices.iter().map(|notice| short(&alert.hear(notice, at(1000)))).collect();
    (story, firing(&alert))
}

fn firing(alert: &Alert) -> usize {
    alert.episodes.iter().filter(|episode| episode.firing).count()
}

fn short(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Begins { instead_of: Some(_), .. } => "N".to_owned(),
        Meaning::Begins { again, .. } => if *again { "A" } else { "+" }.to_owned(),
        Meaning::Continues { raised, .. } => if *raised { "^" } else { "=" }.to_owned(),
        Meaning::Ends { episodes } => "-".repeat(episodes.len()),
        Meaning::EndsUnseen { .. } => "u".to_owned(),
        Meaning::IsOver { .. } => ".".to_owned(),
        Meaning::Nothing => " ".to_owned(),
    }
}

#[test]
fn notices_in_separate_calls() {
    const AHEAD: i64 = 90 * 60;
    #[rustfmt::skip]
    let table: &[(&str, &[(i64, Notice)], &str, usize)] = &[
        ("a repetition continues", &[(0, fire(0)), (60, fire(0)), (120, end(0, 110))], "+=-", 0),
        ("it fires again with a new start", &[(0, fire(0)), (100, end(0, 90)), (101, fire(95))], "+-A", 1),
        ("it fires again with the same start, as after a late heartbeat", &[(0, fire(0)), (100, end(0, 90)), (400, fire(0))], "+-A", 1),
        ("and ends again", &[(0, fire(0)), (100, end(0, 90)), (400, fire(0)), (700, end(0, 690))], "+-A-", 0),
        ("the end that is told late was long ago", &[(0, fire(0)), (400, end(0, 90)), (401, fire(0))], "+-A", 1),
        ("a notice that the end overtook", &[(0, fire(0)), (100, end(0, 99)), (101, fire(0))], "+-.", 0),
        ("just within the time a notice is under way", &[(0, fire(0)), (100, end(0, 100)), (109, fire(0))], "+-.", 0),
        ("just beyond it", &[(0, fire(0)), (100, end(0, 100)), (110, fire(0))], "+-A", 1),
        ("the end overtook the first notice", &[(100, end(0, 99)), (101, fire(0))], "u.", 0),
        ("the end is repeated", &[(0, fire(0)), (100, end(0, 90)), (160, end(0, 90))], "+-.", 0),
        ("the old end is repeated while it fires again", &[(0, fire(0)), (100, end(0, 90)), (400, fire(0)), (460, end(0, 90))], "+-A.", 1),
        ("an old end comes after a new start", &[(0, fire(0)), (300, fire(200)), (301, end(0, 90))], "+=.", 1),
        ("the start moves back and forth", &[(0, fire(10)), (60, fire(0)), (120, fire(10)), (180, end(0, 170))], "+==-", 0),
        ("a clock that is ahead", &[(0, fire(AHEAD)), (3600, fire(AHEAD)), (7200, fire(AHEAD)), (7300, end(AHEAD, AHEAD + 7290))], "+==-", 0),
        ("and it fires again", &[(0, fire(AHEAD)), (100, end(AHEAD, AHEAD + 90)), (400, fire(AHEAD))], "+-A", 1),
        ("one that is ahead ends what one that is right began", &[(0, fire(0)), (100, end(AHEAD, AHEAD + 90))], "+-", 0),
        ("one that is right ends what one that is ahead began", &[(0, fire(AHEAD)), (100, end(AHEAD, 90))], "+-", 0),
        ("a clock that is behind", &[(0, fire(-AHEAD)), (60, fire(-AHEAD)), (120, end(-AHEAD, 110 - AHEAD))], "+=-", 0),
        ("our clock is put back", &[(5000, fire(0)), (5100, end(0, 5090)), (100, fire(0))], "+-A", 1),
        ("without times, the same is on until it ends", &[(0, without_times(fire(0))), (60, without_times(fire(0))), (61, without_times(end(0, 0)))], "+=-", 0),
        ("and then begins again at once", &[(0, without_times(fire(0))), (60, without_times(end(0, 0))), (60, without_times(fire(0)))], "+-A", 1),
        ("an end without times of what is unknown", &[(0, without_times(end(0, 0)))], " ", 0),
        ("an end without times ends everything", &[(0, by_start(fire(0))), (1, by_start(fire(1))), (60, without_times(end(0, 0)))], "+A--", 0),
        ("by start, two fire at a time", &[(0, by_start(fire(0))), (60, by_start(fire(50))), (100, by_start(end(0, 90)))], "+A-", 1),
        ("by start, the late end of the first leaves the second alone", &[(60, by_start(fire(50))), (100, by_start(end(0, 20)))], "+.", 1),
        ("by start, an end with another start ends what fires", &[(0, by_start(fire(0))), (60, by_start(end(1, 59)))], "+-", 0),
        ("by start, it fires again with the same start", &[(0, by_start(fire(0))), (100, by_start(end(0, 90))), (400, by_start(fire(0)))], "+-A", 1),
        ("the level rises", &[(0, Notice { level: None, ..fire(0) }), (60, fire(0)), (120, Notice { level: Some(Severity::Critical), ..fire(0) })], "+^^", 1),
        ("and rises again after it fell", &[(0, fire(0)), (60, Notice { level: None, ..fire(0) }), (120, fire(0))], "+=^", 1),
        ("the same or a lower level is no news", &[(0, fire(0)), (60, fire(0)), (90, Notice { level: Some(Severity::Minor), ..fire(0) })], "+==", 1),
    ];
    for (what, notices, story, firing) in table {
        assert_eq!(play(notices), ((*story).to_owned(), *firing), "{what}");
    }
}

#[test]
fn a_source_that_names_moments_can_be_heard_again_at_any_time() {
    const LATER: i64 = 3 * 24 * 3600;
    // The end of what began at an unknown time.
    let over = |at: i64| by_moment(end(at, at));
    let fire = |at: i64| by_moment(fire(at));
    #[rustfmt::skip]
    let table: &[(&str, &[(i64, Notice)], &str, usize)] = &[
        ("a notice comes again long after the end", &[(0, fire(0)), (100, over(90)), (LATER, fire(0))], "+-.", 0),
        ("and so does the end", &[(0, fire(0)), (100, over(90)), (LATER, over(90)), (LATER, fire(0))], "+-..", 0),
        ("the end comes long before the beginning", &[(100, over(90)), (LATER, fire(0))], "u.", 0),
        ("it fires again", &[(0, fire(0)), (100, over(90)), (101, fire(91)), (200, over(199))], "+-A-", 0),
        ("an old end comes again", &[(0, fire(0)), (100, over(90)), (110, fire(105)), (120, over(90))], "+-A.", 1),
        ("it fires again before we hear of the end", &[(0, fire(0)), (110, fire(105)), (120, over(90))], "+=.", 1),
        ("an end that names its beginning", &[(0, fire(0)), (100, by_moment(end(0, 90))), (LATER, fire(0))], "+-.", 0),
        ("without times nobody knows", &[(0, without_times(fire(0))), (100, without_times(over(90))), (300, without_times(fire(0)))], "+-A", 1),
    ];
    for (name, notices, story, firing) in table {
        assert_eq!(play(notices), ((*story).to_owned(), *firing), "{name}");
    }
}

#[test]
fn notices_in_one_call_are_heard_in_their_order() {
    #[rustfmt::skip]
    let table: &[(&[Notice], &str, usize)] = &[
        (&[fire(0), fire(0)], "+=", 1),
        (&[fire(0), end(0, 90)], "+-", 0),
        (&[fire(0), end(0, 990), end(0, 990), fire(0)], "+-.A", 1),
        (&[end(0, 90), fire(0)], "uA", 1),
        (&[fire(0), end(0, 990), fire(0)], "+-A", 1),
        (&[fire(0), end(0, 990), fire(0), end(0, 995)], "+-A-", 0),
        (&[fire(0), fire(7), end(0, 90)], "+=-", 0),
        (&[by_start(fire(0)), by_start(fire(7)), by_start(end(7, 90))], "+A-", 1),
        (&[Notice { level: None, ..fire(0) }, fire(0)], "+^", 1),
    ];
    for (notices, story, firing) in table {
        assert_eq!(play_at_once(notices), ((*story).to_owned(), *firing), "{notices:?}");
    }
}

#[test]
fn what_began_after_its_incident_was_over_is_another_alert() {
    let over = Episode {
        start: Some(at(0)),
        end: None,
        firing: true,
        heard_at: at(0),
        level: MAJOR,
        over_at: Some(at(600)),
        ended_in_this_call: false,
    };
    for (start, story, firing_now) in [(0, "=", 1), (300, "=", 1), (601, "N", 1)] {
        let mut alert = Alert { episodes: vec![over] };
        assert_eq!(short(&alert.hear(&fire(start), at(700))), story, "{start}");
        assert_eq!(firing(&alert), firing_now);
    }
}

/// One thing that happens at the sender, and how long its notices are under way.
#[derive(Clone, Debug)]
struct Outage {
    /// Seconds of calm before it.
    calm: i64,
    /// How long it lasts, in seconds.
    lasts: i64,
    /// After how many percent of it each notice that it fires is sent, and how many milliseconds that is under way.
    told: Vec<(i64, i64)>,
    /// How many milliseconds the notice of its end is under way.
    end_under_way: i64,
}

fn outage() -> impl Strategy<Value = Outage> {
    let notice = (0..100_i64, 0..9_900_i64);
    (20..300_i64, 20..2_000_i64, prop::collection::vec(notice, 1..4), 0..9_900_i64).prop_map(|(calm, lasts, told, end_under_way)| Outage {
        calm,
        lasts,
        told,
        end_under_way,
    })
}

/// The notices of a history in the order in which they arrive, by a clock that is `ahead` seconds ahead. Where `keeps_start`, it names one
/// start for all outages; else each has its own.
fn arrivals(outages: &[Outage], is_on: bool, ahead: i64, keeps_start: bool, identity: Identity) -> Vec<(Timestamp, Notice)> {
    let (mut arrivals, mut clock) = (Vec::new(), 0);
    for (number, outage) in outages.iter().enumerate() {
        let (began, over) = (clock + outage.calm, clock + outage.calm + outage.lasts);
        let start = if keeps_start { 0 } else { began };
        let fires = Notice { identity, ..fire(start + ahead) };
        let after = |base: i64, under_way: i64| at(base) + Duration::milliseconds(under_way);
        for (share, under_way) in &outage.told {
            arrivals.push((after(began, share * outage.lasts * 10 + under_way), fires));
        }
        if number + 1 < outages.len() || !is_on {
            let ends = Notice { firing: false, end: Some(at(over + ahead)), ..fires };
            arrivals.push((after(over, outage.end_under_way), ends));
        } else {
            // It is repeated as long as it fires.
            arrivals.push((after(over, 30_000), fires));
        }
        clock = over;
    }
    arrivals.sort_by_key(|(arrives, _)| *arrives);
    arrivals
}

fn hear_all(arrivals: &[(Timestamp, Notice)]) -> Alert {
    let mut alert = Alert::default();
    for (now, notice) in arrivals {
        alert.episodes.iter_mut().for_each(|episode| episode.ended_in_this_call = false);
        alert.hear(notice, *now);
    }
    alert
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2_000, failure_persistence: Some(Box::new(FileFailurePersistence::Off)), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// However notices overtake each other, in the end what fires at the sender fires here.
    #[test]
    fn a_true_history_ends_with_the_same_firing_set(
        outages in prop::collection::vec(outage(), 1..6),
        is_on: bool,
        ahead in -40..20_000_i64,
        identity in prop::sample::select(vec![Identity::Start, Identity::OneAtATime, Identity::Moment]),
    ) {
        let alert = hear_all(&arrivals(&outages, is_on, ahead, false, identity));
        prop_assert_eq!(firing(&alert), usize::from(is_on));
    }

    /// With one start for all outages, and with clocks that are far behind, nothing that fires is ever taken for over.
    #[test]
    fn an_alert_that_fires_is_never_swallowed(
        outages in prop::collection::vec(outage(), 1..6),
        ahead in -20_000..20_000_i64,
        keeps_start: bool,
        by_start: bool,
    ) {
        let identity = if by_start { Identity::Start } else { Identity::OneAtATime };
        let alert = hear_all(&arrivals(&outages, true, ahead, keeps_start, identity));
        prop_assert!(firing(&alert) >= 1);
    }

    /// Every outage leaves an episode: none is heard of and forgotten.
    #[test]
    fn every_outage_is_remembered(outages in prop::collection::vec(outage(), 1..6), is_on: bool, ahead in -20_000..20_000_i64) {
        let alert = hear_all(&arrivals(&outages, is_on, ahead, false, Identity::Start));
        for notice in arrivals(&outages, is_on, ahead, false, Identity::Start) {
            prop_assert!(alert.episodes.iter().any(|episode| episode.start == notice.1.start));
        }
    }

    /// The order of a call decides, whatever its times.
    #[test]
    fn the_last_notice_of_a_call_decides(starts in prop::collection::vec((0..500_i64, any::<bool>()), 1..8)) {
        let starts: Vec<Notice> =
            starts.iter().enumerate().map(|(number, (_, fires))| if *fires { fire(0) } else { end(0, 900 + i64::try_from(number).unwrap()) }).collect();
        let (_, fires) = play_at_once(&starts);
        prop_assert_eq!(fires, usize::from(starts.last().unwrap().firing));
    }
}
