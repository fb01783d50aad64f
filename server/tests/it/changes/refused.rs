//! Refused changes are evidence, but one person cannot store any number of them, and lists show them folded.

use app::backend::{
    ChangeForm, ChangesPort as _, Denied, FoldedChanges, NewChangePort as _, PortResult,
    WithdrawalPort as _, refused_by,
};
use app::lists::ListChoice;
use domain::{change::State, ids::ChangeId, time::Duration};

use super::{
    removals::overseen,
    support::{Org, assign, grant, person_id, remove, submission},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    one_person_stores_a_limited_number_of_refused_changes_in_an_hour,
    the_limit_is_of_one_person_and_keeps_nothing_else_back,
    one_person_withdraws_a_limited_number_of_changes_in_an_hour,
    one_person_withdraws_a_limited_number_of_removals_that_raise_an_alarm,
    withdrawn_removals_use_up_no_allowance_of_grants,
    waiting_grants_hold_up_no_removal,
    the_refused_changes_of_one_person_are_one_row_of_the_list,
    a_folded_list_has_full_pages_and_the_right_number_of_them,
    a_requester_learns_nothing_from_the_filter_by_another_requester,
}

fn blocked() -> ChangeForm {
    grant("eve", "admin", "cards-prod", "60")
}

async fn submits(org: &Org, name: &str, form: &ChangeForm) -> PortResult<ChangeId> {
    let service = org.as_(name).await;
    let new = service.new_change(form).await.unwrap();
    service.submit(submission(form, &new)).await
}

async fn one_person_stores_a_limited_number_of_refused_changes_in_an_hour(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for _ in 0..50 {
        let _ = submits(&org, "eve", &blocked()).await;
        org.clock.advance(Duration::seconds(6));
    }
    assert_eq!(org.count().await, 10);
    // 5 minutes after the first: the hour of the first ends in 55.
    let Err(Denied::TooMany {
        message,
        retry_after,
    }) = submits(&org, "eve", &blocked()).await
    else {
        panic!("one more was stored");
    };
    assert_eq!(retry_after, 55 * 60);
    assert!(message.contains("Try again after 2026-"), "{message}");
    assert!(
        org.all_entries()
            .await
            .contains(&"access.denied".to_owned()),
        "the attempts are counted in the ledger"
    );
    org.clock.advance(Duration::minutes(55));
    submits(&org, "eve", &blocked()).await.unwrap();
}

async fn the_limit_is_of_one_person_and_keeps_nothing_else_back(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    for _ in 0..11 {
        let _ = submits(&org, "eve", &blocked()).await;
    }
    assert!(submits(&org, "eve", &blocked()).await.is_err());
    submits(&org, "fay", &grant("fay", "admin", "cards-prod", "60"))
        .await
        .unwrap();
    submits(&org, "eve", &grant("eve", "viewer", "cards-prod", "60"))
        .await
        .unwrap();
    submits(&org, "eve", &remove("eve", "viewer", "web-dev"))
        .await
        .unwrap();
}

async fn one_person_withdraws_a_limited_number_of_changes_in_an_hour(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let form = grant("eve", "viewer", "cards-prod", "60");
    let mut stored = 0;
    for _ in 0..30 {
        if let Ok(id) = submits(&org, "eve", &form).await {
            org.as_("eve").await.withdraw(&id).await.unwrap();
            stored += 1;
        }
    }
    assert_eq!(stored, 20);
    let refused = submits(&org, "eve", &form).await;
    assert!(
        matches!(refused, Err(Denied::TooMany { .. })),
        "{refused:?}"
    );
}

