//! Comments on a change and questions to its requester, on record. Nothing is decided by them: neither the row of the change
//! nor its effect, its approvals or its hash is touched.

use app::backend::{
    CommentInput, CommentObstacle, CommentPort, Denied, FieldError, PortResult, comment_field,
};
use async_trait::async_trait;
use domain::{
    approval::Decision,
    authorize::Action,
    change::{CommentKind, CommentRefusal, comment_text, may_comment},
    ids::ChangeId,
    person::Claims,
};

use super::trouble;
use crate::{
    service::{Service, journal::comment_event},
    store::{
        StoreError,
        change::{self, FoundChange, StoredChange},
        ledger, person,
    },
};

/// The maximum number of comments on one change, because its page shows all of them.
const COMMENTS: u64 = 200;

enum CommentOutcome {
    Recorded,
    /// The same person sent the same text before, and nobody wrote since.
    Duplicate,
    NotThere,
    /// An item of the change is not understood, so that who may decide it is not known.
    Unreadable,
    Refused(CommentRefusal),
    TooMany,
}

#[async_trait]
impl CommentPort for Service {
    async fn comment(&self, id: &ChangeId, input: CommentInput) -> PortResult<()> {
        self.allowed(Action::Comment)?;
        let text = comment_text(&input.text).map_err(|wrong| {
            Denied::Invalid(vec![FieldError {
                field: comment_field::COMMENT,
                message: wrong.to_string(),
            }])
        })?;
        match self
            .try_comment(id, input.kind, text)
            .await
            .map_err(trouble)?
        {
            CommentOutcome::Recorded => {
                // Pages look again. An error means that there is none.
                let _ = self.app_state.moved.send(id.clone());
                Ok(())
            }
            CommentOutcome::Duplicate => Ok(()),
            CommentOutcome::NotThere => Err(Denied::NotFound),
            CommentOutcome::Unreadable => Err(Denied::Conflict(
                "This version of Leastwise does not understand all of this change, so nobody can comment on it here. \
                 Nothing was recorded."
                    .into(),
            )),
            CommentOutcome::Refused(why) => Err(self.refused(Action::Comment, why.reason()).await),
            CommentOutcome::TooMany => Err(Denied::Conflict(format!(
                "This change has {COMMENTS} comments, which is the maximum. Nothing was recorded. Use the ticket."
            ))),
        }
    }
}

impl Service {
    /// Returns what keeps the viewer from writing about a change, for its page and for the comment itself.
    pub(super) fn comment_obstacle(
        &self,
        stored: &StoredChange,
        claims: &Claims,
        kind: CommentKind,
    ) -> Result<(), CommentObstacle> {
        if self.allowed(Action::Comment).is_err() {
            return Err(CommentObstacle::NotAllowed);
        }
        self.may_comment_on(stored, claims, kind)
            .map_err(CommentObstacle::Refused)
    }

    fn may_comment_on(
        &self,
        stored: &StoredChange,
        claims: &Claims,
        kind: CommentKind,
    ) -> Result<(), CommentRefusal> {
        // Whoever may only decline it decides on it as well.
        let barred = self.barred_from(stored, Decision::Decline);
        let roles = &self.caller.actor().roles;
        may_comment(
            &stored.change,
            kind,
            &barred,
            &self.candidate(claims),
            roles,
        )
    }

    async fn try_comment(
        &self,
        id: &ChangeId,
        kind: CommentKind,
        text: &str,
    ) -> Result<CommentOutcome, StoreError> {
        let mut tx = self.app_state.store.write().await?;
        let found = change::lock(&mut tx, id).await?;
        let mut stored = match found.filter(|found| self.may_see_change(found)) {
            None => return Ok(CommentOutcome::NotThere),
            Some(FoundChange::Unreadable(_)) => return Ok(CommentOutcome::Unreadable),
            Some(FoundChange::Known(stored)) => *stored,
        };
        let record = self.own_record(tx.conn()).await?;
        self.add_oneself(&mut stored, &record);
        let claims = person::claims(tx.conn()).await?;
        if let Err(why) = self.may_comment_on(&stored, &claims, kind) {
            return Ok(CommentOutcome::Refused(why));
        }
        let earlier = ledger::comments_on(tx.conn(), id, COMMENTS).await?;
        let person = self.caller.person().map(|calling| calling.person.as_str());
        let again = earlier.first().is_some_and(|last| {
            last.kind == comment_event(kind).as_str()
                && last.actor.as_deref() == person
                && last.text.as_deref() == Some(text)
        });
        if again {
            return Ok(CommentOutcome::Duplicate);
        }
        if u64::try_from(earlier.len()).is_ok_and(|count| count >= COMMENTS) {
            return Ok(CommentOutcome::TooMany);
        }
        let journal = &self.app_state.journal;
        let entry = journal.change_commented(&self.who(), id, kind, text);
        journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(CommentOutcome::Recorded)
    }
}
