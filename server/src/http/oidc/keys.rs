//! The signing keys of the pool. An unknown key id triggers a new fetch, at most once a minute. Without this limit,
//! forged tokens could cause any number of requests to Cognito.

use std::sync::{Arc, PoisonError, RwLock};

use domain::time::{Duration, Timestamp};
use openidconnect::{JsonWebKeySetUrl, core::CoreJsonWebKeySet};
use tokio::sync::Mutex;

use super::outbound::Outbound;

const AT_MOST_EVERY: Duration = Duration::minutes(1);

pub(super) struct Keys {
    url: JsonWebKeySetUrl,
    set: RwLock<Arc<CoreJsonWebKeySet>>,
    asked: Mutex<Timestamp>,
}

impl Keys {
    pub(super) fn new(url: JsonWebKeySetUrl, set: CoreJsonWebKeySet, now: Timestamp) -> Self {
        Self {
            url,
            set: RwLock::new(Arc::new(set)),
            asked: Mutex::new(now),
        }
    }

    pub(super) fn current(&self) -> Arc<CoreJsonWebKeySet> {
        self.set
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fetches the keys again, unless they were fetched within the last minute, and returns them.
    pub(super) async fn again(&self, http: &Outbound, now: Timestamp) -> Arc<CoreJsonWebKeySet> {
        let mut asked = self.asked.lock().await;
        if now.since(*asked) < AT_MOST_EVERY {
            return self.current();
        }
        *asked = now;
        match CoreJsonWebKeySet::fetch_async(&self.url, http).await {
            Ok(set) => *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set),
            Err(error) => tracing::warn!(%error, "the user pool's keys could not be read again"),
        }
        self.current()
    }
}
