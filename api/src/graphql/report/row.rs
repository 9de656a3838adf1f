//! Reports and comments on them, as others refer to them.

use async_graphql::Description;

/// The report about an incident: facts by themselves, explanations by people.
#[derive(Clone, Description)]
pub struct Report(pub entity::report::Model);

/// What a reader says about a section of a report.
#[derive(Clone, Description)]
pub struct ReportComment(pub entity::report_comment::Model);
