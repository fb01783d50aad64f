//! What a decision reads from AWS: nothing unless it can be recorded, and never twice at once for one person.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration as StdDuration,
};

use app::backend::{ChangesPort as _, DecisionInput, DecisionPort as _, Denied};
use async_trait::async_trait;
use domain::{
    approval::{Decision, Mfa},
    change::State,
    directory::{ExternalId, UserStatus},
    ids::{ChangeId, UserId},
    time::Duration,
};
use server::{
    aws::{error::CallError, read::DirectoryUser},
    service::{Service, identities::DirectoryUsers},
};

use super::support::{Org, grant};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_decision_that_cannot_be_recorded_reads_nothing,
    the_decisions_of_one_person_read_one_after_the_other,
}

/// A directory in which every user is enabled, and which counts its reads.
#[derive(Default)]
struct Counting {
    all: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Counting {
    fn all(&self) -> usize {
        self.all.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl DirectoryUsers for Counting {
    async fn user(&self, _: &UserId) -> Result<Option<DirectoryUser>, CallError> {
        self.all.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        // Long enough for another decision to come meanwhile.
        tokio::time::sleep(StdDuration::from_millis(50)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(Some(DirectoryUser {
            status: UserStatus::Enabled,
            external_ids: Vec::new(),
        }))
    }

    async fn holder(&self, _: &ExternalId) -> Result<Option<UserId>, CallError> {
        Ok(None)
    }
}

async fn counted(engine: DatabaseEngine) -> (Org, Arc<Counting>) {
    let mut org = Org::on(engine).await;
    let counting = Arc::new(Counting::default());
    let app_state = Arc::get_mut(&mut org.app_state).unwrap();
    app_state.directory_users = counting.clone();
    (org, counting)
}

async fn shown(service: &Service, id: &ChangeId) -> DecisionInput {
    DecisionInput {
        decision: Decision::Approve,
        reason: "looks right to me".into(),
        effect: service.change(id).await.unwrap().preview.effect.0,
    }
}

async fn a_decision_that_cannot_be_recorded_reads_nothing(engine: DatabaseEngine) {
    let (org, directory) = counted(engine).await;
    let form = grant("eve", "viewer", "cards-prod", "60");
    let id = org.ask("ann", &form).await;
    let own = org
        .ask("bob", &grant("bob", "viewer", "cards-prod", "60"))
        .await;
    let bob = org.as_("bob").await;
    let input = shown(&bob, &id).await;
    let missing = ChangeId::parse("00000000-0000-4000-8000-000000000001").unwrap();
    assert_eq!(
        bob.decide(&missing, input.clone()).await,
        Err(Denied::NotFound)
    );
    let other = DecisionInput {
        effect: "0".repeat(64),
        ..input.clone()
    };
    assert!(matches!(
        bob.decide(&id, other).await,
        Err(Denied::Conflict(_))
    ));
    let seen = shown(&bob, &own).await;
    assert!(matches!(
        bob.decide(&own, seen).await,
        Err(Denied::Forbidden(_))
    ));
    let mut unproven = org.signed("cas").await;
    unproven.actor.mfa = Mfa::NotProven;
    let unproven = org.acting(unproven);
    assert!(unproven.decide(&id, input.clone()).await.is_err());
    let old = org.as_("cas").await;
    org.clock.advance(Duration::minutes(30));
    assert_eq!(
        old.decide(&id, input.clone()).await,
        Err(Denied::SignInAgain)
    );
    assert_eq!(directory.all(), 0);

    let bob = org.as_("bob").await;
    bob.decide(&id, input.clone()).await.unwrap();
    let read = directory.all();
    assert!(
        read > 0,
        "a decision counts only if the approver's user was read"
    );
    // The same decision again, and one on a change that is over.
    bob.decide(&id, input.clone()).await.unwrap();
    org.set_state(&id, State::Withdrawn).await;
    let late = org.as_("cas").await.decide(&id, input).await;
    assert!(matches!(late, Err(Denied::Conflict(_))), "{late:?}");
    assert_eq!(directory.all(), read);
}

async fn the_decisions_of_one_person_read_one_after_the_other(engine: DatabaseEngine) {
    let (org, directory) = counted(engine).await;
    let form = grant("eve", "viewer", "cards-prod", "60");
    let (one, two) = (org.ask("ann", &form).await, org.ask("ann", &form).await);
    let bob = org.as_("bob").await;
    let (of_one, of_two) = (shown(&bob, &one).await, shown(&bob, &two).await);
    let (first, second) = tokio::join!(bob.decide(&one, of_one), bob.decide(&two, of_two));
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(directory.most.load(Ordering::SeqCst), 1);
}
