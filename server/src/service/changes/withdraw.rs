//! Withdraws a change, as long as the engine has not started it.

use app::backend::{Answer, Denied, WithdrawalPort};
use async_trait::async_trait;
use domain::{authorize::Action, change::State, ids::ChangeId};

use super::{trouble, words};
use crate::{
    service::Service,
    store::{StoreError, change},
};

enum Went {
    Withdrawn,
    NotThere,
    /// The viewer is not the requester.
    NotTheirs,
    Stuck(State),
}

#[async_trait]
impl WithdrawalPort for Service {
    async fn withdraw(&self, id: &ChangeId) -> Answer<()> {
        self.allowed(Action::WithdrawOwn)?;
        match self.try_withdraw(id).await.map_err(trouble)? {
            Went::Withdrawn => {
                self.core.announce(id, State::Withdrawn);
                Ok(())
            }
            // Withdrawing is idempotent.
            Went::Stuck(State::Withdrawn) => Ok(()),
            Went::NotThere => Err(Denied::NotFound),
            Went::NotTheirs => Err(self.refused(Action::WithdrawOwn, NOT_YOURS).await),
            Went::Stuck(state) => Err(Denied::Conflict(format!(
                "{} It can no longer be withdrawn.",
                words::already(state)
            ))),
        }
    }
}

impl Service {
    async fn try_withdraw(&self, id: &ChangeId) -> Result<Went, StoreError> {
        let mut tx = self.core.store.write().await?;
        let Some(stored) = change::lock(&mut tx, id)
            .await?
            .filter(|stored| self.may_see_change(stored))
        else {
            return Ok(Went::NotThere);
        };
        if self.signed.actor.person.as_ref() != Some(&stored.change.requester) {
            return Ok(Went::NotTheirs);
        }
        let Ok(state) = stored.change.withdraw() else {
            return Ok(Went::Stuck(stored.change.state));
        };
        change::set_state(&mut tx, &stored, state, None, self.core.clock.now()).await?;
        let entry = self.core.journal.change_withdrawn(&self.who(), id);
        self.core.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Went::Withdrawn)
    }
}

/// The reason why somebody else cannot withdraw a change.
pub(super) const NOT_YOURS: &str = "Only the requester can withdraw this change.";
