//! Accounts that changed since the read model was built: nothing waits for the read model, few of them are built, and no
//! change is evaluated by a classification that is out of date. A step that comes too late writes nothing.

use std::time::Duration as StdDuration;

use app::backend::NewChangePort as _;
use domain::{
    classification::Environment,
    engine::{AccessResource, CarryOut, Commit, StepAnswer, WindowRow, Write},
    grant::Window,
    ids::{AccountId, Assignment, GrantId, PermissionSetArn, Principal},
    snapshot::Parts,
    time::Duration,
    verdict::Outcome,
};
use server::{engine::commit, service::publication, store::engine};
use tokio::time::{Instant, timeout};

use super::{
    classify::{IN_PRODUCTION, call, carried_out, classify, entries, form, plans},
    support::{Org, account, grant, user},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    five_hundred_classifications_wait_for_no_read_and_build_few_read_models,
    access_that_ends_is_committed_and_shown_while_a_crawl_is_stored,
    a_publication_that_cannot_read_holds_up_no_commit_and_is_repeated,
    a_change_is_evaluated_by_the_classification_of_now,
    a_step_that_waited_too_long_for_the_database_is_not_sent,
    a_step_of_a_process_that_was_superseded_is_not_sent,
}

/// Long enough for everything that does not wait.
const SOON: StdDuration = StdDuration::from_secs(20);

fn number(n: usize) -> AccountId {
    AccountId::parse(&format!("{:012}", 700_000_000_000 + n)).unwrap()
}

/// The organization with many more accounts like `web-dev`.
fn with_accounts(org: &Org, accounts: usize) -> Parts {
    let mut parts = org.parts();
    let (known, class) = parts.accounts[&account("web-dev")].clone();
    for n in 0..accounts {
        let mut one = known.clone();
        one.id = number(n);
        one.name = format!("web-dev-{n}");
        parts.accounts.insert(one.id.clone(), (one, class));
    }
    parts
}

async fn five_hundred_classifications_wait_for_no_read_and_build_few_read_models(
    engine: DatabaseEngine,
) {
    const ACCOUNTS: usize = 500;
    let org = Org::on(engine).await;
    org.publish(with_accounts(&org, ACCOUNTS));
    let mut all = form(&["web-dev"], IN_PRODUCTION);
    let more: Vec<String> = (0..ACCOUNTS).map(|n| number(n).to_string()).collect();
    all.accounts = format!("{}\n{}", all.accounts, more.join("\n"));
    let id = classify(&org, &all).await;
    let plans = plans(&org, &id).await;
    assert_eq!(plans.len(), ACCOUNTS + 1);
    // A crawl is being stored.
    let turn = org.app_state.observing.lock().await;
    let began = Instant::now();
    let first = call(&org, &id, 0, &plans[0]).await;
    for (index, plan) in plans.iter().enumerate() {
        let call = CarryOut {
            index,
            step: plan.steps[0].step.clone(),
            key: plan.key.clone(),
            from: plan.seen.clone(),
            ..first.clone()
        };
        let answer = timeout(SOON, carried_out(&org, call)).await;
        assert_eq!(answer.unwrap(), StepAnswer::Done, "{index}");
    }
    org.shown().await;
    drop(turn);
    let (published, took) = (org.app_state.publication.count(), began.elapsed());
    let most = took.as_millis() / 50 + 2;
    assert!(
        (1..=most).contains(&published.into()),
        "{published} in {took:?}"
    );
    let read_model = org.app_state.read_model();
    for n in 0..ACCOUNTS {
        let (_, class) = read_model.snapshot.account(&number(n)).unwrap();
        assert_eq!(class.environment, Environment::Production, "{n}");
    }
}

fn over(org: &Org) -> WindowRow {
    let set = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0000000000000001";
    let now = org.clock.now();
    let pair = domain::ids::Pair {
        account: account("web-dev"),
        set: PermissionSetArn::parse(set).unwrap(),
    };
    WindowRow {
        key: AccessResource::Assignment(Assignment {
            pair,
            principal: Principal::User(user("eve")),
        }),
        window: Window {
            grant: GrantId::parse("00000005-0000-4000-8000-000000000001").unwrap(),
            change: domain::ids::ChangeId::parse("00000006-0000-4000-8000-000000000001").unwrap(),
            starts: now,
            ends: Some(now),
            ended: None,
        },
        delivery: None,
        over: Some(now),
    }
}

