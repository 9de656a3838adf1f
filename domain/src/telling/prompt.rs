//! What people are to be told of at one moment: what goes onto the timeline, to whom, and what Muster does itself.

use std::fmt::Write as _;

use entity::{Channel, Operation, PageLoss, PageReason, PersonId, Role, System, TimelineKind, Visibility, chat_channel, person, step};
use serde_json::json;

use crate::clients::proposal;
use crate::delivery::order::{self, New};
use crate::incident::marks::{self, Settlement, mark};
use crate::incident::reference::{began, link, reference, shown_name};
use crate::playbook::steps::{Stage, Step};
use crate::playbook::{Playbook, Rule};
use crate::ports::Notice;
use crate::record::{Draft, NewEvent, awaited};
use crate::rooms::order::{self as rooms, Reminder};
use crate::telling::message::{Message, Reach, Recipient, Route, route};
use crate::telling::pages;
use crate::telling::roster::{Staffed, may_know};
use crate::words;

/// What people are to be told of an incident at one moment.
pub(super) struct Moment<'a> {
    pub(super) facts: &'a Staffed,
    /// The newest summary for everybody.
    pub(super) latest: Option<&'a str>,
    /// Its channel in the chat, as far as it has one.
    pub(super) channel: Option<&'a chat_channel::Model>,
    pub(super) playbook: &'a Playbook,
    /// Everything that the playbook asks for, the most important first.
    pub(super) steps: &'a [Step],
}

/// What one person is asked for.
struct Asked<'a> {
    person: &'a person::Model,
    steps: Vec<&'a Step>,
    /// Whether a step is asked of nobody else.
    alone: bool,
    reach: Reached,
}

/// Whether a reminder was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    Reminded,
    /// They want no reminders.
    Quiet,
    /// They have done nothing since earlier ones.
    Waiting,
}