async fn one_person_withdraws_a_limited_number_of_removals_that_raise_an_alarm(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let form = remove("eve", "viewer", "cards-prod");
    let mut stored = 0;
    for _ in 0..30 {
        if let Ok(id) = submits(&org, "ann", &form).await {
            org.as_("ann").await.withdraw(&id).await.unwrap();
            stored += 1;
        }
    }
    assert_eq!(stored, 20);
    let refused = submits(&org, "ann", &form).await;
    let Err(Denied::TooMany {
        message,
        retry_after,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert!(message.contains("Try again after 2026-"), "{message}");
    assert_eq!(retry_after, 3_600);
    // Neither a removal that starts at once nor a grant is held up.
    submits(&org, "ann", &remove("operators", "reader", "web-dev"))
        .await
        .unwrap();
    submits(&org, "ann", &grant("fay", "viewer", "cards-prod", "60"))
        .await
        .unwrap();
}

async fn withdrawn_removals_use_up_no_allowance_of_grants(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let at_once = remove("operators", "reader", "web-dev");
    for _ in 0..25 {
        let id = submits(&org, "ann", &at_once).await.unwrap();
        org.as_("ann").await.withdraw(&id).await.unwrap();
    }
    let grant = grant("fay", "viewer", "cards-prod", "60");
    for _ in 0..20 {
        let id = submits(&org, "ann", &grant).await.unwrap();
        org.as_("ann").await.withdraw(&id).await.unwrap();
    }
    assert!(submits(&org, "ann", &grant).await.is_err());
    for form in [at_once, remove("eve", "viewer", "cards-prod")] {
        submits(&org, "ann", &form).await.unwrap();
    }
}

async fn waiting_grants_hold_up_no_removal(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let grant = grant("fay", "viewer", "cards-prod", "60");
    for _ in 0..20 {
        submits(&org, "ann", &grant).await.unwrap();
    }
    assert!(submits(&org, "ann", &grant).await.is_err());
    submits(&org, "ann", &remove("eve", "viewer", "cards-prod"))
        .await
        .unwrap();
}

fn all(page: usize) -> ListChoice {
    ListChoice {
        page,
        ..ListChoice::default()
    }
}

async fn the_refused_changes_of_one_person_are_one_row_of_the_list(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for _ in 0..5 {
        org.ask("eve", &blocked()).await;
    }
    org.ask("fay", &grant("fay", "admin", "cards-prod", "60"))
        .await;
    org.ask("fay", &grant("fay", "viewer", "web-dev", "60"))
        .await;
    let bob = org.as_("bob").await;
    let list = bob.changes(&all(1)).await.unwrap();
    assert_eq!((list.rows.len(), list.total), (3, 3));
    let folds: Vec<&FoldedChanges> = list
        .rows
        .iter()
        .filter_map(|row| row.folded.as_ref())
        .collect();
    let [fold] = folds[..] else {
        panic!("one refused change is no fold: {folds:?}");
    };
    assert_eq!(fold.count, 5);
    let row = list.rows.iter().find(|row| row.folded.is_some()).unwrap();
    assert_eq!(
        row.link(),
        (
            "5 blocked changes by EVE".to_owned(),
            format!("/changes?state=refused&requester={}", person_id("eve"))
        )
    );
    let unfolded = bob.changes(&fold.each).await.unwrap();
    assert_eq!((unfolded.rows.len(), unfolded.total), (5, 5));
    assert!(
        unfolded.rows.iter().all(|row| row.folded.is_none()
            && row.state == State::Refused
            && row.requester == "EVE")
    );
    // By state, each is a row as before.
    let refused = ListChoice::only("state", "refused");
    assert_eq!(bob.changes(&refused).await.unwrap().total, 6);
}

async fn a_folded_list_has_full_pages_and_the_right_number_of_them(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for n in 0..55 {
        // The newest 9 refused changes are on page one, and the others never take the place of a row.
        if n % 6 == 0 {
            org.ask("eve", &blocked()).await;
            org.clock.advance(Duration::minutes(10));
        }
        org.ask("ann", &grant("eve", "viewer", "web-dev", "60"))
            .await;
    }
    let bob = org.as_("bob").await;
    let (first, second) = (
        bob.changes(&all(1)).await.unwrap(),
        bob.changes(&all(2)).await.unwrap(),
    );
    assert_eq!((first.total, second.total), (56, 56));
    assert_eq!((first.rows.len(), second.rows.len()), (50, 6));
    let mut ids: Vec<_> = first
        .rows
        .iter()
        .chain(&second.rows)
        .map(|row| &row.id)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 56);
}

async fn a_requester_learns_nothing_from_the_filter_by_another_requester(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for _ in 0..3 {
        org.ask("eve", &blocked()).await;
    }
    org.ask("fay", &grant("fay", "viewer", "web-dev", "60"))
        .await;
    let fay = org.as_("fay").await;
    let of = refused_by;
    let nobody = domain::ids::PersonId::parse("99999999-0000-4000-8000-000000000001").unwrap();
    let (theirs, none) = (
        fay.changes(&of(&person_id("eve"))).await.unwrap(),
        fay.changes(&of(&nobody)).await.unwrap(),
    );
    assert_eq!((theirs.total, &theirs), (0, &none));
    let own = org.as_("eve").await.changes(&of(&person_id("eve"))).await;
    assert_eq!(own.unwrap().total, 3);
}
