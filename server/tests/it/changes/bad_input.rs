//! Bad input: each case gets a clear response, and nothing is written or lost that should not be.

use app::backend::{
    ChangeForm, ChangesPort as _, Denied, NewChangePort as _, Submission, WithdrawalPort as _,
};
use app::lists::ListChoice;
use domain::{change::State, ids::ChangeId};

use super::support::{Org, conflict, grant, submission, wrong_field};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    unknown_ids_and_a_removed_account_name_the_field_and_the_cure,
    an_account_that_went_between_preview_and_submission_stores_nothing,
    a_stale_form_is_shown_again_with_what_it_would_do_now,
    a_form_without_the_effect_that_was_seen_is_not_taken,
    of_a_page_far_beyond_the_last_the_last_is_shown,
    a_double_click_makes_one_change,
    a_form_key_used_for_something_else_or_made_up_is_not_taken,
    a_justification_must_say_something_fit_and_hold_no_card_number,
    a_requester_who_forges_the_form_for_somebody_else_is_refused_and_written_down,
    a_sign_in_that_is_joined_to_nobody_only_reads,
    an_unknown_change_and_somebody_elses_change_look_the_same_to_a_requester,
}

const GOOD: &str = "4111 1111 1111 1111";

async fn unknown_ids_and_a_removed_account_name_the_field_and_the_cure(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let good = grant("eve", "viewer", "web-dev", "60");
    let nobody = "user:99999999-0000-4000-8000-000000000000";
    let cases = [
        (
            "who",
            ChangeForm {
                who: nobody.into(),
                ..good.clone()
            },
        ),
        (
            "who",
            ChangeForm {
                who: "nonsense".into(),
                ..good.clone()
            },
        ),
        (
            "account",
            ChangeForm {
                account: "999999999999".into(),
                ..good.clone()
            },
        ),
        (
            "account",
            ChangeForm {
                account: "12".into(),
                ..good.clone()
            },
        ),
        (
            "set",
            ChangeForm {
                set: "ps-gone".into(),
                ..good.clone()
            },
        ),
        (
            "term",
            ChangeForm {
                term: "5".into(),
                ..good.clone()
            },
        ),
        (
            "term",
            ChangeForm {
                term: "-60".into(),
                ..good.clone()
            },
        ),
        (
            "term",
            ChangeForm {
                term: "99999999".into(),
                ..good.clone()
            },
        ),
        (
            "kind",
            ChangeForm {
                kind: "destroy".into(),
                ..good.clone()
            },
        ),
    ];
    for (field, change_form) in cases {
        let new = ann.new_change(&change_form).await.unwrap();
        let found: Vec<_> = new.errors.iter().map(|error| error.field).collect();
        assert_eq!(found, [field], "{change_form:?}");
        assert!(new.preview.is_none());
        assert_eq!(
            wrong_field(ann.submit(submission(&change_form, &new)).await),
            field,
            "{change_form:?}"
        );
    }
    assert_eq!(org.count().await, 0);
}

async fn an_account_that_went_between_preview_and_submission_stores_nothing(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let change_form = grant("eve", "viewer", "web-dev", "60");
    let new = org.as_("ann").await.new_change(&change_form).await.unwrap();
    let mut parts = org.parts();
    parts.accounts.remove(&super::support::account("web-dev"));
    org.publish(parts);
    assert_eq!(
        wrong_field(
            org.as_("ann")
                .await
                .submit(submission(&change_form, &new))
                .await
        ),
        "account"
    );
    assert_eq!(org.count().await, 0);
}

async fn a_stale_form_is_shown_again_with_what_it_would_do_now(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = grant("operators", "viewer", "cards-prod", "60");
    let ann = org.as_("ann").await;
    let new = ann.new_change(&change_form).await.unwrap();
    let mut parts = org.parts();
    parts
        .members
        .get_mut(&super::support::group("operators"))
        .unwrap()
        .insert(super::support::user("fay"));
    org.publish(parts);
    assert_eq!(
        wrong_field(ann.submit(submission(&change_form, &new)).await),
        "effect"
    );
    assert_eq!(org.count().await, 0);
    let again = org.as_("ann").await.new_change(&change_form).await.unwrap();
    assert!(
        org.as_("ann")
            .await
            .submit(submission(&change_form, &again))
            .await
            .is_ok()
    );
}

async fn a_form_without_the_effect_that_was_seen_is_not_taken(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = grant("eve", "viewer", "web-dev", "60");
    let ann = org.as_("ann").await;
    let new = ann.new_change(&change_form).await.unwrap();
    let blind = Submission {
        effect: String::new(),
        ..submission(&change_form, &new)
    };
    assert_eq!(wrong_field(ann.submit(blind).await), "effect");
}

