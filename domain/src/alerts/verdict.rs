//! What becomes of the alerts of a call: what the playbook's rules say of them, and whether their sites are quiet.
//!
//! [`Judge`] is asked by [`super::receive`] for what arrives, [`foresee`] by whoever wants to know what other rules would do. Both read
//! what is known of sites and windows once for all alerts of a call; the rules themselves are pure (`playbook::alert_rules`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::{IncidentId, Severity, SiteId, Timestamp, Visibility, incident, incident_site, site};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::about;
use super::alarm::{Alarm, Alarms};
use super::quiet::{self, QuietWindow};
use crate::authz::Right;
use crate::catalogue::matching::Address;
use crate::catalogue::{fields, sites_by_ids};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::state;
use crate::playbook::{AlertRule, AlertRules, Pattern, Place, Playbook, Sighting, SiteNamed, Then, Verdict, folded};
use crate::sql::padded;

/// Incidents that an alert may join because of its site, of which the newest counts.
const HOMES: u64 = 100;

/// Knows what becomes of the alerts of one call.
pub struct Judge {
    playbook: Arc<Playbook>,
    windows: Vec<QuietWindow>,
    /// By fingerprint.
    alerts: HashMap<String, Judged>,
    /// What runs for each site.
    homes: HashMap<SiteId, IncidentId>,
}

/// What was found out about an alert.
struct Judged {
    /// The place of the rule that takes it.
    rule: Option<usize>,
    /// The place of the window that it is in.
    window: Option<usize>,
    sites: Vec<SiteId>,
    /// The level that its source named last.
    level: Option<Severity>,
}

/// What becomes of an alert, and why.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// What the rules say.
    pub verdict: Verdict<'a>,
    /// The window that it is in: then it is recorded, and heard again when that is over.
    pub quiet: Option<&'a QuietWindow>,
    /// The incident that runs for one of its sites, if it may only join.
    pub home: Option<IncidentId>,
    /// The level that its source named.
    pub told: Option<Severity>,
}

impl Judgement<'_> {
    /// How bad it is; `None` if it warrants no report.
    pub fn level(&self) -> Option<Severity> {
        self.verdict.severity.filter(|_| self.quiet.is_none())
    }

    /// Whether people hear of it.
    pub fn is_heard(&self) -> bool {
        self.verdict.then.is_heard() && self.quiet.is_none()
    }

    /// What people should know of the rule that took it, if that changed something.
    pub fn words(&self) -> Option<String> {
        let rule = self.verdict.rule?;
        let counts = self.verdict.severity.filter(|severity| self.told != Some(*severity));
        let counts = counts.map(|severity| format!("it counts as {severity}"));
        let joins = (rule.then == Then::Join).then(|| "it opens no incident".to_owned());
        let pages = rule.page.map(|pages| if pages { "it pages at any hour" } else { "it pages nobody" }.to_owned());
        let all: Vec<String> = [counts, joins, pages].into_iter().flatten().collect();
        if all.is_empty() { None } else { Some(format!("By the rule “{}”: {}.", rule.name, all.join(", "))) }
    }
}

impl Judge {
    /// Finds out what matters for the alerts of a call: one statement without rules and windows.
    pub async fn load(ctx: &Ctx, source: &str, alarms: &[Alarm]) -> Result<Self> {
        let playbook = ctx.playbook();
        let rules = &playbook.alert_rules;
        let facts = Facts::load(ctx, source, alarms, ctx.now(), rules.asks_for_sites()).await?;
        let mut alerts = HashMap::new();
        if !rules.is_empty() || !facts.windows.is_empty() {
            for (alarm, sites) in alarms.iter().zip(&facts.sites) {
                let judged = Judged {
                    rule: rules.place_of(&Sighting { source, alarm, sites }),
                    window: facts.window_of(sites),
                    sites: sites.iter().map(|site| site.id).collect(),
                    level: alarm.severity,
                };
                // Of several notices of an alert the last one counts.
                alerts.insert(alarm.fingerprint.clone(), judged);
            }
        }
        let joins = |judged: &&Judged| rules.verdict_by(judged.rule, None).then == Then::Join;
        let sites: BTreeSet<SiteId> = alerts.values().filter(joins).flat_map(|judged| judged.sites.iter().copied()).collect();
        let homes = homes(ctx, &sites.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self { playbook, windows: facts.windows, alerts, homes })
    }

