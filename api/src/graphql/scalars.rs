//! Scalars and enums of the public schema, and how ids are read.

use async_graphql::{Description, Enum, ID, InputValueError, InputValueResult, MaybeUndefined, Scalar, ScalarType, Value};
use domain::Error;
use domain::validate::Edit;

use super::error::ApiResult;

/// A web address that begins with `https://` or `http://`.
#[derive(Clone, Debug, Description)]
pub struct Url(pub String);

#[Scalar(name = "URL", use_type_description)]
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

/// A day, e.g. `2026-12-24`.
#[derive(Clone, Copy, Debug, Description)]
pub struct Day(pub chrono::NaiveDate);

#[Scalar(name = "Date", use_type_description)]
impl ScalarType for Day {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                let day = text.parse().map_err(|_| InputValueError::custom("Write the date as YYYY-MM-DD, e.g. 2026-12-24."))?;
                Ok(Self(day))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An id with a kind.
pub trait TypedId: Sized {
    /// The part before the underscore.
    const PREFIX: &'static str;
    /// Parses the external form.
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

typed_ids!(ActionId AlertId ApiTokenId AttachmentId AuditEntryId ClientId ContactId EventId IncidentId PersonId RoleAssignmentId SiteId);
typed_ids!(ClientUpdateId DeliveryId FollowUpId PageId ParkedTopicId PasskeyId ReportCommentId ReportId ReviewCommentId ReviewId RoleOfferId);
typed_ids!(AlertPostId HeartbeatId OpsPageId QuietWindowId SessionId TicketId WebhookEndpointId WebhookMessageId);

/// Reads the id in input field `field`.
///
/// # Errors
/// `BAD_USER_INPUT` if it is malformed or of another kind.
pub fn id<T: TypedId>(field: &'static str, id: &ID) -> ApiResult<T> {
    let wrong = || Error::invalid(field, format!("{field} must be an id that begins with {}_.", T::PREFIX));
    Ok(T::read(id).ok_or_else(wrong)?)
}

/// Reads an optional id.
///
/// # Errors
/// As [`id`].
pub fn optional_id<T: TypedId>(field: &'static str, value: Option<&ID>) -> ApiResult<Option<T>> {
    value.map(|value| id(field, value)).transpose()
}

/// Reads an id that an edit may take away.
///
/// # Errors
/// As [`id`].
pub fn edited_id<T: TypedId>(field: &'static str, value: &MaybeUndefined<ID>) -> ApiResult<Edit<T>> {
    value.as_opt_ref().map(|value| optional_id(field, value)).transpose()
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
    /// The status of an incident.
    IncidentStatus = "entity::IncidentStatus" {
        /// Reported; needs triage.
        Triage,
        /// Live: finding out what is happening.
        Investigating,
        /// Live: fixing it.
        Fixing,
        /// Live: watching whether it stays fixed.
        Monitoring,
        /// Service is back.
        Resolved,
        /// An incident to close: all follow-up work is done.
        Closed,
        /// It was not an incident.
        Declined,
        /// The same as another incident.
        Merged,
    }
    /// Who may know that an incident exists.
    Visibility = "entity::Visibility" {
        /// Everyone with access to Muster.
        Open,
        /// Participants, administrators and people who were granted access.
        Restricted,
    }
    /// What a person does in an incident.
    Role = "entity::Role" {
        /// Keeps the overview and decides.
        IncidentLead,
        /// Keeps affected clients informed.
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
    /// What a timeline event is about.
    TimelineKind = "entity::TimelineKind" {
        /// A person or system reported it.
        Reported,
        /// It was declared an incident.
        Declared,
        /// It was declined: not an incident.
        Declined,
        /// It was merged into another incident.
        Merged,
        /// An alert fired, repeated or ended.
        Alert,
        /// Free text.
        Note,
        /// A command that was run.
        Command,
        /// A change that was made.
        Change,
        /// Something learned.
        Finding,
        /// A decision.
        Decision,
        /// The summary for people outside the response.
        Update,
        /// A message from chat.
        Message,
        /// A file.
        File,
        /// The severity changed.
        SeverityChanged,
        /// The status changed.
        StatusChanged,
        /// A role was given, handed over or ended.
        RoleChanged,
        /// A goal was met or taken back.
        GoalChanged,
        /// A person was paged.
        Paged,
        /// A person answered a page.
        Acknowledged,
        /// Second line was paged.
        Escalated,
        /// A client was marked affected, or no longer affected.
        ClientAffected,
        /// Clients were sent an update.
        ClientUpdate,
        /// A ticket was created, linked or changed.
        Ticket,
        /// An action was added or settled.
        Action,
        /// Muster reminded someone.
        Prompt,
        /// A step of the playbook was settled.
        StepSettled,
        /// An effect on an outside system.
        Delivery,
        /// Service is back.
        Resolved,
        /// It was reopened.
        Reopened,
        /// About the report.
        Report,
        /// About the review.
        Review,
        /// About a follow-up.
        FollowUp,
        /// It was closed.
        Closed,
        /// A correction of an earlier event.
        Amendment,
        /// What earlier events said was taken out by an administrator: `details` has their `sequences`, and the reason.
        Redaction,
    }
    /// The way something reached Muster.
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
        /// Reads, and may report incidents.
        Viewer,
        /// Works on incidents.
        Responder,
        /// Also manages people, and sees restricted incidents.
        Admin,
    }
    /// How important a site or client is.
    Importance = "entity::Importance" {
        /// As important as most.
        Normal,
        /// More important than most.
        High,
    }
    /// A contact's role at the client.
    ContactKind = "entity::ContactKind" {
        /// Everyday contact.
        Regular,
        /// Senior stakeholder.
        Senior,
    }
    /// The state of an action.
    ActionState = "entity::ActionState" {
        /// To do.
        Open,
        /// Done.
        Done,
        /// Dropped.
        Dropped,
    }
    /// How bad it is.
    Severity = "entity::Severity" {
        /// The whole service is down, or there is a serious breach. Takes priority over all other work, day and night.
        Critical,
        /// A main function is broken, or there is a small breach. Takes priority over other work in working hours.
        Major,
        /// A minor function or an internal tool is broken.
        Minor,
        /// Over before anyone needed to act; recorded afterwards.
        Trivial,
    }
    /// What is special about an incident.
    IncidentFlag = "entity::Flag" {
        /// Somebody got in.
        SecurityBreach,
        /// Data got out.
        DataBreach,
        /// Seen before: no report is due.
        Recurring,
        /// Recorded after it was over.
        Retrospective,
    }
    /// What a person may do or receive beyond their access level.
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
        /// Sees in reports who did what.
        SeeNames,
    }
    /// How far a report has got.
    ReportState = "entity::ReportState" {
        /// Being written.
        Draft,
        /// Given to the people involved, who comment on it.
        Circulated,
        /// Finished.
        Final,
    }
    /// A version of a report, for its readers.
    ReportVersion = "entity::ReportVersion" {
        /// All of it, for the team.
        Full,
        /// The short one, for everybody in the company.
        Abridged,
        /// For an affected client.
        Client,
    }
    /// What a comment on a report asks for.
    CommentKind = "entity::CommentKind" {
        /// A change before the report is finished.
        FixNow,
        /// That the review talks about it.
        ForReview,
    }
    /// Whether a part of a text is in both of two texts, or only in one.
    TextChange = "domain::report::TextChange" {
        /// In both.
        Kept,
        /// Only in the later one.
        Added,
        /// Only in the earlier one.
        Removed,
    }
    /// How much a person is expected at a review.
    Expectation = "entity::Expectation" {
        /// They had a part in the response, or lead the review.
        Must,
        /// It concerns them.
        Should,
        /// They are welcome.
        May,
    }
    /// What a person answered to an invitation.
    InvitationAnswer = "entity::InvitationAnswer" {
        /// They will be there.
        Yes,
        /// They hope to be there.
        Maybe,
        /// They can't be there.
        No,
    }
    /// A rule about reviews. A plan may break it, with a reason.
    ReviewRule = "domain::review::ReviewRule" {
        /// The facilitator had no part in the response.
        FacilitatorFromOutside,
        /// Somebody else than the facilitator takes the notes.
        NoteTakerApart,
        /// Somebody senior who had no part in it comes to the review of what was critical or major.
        SeniorOutsider,
        /// It lasts one and a half to two hours.
        Length,
        /// It is in working hours.
        WorkingHours,
        /// It is still to come.
        ToCome,
        /// Readers have had the draft report for three working days.
        DraftRead,
        /// Those who are invited have time.
        TimeFree,
    }
    /// What a review should have talked about when it ends.
    ReviewTopic = "domain::review::Topic" {
        /// What happened, and what made it an incident.
        Happened,
        /// How decisions were made.
        Decisions,
        /// Whether everything is as it should be again.
        Restored,
        /// What clients know and will be told.
        Clients,
        /// How the team can respond better.
        Response,
        /// What would keep it from happening again.
        Prevention,
    }
    /// What kind of moment is worth talking about.
    MomentKind = "domain::review::MomentKind" {
        /// Somebody marked it.
        Marked,
        /// A change went live past the usual way.
        Bypass,
        /// Somebody was called and did not answer.
        Unanswered,
        /// It became more or less severe.
        SeverityChange,
        /// A role went from one person to another.
        HandOver,
        /// Something was decided.
        Decision,
        /// Somebody was woken or called.
        Called,
        /// Nothing was written for a while.
        Gap,
        /// The work went on to its next stage.
        StatusChange,
        /// Something was found.
        Observation,
    }
    /// Which way a change was put live.
    Deployment = "domain::timeline::rollout::Deployment" {
        /// The usual way.
        Normal,
        /// Past the usual way.
        Bypass,
    }
    /// Who is paged when.
    OnCallLine = "entity::OnCallLine" {
        /// Is paged first.
        First,
        /// Is paged when first line needs help.
        Second,
    }
    /// Whether a triage criterion is met.
    TriageVerdict = "entity::TriageVerdict" {
        /// It is met.
        Yes,
        /// It is not met.
        No,
        /// Nobody knows yet.
        Unsure,
    }
    /// What the triage answers suggest.
    TriageRecommendation = "domain::incident::triage::Recommendation" {
        /// It is an incident, or may be one.
        Declare,
        /// Nothing suggests an incident.
        Decline,
        /// Too few answers yet.
        AnswerMore,
    }
    /// An answer to one of the questions that decide the severity.
    SeverityAnswer = "domain::severity::Answer" {
        /// Not at all.
        None,
        /// A little.
        Low,
        /// Some.
        Medium,
        /// A lot.
        High,
        /// Nobody knows yet.
        Unsure,
    }
    /// How a ticket relates to an incident.
    TicketLink = "entity::TicketLink" {
        /// It may be about it: a person decides.
        Suggested,
        /// It is about it.
        Linked,
        /// It is not about it, or no longer.
        Dismissed,
    }
    /// The sort order of incidents.
    IncidentOrder = "domain::incident::IncidentOrder" {
        /// Most recently reported first.
        Newest,
        /// Least recently reported first.
        Oldest,
        /// Worst first; among equals, the longest waiting.
        MostSevere,
        /// Most recently changed first.
        RecentlyChanged,
    }
}
