//! Scalars and enums of the public schema, and how ids are read.

use async_graphql::{Enum, ID, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use domain::Error;

use super::error::ApiResult;

/// A web address.
#[derive(Clone, Debug)]
pub struct Url(pub String);

/// A web address that begins with `https://` or `http://`.
#[Scalar(name = "URL")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A day.
#[derive(Clone, Copy, Debug)]
pub struct Day(pub chrono::NaiveDate);

/// A day such as `2026-12-24`.
#[Scalar(name = "Date")]
impl ScalarType for Day {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                let day = text.parse().map_err(|_| InputValueError::custom("A date is written as 2026-12-24."))?;
                Ok(Self(day))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An id that has a kind.
pub trait TypedId: Sized {
    /// What stands before the underscore.
    const PREFIX: &'static str;
    /// Reads the outside form.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! typed_ids {
    ($($name:ident)+) => {
        $(impl TypedId for entity::$name {
            const PREFIX: &'static str = entity::$name::PREFIX;
            fn read(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        })+
    };
}

typed_ids!(ActionId AlertId ApiTokenId AttachmentId ClientId ContactId EventId IncidentId PersonId RoleAssignmentId SiteId);
typed_ids!(ClientUpdateId DeliveryId FollowUpId PageId RoleOfferId TicketId);

/// Reads the id in input field `field`.
///
/// # Errors
/// `BAD_USER_INPUT` when it is malformed or of another kind.
pub fn id<T: TypedId>(field: &'static str, id: &ID) -> ApiResult<T> {
    let wrong = || Error::invalid(field, format!("{field} must be an id that begins with {}_.", T::PREFIX));
    Ok(T::read(id).ok_or_else(wrong)?)
}

/// Reads an id that may be left out.
///
/// # Errors
/// As [`id`].
pub fn optional_id<T: TypedId>(field: &'static str, value: Option<&ID>) -> ApiResult<Option<T>> {
    value.map(|value| id(field, value)).transpose()
}

/// Reads a list of ids.
///
/// # Errors
/// As [`id`].
pub fn ids<T: TypedId>(field: &'static str, values: &[ID]) -> ApiResult<Vec<T>> {
    values.iter().map(|value| id(field, value)).collect()
}

macro_rules! public_enums {
    ($($(#[$doc:meta])* $name:ident = $remote:literal { $($(#[$vdoc:meta])* $variant:ident,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
            #[graphql(remote = $remote)]
            pub enum $name {
                $($(#[$vdoc])* $variant,)+
            }
        )+
    };
}

public_enums! {
    /// Where an incident stands.
    IncidentStatus = "entity::IncidentStatus" {
        /// Reported, not yet judged.
        Triage,
        /// Live: finding out what happens.
        Investigating,
        /// Live: putting it right.
        Fixing,
        /// Live: watching whether it stays right.
        Monitoring,
        /// Service is back.
        Resolved,
        /// All follow-up work is done.
        Closed,
        /// Was no incident.
        Declined,
        /// Same as another incident.
        Merged,
    }
    /// Who may know that an incident exists.
    Visibility = "entity::Visibility" {
        /// Everybody with access to Muster.
        Open,
        /// Participants, administrators and people granted it.
        Restricted,
    }
    /// What a person does in an incident.
    Role = "entity::Role" {
        /// Has the overview and decides.
        IncidentLead,
        /// Keeps affected clients told.
        ClientCommsManager,
        /// Helps.
        Responder,
        /// Writes the report.
        ReportAuthor,
        /// Leads the review.
        ReviewFacilitator,
        /// Writes down what the review says.
        NoteTaker,
    }
    /// What a timeline event tells.
    TimelineKind = "entity::TimelineKind" {
        /// Somebody or something reported it.
        Reported,
        /// It was judged an incident.
        Declared,
        /// It was judged no incident.
        Declined,
        /// It turned out to be another incident.
        Merged,
        /// An alert fired, repeated or ended.
        Alert,
        /// Free text.
        Note,
        /// A command that was run.
        Command,
        /// A change that was made.
        Change,
        /// Something learnt.
        Finding,
        /// A decision.
        Decision,
        /// The summary for people outside the response.
        Update,
        /// A message from chat.
        Message,
        /// A file.
        File,
        /// Another severity.
        SeverityChanged,
        /// Another status.
        StatusChanged,
        /// A role given, passed on or ended.
        RoleChanged,
        /// A goal met or taken back.
        GoalChanged,
        /// A person was paged.
        Paged,
        /// A person answered a page.
        Acknowledged,
        /// Second line was called.
        Escalated,
        /// A client was marked affected, or no longer.
        ClientAffected,
        /// Clients were told.
        ClientUpdate,
        /// A ticket was made, linked or changed.
        Ticket,
        /// An action was added or settled.
        Action,
        /// Muster reminded somebody.
        Prompt,
        /// A step of the playbook was settled.
        StepSettled,
        /// An effect on an outside system.
        Delivery,
        /// Service is back.
        Resolved,
        /// It was not over.
        Reopened,
        /// About the report.
        Report,
        /// About the review.
        Review,
        /// About a follow-up.
        FollowUp,
        /// All done.
        Closed,
        /// A correction of an earlier event.
        Amendment,
    }
    /// The way by which something reached Muster.
    Source = "entity::Source" {
        /// The console.
        Web,
        /// Slack.
        Slack,
        /// A program with a token.
        Api,
        /// The command line.
        Cli,
        /// An alerting system.
        Alert,
        /// Zendesk.
        Zendesk,
        /// Trello.
        Trello,
        /// Muster itself.
        System,
        /// An archive.
        Import,
    }
    /// What a person or token may do in general, from least to most.
    AccessLevel = "entity::AccessLevel" {
        /// Reads, and may report an incident.
        Viewer,
        /// Works on incidents.
        Responder,
        /// Also looks after people, and sees restricted incidents.
        Admin,
    }
    /// How much care a site or client is owed.
    Importance = "entity::Importance" {
        /// The usual.
        Normal,
        /// More than the usual.
        High,
    }
    /// Where a contact stands at the client.
    ContactKind = "entity::ContactKind" {
        /// Everyday contact.
        Regular,
        /// Senior stakeholder.
        Senior,
    }
    /// Where an action stands.
    ActionState = "entity::ActionState" {
        /// To do.
        Open,
        /// Done.
        Done,
        /// Not to be done after all.
        Dropped,
    }
    /// How bad it is.
    Severity = "entity::Severity" {
        /// The whole service is out, or there is a serious breach. Comes before all other work, day and night.
        Critical,
        /// A main function is broken, or there is a small breach. Comes before other work in working hours.
        Major,
        /// A lesser function or an internal tool is broken.
        Minor,
        /// Over before anybody needed to act; recorded afterwards.
        Trivial,
    }
    /// What is special about an incident.
    IncidentFlag = "entity::Flag" {
        /// Somebody got in.
        SecurityBreach,
        /// Data got out.
        DataBreach,
        /// Seen before: no report is owed.
        Recurring,
        /// Recorded after it was over.
        Retrospective,
    }
    /// What a person may do, or is told, beyond the access level.
    Grant = "entity::Grant" {
        /// May approve the client version of a report.
        ApproveClientReports,
        /// Sees restricted incidents.
        SeeRestricted,
        /// Is told as chief technology officer.
        NotifyCto,
        /// Is told as head of technical operations.
        NotifyHeadOfTechOps,
        /// Is told as data protection officer.
        NotifyDpo,
    }
    /// Who is called when.
    OnCallLine = "entity::OnCallLine" {
        /// Is called first.
        First,
        /// Is called when first line needs help.
        Second,
    }
    /// Whether a criterion of triage holds.
    TriageVerdict = "entity::TriageVerdict" {
        /// It does.
        Yes,
        /// It does not.
        No,
        /// Nobody knows yet.
        Unsure,
    }
    /// What the answers to the questions of triage come to.
    TriageRecommendation = "domain::incident::triage::Recommendation" {
        /// It is an incident, or may be one.
        Declare,
        /// Nothing speaks for an incident.
        Decline,
        /// Too little was answered.
        AnswerMore,
    }
    /// An answer to one of the three questions behind a severity.
    SeverityAnswer = "domain::severity::Answer" {
        /// None at all.
        None,
        /// A little.
        Low,
        /// Some.
        Medium,
        /// Very much.
        High,
        /// Nobody knows yet.
        Unsure,
    }
    /// What a ticket has to do with an incident.
    TicketLink = "entity::TicketLink" {
        /// It may be about it: a person decides.
        Suggested,
        /// It is about it.
        Linked,
        /// It is not, or no longer.
        Dismissed,
    }
    /// In which order incidents come.
    IncidentOrder = "domain::incident::IncidentOrder" {
        /// Reported last, first.
        Newest,
        /// Reported first, first.
        Oldest,
        /// Worst first; among equals, the one that waits longest.
        MostSevere,
        /// Changed last, first.
        RecentlyChanged,
    }
}