    /// What becomes of an alert of the call.
    pub fn of(&self, alarm: &Alarm) -> Judgement<'_> {
        let judged = self.alerts.get(&alarm.fingerprint);
        let quiet = judged.and_then(|judged| self.windows.get(judged.window?));
        let told = judged.map_or(alarm.severity, |judged| judged.level);
        // What is quiet has no level by now.
        let level = if quiet.is_some() { told } else { alarm.severity };
        let verdict = self.playbook.alert_rules.verdict_by(judged.and_then(|judged| judged.rule), level);
        let may_join = judged.filter(|_| verdict.then == Then::Join);
        let home = may_join.and_then(|judged| judged.sites.iter().find_map(|site| self.homes.get(site).copied()));
        Judgement { verdict, quiet, home, told }
    }

    /// Gives alarms of the call the level that they count as.
    pub(super) fn apply(&self, alarms: &mut [Alarm]) {
        if self.alerts.is_empty() {
            return;
        }
        for alarm in alarms {
            alarm.severity = self.of(alarm).level();
        }
    }
}

/// What rules and windows ask for.
struct Facts {
    /// The sites of each alarm, in their order.
    sites: Vec<Vec<SiteNamed>>,
    windows: Vec<QuietWindow>,
}

impl Facts {
    async fn load(ctx: &Ctx, source: &str, alarms: &[Alarm], at: Timestamp, asks_for_sites: bool) -> Result<Self> {
        let windows = quiet::on_at(ctx, source, at).await?;
        let sites = if asks_for_sites || windows.iter().any(|window| !window.sites.is_empty()) {
            named(ctx, about::sites_of(ctx, alarms).await?).await?
        } else {
            vec![Vec::new(); alarms.len()]
        };
        Ok(Self { sites, windows })
    }

    /// The place of the window in which an alert about these sites is: one of its source, or that which ends first, if each of its sites is
    /// in one. If only some are, people must hear of the others.
    fn window_of(&self, sites: &[SiteNamed]) -> Option<usize> {
        let latest = |is_meant: &dyn Fn(&QuietWindow) -> bool| {
            let meant = self.windows.iter().enumerate().filter(|(_, window)| is_meant(window));
            meant.max_by_key(|(_, window)| window.row.ends_at).map(|(place, _)| place)
        };
        let of_source = latest(&|window| window.row.source.is_some());
        let of_sites: Option<Vec<usize>> = sites.iter().map(|site| latest(&|window| window.sites.contains(&site.id))).collect();
        let ends = |place: &usize| self.windows[*place].row.ends_at;
        let of_sites = of_sites.and_then(|places| places.into_iter().min_by_key(ends));
        [of_source, of_sites].into_iter().flatten().max_by_key(ends)
    }
}