impl<'a> Moment<'a> {
    /// Writes into the draft that people are told of `due`, which is not empty: each gets one message about all of it.
    pub(super) fn give(&self, draft: &mut Draft<'_>, due: &[&'a Step]) {
        let mut asked: Vec<Asked<'a>> = Vec::new();
        for step in due {
            // A step of Muster's that is found overdue after downtime was never done: do it now instead of nagging people at once.
            let told = |row: &step::Model| row.key == step.key && step.is_meant(row.due_at) && row.due_reminded_at.is_some();
            let first_time = !self.facts.whole.steps.iter().any(told);
            mark(draft, step, |row, now| {
                row.due_reminded_at = row.due_reminded_at.or(Some(now));
                if step.state == Stage::Overdue {
                    row.overdue_reminded_at = Some(now);
                }
                row.snoozed_until = None;
            });
            if first_time && self.act(draft, step) {
                continue;
            }
            let audience = self.audience(step);
            let alone = audience.len() == 1;
            for person in audience {
                match asked.iter_mut().find(|asked| asked.person.id == person.id) {
                    Some(asked) => {
                        asked.steps.push(step);
                        asked.alone |= alone;
                    }
                    None => asked.push(Asked { person, steps: vec![step], alone, reach: Reached::Reminded }),
                }
            }
        }
        for asked in &mut asked {
            asked.reach = self.reach(draft, asked);
        }
        self.record(draft, due, &asked);
        // The channel of an incident reminds everybody at once.
        let told = rooms::reminds_in_channel(draft, self.channel).then_some(Channel::Slack);
        if told.is_some() {
            self.say_in_channel(draft, due, &asked);
        }
        for asked in asked.iter().filter(|asked| asked.reach == Reached::Reminded) {
            self.remind(draft, asked, told);
        }
    }

    /// Whether a person is sent a reminder now. What is counted in days wakes nobody if they let it lie.
    fn reach(&self, draft: &mut Draft<'_>, asked: &Asked<'_>) -> Reached {
        let (person, now) = (asked.person, draft.now);
        let is_urgent = asked.steps.iter().any(|step| !step.rule.counts_in_days());
        let again_every = self.playbook.reminders_again_every;
        let may_be_sent = !is_urgent || awaited::remind(draft.incident_mut(), person.id, asked.alone, now, again_every);
        if route(&draft.ctx().config.systems, person, Operation::Remind) == Route::Silenced {
            Reached::Quiet
        } else if may_be_sent {
            Reached::Reminded
        } else {
            Reached::Waiting
        }
    }

    /// Does what Muster can do itself; `false` if people must be reminded, because nothing goes out automatically.
    fn act(&self, draft: &mut Draft<'_>, step: &Step) -> bool {
        let contact = step.contact.as_deref().unwrap_or_default();
        match step.rule {
            Rule::GeneralNotice => post_notice(draft, step, notice(self.playbook, draft)),
            Rule::Leadership => self.tell_contact(draft, step, contact),
            Rule::LeadershipFallback => self.tell_somebody_senior(draft, step, contact),
            Rule::NoReaction | Rule::NoReactionFallback => self.page_somebody_else(draft, step),
            Rule::Page => match pages::next(self.facts, None) {
                Some(person) => pages::page(draft, person, PageReason::Escalated, None, &self.why_the_next()) == Reach::Leaves,
                None => false,
            },
            _ => false,
        }
    }

    /// Why the next one in the chain is paged.
    fn why_the_next(&self) -> String {
        let last = self.facts.whole.pages.iter().filter(|page| page.step_key.is_none()).max_by_key(|page| page.paged_at);
        let name = last.and_then(|page| self.facts.roster.person(page.person_id)).map(|person| &person.name);
        match (name, last.and_then(|page| page.lost)) {
            (Some(name), Some(PageLoss::Declined)) => format!("{name} can't help."),
            (Some(name), Some(PageLoss::Unsent | PageLoss::Unreached)) => format!("{name} could not be reached."),
            (_, Some(PageLoss::Left)) => "the person who was paged has left.".to_owned(),
            (None, _) | (_, None) => "nobody has answered the page.".to_owned(),
        }
    }

    /// Pages a contact who is on the team, unless they are at work on it and so know. Anyone else is sent a mail or, if no address is known, must be contacted by hand; in both
    /// cases somebody must confirm that they know.
    fn tell_contact(&self, draft: &mut Draft<'_>, step: &Step, contact: &str) -> bool {
        let title = self.playbook.contact_title(contact);
        let why = format!("the {title} must know about this.");
        let known = self.facts.roster.contact(self.playbook, contact);
        if let Some(person) = known.filter(|person| self.facts.whole.is_at_work(person.id)) {
            let note = Some(format!("{} is at work on it.", person.name));
            marks::settle(draft, &step.key, Settlement { by: None, waived: false, note });
            true
        } else if let Some(person) = known {
            pages::page(draft, person, PageReason::Leadership, Some(&step.key), &why) == Reach::Leaves
        } else {
            let link = link(draft.ctx(), draft.incident());
            let message = Message {
                to: Recipient::Other { name: format!("the {title}"), address: self.playbook.contacts.get(contact).cloned() },
                purpose: Operation::Tell,
                subject: headline(draft, "Please read"),
                text: format!("You need to know about this incident: {link}"),
                short: "You need to know about this incident.".to_owned(),
                link,
                step: Some(step.key.clone()),
                page: None,
                invitation: None,
            };
            draft.tell(&message);
            // Somebody must note that they know, whether or not the mail leaves by itself.
            false
        }
    }

    fn tell_somebody_senior(&self, draft: &mut Draft<'_>, step: &Step, contact: &str) -> bool {
        let title = self.playbook.contact_title(contact);
        let told = |id: PersonId| {
            let pages = &draft.whole().pages;
            pages.iter().any(|page| page.reason == PageReason::Leadership && page.person_id == id)
        };
        let senior =
            self.facts.roster.by_seniority().into_iter().find(|person| !told(person.id) && !self.facts.whole.is_at_work(person.id));
        let why = format!("the {title} has not answered, so you should know.");
        let reach = senior.map(|person| pages::page(draft, person, PageReason::Leadership, Some(&step.key), &why));
        let text = format!(
            "We can't reach the {title} about {} ({}). If you can, please let them know: {}",
            reference(draft.incident()),
            draft.incident().name,
            link(draft.ctx(), draft.incident())
        );
        post_notice(draft, step, text) || reach == Some(Reach::Leaves)
    }

    /// Pages somebody who is not waited for as well: second line or whoever is next, then the leadership.
    fn page_somebody_else(&self, draft: &mut Draft<'_>, step: &Step) -> bool {
        let Staffed { whole, roster } = self.facts;
        let waits_for = awaited::rows(&whole.incident);
        let paged = |id: PersonId| {
            let since = step.cause_at;
            whole.pages.iter().any(|page| page.person_id == id && page.answered_at.is_none() && Some(page.paged_at) >= since)
        };
        let on_call = || roster.second_line().into_iter().chain(roster.first_line());
        let leaders = || self.playbook.leadership_contacts.iter().filter_map(|contact| roster.contact(self.playbook, contact));
        let seniors = roster.by_seniority();
        let order: Vec<&person::Model> = match step.rule {
            Rule::NoReaction => on_call().chain(seniors).collect(),
            _ => leaders().chain(seniors).chain(on_call()).collect(),
        };
        let is_free = |person: &&&person::Model| !waits_for.iter().any(|row| row.person == person.id) && !paged(person.id);
        let Some(person) = order.iter().find(is_free) else { return false };
        let silent = waits_for.iter().filter(|row| row.stand_in.is_none()).filter_map(|row| roster.person(row.person));
        let names: Vec<&str> = silent.map(|person| person.name.as_str()).collect();
        let have = if names.len() == 1 { "has" } else { "have" };
        let since = awaited::no_reaction_since(&whole.incident).unwrap_or(draft.now);
        let open = self.steps.iter().filter(|step| step.state != Stage::Upcoming && !is_muster_s(step.rule));
        let open: Vec<&str> = open.map(|step| step.title.as_str()).collect();
        let mut why = format!("{} {have} not reacted to reminders since {}.", names.join(" and "), self.playbook.local(since));
        if !open.is_empty() {
            why = format!("{why} Open: {}.", open.join("; "));
        }
        pages::page(draft, person, PageReason::Escalated, Some(&step.key), &why) == Reach::Leaves
    }

    /// One event a moment, however much falls due in it.
    fn record(&self, draft: &mut Draft<'_>, due: &[&Step], asked: &[Asked<'_>]) {
        let about = |step: &Step| asked.iter().filter(|asked| asked.steps.iter().any(|of| of.key == step.key)).collect::<Vec<_>>();
        let line = |step: &&Step| {
            let asked = about(step);
            let reminded = asked.iter().filter(|asked| asked.reach == Reached::Reminded);
            let names: Vec<&str> = reminded.map(|asked| asked.person.name.as_str()).collect();
            let to = if !names.is_empty() {
                format!(" ({})", names.join(", "))
            } else if asked.iter().any(|asked| asked.reach == Reached::Waiting) {
                " (no reaction to earlier reminders)".to_owned()
            } else if asked.is_empty() {
                String::new()
            } else {
                " (quietly)".to_owned()
            };
            format!("{}: {}{}{to}", self.since(step), step.title, missed_words(step.missed))
        };
        let text = due.iter().map(line).collect::<Vec<_>>().join("\n");
        let ids = |step: &Step| {
            let reminded = about(step).into_iter().filter(|asked| asked.reach == Reached::Reminded);
            reminded.map(|asked| asked.person.id.to_string()).collect::<Vec<_>>()
        };
        let details = |step: &Step| {
            let Step { key, rule, due_at, missed, .. } = step;
            let stage = stage(step).to_uppercase();
            json!({ "step": key, "rule": rule.as_str(), "stage": stage, "dueAt": due_at, "people": ids(step), "missed": missed })
        };
        let steps: Vec<serde_json::Value> = due.iter().map(|step| details(step)).collect();
        // The first is the most important; programs that know one step a prompt read that.
        let mut first = steps.first().cloned().unwrap_or_default();
        first["steps"] = steps.into();
        draft.record(NewEvent::new(TimelineKind::Prompt, text).details(first));
    }

    /// Reminds of each step once in the channel of the incident, where whoever is asked is mentioned. What Muster does itself needs nobody.
    fn say_in_channel(&self, draft: &mut Draft<'_>, due: &[&Step], asked: &[Asked<'_>]) {
        for step in due {
            let about: Vec<_> = asked.iter().filter(|asked| asked.steps.iter().any(|of| of.key == step.key)).collect();
            if about.is_empty() {
                continue;
            }
            let wants_it = |asked: &&&Asked<'_>| asked.reach == Reached::Reminded && !asked.person.quiet.contains(Channel::Slack);
            let mentions = about.iter().filter(wants_it).filter_map(|asked| asked.person.chat_account.clone()).collect();
            let names: Vec<&str> = about.iter().map(|asked| asked.person.name.as_str()).collect();
            let (since, names) = (self.since(step), format!(", for {}", words::listed(&names)));
            rooms::remind(draft, Reminder { step, since: &since, mentions, names: &names });
        }
    }

    /// Since when a step has been due or overdue.
    fn since(&self, step: &Step) -> String {
        format!("{} since {}", stage(step), self.playbook.local(step.since()))
    }

    /// One message about everything that falls due for a person at this moment, and what else waits for them; not by `told`.
    fn remind(&self, draft: &mut Draft<'_>, asked: &Asked<'_>, told: Option<Channel>) {
        let Asked { person, steps, .. } = asked;
        let [first, others @ ..] = steps.as_slice() else { return };
        let incident = draft.incident();
        let also = match others.len() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let subject = headline(draft, &format!("{}: {}{also}", stage(first), first.title));
        let (began, link) = (self.playbook.local(began(incident)), link(draft.ctx(), incident));
        let about = format!(
            "{}: {}, {}. It began {began}.",
            shown_name(incident),
            incident.severity.as_str().to_lowercase(),
            words::status(incident.status)
        );
        let lines = steps.iter().map(|step| format!("\n* {} ({})", step.title, self.since(step)));
        let short = lines.fold(about.clone(), |short, line| short + &line);
        let mut text = format!("{about}\n{link}");
        for step in steps {
            let (since, missed) = (self.since(step), missed_words(step.missed));
            let _ = write!(text, "\n\n* {}\n{since}.{missed} {}\nDo it here: {link}?do={}", step.title, step.why, step.key);
            if let Some(words) = self.to_copy(draft, step.rule) {
                let _ = write!(text, "\nText to start from:\n\n{words}");
            }
        }
        let is_told = |step: &Step| steps.iter().any(|told| told.key == step.key);
        let is_done_by_muster = |step: &Step| matches!(step.rule, Rule::NoReaction | Rule::NoReactionFallback);
        let rest = self.steps.iter().filter(|step| step.state != Stage::Upcoming && !is_told(step) && !is_done_by_muster(step));
        let rest = rest.filter(|step| self.audience(step).iter().any(|asked| asked.id == person.id));
        for (number, step) in rest.enumerate() {
            let heading = if number == 0 { "\n\nStill open:" } else { "" };
            let _ = write!(text, "{heading}\n* {} ({}): {link}?do={}", step.title, self.since(step), step.key);
        }
        // One reminder to pass on by hand is enough: the newest, which has everything.
        order::supersede_by_hand(draft, person.id);
        let keys: Vec<&str> = steps.iter().map(|step| step.key.as_str()).collect();
        let step = Some(keys.join(order::BETWEEN_KEYS));
        let (to, link) = (Recipient::Person(person), format!("{link}?do={}", first.key));
        let message = Message { to, purpose: Operation::Remind, subject, text, short, link, step, page: None, invitation: None };
        draft.tell_except(&message, told);
    }

    /// Words that a person can start from.
    fn to_copy(&self, draft: &Draft<'_>, rule: Rule) -> Option<String> {
        let incident = draft.incident();
        match rule {
            Rule::GeneralNotice => Some(notice(self.playbook, draft)),
            Rule::Summary => {
                let status = words::status(incident.status);
                Some(match self.latest {
                    Some(latest) => format!("We are still {status}. At the last summary: {latest}\nSince then: …\nNext: …"),
                    None => format!("{}: we are {status}.\nKnown so far: …\nNext: …", shown_name(incident)),
                })
            }
            Rule::ClientUpdate => Some(proposal::proposed(self.playbook, incident, None, draft.now)),
            Rule::Leadership | Rule::LeadershipFallback => Some(format!(
                "You need to know about {}. It is {} and began {}: {}",
                shown_name(incident),
                incident.severity.as_str().to_lowercase(),
                self.playbook.local(began(incident)),
                link(draft.ctx(), incident)
            )),
            _ => None,
        }
    }

    /// The holders of the roles that the step names, else the lead, else the person on call, else the reporter, else the administrators.
    fn audience(&self, step: &Step) -> Vec<&'a person::Model> {
        let Staffed { whole, roster } = self.facts;
        let holders = |role: Role| {
            let held = whole.roles.iter().filter(move |row| row.role == role && row.ended_at.is_none());
            held.filter_map(|row| roster.person(row.person_id)).collect::<Vec<_>>()
        };
        let known = |person: Option<&'a person::Model>| person.filter(|person| may_know(person, whole)).into_iter().collect::<Vec<_>>();
        let mut people: Vec<&person::Model> = step.person.and_then(|id| roster.person(id)).into_iter().collect();
        if people.is_empty() {
            people = step.audience.iter().flat_map(|role| holders(*role)).collect();
        }
        let reporter = || {
            whole
                .incident
                .reporter_id
                .and_then(|id| roster.person(id))
                .filter(|person| person.access_level >= entity::AccessLevel::Responder)
        };
        let fallbacks: [&dyn Fn() -> Vec<&'a person::Model>; 4] =
            [&|| holders(Role::IncidentLead), &|| known(roster.first_line().or(roster.second_line())), &|| known(reporter()), &|| {
                roster.administrators().collect()
            }];
        for fallback in fallbacks {
            if people.is_empty() {
                people = fallback();
            }
        }
        // Who does nothing has somebody who stands in.
        let instead = |id: PersonId| awaited::stand_in(&whole.incident, id).and_then(|id| roster.person(id));
        let mut people: Vec<_> = people.into_iter().map(|person| instead(person.id).unwrap_or(person)).collect();
        people.sort_by_key(|person| person.id);
        people.dedup_by_key(|person| person.id);
        people
    }
}