async fn of_a_page_far_beyond_the_last_the_last_is_shown(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let ann = org.as_("ann").await;
    for words in ["", "eve"] {
        let choice = ListChoice {
            words: words.into(),
            page: usize::MAX,
            ..ListChoice::default()
        };
        let page = ann.changes(&choice).await.unwrap();
        assert_eq!((page.number, page.total), (1, 1), "{words}");
        assert_eq!(page.rows[0].id, id, "{words}");
    }
}

async fn a_double_click_makes_one_change(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = super::support::join("ann", "operators");
    let ann = org.as_("ann").await;
    let new = ann.new_change(&change_form).await.unwrap();
    let (first, second) = tokio::join!(
        ann.submit(submission(&change_form, &new)),
        ann.submit(submission(&change_form, &new))
    );
    let third = ann.submit(submission(&change_form, &new)).await;
    assert_eq!(first, second);
    assert_eq!(first, third);
    let id = first.unwrap();
    assert_eq!(org.count().await, 1);
    assert_eq!(org.entries(&id).await, ["change.submitted"]);
}

async fn a_form_key_used_for_something_else_or_made_up_is_not_taken(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let (one, other) = (
        grant("eve", "viewer", "web-dev", "60"),
        grant("fay", "viewer", "web-dev", "60"),
    );
    let first = ann.new_change(&one).await.unwrap();
    let second = ann.new_change(&other).await.unwrap();
    ann.submit(submission(&one, &first)).await.unwrap();
    let reused = Submission {
        form_key: first.form_key.clone(),
        ..submission(&other, &second)
    };
    conflict(ann.submit(reused).await);
    let made_up = Submission {
        form_key: "1".into(),
        ..submission(&other, &second)
    };
    assert_eq!(wrong_field(ann.submit(made_up).await), "form");
    assert_eq!(org.count().await, 1);
}

async fn a_justification_must_say_something_fit_and_hold_no_card_number(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = grant("eve", "viewer", "web-dev", "60");
    let ann = org.as_("ann").await;
    let new = ann.new_change(&change_form).await.unwrap();
    let good = submission(&change_form, &new);
    for text in [
        "short",
        "          x          ",
        &"x".repeat(100_000),
        &format!("for card {GOOD} please"),
    ] {
        let bad = Submission {
            justification: text.to_owned(),
            ..good.clone()
        };
        assert_eq!(wrong_field(ann.submit(bad).await), "justification");
    }
    for ticket in ["no spaces", "4111111111111111", &"x".repeat(65)] {
        let bad = Submission {
            ticket: ticket.to_owned(),
            ..good.clone()
        };
        assert_eq!(wrong_field(ann.submit(bad).await), "ticket");
    }
    assert_eq!((org.count().await, org.all_entries().await.len()), (0, 0));
    assert!(ann.submit(good).await.is_ok());
}

async fn a_requester_who_forges_the_form_for_somebody_else_is_refused_and_written_down(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let change_form = grant("fay", "viewer", "web-dev", "60");
    let seen_by_ann = org.as_("ann").await.new_change(&change_form).await.unwrap();
    let answer = org
        .as_("eve")
        .await
        .submit(submission(&change_form, &seen_by_ann))
        .await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert_eq!(org.count().await, 0);
    assert_eq!(org.all_entries().await, ["access.denied"]);
}

async fn a_sign_in_that_is_joined_to_nobody_only_reads(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut signed = org.signed("eve").await;
    signed.actor.person = None;
    signed.user = None;
    let answer = org
        .acting(signed)
        .new_change(&grant("eve", "viewer", "web-dev", "60"))
        .await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
}

async fn an_unknown_change_and_somebody_elses_change_look_the_same_to_a_requester(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("fay", "viewer", "cards-prod", "60"))
        .await;
    let unknown = ChangeId::parse("99999999-0000-4000-8000-000000000000").unwrap();
    let eve = org.as_("eve").await;
    for id in [&id, &unknown] {
        assert_eq!(eve.change(id).await.map(drop), Err(Denied::NotFound));
        assert_eq!(eve.withdraw(id).await, Err(Denied::NotFound));
        assert!(eve.change_events(id).await.is_err());
    }
    assert_eq!(eve.changes(&ListChoice::default()).await.unwrap().total, 0);
    assert_eq!(org.state(&id).await, State::Waiting);
}
