//! A look at the alerts that a source lists, to find what no notice told: an alert that ended under a silence or an inhibition, one that
//! was left out of a notification, one whose notice was lost.
//!
//! Called by the loop of `worker`, for each source by itself: what one lists says nothing about the alerts of another. [`compare`] decides and knows neither database nor network; what it finds goes through
//! [`super::receive`] like any other notice, so that it may come too late, twice, or together with the notice itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use entity::{Source, Timestamp, alert};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::alarm::{Alarm, Alarms};
use super::episode::Identity;
use super::receive;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;

/// An alert that a source lists.
#[derive(Clone, Debug)]
pub struct Listed {
    /// As a notice that it fires.
    pub alarm: Alarm,
    /// Whether the source sends nothing about it for now: silenced or inhibited.
    pub suppressed: bool,
}

/// What a source lists, by group.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What kind of system lists them, for people, such as `Alertmanager`.
    pub system: &'static str,
    /// When it was asked, by our clock.
    pub asked_at: Timestamp,
    /// Since when it runs, by our clock: one that has just started may not know all its alerts yet.
    pub up_since: Timestamp,
    /// The alerts that have not ended, by group.
    pub groups: Vec<Vec<Listed>>,
    /// Fingerprints that it listed not long ago: of a source that does not say since when it runs, these are not over yet.
    pub lately: BTreeSet<String>,
}

/// What is known of an alert that fires, or ended not long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its identity at the source.
    pub fingerprint: String,
    /// Its group.
    pub group_key: String,
    /// Whether it fires, as far as is known.
    pub firing: bool,
    /// When it was last heard of.
    pub heard_at: Timestamp,
}

/// What a look found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Fingerprints of alerts that are over.
    pub over: BTreeSet<String>,
    /// Alerts that fire without our knowing, with the key of their group.
    pub unheard: Vec<(String, Alarm)>,
}

/// Compares what a source lists with what is known to fire. Nothing is over if it was heard of within `patience`, or if the source has not
/// been up for that long. Only groups of which something is known count: others may not be meant for us.
pub fn compare(listing: &Listing, heard: &[Heard], patience: Duration) -> Found {
    let listed: BTreeSet<&str> = listing.groups.iter().flatten().map(|listed| &*listed.alarm.fingerprint).collect();
    let groups: BTreeMap<&str, &str> = heard.iter().map(|heard| (&*heard.fingerprint, &*heard.group_key)).collect();
    let firing: BTreeSet<&str> = heard.iter().filter(|heard| heard.firing).map(|heard| &*heard.fingerprint).collect();
    let knows_all = listing.asked_at - listing.up_since >= patience;
    let is_listed = |fingerprint: &str| listed.contains(fingerprint) || listing.lately.contains(fingerprint);
    let is_over = |fingerprint: &str, heard_at: Timestamp| !is_listed(fingerprint) && listing.asked_at - heard_at >= patience;
    let over = heard.iter().filter(|heard| knows_all && heard.firing && is_over(&heard.fingerprint, heard.heard_at));
    let mut unheard = Vec::new();
    for group in &listing.groups {
        let Some(key) = group.iter().find_map(|listed| groups.get(&*listed.alarm.fingerprint)) else { continue };
        let new = group.iter().filter(|listed| !listed.suppressed && !firing.contains(&*listed.alarm.fingerprint));
        unheard.extend(new.map(|listed| ((*key).to_owned(), listed.alarm.clone())));
    }
    Found { over: over.map(|heard| heard.fingerprint.clone()).collect(), unheard }
}

/// Takes what `source` lists, and says how many of its alerts were over and how many fire without our having known.
pub async fn take(ctx: &Ctx, source: &str, listing: &Listing, patience: Duration) -> Result<(usize, usize)> {
    let recent = alert::Column::ReceivedAt.gte(listing.asked_at - limits::ALERT_REMEMBERED);
    let rows = alert::Entity::find().filter(alert::Column::Source.eq(source)).filter(alert::Column::Firing.eq(true).or(recent));
    let rows = rows.order_by_asc(alert::Column::Id).all(ctx.db.read()).await?;
    let heard = |row: &alert::Model| Heard {
        fingerprint: row.fingerprint.clone(),
        group_key: row.group_key.clone(),
        firing: row.firing,
        heard_at: row.received_at,
    };
    let found = compare(listing, &rows.iter().map(heard).collect::<Vec<_>>(), patience);
    let mut groups: BTreeMap<String, Vec<Alarm>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.firing && found.over.contains(&row.fingerprint)) {
        groups.entry(row.group_key.clone()).or_default().push(over(row, listing.system));
    }
    let (mut ended, mut new) = (0, 0);
    let ctx = &ctx.by_way_of(Source::Alert);
    for (group, alarm) in found.unheard {
        groups.entry(group).or_default().push(alarm);
    }
    for (group_key, alerts) in groups {
        let call = Alarms { source: source.to_owned(), group_key, identity: Identity::OneAtATime, alerts, truncated: 0 };
        let received = receive(ctx, call).await?;
        ended += received.ended;
        new += received.new;
    }
    Ok((ended, new))
}

