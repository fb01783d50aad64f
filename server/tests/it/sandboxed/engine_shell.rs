//! The engine's shell with a faulty AWS: what was applied once is never requested again,
//! access that ended is removed, and nothing is reported as verified that AWS does not confirm.

use domain::{change::State, engine::Pacing, ids::Assignment, time::Duration};
use serde_json::{Value, json};
use server::store;

use super::sandbox_server::{Company, grant, permitted, remove};
use crate::wait::until;

crate::engines::on_both_engines! {
    &Company:
    a_grant_and_its_removal_end_verified_while_aws_is_busy,
    a_write_whose_answer_was_lost_is_found_and_not_repeated,
    a_write_that_fails_later_is_tried_again_until_it_holds,
    a_write_that_never_ends_is_never_called_verified_and_holds_nobody_else_up,
    an_engine_that_dies_in_the_middle_finishes_once_in_its_next_life,
    an_expired_window_is_gone_within_a_minute_of_its_end,
    a_removal_that_is_late_is_named_by_an_alarm_and_goes_on,
    a_change_that_grew_after_its_approval_goes_back_to_waiting,
    a_submission_while_the_engine_moves_other_changes_is_not_refused,
}

const GROUP: &str = "contractors";
const SET: &str = "LedgerDataReader";
/// Development outside PCI: an administrator needs no approval.
const ACCOUNT: &str = "analytics-dev";
const CREATE: &str = "CreateAccountAssignment";
const DELETE: &str = "DeleteAccountAssignment";

fn fault(operation: &str, kind: &str, count: u32) -> Value {
    json!({ "operation": operation, "kind": kind, "count": count })
}

/// Returns how often a kind of write was applied since a call, including those whose response was lost.
async fn applied(company: &Company, operation: &str, since: u64) -> usize {
    let calls = company.calls_since(since).await;
    calls
        .iter()
        .filter(|call| call.operation == operation && call.applied)
        .count()
}

/// Grants and then removes, each with its faults; both must end verified and agree with AWS. Returns
/// how often each write was applied.
async fn there_and_back(
    company: &Company,
    name: &str,
    creating: Value,
    deleting: Value,
) -> (usize, usize) {
    let what = company.of_group(GROUP, SET, ACCOUNT);
    let before = company.calls_so_far().await;
    company.faults(creating).await;
    let granted = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "standing"))
        .await;
    let end = company.end_of(&granted).await;
    let result = company.stored(&granted).await.result;
    assert_eq!(
        end,
        State::Verified,
        "{name}: the grant ended with {result:?}"
    );
    assert!(
        company.holds(&what).await,
        "{name}: verified, but it does not exist in AWS"
    );
    let creates = applied(company, CREATE, before).await;

    company.faults(deleting).await;
    let removed = company
        .ask("maya.okafor", &remove(GROUP, SET, ACCOUNT))
        .await;
    let end = company.end_of(&removed).await;
    let result = company.stored(&removed).await.result;
    assert_eq!(
        end,
        State::Verified,
        "{name}: the removal ended with {result:?}"
    );
    assert!(
        !company.holds(&what).await,
        "{name}: verified as removed, but it exists in AWS"
    );
    company.faults(json!([])).await;
    for id in [&granted, &removed] {
        let entries = company.entries_of(id).await;
        assert_eq!(
            entries.last().map(String::as_str),
            Some("change.verified"),
            "{name}: {entries:?}"
        );
        assert!(
            entries.iter().any(|one| one == "operation.intended"),
            "{name}: the origin of the write is recorded: {entries:?}"
        );
    }
    (creates, applied(company, DELETE, before).await)
}

async fn a_grant_and_its_removal_end_verified_while_aws_is_busy(company: &Company) {
    let _life = company.engine();
    for kind in ["throttle", "conflict"] {
        let creating = json!([
            fault(CREATE, kind, 3),
            fault("ListAccountAssignments", "throttle", 2)
        ]);
        let deleting = json!([
            fault(DELETE, kind, 3),
            fault("ListAccountAssignments", "throttle", 2)
        ]);
        let writes = there_and_back(company, kind, creating, deleting).await;
        assert_eq!(writes, (1, 1), "{kind}");
    }
    let slow = |operation: &str| json!([{ "operation": operation, "kind": "delay_ms", "ms": 300, "count": 1 }]);
    let writes = there_and_back(company, "late answers", slow(CREATE), slow(DELETE)).await;
    assert_eq!(writes, (1, 1), "late answers");
}

async fn a_write_whose_answer_was_lost_is_found_and_not_repeated(company: &Company) {
    let _life = company.engine();
    for kind in ["lost_answer", "reset_after", "internal", "reset_before"] {
        let creating = json!([fault(CREATE, kind, 1)]);
        let deleting = json!([fault(DELETE, kind, 1)]);
        let writes = there_and_back(company, kind, creating, deleting).await;
        assert_eq!(writes, (1, 1), "{kind}");
    }
}

