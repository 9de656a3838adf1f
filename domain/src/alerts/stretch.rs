//! Keeps the row of an alert that flaps: what is heard of its firings goes into one row, and its changes are counted instead of told.
//!
//! [`fold`] gets what [`Known::hear`] made of the notices of one alert, an episode each, and leaves alone what does not flap. Whatever flaps, the
//! row says whether it fires now; a level that is worse than any of the stretch is news at once, and nothing else is.

use entity::{Severity, Stretch, Timestamp, alert};

use super::episode::is_worse;
use super::flapping;
use super::known::{Known, Seen, Word, as_read};

/// Takes together what was heard of one alert, if it flaps or begins to.
pub(super) fn fold<'a>(known: &Known, heard: Vec<Seen<'a>>, now: Timestamp) -> Vec<Seen<'a>> {
    let Some(first) = heard.first() else { return heard };
    let rows = known.rows(&first.row.fingerprint);
    let mut folding = Folding { known, rows, seen: Vec::with_capacity(heard.len()), flapping: None, now };
    for seen in heard {
        match rows.iter().find(|row| row.id == seen.row.id) {
            Some(row) if flapping::is_former(row, &seen.row) => folding.repeat(row, &seen),
            Some(row) => folding.keep(row, seen),
            None => folding.begin(seen),
        }
    }
    folding.seen
}

/// Rows of one alert, of which one may flap.
struct Folding<'k, 'a> {
    known: &'k Known,
    /// As they were.
    rows: &'k [alert::Model],
    /// As they will be, as far as there is something new.
    seen: Vec<Seen<'a>>,
    /// Which of `seen` flaps.
    flapping: Option<usize>,
    now: Timestamp,
}

