//! From a line to its answer.

use entity::{IncidentId, incident};

use super::answer::{Answer, listed};
use super::asked::Asked;
use super::command::Command;
use super::parse::{Misread, meant, parse, word};
use super::people::Mentions;
use super::reading::split_word;
use super::vocabulary::{WORDS, Word};
use super::{clients, ending, follow_ups, forms, overview, record, response, roles, steps};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident as incidents;

/// Carries out what a person wrote. `incident` is the one of the place where they wrote it; a line that begins with a reference, such as
/// `INC-7 next`, is about that one. The same `key` again writes nothing twice.
///
/// # Errors
/// `NOT_FOUND` for an incident that the caller may not see; `BAD_USER_INPUT` on `text`, in words, for what can't be understood;
/// `FAILED_PRECONDITION` where an incident is needed and none is known; and those of the use cases.
pub async fn run(ctx: &Ctx, incident: Option<IncidentId>, text: &str, mentions: &Mentions, key: Option<&str>) -> Result<Answer> {
    let (named, line) = addressed(ctx, text).await?;
    let about = match (named, incident) {
        (Some(named), _) => Some(named),
        // Who can write in the place of an incident need not be allowed to see it in Muster.
        (None, Some(placed)) => Some(incidents::find(ctx, placed).await?),
        (None, None) => None,
    };
    let asked = Asked { ctx, incident: about.as_ref(), mentions, key };
    match parse(line) {
        Ok(command) => Box::pin(carry_out(&asked, command)).await,
        // Outside of an incident, people write what is wrong.
        Err(Misread::Unknown { .. }) if asked.incident.is_none() => forms::declare(&asked, line).await,
        Err(misread) => Err(Error::invalid("text", explained(&misread))),
    }
}

/// The incident that a line names first, and the rest of it.
async fn addressed<'a>(ctx: &Ctx, text: &'a str) -> Result<(Option<incident::Model>, &'a str)> {
    let (first, rest) = split_word(text);
    let is_reference = first.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("inc-"));
    match incidents::parse_reference(first) {
        Ok(number) if is_reference => Ok((Some(incidents::by_number(ctx, number).await?), rest)),
        _ => Ok((None, text)),
    }
}

async fn carry_out(asked: &Asked<'_>, command: Command) -> Result<Answer> {
    match command {
        Command::Overview => match asked.incident {
            Some(_) => overview::show(asked).await,
            None => forms::declare(asked, "").await,
        },
        Command::New(name) => forms::declare(&Asked { incident: None, ..*asked }, &name).await,
        Command::Give(role, who) => roles::give(asked, role, &who).await,
        Command::Roles => roles::show(asked).await,
        Command::Accept => roles::accept(asked).await,
        Command::Decline(why) => roles::decline(asked, &why).await,
        Command::Pass(why) => roles::pass(asked, &why).await,
        Command::HandOver { role, to, note } => roles::hand_over(asked, role, &to, note).await,
        Command::Update(Some(text)) => response::update(asked, &text).await,
        Command::Update(None) => forms::update(asked).await,
        Command::Summary(Some(text)) => response::describe(asked, text).await,
        Command::Summary(None) => overview::show(asked).await,
        Command::Severity(severity, why) => response::severity(asked, severity, &why).await,
        Command::Status(status, why) => response::status(asked, status, why.as_deref()).await,
        Command::Goal(goal, evidence) => response::goal(asked, goal, evidence).await,
        Command::Goals => response::goals(asked).await,
        Command::Escalate(why) => response::escalate(asked, why.as_deref()).await,
        Command::Rename(name) => response::rename(asked, name).await,
        Command::Write(kind, text) => record::write(asked, kind, text).await,
        Command::Action(text) => record::add_action(asked, &text).await,
        Command::Actions => record::actions(asked).await,
        Command::Done(number) => record::done(asked, number).await,
        Command::Timeline => record::timeline(asked).await,
        Command::FollowUp(text) => follow_ups::add(asked, &text).await,
        Command::FollowUps => follow_ups::show(asked).await,
        Command::Client(Some(name)) => clients::affected(asked, &name).await,
        Command::Client(None) => clients::show(asked).await,
        Command::TellClients(telling) => clients::tell(asked, telling).await,
        Command::Ticket(number) => clients::ticket(asked, number).await,
        Command::Next => steps::next(asked).await,
        Command::Step(which) => steps::settle(asked, &which).await,
        Command::GoOn(goes_on, why) => steps::go_on(asked, goes_on, &why).await,
        Command::Who => steps::who(asked).await,
        Command::OnCall => steps::on_call(asked).await,
        Command::Merge(into) => ending::merge(asked, &into).await,
        Command::Reopen(why) => ending::reopen(asked, &why).await,
        Command::Resolve(Some(summary)) => ending::resolve(asked, &summary).await,
        Command::Resolve(None) => forms::resolve(asked).await,
        Command::Close(note) => ending::close(asked, note.as_deref()).await,
        Command::Report => ending::report(asked).await,
        Command::Review => ending::review(asked).await,
        Command::Here(_) => Err(Error::precondition("“here” takes a channel of a chat for an incident: write it in that channel.")),
        Command::Help(about) => help(about.as_deref()),
    }
}

/// All commands, or one.
fn help(about: Option<&str>) -> Result<Answer> {
    let Some(about) = about else {
        let lines: Vec<String> = WORDS.iter().map(|word| format!("{}: {}", word.usage(), word.help)).collect();
        let text = listed("What you can write. Begin with a number such as INC-7 to name the incident.", &lines, "");
        return Ok(Answer::quiet(text));
    };
    let wanted = about.to_lowercase();
    match word(&wanted) {
        Some(word) => Ok(Answer::quiet(format!("{}\n{}\nExample: {}", word.usage(), word.help, word.example))),
        None => Err(Error::invalid("text", explained(&Misread::Unknown { word: about.to_owned(), meant: meant(&wanted) }))),
    }
}

fn explained(misread: &Misread) -> String {
    match misread {
        Misread::Unknown { word, meant: Some(meant) } => {
            format!("There is no command “{}”. Did you mean “{}”? {}", shortened(word), meant.usage(), meant.help)
        }
        Misread::Unknown { word, meant: None } => {
            format!("There is no command “{}”. Write “help” to see them all, or “new …” to begin another incident.", shortened(word))
        }
        Misread::Incomplete(word) => incomplete(word),
    }
}

fn incomplete(word: &Word) -> String {
    format!("Something is missing. It is “{}”, as in “{}”.", word.usage(), word.example)
}

fn shortened(word: &str) -> String {
    word.chars().take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_word() {
        let all = help(None).unwrap().text;
        for word in WORDS {
            assert!(all.contains(&format!("- {}: {}", word.usage(), word.help)), "{}", word.name);
            assert!(help(Some(word.name)).unwrap().text.contains(word.example));
        }
        assert!(help(Some("laed")).unwrap_err().to_string().contains("Did you mean “lead me|@person”?"));
    }
}
