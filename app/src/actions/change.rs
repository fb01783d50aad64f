//! Actions on a change: submit, decide, withdraw.

use domain::{approval::Decision, ids::ChangeId};

use crate::{
    backend::{Answer, DecisionInput, Denied, Draft, FieldError, Submission},
    routes::Post,
};

/// Stores a change, whatever its verdict, and redirects to its page.
pub async fn submit(post: Post) -> Answer<String> {
    post.only(&[
        "kind",
        "who",
        "set",
        "account",
        "term",
        "justification",
        "ticket",
        "effect",
        "form_key",
    ])?;
    let submission = Submission {
        draft: draft(&post),
        justification: post.field("justification"),
        ticket: post.field("ticket"),
        effect: post.field("effect"),
        form_key: post.field("form_key"),
    };
    let id = post.backend.submit(submission).await?;
    Ok(format!("/changes/{id}"))
}

/// Approves or declines a change and redirects to its page.
pub async fn decide(post: Post) -> Answer<String> {
    post.only(&["decision", "reason", "effect"])?;
    let id: ChangeId = post.param("id")?;
    let decision = match post.field("decision").as_str() {
        "approve" => Decision::Approve,
        "decline" => Decision::Decline,
        _ => {
            return Err(Denied::Invalid(vec![FieldError {
                field: "decision",
                message: "Choose Approve or Decline.".into(),
            }]));
        }
    };
    let input = DecisionInput {
        decision,
        reason: post.field("reason"),
        effect: post.field("effect"),
    };
    post.backend.decide(&id, input).await?;
    Ok(format!("/changes/{id}"))
}

/// Withdraws a change and redirects to its page.
pub async fn withdraw(post: Post) -> Answer<String> {
    post.only(&[])?;
    let id: ChangeId = post.param("id")?;
    post.backend.withdraw(&id).await?;
    Ok(format!("/changes/{id}"))
}

/// Returns the URL of the preview that was submitted.
pub fn form(post: &Post) -> String {
    draft(post).href()
}

/// Returns the URL of the change.
pub fn record(post: &Post) -> String {
    post.param::<ChangeId>("id")
        .map_or_else(|_| "/changes".into(), |id| format!("/changes/{id}"))
}

fn draft(post: &Post) -> Draft {
    Draft {
        kind: post.field("kind"),
        who: post.field("who"),
        set: post.field("set"),
        account: post.field("account"),
        term: post.field("term"),
    }
}