async fn a_write_that_fails_later_is_tried_again_until_it_holds(company: &Company) {
    let _life = company.engine();
    let creating = json!([fault(CREATE, "async_failed", 2)]);
    let deleting = json!([fault(DELETE, "async_failed", 2)]);
    let writes = there_and_back(company, "failed twice", creating, deleting).await;
    assert_eq!(
        writes,
        (3, 3),
        "two writes that AWS accepted and failed, and one that succeeded"
    );
}

async fn a_write_that_never_ends_is_never_called_verified_and_holds_nobody_else_up(
    company: &Company,
) {
    // AWS keeps the account locked and answers every further write with a conflict.
    let pacing = Pacing {
        deadline: Duration::minutes(1),
        busy_tries: 4,
        ..Pacing::default()
    };
    let _life = company.engine_with(pacing);
    let before = company.calls_so_far().await;
    company
        .faults(json!([fault(CREATE, "async_never", 1)]))
        .await;
    let stuck = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "standing"))
        .await;
    company
        .until("AWS accepted the write", || async {
            applied(company, CREATE, before).await == 1
        })
        .await;

    let other = company
        .ask(
            "maya.okafor",
            &grant(GROUP, SET, "engineering-sandbox", "standing"),
        )
        .await;
    assert_eq!(company.end_of(&other).await, State::Verified);
    assert_eq!(
        company.state(&stuck).await,
        State::Applying,
        "the outcome of the first one is not known yet"
    );

    assert_eq!(company.end_of(&stuck).await, State::Failed);
    assert!(!company.holds(&company.of_group(GROUP, SET, ACCOUNT)).await);
    let result = company.stored(&stuck).await.result.unwrap_or_default();
    assert!(
        result.contains("ConflictException"),
        "the message from AWS is kept: {result}"
    );
    assert_eq!(
        applied(company, CREATE, before).await,
        2,
        "one that is stuck, and one in the other account"
    );
}

async fn an_engine_that_dies_in_the_middle_finishes_once_in_its_next_life(company: &Company) {
    let what = company.of_group(GROUP, SET, ACCOUNT);
    // Slow enough that the engine ends while the call is in flight.
    let slow = |operation: &str| json!([{ "operation": operation, "kind": "delay_ms", "ms": 400, "count": 1 }]);
    for (kind, write, poll) in [
        ("grant", CREATE, "DescribeAccountAssignmentCreationStatus"),
        ("remove", DELETE, "DescribeAccountAssignmentDeletionStatus"),
    ] {
        for moment in ["ListAccountAssignments", write, poll] {
            let draft = match kind {
                "grant" => grant(GROUP, SET, ACCOUNT, "standing"),
                _ => remove(GROUP, SET, ACCOUNT),
            };
            prepare(company, &what, kind == "remove").await;
            company.faults(slow(moment)).await;
            let before = company.calls_so_far().await;
            let life = company.engine();
            let id = company.ask("maya.okafor", &draft).await;
            company
                .until("the call is in flight", || async {
                    company
                        .calls_since(before)
                        .await
                        .iter()
                        .any(|call| call.operation == moment)
                })
                .await;
            drop(life);
            assert_ne!(
                company.state(&id).await,
                State::Verified,
                "{kind}, {moment}: it ended too early for this test"
            );

            let _next = company.engine();
            assert_eq!(
                company.end_of(&id).await,
                State::Verified,
                "{kind}, {moment}"
            );
            assert_eq!(applied(company, write, before).await, 1, "{kind}, {moment}");
            assert_eq!(
                company.holds(&what).await,
                kind == "grant",
                "{kind}, {moment}"
            );
            let verified = company.entries_of(&id).await;
            assert_eq!(
                verified
                    .iter()
                    .filter(|one| *one == "change.verified")
                    .count(),
                1,
                "{verified:?}"
            );
        }
    }
}

/// Creates or removes the assignment by a separate change.
async fn prepare(company: &Company, what: &Assignment, there: bool) {
    company.faults(json!([])).await;
    if company.holds(what).await == there {
        return;
    }
    let draft = match there {
        true => grant(GROUP, SET, ACCOUNT, "standing"),
        false => remove(GROUP, SET, ACCOUNT),
    };
    let _life = company.engine();
    let id = company.ask("maya.okafor", &draft).await;
    assert_eq!(company.end_of(&id).await, State::Verified);
}

