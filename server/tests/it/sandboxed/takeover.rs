//! Another process takes over the engine, on PostgreSQL: nothing is done twice, nothing is held up for long, and pages of
//! all processes show it.

use std::{sync::Arc, time::Duration};

use domain::{
    change::State,
    engine::{Generation, Pacing, lease::LeaseLength},
};
use server::{
    aws::{call::NOT_SENT, fence::WritePermission},
    engine::{follow, lease, reconcile},
    service::app_state::AppState,
    store,
};

use super::{
    outside_changes::approved,
    replicas::{ACCOUNT, GROUP, SET, shows},
    sandbox_server::{Company, LoopGuard, grant},
};
use crate::wait::until;

crate::engines::on_postgres! {
    &Company:
    another_process_continues_what_the_engine_began,
    a_process_that_stops_gives_the_engine_away_at_once,
    a_process_that_is_stopped_in_a_transaction_holds_no_lock_for_ever,
    pages_of_all_processes_follow_a_change,
    processes_start_one_after_another,
    a_wall_clock_that_jumps_changes_no_lease,
}

fn short() -> LeaseLength {
    LeaseLength::of(Duration::from_secs(2)).unwrap()
}

/// Runs what a process runs beside pages, except for crawls.
fn run(state: &Arc<AppState>) -> [LoopGuard; 2] {
    [
        LoopGuard::of(reconcile::run(state.clone(), Pacing::default())),
        LoopGuard::of(follow::run(state.clone())),
    ]
}

async fn another_process_continues_what_the_engine_began(company: &Company) {
    let first = company.second_process(short()).await;
    let second = company.second_process(short()).await;
    let engine = run(&first);
    until("the first process runs the engine", async || {
        *first.engine_lease.runs_here().borrow()
    })
    .await;
    let _standby = run(&second);
    let form = grant(
        "incident-responders",
        "SupportMetrics",
        "tokens-prod",
        "standing",
    );
    let id = approved(company, &form, &["ines.carvalho", "amara.nwosu"]).await;
    assert!(!*second.engine_lease.runs_here().borrow());
    let before = company.calls_so_far().await;
    // It dies: nothing gives up its lease.
    drop(engine);
    company.end_of(&id).await;
    assert_eq!(company.state(&id).await, State::Verified);
    assert!(*second.engine_lease.runs_here().borrow());
    let writes = company.calls_since(before).await;
    let writes = writes
        .iter()
        .filter(|call| call.operation == "CreateAccountAssignment" && call.applied);
    assert!(writes.count() <= 1, "it was carried out once");
    // What the first process still wants to send is not sent.
    let (group, user) = (company.group(GROUP), company.user("maya.okafor"));
    let permission = of_the_first_generation(&first);
    let refused = first
        .aws
        .add_member(&first.instance, &group, &user, &permission)
        .await;
    assert_eq!(refused.unwrap_err().code, NOT_SENT);
}

/// A permission like that of the engine, for a generation that has ended.
fn of_the_first_generation(state: &Arc<AppState>) -> Arc<dyn WritePermission> {
    struct OfLease(Arc<AppState>);
    impl WritePermission for OfLease {
        fn may_send(&self) -> bool {
            self.0.engine_lease.permits(Generation(1))
        }
        fn may_wait(&self) -> bool {
            self.may_send()
        }
    }
    Arc::new(OfLease(state.clone()))
}

async fn a_process_that_stops_gives_the_engine_away_at_once(company: &Company) {
    let first = company.second_process(LeaseLength::DEFAULT).await;
    let second = company.second_process(LeaseLength::DEFAULT).await;
    let _engine = run(&first);
    until("the first process runs the engine", async || {
        *first.engine_lease.runs_here().borrow()
    })
    .await;
    let _standby = run(&second);
    let began = second.engine_lease.now();
    lease::release(&first).await;
    assert!(!*first.engine_lease.runs_here().borrow());
    let mut runs = second.engine_lease.runs_here();
    runs.wait_for(|runs| *runs).await.unwrap();
    let took = second.engine_lease.now().saturating_sub(began);
    assert!(took < LeaseLength::DEFAULT.get() / 2, "{took:?}");
}

async fn a_process_that_is_stopped_in_a_transaction_holds_no_lock_for_ever(company: &Company) {
    let stopped = company.second_process(short()).await;
    let mut tx = stopped.store.write().await.unwrap();
    let mut conn = company.app_state.store.connection().await.unwrap();
    let generation = {
        let mut tx = company.app_state.store.write().await.unwrap();
        let generation = store::engine::begin(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        generation
    };
    store::engine::hold(&mut tx, generation).await.unwrap();
    // From here on that process does nothing. Another one takes over, and waits for the lock at most as long as a lease.
    let locked = sqlx::query("update engine_generation set generation = generation + 1");
    let began = company.app_state.engine_lease.now();
    locked.execute(&mut conn).await.unwrap();
    let took = company.app_state.engine_lease.now().saturating_sub(began);
    assert!(took < short().get() * 3, "{took:?}");
    assert!(tx.commit().await.is_err(), "its transaction has ended");
}

async fn pages_of_all_processes_follow_a_change(company: &Company) {
    let engine = company.second_process(short()).await;
    let other = company.second_process(short()).await;
    let _loops = (run(&engine), run(&other));
    let mut moved = other.moved.subscribe();
    let id = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "standing"))
        .await;
    let told = async { while moved.recv().await.unwrap() != id {} };
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, told).await.expect("it is told");
    company.end_of(&id).await;
    let what = company.of_group(GROUP, SET, ACCOUNT);
    for state in [&engine, &other] {
        until(
            "its read model shows the access and its window",
            async || {
                let read_model = state.read_model();
                shows(state, &what) && read_model.reasons.windows.contains_key(&what)
            },
        )
        .await;
    }
}

async fn processes_start_one_after_another(company: &Company) {
    let store = &company.app_state.store;
    let first = store.start_turn().await.unwrap();
    let (second, third) = (store.clone(), store.clone());
    let starts = async move { drop(second.start_turn().await.unwrap()) };
    let mut starts = tokio::spawn(starts);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut starts).await;
    assert!(early.is_err(), "it waits for the first one");
    drop(first);
    starts.await.unwrap();
    drop(third.start_turn().await.unwrap());
}

async fn a_wall_clock_that_jumps_changes_no_lease(company: &Company) {
    let first = company.second_process(short()).await;
    let second = company.second_process(short()).await;
    let _engine = run(&first);
    until("the first process runs the engine", async || {
        *first.engine_lease.runs_here().borrow()
    })
    .await;
    let _standby = run(&second);
    let mut kept = first.engine_lease.runs_here();
    for minutes in [-5, 10, -5] {
        // Both processes read this clock.
        let by = domain::time::Duration::minutes(minutes);
        company.app_state.clock.advance(by);
        let lost = kept.wait_for(|runs| !*runs);
        let lost = tokio::time::timeout(short().get(), lost).await.is_ok();
        assert!(!lost, "after a jump by {minutes} minutes");
    }
}