async fn access_that_ends_is_committed_and_shown_while_a_crawl_is_stored(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let generation = org.generation().await;
    let turn = org.app_state.observing.lock().await;
    publication::moved(&org.app_state, [account("web-dev")], []);
    for number in 1..=2 {
        let ended = Commit {
            number,
            generation,
            writes: vec![Write::Window(over(&org))],
            events: Vec::new(),
        };
        let stored = timeout(SOON, commit::store(&org.app_state, ended)).await;
        stored.unwrap().unwrap();
    }
    assert_eq!(entries(&org, "grant.closed").await.len(), 2);
    org.shown().await;
    assert!(org.app_state.publication.count() > 0);
    drop(turn);
}

async fn a_change_is_evaluated_by_the_classification_of_now(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let asked = grant("eve", "viewer", "web-dev", "60");
    let outcome = async || {
        let new = org.as_("ann").await.new_change(&asked).await.unwrap();
        assert_eq!(new.errors, []);
        new.preview.unwrap().verdict.outcome
    };
    assert_eq!(outcome().await, Outcome::Allowed);
    let id = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    let plan = &plans(&org, &id).await[0];
    let turn = org.app_state.observing.lock().await;
    let answer = carried_out(&org, call(&org, &id, 0, plan).await).await;
    assert_eq!(answer, StepAnswer::Done);
    assert_ne!(outcome().await, Outcome::Allowed);
    drop(turn);
}

async fn a_step_that_waited_too_long_for_the_database_is_not_sent(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    let plan = &plans(&org, &id).await[0];
    let step = call(&org, &id, 0, plan).await;
    // Another transaction of the engine holds what the step needs.
    let mut other = org.app_state.store.write().await.unwrap();
    engine::hold(&mut other, step.generation).await.unwrap();
    let mut answer = std::pin::pin!(carried_out(&org, step));
    let waiting = timeout(StdDuration::from_millis(200), &mut answer).await;
    assert!(waiting.is_err(), "{waiting:?}");
    org.clock.advance(Duration::minutes(2));
    other.commit().await.unwrap();
    assert_eq!(answer.await, StepAnswer::NotSent);
    assert!(entries(&org, "account.declared").await.is_empty());
}

async fn a_step_of_a_process_that_was_superseded_is_not_sent(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    let plan = &plans(&org, &id).await[0];
    let step = call(&org, &id, 0, plan).await;
    org.generation().await;
    assert_eq!(carried_out(&org, step).await, StepAnswer::NotSent);
    assert!(entries(&org, "account.declared").await.is_empty());
}

async fn a_publication_that_cannot_read_holds_up_no_commit_and_is_repeated(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let generation = org.generation().await;
    let before = org.app_state.read_model();
    // Every connection for reads is taken. A new one of PostgreSQL takes a while on a busy machine.
    let mut pooled = Vec::new();
    while let Some(connection) = org.app_state.store.read().pool().try_acquire() {
        pooled.push(connection);
    }
    let mut taken = Vec::new();
    while let Ok(Ok(connection)) =
        timeout(StdDuration::from_secs(1), org.app_state.store.connection()).await
    {
        taken.push(connection);
    }
    publication::moved(&org.app_state, [account("web-dev")], []);
    let receipt = publication::everything(&org.app_state);
    let waiting = receipt.clone().shown(StdDuration::from_millis(100)).await;
    assert!(waiting.is_err());
    assert!(std::sync::Arc::ptr_eq(&before, &org.app_state.read_model()));
    drop((pooled, taken));
    let ended = Commit {
        number: 1,
        generation,
        writes: vec![Write::Window(over(&org))],
        events: Vec::new(),
    };
    let stored = timeout(SOON, commit::store(&org.app_state, ended)).await;
    stored.unwrap().unwrap();
    receipt.shown(SOON).await.unwrap();
    org.shown().await;
}
