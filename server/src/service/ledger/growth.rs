//! Follows the size of the ledger, for pages that show entries. It tells the number of entries and nothing of them, so it is
//! not recorded as a read.

use std::{sync::Arc, time::Duration};

use app::backend::PortResult;
use domain::authorize::Action;
use futures::{Stream, stream};

use crate::service::{Service, app_state::AppState};

/// How often an open page looks for new entries.
const FOLLOW_EVERY: Duration = Duration::from_secs(2);

impl Service {
    /// Returns the events of `/events/ledger`: the number of entries, as often as it grows.
    pub fn ledger_events(&self) -> PortResult<impl Stream<Item = u64> + Send + 'static + use<>> {
        self.allowed(Action::SeeLedger)?;
        let follower = (self.app_state.clone(), None);
        Ok(stream::unfold(follower, |(app_state, last)| async move {
            loop {
                let size = size(&app_state);
                if last != Some(size) {
                    return Some((size, (app_state, Some(size))));
                }
                tokio::time::sleep(FOLLOW_EVERY).await;
            }
        }))
    }
}

/// Returns the number of entries that this process has verified.
fn size(app_state: &Arc<AppState>) -> u64 {
    let verified = app_state.store.tail().verified();
    verified.map_or(0, |end| end.size)
}