impl<'a> Folding<'_, 'a> {
    /// Something new about a known row.
    fn keep(&mut self, row: &alert::Model, mut seen: Seen<'a>) {
        if let Some(stretch) = seen.row.stretch.as_ref().filter(|_| flapping::goes_on(row, self.now)) {
            if !is_worse(seen.reached, stretch.worst) {
                seen.told.retain(|(word, _)| *word != Word::Raised);
                seen.reached = None;
                // What is not worse leaves no incident for another.
                if row.incident_id.is_some() {
                    (seen.row.incident_id, seen.is_new_there) = (row.incident_id, false);
                }
            }
            let changes = changes(&seen);
            count(&mut seen, changes, self.now);
            seen.is_hushed = true;
            seen.as_read = Some(as_read(row));
            self.flapping = Some(self.seen.len());
        }
        self.seen.push(seen);
    }

    /// A late notice about a former firing of a row.
    fn repeat(&mut self, row: &alert::Model, late: &Seen<'a>) {
        let place = self.seen.iter().position(|seen| seen.row.id == row.id).unwrap_or_else(|| self.take_up(row, late));
        let seen = &mut self.seen[place];
        seen.row.count = seen.row.count.saturating_add(late.row.count - row.count);
        let worst = seen.row.stretch.as_ref().and_then(|stretch| stretch.worst);
        if is_worse(late.reached, worst) {
            (seen.row.incident_id, seen.is_new_there) = (late.row.incident_id, late.is_new_there);
            raise(seen, late.reached);
            count(seen, 0, self.now);
        }
    }

    /// A firing that was not known.
    fn begin(&mut self, mut new: Seen<'a>) {
        if self.flapping.is_none()
            && let Some(row) = self.rows.iter().rev().find(|row| !row.firing && flapping::goes_on(row, self.now))
        {
            self.take_up(row, &new);
        }
        // If both fire at a time, the new one has a row of its own.
        let flapping = self.flapping.filter(|place| !self.seen[*place].row.firing);
        if let Some((place, stretch)) = flapping.and_then(|place| Some((place, self.seen[place].row.stretch.take()?))) {
            self.absorb(place, stretch, new);
        } else {
            if self.flapping.is_none() {
                self.flap_from(&mut new);
            }
            self.seen.push(new);
        }
    }

    /// Takes up a row of which only others are heard; says where.
    fn take_up(&mut self, row: &alert::Model, because_of: &Seen<'a>) -> usize {
        let (place, flaps) = (self.seen.len(), flapping::goes_on(row, self.now));
        if flaps {
            self.flapping = Some(place);
        }
        self.seen.push(Seen {
            row: row.clone(),
            told: Vec::new(),
            alarm: because_of.alarm,
            is_new_there: false,
            reached: None,
            judged: because_of.judged.clone(),
            judgement: because_of.judgement,
            is_hushed: flaps,
            former: None,
            as_read: Some(as_read(row)),
        });
        place
    }

    /// Puts a new firing into the row that flaps, whose stretch this is.
    fn absorb(&mut self, place: usize, mut stretch: Stretch, new: Seen<'a>) {
        let (known, now) = (self.known, self.now);
        let seen = &mut self.seen[place];
        let changes = changes(&new);
        let count_of_both = seen.row.count.saturating_add(new.row.count);
        let is_newer = new.row.firing || new.row.told_end >= seen.row.told_end;
        if new.told.is_empty() || !is_newer {
            // Only that it was well, or an end from before the newest firing.
            flapping::remember(&mut stretch, &new.row);
            (seen.row.stretch, seen.row.count) = (Some(stretch), count_of_both);
            count(seen, changes, now);
            return;
        }
        flapping::remember(&mut stretch, &seen.row);
        let is_news = is_worse(new.reached, stretch.worst);
        let moves = seen.row.incident_id.is_none_or(|incident| is_news && !known.runs(incident));
        seen.is_new_there |= moves && new.is_new_there;
        seen.row = alert::Model {
            id: seen.row.id,
            count: count_of_both,
            incident_id: if moves { new.row.incident_id } else { seen.row.incident_id },
            stretch: Some(stretch),
            look_at: seen.row.look_at,
            ..new.row
        };
        seen.alarm = new.alarm;
        seen.told.extend(new.told);
        if is_news {
            raise(seen, new.reached);
        }
        count(seen, changes, now);
    }

    /// Begins a stretch with a new firing, if that makes the alert flap.
    fn flap_from(&mut self, new: &mut Seen<'a>) {
        let untouched = self.rows.iter().filter(|row| !self.seen.iter().any(|seen| seen.row.id == row.id));
        let others: Vec<&alert::Model> = untouched.chain(self.seen.iter().map(|seen| &seen.row)).collect();
        if !flapping::fired(&new.row) || others.iter().any(|row| row.firing) {
            return;
        }
        let fired = || others.iter().filter(|row| flapping::fired(row));
        let firings: Vec<Timestamp> = fired().map(|row| row.starts_at).chain([new.row.starts_at]).collect();
        let Some((since, firings)) = flapping::began(&firings) else { return };
        let before = fired().filter(|row| row.starts_at >= since).filter_map(|row| row.severity).min();
        let latest = others.iter().max_by_key(|row| row.received_at).and_then(|row| row.incident_id);
        if !is_worse(new.reached, before) {
            new.reached = None;
            // What flaps is no reason for another report, even if its incident is over. What nobody is to hear of joins nothing.
            if new.row.incident_id.is_none() && new.judgement.is_heard() {
                (new.row.incident_id, new.is_new_there) = (latest, latest.is_some());
            }
        }
        let worst = flapping::worse(before, flapping::worse(new.row.severity, new.reached));
        let changes = i32::try_from(2 * firings).unwrap_or(i32::MAX) - i32::from(new.row.firing);
        let stretch = Stretch { since, changes, changed_at: self.now, told_at: self.now, worst, former: Vec::new() };
        new.row.look_at = Some(flapping::next_look(&stretch, new.row.firing));
        new.row.stretch = Some(stretch);
        new.told.push((Word::Flaps, new.alarm));
        new.is_hushed = true;
        self.flapping = Some(self.seen.len());
    }
}

/// Has the timeline and the severity hear of a level that is worse than any before.
fn raise(seen: &mut Seen<'_>, level: Option<Severity>) {
    seen.told.push((Word::Raised, seen.alarm));
    seen.reached = flapping::worse(seen.reached, level);
}

/// How often an alert changed between firing and ended.
fn changes(seen: &Seen<'_>) -> i32 {
    let changes = seen.told.iter().filter(|(word, _)| matches!(word, Word::Firing | Word::Again | Word::Ended)).count();
    i32::try_from(changes).unwrap_or(i32::MAX)
}

/// Counts what changed in a row that flaps, instead of having it told.
fn count(seen: &mut Seen<'_>, changes: i32, now: Timestamp) {
    let Some(stretch) = &mut seen.row.stretch else { return };
    stretch.worst = flapping::worse(stretch.worst, flapping::worse(seen.row.severity, seen.reached));
    if changes > 0 {
        stretch.changes = stretch.changes.saturating_add(changes);
        stretch.changed_at = now;
        seen.row.look_at = Some(flapping::next_look(stretch, seen.row.firing));
    }
}
