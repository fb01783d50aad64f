//! Actions on a change: submit, classify, decide, comment, withdraw.

use domain::ids::ChangeId;

use crate::{
    backend::{
        CLASSIFY, ChangeForm, ClassifySubmission, CommentInput, DecisionInput, Denied, FieldError,
        PortResult, Submission, change_field, classify_field, comment_field, comment_of,
        decision_field, decision_of,
    },
    routes::{Post, Sent},
};

/// Stores a change, whatever its verdict, and redirects to its page.
pub async fn submit(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&change_field::SENT)?;
    let submission = Submission::read(|field| sent.field(field));
    let id = backend.submit(submission).await?;
    Ok(format!("/changes/{id}"))
}

/// Stores a change that classifies accounts, and redirects to its page.
pub async fn classify(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&classify_field::SENT)?;
    let submission = ClassifySubmission::read(|field| sent.field(field));
    let id = backend.classify(submission).await?;
    Ok(format!("/changes/{id}"))
}

/// Approves or declines a change and redirects to its page.
pub async fn decide(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&decision_field::SENT)?;
    let id: ChangeId = sent.param("id")?;
    let Some(decision) = decision_of(&sent.field(decision_field::DECISION)) else {
        return Err(Denied::Invalid(vec![FieldError {
            field: decision_field::DECISION,
            message: "Choose Approve or Decline.".into(),
        }]));
    };
    let input = DecisionInput {
        decision,
        reason: sent.field(decision_field::REASON),
        effect: sent.field(decision_field::EFFECT),
    };
    backend.decide(&id, input).await?;
    Ok(format!("/changes/{id}"))
}

/// Records a comment on a change, or a question to its requester, and redirects to its page.
pub async fn comment(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&comment_field::SENT)?;
    let id: ChangeId = sent.param("id")?;
    let Some(kind) = comment_of(&sent.field(comment_field::KIND)) else {
        return Err(Denied::Invalid(vec![FieldError {
            field: comment_field::KIND,
            message: "Choose to comment or to ask the requester.".into(),
        }]));
    };
    let input = CommentInput {
        kind,
        text: sent.field(comment_field::COMMENT),
    };
    backend.comment(&id, input).await?;
    Ok(format!("/changes/{id}#comments"))
}

/// Withdraws a change and redirects to its page.
pub async fn withdraw(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&[])?;
    let id: ChangeId = sent.param("id")?;
    backend.withdraw(&id).await?;
    Ok(format!("/changes/{id}"))
}

/// Returns the URL of the preview that was submitted.
pub fn form(sent: &Sent) -> String {
    ChangeForm::read(|field| sent.field(field)).href()
}

/// Returns the URL of the form that classifies accounts. Its values are shown from the form that was sent.
pub fn classify_form(_: &Sent) -> String {
    CLASSIFY.to_owned()
}

/// Returns the URL of the change.
pub fn record(sent: &Sent) -> String {
    sent.param::<ChangeId>("id")
        .map_or_else(|_| "/changes".into(), |id| format!("/changes/{id}"))
}