/// The notice that nobody sent.
fn over(row: &alert::Model, system: &str) -> Alarm {
    Alarm {
        fingerprint: row.fingerprint.clone(),
        title: row.title.clone(),
        description: Some(format!("{system} no longer lists it, and sent no notice: so it is if an alert ends while it is silenced.")),
        firing: false,
        starts_at: row.told_start,
        ends_at: None,
        labels: row.labels.clone(),
        links: Vec::new(),
        severity: row.severity,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use serde_json::json;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap() + Duration::minutes(minutes)
    }

    fn listed(fingerprint: &str, suppressed: bool) -> Listed {
        let alarm = Alarm {
            fingerprint: fingerprint.to_owned(),
            title: "Down".to_owned(),
            description: None,
            firing: true,
            starts_at: Some(at(-60)),
            ends_at: None,
            labels: json!({}),
            links: Vec::new(),
            severity: None,
        };
        Listed { alarm, suppressed }
    }

    fn heard(fingerprint: &str, minutes: i64, firing: bool) -> Heard {
        Heard { fingerprint: fingerprint.to_owned(), group_key: format!("group of {fingerprint}"), firing, heard_at: at(minutes) }
    }

    /// What is found at 03:00 by one that is up since then: what is over, and what was unheard of, each with its group.
    fn found(up_since: i64, groups: Vec<Vec<Listed>>, heard: &[Heard]) -> (Vec<String>, Vec<(String, String)>) {
        found_lately(up_since, groups, heard, &[])
    }

    /// The same, if these were listed lately.
    fn found_lately(up_since: i64, groups: Vec<Vec<Listed>>, heard: &[Heard], lately: &[&str]) -> (Vec<String>, Vec<(String, String)>) {
        let lately = lately.iter().map(|fingerprint| (*fingerprint).to_owned()).collect();
        let listing = Listing { system: "Grafana", asked_at: at(0), up_since: at(up_since), groups, lately };
        let Found { over, unheard } = compare(&listing, heard, Duration::minutes(10));
        (over.into_iter().collect(), unheard.into_iter().map(|(group, alarm)| (group, alarm.fingerprint)).collect())
    }

    #[test]
    fn what_is_not_listed_is_over_unless_it_was_just_heard_of_or_the_source_just_started() {
        let all = [heard("gone", -10, true), heard("silenced", -60, true), heard("just now", -9, true), heard("ended", -60, false)];
        let groups = || vec![vec![listed("silenced", true)]];
        assert_eq!(found(-10, groups(), &all).0, ["gone"]);
        assert_eq!(found(-9, groups(), &all).0, [""; 0]);
        assert_eq!(found(60, groups(), &all).0, [""; 0]);
    }

    #[test]
    fn what_was_listed_lately_may_be_back_after_a_restart() {
        let all = [heard("gone", -60, true), heard("lost by a restart", -60, true)];
        assert_eq!(found_lately(-60, Vec::new(), &all, &["lost by a restart"]).0, ["gone"]);
    }

    #[test]
    fn what_fires_in_a_known_group_was_unheard_of() {
        let all = [heard("a", -60, true), heard("b", -60, false)];
        let groups = vec![
            vec![listed("a", false), listed("left out", false), listed("silenced", true)],
            vec![listed("b", false)],
            vec![listed("not meant for us", false)],
        ];
        let unheard = [("group of a", "left out"), ("group of b", "b")].map(|(group, alert)| (group.to_owned(), alert.to_owned()));
        assert_eq!(found(-60, groups, &all), (Vec::new(), unheard.to_vec()));
    }
}
