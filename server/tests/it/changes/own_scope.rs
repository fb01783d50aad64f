//! What a requester learns from the form of a new change: about themselves everything that the form needs, about other
//! people and about groups nothing, not even whether they exist.

use app::backend::{ChangeForm, Denied, NewChange, NewChangePort as _, ViewerPort as _};
use domain::snapshot::{Gap, Unread};

use super::support::{Org, assign, grant, group, remove, submission, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_preview_for_somebody_else_says_the_same_whoever_they_are_and_whatever_they_have,
    a_submission_for_somebody_else_is_refused_alike_whoever_they_are_and_whatever_they_have,
    the_form_of_a_requester_offers_no_group_and_no_kind_of_change_about_groups,
    a_requester_can_still_give_up_their_own_access,
    an_account_or_a_set_that_only_others_have_left_over_is_unknown_to_a_requester,
    a_requester_is_not_told_which_resources_could_not_be_read,
}

const NOBODY: &str = "99999999-0000-4000-8000-000000000001";

/// Forms that name somebody else, or a group: a member and not, with the access and not, existing and not, by id and by
/// name.
fn about_others() -> Vec<ChangeForm> {
    let mut forms = Vec::new();
    let users = [
        user("bob").to_string(),
        user("fay").to_string(),
        NOBODY.into(),
    ];
    let groups = [
        group("operators").to_string(),
        group("empty").to_string(),
        NOBODY.into(),
    ];
    for kind in ["grant", "remove"] {
        let who = users
            .iter()
            .map(|id| format!("user:{id}"))
            .chain(groups.iter().map(|id| format!("group:{id}")))
            .chain(["BOB", "fay", "operators", "No One", "user:", "?"].map(str::to_owned));
        for who in who {
            forms.push(ChangeForm {
                kind: kind.into(),
                who,
                ..grant("eve", "viewer", "web-dev", "60")
            });
        }
    }
    forms
}

/// Forms of memberships, of the requester and of others.
fn about_groups() -> Vec<ChangeForm> {
    let mut forms = Vec::new();
    for kind in ["join", "leave"] {
        for set in [
            group("operators").to_string(),
            group("empty").to_string(),
            NOBODY.into(),
            "operators".into(),
            "No Such Group".into(),
            String::new(),
        ] {
            for who in [
                format!("user:{}", user("eve")),
                format!("user:{}", user("bob")),
                format!("user:{NOBODY}"),
                "BOB".into(),
                String::new(),
            ] {
                forms.push(ChangeForm {
                    kind: kind.into(),
                    who,
                    set: set.clone(),
                    ..ChangeForm::default()
                });
            }
        }
    }
    forms
}

/// Everything of a form that is shown, without the key that is new for each form.
fn shown(new: NewChange) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        new.change_form, new.choices, new.errors, new.preview
    )
}

async fn a_preview_for_somebody_else_says_the_same_whoever_they_are_and_whatever_they_have(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "bob", "viewer", "web-dev", org.clock.now());
    assign(
        &mut parts,
        "operators",
        "viewer",
        "web-dev",
        org.clock.now(),
    );
    org.publish(parts);
    let eve = org.as_("eve").await;
    for forms in [about_others(), about_groups()] {
        for kind in ["grant", "remove", "join", "leave"] {
            let mut first: Option<(ChangeForm, String)> = None;
            for form in forms.iter().filter(|form| form.kind == kind) {
                let new = eve.new_change(form).await.unwrap();
                assert!(new.preview.is_none() && new.errors.len() == 1, "{form:?}");
                let new = shown(new);
                let (form_before, before) =
                    first.get_or_insert_with(|| (form.clone(), new.clone()));
                assert_eq!(*before, new, "{form_before:?} and {form:?}");
            }
        }
    }
    assert_eq!(org.count().await, 0);
}

async fn a_submission_for_somebody_else_is_refused_alike_whoever_they_are_and_whatever_they_have(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "bob", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    let eve = org.as_("eve").await;
    let own = eve
        .new_change(&grant("eve", "viewer", "web-dev", "60"))
        .await
        .unwrap();
    for form in about_others().into_iter().chain(about_groups()) {
        let answer = eve.submit(submission(&form, &own)).await;
        assert!(
            matches!(answer, Err(Denied::Forbidden(_))),
            "{form:?}: {answer:?}"
        );
    }
    assert_eq!(org.count().await, 0);
}

async fn the_form_of_a_requester_offers_no_group_and_no_kind_of_change_about_groups(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let eve = org.as_("eve").await;
    for kind in ["grant", "remove", "join", "leave", "", "other"] {
        let form = ChangeForm {
            kind: kind.into(),
            ..ChangeForm::default()
        };
        let choices = eve.new_change(&form).await.unwrap().choices;
        assert_eq!(choices.groups, [], "{kind}");
        assert!(
            choices
                .who
                .iter()
                .all(|one| one.value == format!("user:{}", user("eve"))),
            "{kind}: {:?}",
            choices.who
        );
    }
}

async fn a_requester_can_still_give_up_their_own_access(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    org.ask("eve", &remove("eve", "viewer", "web-dev")).await;
}

async fn an_account_or_a_set_that_only_others_have_left_over_is_unknown_to_a_requester(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(
        &mut parts,
        "bob",
        "gone",
        "closed-long-ago",
        org.clock.now(),
    );
    org.publish(parts);
    let eve = org.as_("eve").await;
    let errors = |new: NewChange, of: &str| -> Vec<String> {
        let errors = new.errors.into_iter();
        errors
            .map(|error| error.message.replace(of, "ID"))
            .collect()
    };
    let account = |at: &str| super::support::account(at).to_string();
    let left_over = eve
        .new_change(&grant("eve", "viewer", "closed-long-ago", "60"))
        .await
        .unwrap();
    let never = eve
        .new_change(&grant("eve", "viewer", "never-there", "60"))
        .await
        .unwrap();
    assert_eq!(
        errors(left_over, &account("closed-long-ago")),
        errors(never, &account("never-there"))
    );
    let left_over = eve
        .new_change(&grant("eve", "gone", "web-dev", "60"))
        .await
        .unwrap();
    let never = eve
        .new_change(&grant("eve", "never", "web-dev", "60"))
        .await
        .unwrap();
    assert_eq!(left_over.preview.is_none(), never.preview.is_none());
    assert_eq!(errors(left_over, "-"), errors(never, "-"));
}

async fn a_requester_is_not_told_which_resources_could_not_be_read(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    let unread = |id| Unread {
        what: Gap::MembersOf(id),
        why: "AccessDeniedException".into(),
    };
    parts.coverage.unread = vec![unread(group("operators")), unread(group("empty"))];
    org.publish(parts);
    let told = |name| {
        let org = &org;
        async move { org.as_(name).await.freshness().unread }
    };
    assert!(told("ann").await.concat().contains("operators"));
    let eves = told("eve").await;
    assert_eq!(eves.len(), 2, "the number is not secret: {eves:?}");
    assert!(!eves.concat().contains("operators"), "{eves:?}");
    assert_eq!(eves[0], eves[1]);
}
