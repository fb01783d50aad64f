//! The entries of comments on changes.

use domain::{
    change::CommentKind,
    ids::ChangeId,
    ledger::{EventKind, Outcome},
};

use super::{EntryActor, EntryBuilder, Journal};

impl Journal {
    /// Somebody commented on a change, or asked its requester a question. The text is private.
    pub fn change_commented(
        &self,
        who: &EntryActor,
        change: &ChangeId,
        kind: CommentKind,
        text: &str,
    ) -> EntryBuilder {
        self.about_change(comment_event(kind), Outcome::Success, who, change)
            .private("comment", text)
    }
}

/// Returns the event of a comment.
pub(in crate::service) const fn comment_event(kind: CommentKind) -> EventKind {
    match kind {
        CommentKind::Comment => EventKind::ChangeCommented,
        CommentKind::Question => EventKind::ChangeAsked,
    }
}
