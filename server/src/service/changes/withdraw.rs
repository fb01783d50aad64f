//! Withdraws a change, as long as the engine has not started it.

use app::backend::{Denied, PortResult, WithdrawalPort};
use async_trait::async_trait;
use domain::{authorize::Action, change::State, ids::ChangeId};

use super::{descriptions, trouble};
use crate::{
    service::Service,
    store::{StoreError, change},
};

enum WithdrawOutcome {
    Withdrawn,
    NotThere,
    /// The viewer is not the requester.
    NotTheirs,
    Stuck(State),
}

#[async_trait]
impl WithdrawalPort for Service {
    async fn withdraw(&self, id: &ChangeId) -> PortResult<()> {
        self.allowed(Action::WithdrawOwn)?;
        match self.try_withdraw(id).await.map_err(trouble)? {
            WithdrawOutcome::Withdrawn => {
                self.app_state.announce(id, State::Withdrawn);
                Ok(())
            }
            // Withdrawing is idempotent.
            WithdrawOutcome::Stuck(State::Withdrawn) => Ok(()),
            WithdrawOutcome::NotThere => Err(Denied::NotFound),
            WithdrawOutcome::NotTheirs => Err(self.refused(Action::WithdrawOwn, NOT_YOURS).await),
            WithdrawOutcome::Stuck(state) => Err(Denied::Conflict(format!(
                "{} It can no longer be withdrawn.",
                descriptions::already(state)
            ))),
        }
    }
}

impl Service {
    async fn try_withdraw(&self, id: &ChangeId) -> Result<WithdrawOutcome, StoreError> {
        let mut tx = self.app_state.store.write().await?;
        let Some(found) = change::lock(&mut tx, id)
            .await?
            .filter(|found| self.may_see_change(found))
        else {
            return Ok(WithdrawOutcome::NotThere);
        };
        if self.signed.actor.person.as_ref() != Some(found.requester()) {
            return Ok(WithdrawOutcome::NotTheirs);
        }
        let Ok(state) = found.withdraw() else {
            return Ok(WithdrawOutcome::Stuck(found.state()));
        };
        change::set_state(&mut tx, &found, state, None, self.app_state.clock.now()).await?;
        let entry = self.app_state.journal.change_withdrawn(&self.who(), id);
        self.app_state.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(WithdrawOutcome::Withdrawn)
    }
}

/// The reason why somebody else cannot withdraw a change.
pub(super) const NOT_YOURS: &str = "Only the requester can withdraw this change.";
