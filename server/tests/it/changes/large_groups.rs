//! Changes for a group of thousands: counted in full, listed in part, and small in the database.

use std::collections::BTreeSet;

use app::backend::{AffectedPeople, ChangesPort as _, Denied, Load, NewChangePort as _};
use domain::{
    approval::{ApproverRefusal, Decision},
    change::State,
    ids::UserId,
    snapshot::Parts,
};
use server::store::change::{ChangeTarget, Filter, list};

use super::support::{Org, affected, grant, group, person_id, submission, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_change_for_thousands_is_counted_in_full_and_listed_in_part,
    a_change_for_thousands_is_stored_once_for_all_and_found_by_each_of_them,
    an_approver_can_page_through_everybody_who_gains,
    an_approver_among_thousands_who_gain_cannot_approve,
    a_second_evaluation_of_one_person_waits_for_the_first,
}

const CROWD: u32 = 3_000;

fn stranger(n: u32) -> UserId {
    UserId::parse(&format!("0000000a-0000-4000-8000-0000{n:08x}")).unwrap()
}

/// The operators are Bob, Eve and three thousand others.
fn with_a_crowd(mut parts: Parts) -> Parts {
    let template = parts.users[&user("eve")].clone();
    for n in 0..CROWD {
        let id = stranger(n);
        let mut known = template.clone();
        known.id = id.clone();
        known.user_name = format!("stranger-{n}");
        known.display_name = format!("STRANGER {n}");
        parts.users.insert(id.clone(), known);
        parts.members.or_default(group("operators")).insert(id);
    }
    parts
}

async fn crowded(engine: DatabaseEngine) -> Org {
    let org = Org::on(engine).await;
    org.publish(with_a_crowd(org.parts()));
    org
}

async fn a_change_for_thousands_is_counted_in_full_and_listed_in_part(engine: DatabaseEngine) {
    let org = crowded(engine).await;
    let form = grant("operators", "viewer", "cards-prod", "60");
    let new = org.as_("ann").await.new_change(&form).await.unwrap();
    let preview = new.preview.unwrap();
    // The crowd, Bob, Eve and future members.
    let gainers = AffectedPeople {
        people: CROWD as usize + 2,
        groups: 1,
        rows: CROWD as usize + 3,
    };
    assert_eq!(
        (preview.gainers, preview.losers),
        (gainers, AffectedPeople::default())
    );
    assert_eq!(preview.gained.len(), 200);
    assert_eq!(preview.verdict.hits[0].affected, CROWD as usize + 3);
}

async fn a_change_for_thousands_is_stored_once_for_all_and_found_by_each_of_them(
    engine: DatabaseEngine,
) {
    let org = crowded(engine).await;
    let id = org
        .ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await;
    let stored = org.stored(&id).await;
    assert_eq!(stored.effect.gained.paths().len(), 2);
    assert_eq!(
        stored.altered, None,
        "the ledger confirms the stored effect"
    );
    let text = serde_json::to_string(&stored.effect).unwrap();
    assert!(text.len() < 45 * CROWD as usize, "{} bytes", text.len());
    let verdict = serde_json::to_string(&stored.change.verdict).unwrap();
    assert!(verdict.len() < 5_000, "{} bytes", verdict.len());
    let mut conn = org.app_state.store.connection().await.unwrap();
    for who in [stranger(0), stranger(CROWD - 1), user("bob")] {
        let filter = Filter {
            about: vec![ChangeTarget {
                kind: "user",
                value: who.to_string(),
            }],
            ..Filter::default()
        };
        let found = list(&mut conn, &filter, 10, 0, &[]).await.unwrap();
        assert_eq!(found.rows.len(), 1, "{who}");
    }
}

async fn an_approver_can_page_through_everybody_who_gains(engine: DatabaseEngine) {
    let org = crowded(engine).await;
    let id = org
        .ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await;
    let cas = org.as_("cas").await;
    let mut seen = BTreeSet::new();
    for page in 1..=16 {
        let shown = cas.effect(&id, page).await.unwrap();
        assert_eq!(shown.number, page);
        seen.extend(shown.gained.into_iter().map(|row| affected(&row)));
    }
    assert_eq!(seen.len(), CROWD as usize + 3);
    // A page that does not exist is the last one.
    let last = cas.effect(&id, 99).await.unwrap();
    assert_eq!((last.number, last.gained.len()), (16, 3));
    assert_eq!(affected(&last.gained[2]), "Future members of operators");
}

async fn an_approver_among_thousands_who_gain_cannot_approve(engine: DatabaseEngine) {
    let org = crowded(engine).await;
    let id = org
        .ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await;
    let refused = org.approve("bob", &id).await.unwrap_err();
    assert_eq!(
        refused,
        Denied::Forbidden(ApproverRefusal::Beneficiary.reason())
    );
    org.approve("cas", &id).await.unwrap();
    org.decide("dan", &id, Decision::Approve).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn a_second_evaluation_of_one_person_waits_for_the_first(engine: DatabaseEngine) {
    let org = crowded(engine).await;
    let form = grant("operators", "viewer", "cards-prod", "60");
    let new = org.as_("ann").await.new_change(&form).await.unwrap();
    let first = org
        .app_state
        .evaluations
        .take(&person_id("ann"))
        .await
        .unwrap();
    // Somebody else is not affected.
    let (eve, own) = (
        org.as_("eve").await,
        grant("eve", "viewer", "web-dev", "60"),
    );
    assert!(eve.new_change(&own).await.unwrap().preview.is_some());
    let service = org.as_("ann").await;
    assert_eq!(
        service.submit(submission(&form, &new)).await.unwrap_err(),
        Denied::Busy(Load::Own)
    );
    assert_eq!(org.count().await, 0, "nothing was saved");
    drop(first);
    service.submit(submission(&form, &new)).await.unwrap();
}
