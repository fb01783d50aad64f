//! Withdraws a change, as long as the engine has not started it.

use app::backend::{Denied, PortResult, WithdrawObstacle, WithdrawalPort, state_reason};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::{State, TransitionError},
    ids::{ChangeId, PersonId},
};

use super::trouble;
use crate::{
    service::Service,
    store::{StoreError, change},
};

enum WithdrawOutcome {
    Withdrawn,
    NotThere,
    Obstacle(WithdrawObstacle),
}

/// Returns the reason for a request that cannot be fulfilled.
const fn reason(obstacle: WithdrawObstacle) -> &'static str {
    match obstacle {
        WithdrawObstacle::NotTheirs => "Only the requester can withdraw this change.",
        WithdrawObstacle::Stuck(state) => state_reason(state),
    }
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
            WithdrawOutcome::Obstacle(WithdrawObstacle::Stuck(State::Withdrawn)) => Ok(()),
            WithdrawOutcome::NotThere => Err(Denied::NotFound),
            WithdrawOutcome::Obstacle(why @ WithdrawObstacle::NotTheirs) => {
                Err(self.refused(Action::WithdrawOwn, reason(why)).await)
            }
            WithdrawOutcome::Obstacle(why @ WithdrawObstacle::Stuck(_)) => Err(Denied::Conflict(
                format!("{} It can no longer be withdrawn.", reason(why)),
            )),
        }
    }
}

impl Service {
    /// Returns the state of a change after the viewer withdraws it, for its page and for the withdrawal itself.
    pub(super) fn may_withdraw(
        &self,
        requester: &PersonId,
        state: State,
    ) -> Result<State, WithdrawObstacle> {
        if !self.caller.acts_as(requester) {
            return Err(WithdrawObstacle::NotTheirs);
        }
        state.withdrawn().map_err(|why| match why {
            TransitionError::Started => WithdrawObstacle::Stuck(State::Applying),
            TransitionError::AlreadyIn(state) => WithdrawObstacle::Stuck(state),
        })
    }

    async fn try_withdraw(&self, id: &ChangeId) -> Result<WithdrawOutcome, StoreError> {
        let mut tx = self.app_state.store.write().await?;
        let Some(found) = change::lock(&mut tx, id)
            .await?
            .filter(|found| self.may_see_change(found))
        else {
            return Ok(WithdrawOutcome::NotThere);
        };
        let state = match self.may_withdraw(found.requester(), found.state()) {
            Ok(state) => state,
            Err(why) => return Ok(WithdrawOutcome::Obstacle(why)),
        };
        let now = self.app_state.clock.now();
        change::set_state(&mut tx, id, found.version(), state, None, now).await?;
        let entry = self.app_state.journal.change_withdrawn(&self.who(), id);
        self.app_state.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(WithdrawOutcome::Withdrawn)
    }
}