async fn an_expired_window_is_gone_within_a_minute_of_its_end(company: &Company) {
    let what = company.of_group(GROUP, SET, ACCOUNT);
    let _life = company.engine();
    let id = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "60"))
        .await;
    assert_eq!(company.end_of(&id).await, State::Verified);
    let end = window_end(company).await;
    let left = end.since(company.app_state.clock.now());
    assert!(
        Duration::minutes(50) < left && left <= Duration::minutes(60),
        "{left:?}"
    );

    company.app_state.clock.advance(Duration(left.0 - 2_000));
    company.app_state.wake_engine.notify_one();
    let before = company.calls_so_far().await;
    // The clock stands still before the end. An engine that starts another change has looked at every window since.
    company
        .ask(
            "maya.okafor",
            &grant(GROUP, SET, "engineering-sandbox", "standing"),
        )
        .await;
    until("the engine grants other access", async || {
        applied(company, CREATE, before).await == 1
    })
    .await;
    assert!(company.app_state.clock.now() < end);
    assert_eq!(applied(company, DELETE, before).await, 0);
    assert!(
        company.holds(&what).await,
        "the access exists until its end"
    );

    company
        .until("the removal is recorded", || async {
            !company.entries("grant.ended").await.is_empty()
        })
        .await;
    assert!(!company.holds(&what).await);
    let late = company.app_state.clock.now().since(end);
    assert!(late <= Duration::minutes(1), "{late:?} after the end");
    assert_eq!(applied(company, DELETE, before).await, 1);
    assert_eq!(
        company.state(&id).await,
        State::Verified,
        "an end in time is not a failure"
    );
}

async fn window_end(company: &Company) -> domain::time::Timestamp {
    let mut conn = company.app_state.store.connection().await.unwrap();
    let windows = store::engine::windows(&mut conn).await.unwrap();
    windows[0].window.ends.unwrap()
}

async fn a_removal_that_is_late_is_named_by_an_alarm_and_goes_on(company: &Company) {
    let what = company.of_group(GROUP, SET, ACCOUNT);
    let _life = company.engine();
    let id = company
        .ask("maya.okafor", &grant(GROUP, SET, ACCOUNT, "60"))
        .await;
    assert_eq!(company.end_of(&id).await, State::Verified);
    let end = window_end(company).await;
    company
        .faults(json!([{ "operation": DELETE, "kind": "access_denied" }]))
        .await;
    company
        .app_state
        .clock
        .advance(end.since(company.app_state.clock.now()));
    company
        .until("an alarm is recorded", || async {
            !company.entries("grant.overdue").await.is_empty()
        })
        .await;
    let late = company.app_state.clock.now().since(end);
    assert!(
        late <= Duration::minutes(2),
        "recorded {late:?} after the end"
    );
    assert!(company.holds(&what).await);

    company.faults(json!([])).await;
    company
        .until("the removal is recorded", || async {
            !company.entries("grant.ended").await.is_empty()
        })
        .await;
    assert!(!company.holds(&what).await);
}

async fn a_change_that_grew_after_its_approval_goes_back_to_waiting(company: &Company) {
    // Production outside PCI: one approval.
    let id = company
        .ask(
            "maya.okafor",
            &grant(GROUP, SET, "analytics-prod", "standing"),
        )
        .await;
    assert_eq!(company.state(&id).await, State::Waiting);
    company.approve("ines.carvalho", &id).await.unwrap();
    assert_eq!(company.state(&id).await, State::Approved);
    let approved = company.stored(&id).await.change.effect;

    let (group, joins) = (company.group(GROUP), company.user("peter.lang"));
    company
        .outside
        .add_member(&company.app_state.instance, &group, &joins, &permitted())
        .await
        .unwrap();
    company.app_state.clock.advance(Duration::minutes(1));
    company.sync().await;

    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("the change waits again", || async {
            company.state(&id).await == State::Waiting
        })
        .await;
    let stored = company.stored(&id).await;
    assert_ne!(stored.change.effect, approved);
    assert_eq!(stored.change.approvals.len(), 1, "decisions stay on record");
    assert!(
        stored
            .change
            .approvals
            .iter()
            .all(|one| one.effect != stored.change.effect),
        "but they no longer count"
    );
    assert_eq!(applied(company, CREATE, before).await, 0);
    let entries = company.entries_of(&id).await;
    assert_eq!(
        entries.last().map(String::as_str),
        Some("change.sent_back"),
        "{entries:?}"
    );

    company.approve("ines.carvalho", &id).await.unwrap();
    assert_eq!(company.end_of(&id).await, State::Verified);
    assert!(
        company
            .holds(&company.of_group(GROUP, SET, "analytics-prod"))
            .await
    );
    assert_eq!(applied(company, CREATE, before).await, 1);
}

async fn a_submission_while_the_engine_moves_other_changes_is_not_refused(company: &Company) {
    let _life = company.engine();
    let slow = json!([{ "operation": CREATE, "kind": "delay_ms", "ms": 1_000, "count": 1 }]);
    company.faults(slow).await;
    let moving = grant(GROUP, SET, ACCOUNT, "standing");
    let moving = company.ask("maya.okafor", &moving).await;
    // `ask` fails if the submission is refused, such as by a conflict (409). What the policies say of it does not matter.
    for (group, account) in [
        (GROUP, "web-dev"),
        ("support-desk", ACCOUNT),
        ("support-desk", "web-dev"),
    ] {
        let form = grant(group, SET, account, "60");
        company.ask("maya.okafor", &form).await;
    }
    assert_eq!(company.end_of(&moving).await, State::Verified);
    company.faults(json!([])).await;
}
