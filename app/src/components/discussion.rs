//! The comments on a change and the questions to its requester, on record, with the form that writes one. Nothing is decided
//! by them.

use domain::{
    change::{CommentKind, CommentRefusal},
    ids::ChangeId,
    time::Timestamp,
};
use leptos::prelude::*;

use super::{
    Button, ButtonKind, ExactTime, Notice, Requirement, Section, Status, TextArea, not_authentic,
};
use crate::{
    backend::{
        ChangeView, CommentAuthor, CommentObstacle, CommentView, comment_field, comment_word,
        open_question,
    },
    routes::FormState,
};

/// The id of the text field.
pub const COMMENT_FIELD: &str = "comment";

/// Renders the comments and the form. Empty if there are none and the viewer may not write one.
pub fn discussion(view: &ChangeView, form: &FormState, now: Timestamp) -> AnyView {
    let may = view.comment.is_ok();
    if view.comments.is_empty() && !may {
        return ().into_any();
    }
    let count = view.comments.len();
    let detail = match count {
        0 => "on record, not part of the decision".to_owned(),
        1 => "1 comment, on record, not part of the decision".to_owned(),
        count => format!("{count} comments, on record, not part of the decision"),
    };
    let lines = view
        .comments
        .iter()
        .map(|one| line(one, now))
        .collect_view();
    let list = (count > 0).then(|| view! { <ol data-lines data-comments>{lines}</ol> });
    let asks = open_question(&view.comments).is_some();
    let sent = form.value(comment_field::COMMENT).is_some();
    let id = view.row.id.clone();
    let question = view.question;
    let (write, open) = match question {
        Err(CommentObstacle::Refused(CommentRefusal::OwnQuestion)) if asks => {
            ("Answer the question", true)
        }
        Err(_) => ("Add a comment", sent),
        Ok(()) => ("Comment, or ask the requester", sent),
    };
    let entry = may.then(|| {
        let fields = fields(&id, question, form);
        view! {
            <details data-rest data-write id="write" open=open>
                <summary>{write}</summary>
                {fields}
            </details>
        }
    });
    view! {
        <section id="comments"><Section title="Comments" detail>{list} {entry}</Section></section>
    }
    .into_any()
}

/// Renders the form of a change that is over and has no comments, behind a fold. Empty if the viewer may not write one.
pub fn comment_fold(view: &ChangeView, form: &FormState) -> Option<AnyView> {
    view.comment.ok()?;
    let open = form.value(comment_field::COMMENT).is_some();
    let fields = fields(&view.row.id, view.question, form);
    let fold = view! {
        <div id="comments">
            <details data-fold-row data-write id="write" open=open>
                <summary><b>"Comments"</b> <span>"none, add one"</span></summary>
                {fields}
            </details>
        </div>
    };
    Some(fold.into_any())
}

fn line(comment: &CommentView, now: Timestamp) -> impl IntoView + use<> {
    let question = (comment.kind == CommentKind::Question)
        .then(|| view! { <span data-control>"Question"</span> });
    let requester = (comment.author == CommentAuthor::Requester)
        .then(|| view! { <span class="text-muted text-xs">"requester"</span> });
    view! {
        <li>
            <div class="flex flex-wrap items-baseline gap-x-3">
                <span class="font-medium">{comment.who.clone()}</span>
                {requester}
                {question}
                <span class="text-muted text-xs"><ExactTime at=comment.at now /></span>
                {not_authentic(comment.authenticity)}
            </div>
            <p class="mt-1 max-w-[72ch] whitespace-pre-wrap break-words">{comment.text.words().to_owned()}</p>
        </li>
    }
}

fn fields(
    id: &ChangeId,
    question: Result<(), CommentObstacle>,
    form: &FormState,
) -> impl IntoView + use<> {
    let value = form.value(comment_field::COMMENT).unwrap_or_default();
    let error = form.error(comment_field::COMMENT).unwrap_or_default();
    let ask = question.ok().map(|()| {
        view! {
            <Button name=comment_field::KIND value=comment_word(CommentKind::Question)>"Ask the requester"</Button>
        }
    });
    view! {
        <form method="post" action=format!("/do/changes/{id}/comment") data-body>
            <TextArea
                id=COMMENT_FIELD
                name=comment_field::COMMENT
                label="Text"
                hint="Recorded in the ledger with your name, and shown to everybody who can see this change. Do not enter card numbers."
                value
                error
                need=Requirement::Required
                rows=2
            />
            <div class="flex flex-wrap gap-2">
                <Button kind=ButtonKind::Secondary name=comment_field::KIND value=comment_word(CommentKind::Comment)>"Comment"</Button>
                {ask}
            </div>
        </form>
    }
}

/// The notice that a question waits for the requester. Empty if none does.
pub fn question_notice(view: &ChangeView) -> Option<AnyView> {
    let question = open_question(&view.comments)?;
    let own = view.question == Err(CommentObstacle::Refused(CommentRefusal::OwnQuestion));
    let who = &question.who;
    let title = if own {
        format!("{who} asks you a question")
    } else {
        format!("{who} asked the requester, who has not answered yet")
    };
    let text = question.text.words().to_owned();
    let answer = own.then(|| view! { <p><a href="#comments">"Answer"</a></p> });
    let notice = view! {
        <Notice status=Status::Info title>
            <p class="whitespace-pre-wrap break-words">{text}</p>
            {answer}
        </Notice>
    };
    Some(notice.into_any())
}