/// The sites of each alarm, with what rules name them by.
async fn named(ctx: &Ctx, of_alarms: Vec<Vec<SiteId>>) -> Result<Vec<Vec<SiteNamed>>> {
    let ids: BTreeSet<SiteId> = of_alarms.iter().flatten().copied().collect();
    if ids.is_empty() {
        return Ok(vec![Vec::new(); of_alarms.len()]);
    }
    let rows = sites_by_ids(ctx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let known: HashMap<SiteId, SiteNamed> = rows.iter().map(|site| (site.id, by_names(site))).collect();
    let named = |ids: Vec<SiteId>| ids.iter().filter_map(|id| known.get(id).cloned()).collect::<Vec<_>>();
    Ok(of_alarms.into_iter().map(named).collect())
}

fn by_names(site: &site::Model) -> SiteNamed {
    let texts = site.url.as_deref().into_iter().chain(fields::hosts(site.hosts.as_deref()));
    let hosts: BTreeSet<String> = texts.filter_map(Address::read).map(|address| address.host).collect();
    SiteNamed { id: site.id, name: site.name.clone(), hosts: hosts.into_iter().collect() }
}

/// The newest incident that runs for each of `sites`. Not one that is restricted: what joins it would show that there is one.
async fn homes(ctx: &Ctx, sites: &[SiteId]) -> Result<HashMap<SiteId, IncidentId>> {
    if sites.is_empty() {
        return Ok(HashMap::new());
    }
    let of_sites = incident_site::Column::SiteId.is_in(padded(sites));
    let about = incident_site::Entity::find().select_only().column(incident_site::Column::IncidentId).filter(of_sites.clone()).into_query();
    let running: Vec<IncidentId> = incident::Entity::find()
        .select_only()
        .column(incident::Column::Id)
        .filter(incident::Column::Id.in_subquery(about))
        .filter(incident::Column::Visibility.eq(Visibility::Open))
        .filter(state::running())
        .order_by_desc(incident::Column::ReportedAt)
        .limit(HOMES)
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    let these = incident_site::Column::IncidentId.is_in(padded(&running));
    let rows = incident_site::Entity::find().filter(of_sites).filter(these).all(ctx.db.read()).await?;
    let mut homes = HashMap::new();
    for incident in running {
        for row in rows.iter().filter(|row| row.incident_id == incident) {
            homes.entry(row.site_id).or_insert(incident);
        }
    }
    Ok(homes)
}

/// What would become of an alarm under some rules, and what does under those in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Its title.
    pub title: String,
    /// Its identity at its source.
    pub fingerprint: String,
    /// Whether it fires.
    pub firing: bool,
    /// The sites that it is about.
    pub sites: Vec<SiteNamed>,
    /// Why it would be recorded only, if those rules let people hear of it: the reason of the quiet window that it is in.
    pub quiet: Option<String>,
    /// Under those rules.
    pub outcome: Outlook,
    /// Under the playbook in force.
    pub in_force: Outlook,
}

/// What rules make of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The name of the rule that takes it.
    pub rule: Option<String>,
    /// What becomes of it.
    pub then: Then,
    /// What it counts as; `None` if it warrants no report, as an end does.
    pub severity: Option<Severity>,
    /// Whether somebody is paged at once if it opens an incident.
    pub pages: bool,
}

impl Foreseen {
    /// Whether those rules make something else of it. An end that people hear of opens nothing, whatever the rule says.
    pub fn differs(&self) -> bool {
        let is_heard_end = |outlook: &Outlook| !self.firing && outlook.then.is_heard();
        let what = |outlook: &Outlook| (!is_heard_end(outlook)).then_some((outlook.then, outlook.severity, outlook.pages));
        what(&self.outcome) != what(&self.in_force)
    }
}

/// What `rules` would make of each alarm of a call that arrives at `at`, in their order. Changes nothing.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn foresee(ctx: &Ctx, rules: &AlertRules, call: &Alarms, at: Timestamp) -> Result<Vec<Foreseen>> {
    ctx.require(Right::Respond)?;
    let playbook = ctx.playbook();
    let asks_for_sites = rules.asks_for_sites() || playbook.alert_rules.asks_for_sites();
    let facts = Facts::load(ctx, &call.source, &call.alerts, at, asks_for_sites).await?;
    Ok(facts.foresee(&playbook, rules, call, at))
}

/// The same where no sites and windows are known, such as without a database.
pub fn foresee_blindly(playbook: &Playbook, rules: &AlertRules, call: &Alarms, at: Timestamp) -> Vec<Foreseen> {
    let facts = Facts { sites: vec![Vec::new(); call.alerts.len()], windows: Vec::new() };
    facts.foresee(playbook, rules, call, at)
}