/// Posts a notice to everybody. It can't be taken back, so there is none for a restricted incident: its lead decides.
fn post_notice(draft: &mut Draft<'_>, step: &Step, text: String) -> bool {
    if draft.incident().visibility == Visibility::Restricted {
        return false;
    }
    let connected = draft.ctx().config.systems.contains(&System::Slack);
    draft.send(New { step: Some(step.key.clone()), ..New::of(Operation::Notice, Notice { text }) });
    // If a person must post it, somebody must be reminded to.
    connected
}

/// Whether Muster carries out the steps of a rule, if it can.
fn is_muster_s(rule: Rule) -> bool {
    matches!(rule, Rule::Page | Rule::NoReaction | Rule::NoReactionFallback)
}

fn stage(step: &Step) -> &'static str {
    if step.state == Stage::Overdue { "Overdue" } else { "Due" }
}

fn headline(draft: &Draft<'_>, what: &str) -> String {
    format!("[{}] {what}", reference(draft.incident()))
}

fn missed_words(missed: i64) -> String {
    match missed {
        0 => String::new(),
        1 => " One earlier reminder was missed.".to_owned(),
        many => format!(" {many} earlier reminders were missed."),
    }
}

/// The notice to everybody about a major or critical incident (R7).
fn notice(playbook: &Playbook, draft: &Draft<'_>) -> String {
    let incident = draft.incident();
    let since = began(incident).with_timezone(&playbook.working_hours.zone).format("%H:%M %Z on %a %-d %b").to_string();
    let values = [
        ("reference", &*reference(incident)),
        ("severity", incident.severity.as_str()),
        ("since", &since),
        ("link", &link(draft.ctx(), incident)),
        ("name", &incident.name),
    ];
    Playbook::filled_in(&playbook.notice, &values)
}
