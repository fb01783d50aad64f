//! Live updates of one change.
//!
//! Sends only when something changed. Never extends a session; the caller ends the stream.

use std::{sync::Arc, time::Duration};

use app::backend::{LiveChange, PortResult};
use domain::ids::ChangeId;
use futures::{Stream, stream};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

use super::{
    progress::{self, ItemsProgress},
    unreadable,
};
use crate::{
    service::{Service, app_state::AppState},
    store::{
        StoreError,
        change::{self, FoundChange},
        ledger,
    },
};

/// The individual steps of a write to AWS are not announced, so they are polled.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Service {
    /// Returns the events of `/events/changes/{id}`. Not found for a viewer who may not see the change.
    pub async fn change_events(
        &self,
        id: &ChangeId,
    ) -> PortResult<impl Stream<Item = LiveChange> + Send + 'static + use<>> {
        Ok(follow(self.may_follow(id).await?, id.clone()))
    }
}

struct ChangeStream {
    app_state: Arc<AppState>,
    id: ChangeId,
    moved: Receiver<ChangeId>,
    last: Option<LiveChange>,
}

fn follow(
    app_state: Arc<AppState>,
    id: ChangeId,
) -> impl Stream<Item = LiveChange> + Send + 'static {
    let moved = app_state.moved.subscribe();
    stream::unfold(
        ChangeStream {
            app_state,
            id,
            moved,
            last: None,
        },
        |mut at| async {
            loop {
                match now(&at.app_state, &at.id).await {
                    Ok(Some(event)) if at.last.as_ref() != Some(&event) => {
                        at.last = Some(event.clone());
                        return Some((event, at));
                    }
                    Ok(Some(_)) => {}
                    // The change does not exist or the database is unavailable. The browser reconnects by itself.
                    Ok(None) | Err(_) => return None,
                }
                wait(&mut at).await?;
            }
        },
    )
}

/// Waits until the change is announced or the poll interval is over. None if no announcement can come any more.
async fn wait(at: &mut ChangeStream) -> Option<()> {
    let ours = async {
        loop {
            match at.moved.recv().await {
                Ok(id) if id != at.id => {}
                // Announcements were missed, and this change may have been among them.
                Ok(_) | Err(RecvError::Lagged(_)) => return Some(()),
                Err(RecvError::Closed) => return None,
            }
        }
    };
    timeout(LOOK_EVERY, ours).await.unwrap_or(Some(()))
}

async fn now(app_state: &AppState, id: &ChangeId) -> Result<Option<LiveChange>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    let stored = match change::find(&mut conn, id).await? {
        None => return Ok(None),
        Some(FoundChange::Unreadable(row)) => {
            return Ok(Some(unreadable::live(&row)));
        }
        Some(FoundChange::Known(stored)) => stored,
    };
    let (waiting, now) = (app_state.waiting.of(id), app_state.clock.now());
    let items = ItemsProgress::read(&mut conn, &stored, 1, waiting, now).await?;
    let newest_comment = ledger::newest_comment(&mut conn, id).await?;
    Ok(Some(progress::live(&items, newest_comment)))
}