impl Facts {
    fn foresee(&self, playbook: &Playbook, rules: &AlertRules, call: &Alarms, at: Timestamp) -> Vec<Foreseen> {
        let foreseen = |(alarm, sites): (&Alarm, &Vec<SiteNamed>)| {
            let window = self.window_of(sites).map(|place| &self.windows[place]);
            let sighting = Sighting { source: &call.source, alarm, sites };
            let outlook = |rules: &AlertRules| {
                let verdict = rules.verdict(&sighting);
                Outlook::of(playbook, &verdict, verdict.severity.filter(|_| alarm.firing), window.is_some(), at)
            };
            let outcome = outlook(rules);
            Foreseen {
                title: alarm.title.clone(),
                fingerprint: alarm.fingerprint.clone(),
                firing: alarm.firing,
                sites: sites.clone(),
                quiet: window.filter(|_| outcome.then.is_heard()).map(|window| window.row.why.clone()),
                outcome,
                in_force: outlook(&playbook.alert_rules),
            }
        };
        call.alerts.iter().zip(&self.sites).map(foreseen).collect()
    }
}

impl Outlook {
    fn of(playbook: &Playbook, verdict: &Verdict<'_>, severity: Option<Severity>, is_quiet: bool, at: Timestamp) -> Self {
        let opens = severity.filter(|_| verdict.then == Then::Report && !is_quiet);
        let pages = opens.is_some_and(|severity| verdict.page.unwrap_or_else(|| playbook.is_urgent_alert(severity, at)));
        Self { rule: verdict.rule.map(|rule| rule.name.clone()), then: verdict.then, severity, pages }
    }
}

