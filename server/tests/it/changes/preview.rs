//! The preview: what a person is shown before anything is stored.

use app::backend::{ChangeForm, NewChangePort as _};
use domain::{grant::Term, time::Duration, verdict::Outcome};

use super::support::{Org, affected, grant, join, remove, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_preview_says_who_gains_and_what_the_rules_say_and_writes_nothing,
    an_administrator_set_on_production_pci_is_refused_with_the_control,
    a_form_that_is_not_filled_yet_has_neither_errors_nor_a_preview,
    who_asks_for_access_is_chosen_already_and_for_a_removal_nobody_is,
    a_requester_is_offered_themselves_only_and_chosen_already,
    a_name_that_is_typed_leads_to_the_one_that_has_it,
    what_is_not_there_cannot_be_removed_and_what_is_there_not_joined_again,
}

async fn a_preview_says_who_gains_and_what_the_rules_say_and_writes_nothing(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let new = org
        .as_("ann")
        .await
        .new_change(&grant("operators", "viewer", "cards-prod", "60"))
        .await
        .unwrap();
    let preview = new.preview.unwrap();
    assert_eq!(preview.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(preview.verdict.approvals, 2);
    let labels: Vec<String> = preview.gained.iter().map(affected).collect();
    assert_eq!(labels, ["BOB", "EVE", "Future members of operators"]);
    assert_eq!(preview.gained[0].term, Some(Term::For(Duration::hours(1))));
    assert_eq!(
        preview.approvers,
        ["CAS", "DAN"],
        "bob gains access, so he may not approve"
    );
    assert_eq!(preview.session_seconds, 3_600);
    assert_eq!((org.count().await, org.all_entries().await.len()), (0, 0));
}

async fn an_administrator_set_on_production_pci_is_refused_with_the_control(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let new = org
        .as_("ann")
        .await
        .new_change(&grant("eve", "admin", "cards-prod", "60"))
        .await
        .unwrap();
    let verdict = new.preview.unwrap().verdict;
    assert_eq!(verdict.outcome, Outcome::Refused);
    assert!(
        verdict
            .hits
            .iter()
            .any(|hit| hit.rule == "production-pci-administrator" && hit.control == "PCI 7.2.2")
    );
}

async fn a_form_that_is_not_filled_yet_has_neither_errors_nor_a_preview(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = ChangeForm {
        kind: "grant".into(),
        ..ChangeForm::default()
    };
    let new = org.as_("ann").await.new_change(&change_form).await.unwrap();
    assert!(new.errors.is_empty() && new.preview.is_none());
    assert_eq!(new.choices.who.len(), 9, "six users and three groups");
}

async fn who_asks_for_access_is_chosen_already_and_for_a_removal_nobody_is(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let of_kind = |kind: &str, who: String| ChangeForm {
        kind: kind.into(),
        who,
        ..ChangeForm::default()
    };
    let ann = org.as_("ann").await;
    let own = format!("user:{}", user("ann"));
    let other = format!("user:{}", user("eve"));
    for (change_form, chosen) in [
        (of_kind("grant", String::new()), &own),
        (of_kind("join", String::new()), &own),
        (of_kind("grant", other.clone()), &other),
        (of_kind("remove", String::new()), &String::new()),
        (of_kind("leave", String::new()), &String::new()),
    ] {
        let new = ann.new_change(&change_form).await.unwrap();
        assert_eq!(&new.change_form.who, chosen, "{change_form:?}");
    }
    let mut nobody = org.signed("ann").await;
    nobody.user = None;
    let nobody = org.acting(nobody);
    let new = nobody.new_change(&of_kind("grant", String::new())).await;
    assert_eq!(
        new.unwrap().change_form.who,
        "",
        "without a user in the directory"
    );
}

async fn a_requester_is_offered_themselves_only_and_chosen_already(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let eve = org.as_("eve").await;
    let new = eve
        .new_change(&ChangeForm {
            kind: "grant".into(),
            ..ChangeForm::default()
        })
        .await
        .unwrap();
    assert_eq!(new.change_form.who, format!("user:{}", user("eve")));
    assert_eq!(new.choices.who.len(), 1);
    let other = eve
        .new_change(&grant("fay", "viewer", "web-dev", "60"))
        .await
        .unwrap();
    assert!(other.preview.is_none());
    assert_eq!(other.errors[0].field, "who");
}

async fn a_name_that_is_typed_leads_to_the_one_that_has_it(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = ChangeForm {
        who: "eve".into(),
        account: "WEB-DEV".into(),
        ..grant("ann", "viewer", "web-dev", "60")
    };
    let new = org.as_("ann").await.new_change(&change_form).await.unwrap();
    assert_eq!(new.change_form, grant("eve", "viewer", "web-dev", "60"));
    assert!(new.preview.is_some());
}

async fn what_is_not_there_cannot_be_removed_and_what_is_there_not_joined_again(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    for change_form in [remove("eve", "viewer", "web-dev"), join("eve", "operators")] {
        let new = ann.new_change(&change_form).await.unwrap();
        assert_eq!(
            new.errors.first().map(|error| error.field),
            Some("who"),
            "{change_form:?}"
        );
        assert!(new.preview.is_none());
    }
}
