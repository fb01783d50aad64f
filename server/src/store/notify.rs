//! What other processes committed, by `LISTEN` on PostgreSQL; the triggers are in migrations/postgres/0024_notify.sql.
//!
//! A notification says what to read again and is never itself believed. After each new connection anything may have been
//! missed, and nothing waits for a notification alone.

use std::time::Duration;

use domain::{
    change::State,
    ids::{AccountId, ChangeId, GroupId},
};
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::{Store, StoreError};

/// The channel of the triggers.
const CHANNEL: &str = "leastwise";
/// The time in which the server must respond.
const RESPONSE: Duration = Duration::from_secs(5);

/// What a notification says of the state of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeProgress {
    /// The engine has work.
    Approved,
    Other,
}

/// Something that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// A change was stored or has another state.
    Change {
        id: ChangeId,
        progress: ChangeProgress,
    },
    /// The observed state has another version.
    Observed,
    /// An access window, the classification or an overdue removal in an account.
    AccountMoved(AccountId),
    /// An access window of a membership, or its overdue removal.
    GroupMoved(GroupId),
    /// The engine lease is free.
    LeaseFreed,
    /// Something else, such as what a newer version notifies about: anything may have changed.
    NotUnderstood,
}

/// A connection that listens. On an error, open another one and read everything again.
pub struct Listener(PgListener);

impl Store {
    /// Listens from now on. Only on PostgreSQL.
    pub async fn listen(&self) -> Result<Listener, StoreError> {
        let opening = async {
            let mut listener = PgListener::connect(&self.url).await?;
            // The caller opens another one and reads everything again.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(Listener(listener))
        };
        timeout(RESPONSE, opening)
            .await
            .unwrap_or(Err(StoreError::NoResponse))
    }
}

impl Listener {
    /// Waits for the next notification. Dropping the future loses none.
    pub async fn next(&mut self) -> Result<Notification, StoreError> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(Notification::parse(notification.payload())),
            // The connection was lost.
            None => Err(StoreError::NoResponse),
        }
    }

    /// Checks that the server still responds on this connection: a line that was cut is silent.
    pub async fn check(&mut self) -> Result<(), StoreError> {
        let answer = sqlx::query("select 1").execute(&mut self.0);
        let answer = timeout(RESPONSE, answer).await;
        answer.map_err(|_| StoreError::NoResponse)??;
        Ok(())
    }
}

impl Notification {
    fn parse(payload: &str) -> Self {
        let words: Vec<&str> = payload.split(' ').collect();
        let known = match words.as_slice() {
            ["change", id, state] => ChangeId::parse(id).ok().map(|id| Self::Change {
                id,
                progress: if *state == State::Approved.as_str() {
                    ChangeProgress::Approved
                } else {
                    ChangeProgress::Other
                },
            }),
            ["observed", _] => Some(Self::Observed),
            ["moved", id] => {
                let group = || GroupId::parse(id).ok().map(Self::GroupMoved);
                let account = AccountId::parse(id).ok().map(Self::AccountMoved);
                account.or_else(group)
            }
            ["lease"] => Some(Self::LeaseFreed),
            _ => None,
        };
        known.unwrap_or(Self::NotUnderstood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_may_be_anything() {
        let id = "3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b";
        let change = Notification::parse(&format!("change {id} approved"));
        let Notification::Change { progress, .. } = change else {
            panic!("{change:?}");
        };
        assert_eq!(progress, ChangeProgress::Approved);
        let account = Notification::parse("moved 111122223333");
        assert!(matches!(account, Notification::AccountMoved(_)));
        let group = Notification::parse(&format!("moved {id}"));
        assert!(matches!(group, Notification::GroupMoved(_)));
        assert_eq!(Notification::parse("observed 3"), Notification::Observed);
        assert_eq!(Notification::parse("lease"), Notification::LeaseFreed);
        for other in [
            "",
            "change",
            "change x approved",
            "ledger 12",
            "moved 1",
            "mail 3",
        ] {
            assert_eq!(
                Notification::parse(other),
                Notification::NotUnderstood,
                "{other}"
            );
        }
    }
}
