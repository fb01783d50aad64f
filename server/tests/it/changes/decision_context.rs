//! What whoever decides compares an undecided change with: earlier requests of the same person, and who has the access already.

use app::backend::{ChangesPort as _, PrincipalRef};
use domain::{snapshot::Figure, time::Duration};

use super::support::{Org, assign, grant};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    earlier_requests_of_the_same_access_are_shown_whatever_the_account,
    who_has_the_access_already_is_named,
    a_decided_change_is_compared_with_nothing,
}

async fn earlier_requests_of_the_same_access_are_shown_whatever_the_account(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut own = Vec::new();
    // Of another requester, and in another account.
    let asked = [
        ("ann", "cards-prod"),
        ("eve", "web-prod"),
        ("eve", "web-dev"),
        ("ann", "web-prod"),
        ("eve", "cards-prod"),
    ];
    for (who, account) in asked {
        org.clock.advance(Duration::seconds(1));
        let asked = grant("eve", "viewer", account, "60");
        own.push(org.ask(who, &asked).await);
    }
    // Neither another permission set nor another person.
    org.ask("eve", &grant("eve", "admin", "web-prod", "60"))
        .await;
    let view = org.as_("bob").await.change(&own[4]).await.unwrap();
    assert_eq!(view.earlier.total, 4);
    assert_eq!(view.earlier.about.as_deref(), Some("viewer for EVE"));
    let shown: Vec<_> = view
        .earlier
        .rows
        .iter()
        .map(|row| row.change.id.clone())
        .collect();
    assert_eq!(shown, [own[3].clone(), own[2].clone(), own[1].clone()]);
    // Who sees only their own changes learns nothing about those of others.
    let view = org.as_("eve").await.change(&own[4]).await.unwrap();
    assert_eq!(view.earlier.total, 2);
    let web = org
        .ask("ann", &grant("fay", "viewer", "web-prod", "60"))
        .await;
    let view = org.as_("bob").await.change(&web).await.unwrap();
    assert_eq!((view.earlier.total, view.earlier.rows.len()), (0, 0));
}

async fn who_has_the_access_already_is_named(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let held = async || {
        let view = org.as_("bob").await.change(&id).await.unwrap();
        assert_eq!(view.holders.len(), 1);
        view.holders.into_iter().next().unwrap()
    };
    let before = held().await;
    let mut parts = org.parts();
    assign(&mut parts, "fay", "viewer", "cards-prod", org.clock.now());
    org.publish(parts);
    let after = held().await;
    let count = |figure| match figure {
        Figure::Known(count) => count,
        Figure::NotKnown => panic!("it was read"),
    };
    assert_eq!(count(after.total), count(before.total) + 1);
    let named = |principal: &PrincipalRef| matches!(principal, PrincipalRef::User(user) if user.name == "FAY");
    assert!(after.principals.iter().any(named), "{after:?}");
    assert_eq!(after.account.name, "cards-prod");
}

async fn a_decided_change_is_compared_with_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    org.approve("cas", &id).await.unwrap();
    let view = org.as_("dan").await.change(&id).await.unwrap();
    assert_eq!((view.earlier.about, view.holders.len()), (None, 0));
}
