//! Comments on a change and questions to its requester: what a page shows of them, and the form that writes one. This module
//! is the only place that names the fields of that form. Nothing is decided by a comment.

use async_trait::async_trait;
use domain::{
    change::{CommentKind, CommentRefusal},
    ids::ChangeId,
    time::Timestamp,
};

use super::{EntryAuthenticity, PortResult};

/// The names of the fields, as the browser sends them.
pub mod comment_field {
    /// What is written, as [`comment_word`](super::comment_word) returns it.
    pub const KIND: &str = "kind";
    pub const COMMENT: &str = "comment";

    /// All fields that the form sends.
    pub const SENT: [&str; 2] = [KIND, COMMENT];
    /// The text that the user typed, and how it was sent.
    pub const TYPED: [&str; 2] = SENT;
}

/// A comment that somebody submits.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CommentInput {
    pub kind: CommentKind,
    pub text: String,
}

/// A comment on a change, from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CommentView {
    /// The sequence number in the ledger.
    pub seq: u64,
    pub authenticity: EntryAuthenticity,
    pub kind: CommentKind,
    pub at: Timestamp,
    /// The name of its author.
    pub who: String,
    pub author: CommentAuthor,
    pub text: CommentText,
}

/// Who wrote a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentAuthor {
    Requester,
    Other,
}

/// The text of a comment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentText {
    Text(String),
    /// It was erased from the ledger.
    Erased,
    /// Another text is stored than the one that the ledger records.
    Altered,
}

impl CommentText {
    /// Returns the text, or why there is none.
    pub fn words(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Erased => "This text was erased.",
            Self::Altered => "The stored text is not the one that the ledger records.",
        }
    }
}

/// Returns the newest question that the requester has not answered yet.
pub fn open_question(comments: &[CommentView]) -> Option<&CommentView> {
    let answered = |comment: &&CommentView| comment.author == CommentAuthor::Requester;
    let mut since = comments.iter().rev().take_while(|one| !answered(one));
    since.find(|comment| comment.kind == CommentKind::Question)
}

/// Returns the form value of a kind.
pub const fn comment_word(kind: CommentKind) -> &'static str {
    match kind {
        CommentKind::Comment => "comment",
        CommentKind::Question => "question",
    }
}

/// Returns the kind with the given form value.
pub fn comment_of(word: &str) -> Option<CommentKind> {
    [CommentKind::Comment, CommentKind::Question]
        .into_iter()
        .find(|kind| comment_word(*kind) == word)
}

/// What a viewer may write about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentObstacle {
    Refused(CommentRefusal),
    /// The roles or the sign-in of the viewer do not allow it.
    NotAllowed,
}

/// Comments on changes.
#[async_trait]
pub trait CommentPort {
    /// Records a comment, or a question to the requester. Sent twice in a row, it is recorded once.
    async fn comment(&self, id: &ChangeId, input: CommentInput) -> PortResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: CommentKind, author: CommentAuthor, seq: u64) -> CommentView {
        CommentView {
            seq,
            authenticity: EntryAuthenticity::Authentic,
            kind,
            at: Timestamp(0),
            who: "Somebody".into(),
            author,
            text: CommentText::Text("Why now?".into()),
        }
    }

    #[test]
    fn a_question_is_open_until_the_requester_writes() {
        use CommentAuthor::{Other, Requester};
        use CommentKind::{Comment, Question};
        let open = |all: &[(CommentKind, CommentAuthor)]| {
            let all: Vec<CommentView> = (0..)
                .zip(all)
                .map(|(seq, (kind, author))| written(*kind, *author, seq))
                .collect();
            open_question(&all).map(|question| question.seq)
        };
        assert_eq!(open(&[]), None);
        assert_eq!(open(&[(Comment, Other)]), None);
        assert_eq!(open(&[(Question, Other)]), Some(0));
        assert_eq!(open(&[(Question, Other), (Comment, Other)]), Some(0));
        assert_eq!(open(&[(Question, Other), (Comment, Requester)]), None);
        let again = [
            (Question, Other),
            (Comment, Requester),
            (Question, Other),
            (Question, Other),
        ];
        assert_eq!(open(&again), Some(3));
    }
}