/// Sites that rules name and the catalogue does not have, each with the name of the rule.
pub async fn unknown_sites(ctx: &Ctx, rules: &AlertRules) -> Result<Vec<(String, String)>> {
    ctx.require(Right::Read)?;
    let named = |rule: &AlertRule| {
        let patterns = rule.site.iter().filter_map(|place| match place {
            Place::Named(pattern) => Some(pattern.clone()),
            Place::Unknown => None,
        });
        let name = rule.name.clone();
        patterns.map(move |pattern| (name.clone(), pattern)).collect::<Vec<_>>()
    };
    let mut unknown: Vec<(String, Pattern)> = rules.rules.iter().flat_map(named).collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    for row in site::Entity::find().filter(site::Column::GoneAt.is_null()).all(ctx.db.read()).await? {
        let SiteNamed { name, hosts, .. } = by_names(&row);
        unknown.retain(|(_, pattern)| !hosts.iter().chain([&name]).any(|text| pattern.takes(&folded(text))));
    }
    Ok(unknown.into_iter().map(|(rule, pattern)| (rule, pattern.as_str().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone, Utc};
    use entity::{QuietWindowId, quiet_window};
    use uuid::Uuid;

    use super::*;
    use crate::alerts::episode::Identity;

    fn site(number: u128) -> SiteNamed {
        SiteNamed { id: SiteId(Uuid::from_u128(number)), name: number.to_string(), hosts: Vec::new() }
    }

    /// A window of these sites, or of a source, that ends in so many minutes.
    fn window(sites: &[u128], minutes: i64) -> QuietWindow {
        let start = Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap();
        let row = quiet_window::Model {
            id: QuietWindowId(Uuid::nil()),
            source: sites.is_empty().then(|| "uptime".to_owned()),
            why: "work".to_owned(),
            starts_at: start,
            ends_at: start + Duration::minutes(minutes),
            created_at: start,
            added_by_id: None,
            ended_by_id: None,
        };
        QuietWindow { row, sites: sites.iter().map(|number| site(*number).id).collect() }
    }

    #[test]
    fn an_alert_is_quiet_if_all_its_sites_are_until_the_first_of_them_is_not() {
        let (shop, blog) = (1, 2);
        for (windows, sites, expected) in [
            (vec![window(&[shop], 10)], vec![shop], Some(0)),
            (vec![window(&[shop], 10)], vec![shop, blog], None),
            (vec![window(&[shop], 10)], vec![], None),
            (vec![window(&[shop, blog], 10)], vec![shop, blog], Some(0)),
            (vec![window(&[shop], 10), window(&[blog], 20)], vec![shop, blog], Some(0)),
            (vec![window(&[shop], 10), window(&[shop], 20)], vec![shop], Some(1)),
            (vec![window(&[], 10)], vec![], Some(0)),
            (vec![window(&[], 10), window(&[shop], 20)], vec![shop], Some(1)),
            (vec![window(&[], 20), window(&[shop], 10)], vec![shop], Some(0)),
        ] {
            let sites: Vec<SiteNamed> = sites.into_iter().map(site).collect();
            let facts = Facts { sites: Vec::new(), windows };
            assert_eq!(facts.window_of(&sites), expected, "{:?} {sites:?}", facts.windows);
        }
    }

    /// A call with an alert that fires, or ends.
    fn call(firing: bool) -> Alarms {
        let alarm = Alarm {
            fingerprint: "f".to_owned(),
            title: "Down".to_owned(),
            description: None,
            firing,
            starts_at: None,
            ends_at: None,
            labels: serde_json::json!({}),
            links: Vec::new(),
            severity: Some(Severity::Major),
        };
        let (source, group_key) = ("uptime".to_owned(), "g".to_owned());
        Alarms { source, group_key, identity: Identity::OneAtATime, alerts: vec![alarm], truncated: 0 }
    }

    #[test]
    fn a_window_keeps_nothing_from_people_of_which_they_would_not_hear() {
        let facts = Facts { sites: vec![Vec::new()], windows: vec![window(&[], 10)] };
        for then in Then::ALL {
            let rules = AlertRules::read(&format!("[[alerts.rules]]\nname = 'x'\nthen = '{then}'")).unwrap();
            let foreseen = facts.foresee(&Playbook::default(), &rules, &call(true), facts.windows[0].row.starts_at);
            assert_eq!(foreseen[0].quiet.is_some(), then.is_heard(), "{then}");
        }
    }

    #[test]
    fn an_end_opens_nothing_and_pages_nobody_whatever_a_rule_says() {
        let at = Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap();
        let of = |then: &str, firing: bool| {
            let rules = AlertRules::read(&format!("[[alerts.rules]]\nname = 'x'\n{then}")).unwrap();
            let foreseen = foresee_blindly(&Playbook::default(), &rules, &call(firing), at).remove(0);
            (foreseen.outcome.severity, foreseen.outcome.pages, foreseen.differs())
        };
        let report = "then = 'report'\nseverity = 'critical'\npage = true";
        assert_eq!(of(report, true), (Some(Severity::Critical), true, true));
        assert_eq!(of(report, false), (None, false, false));
        assert_eq!(of("then = 'join'", false), (None, false, false));
        assert_eq!(of("then = 'ignore'", false), (None, false, true));
    }

    #[test]
    fn people_are_told_what_a_rule_changed_and_nothing_else() {
        let words = |rest: &str, told: Option<Severity>| {
            let rules = AlertRules::read(&format!("[[alerts.rules]]\nname = 'Night'\ntitle = '*'\n{rest}")).unwrap();
            Judgement { verdict: rules.verdict_by(Some(0), told), quiet: None, home: None, told }.words()
        };
        let major = Some(Severity::Major);
        assert_eq!(words("then = 'report'", major), None);
        assert_eq!(words("then = 'record'", major), None);
        let all = words("then = 'join'\nseverity = 'minor'\npage = false", major);
        assert_eq!(all.as_deref(), Some("By the rule “Night”: it counts as MINOR, it opens no incident, it pages nobody."));
        assert_eq!(words("then = 'report'\npage = true", major).as_deref(), Some("By the rule “Night”: it pages at any hour."));
    }
}
