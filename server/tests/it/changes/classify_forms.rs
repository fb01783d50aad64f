//! The form that classifies accounts: what it says about accounts whose role decides, about lists that are too long, about
//! texts, and about changes of other people.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{
    ChangeForm, ClassificationPort as _, ClassifyForm, Denied, END, FieldError, KEEP,
    NewChangePort as _, NewClassification, Relation, SubjectRef, Submission, change_field,
    classify_field,
};
use domain::{
    authorize::Role,
    classification::{Assertion, Environment, Pci, ReadBy, Reading, ReadingSource, Source, fold},
    subject::account_classification::NEW_OWNER,
    verdict::Outcome,
};

use server::service::Service;

use super::{
    classify::{
        IN_PRODUCTION, OUT_OF_DEVELOPMENT, carry_out, class, classify, errors, form, preview,
        submission,
    },
    support::{Org, account, set, user},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    an_environment_below_the_role_is_an_error_that_says_what_counts,
    an_account_whose_role_decides_becomes_stricter_at_once_with_its_environment_as_it_is,
    a_list_beyond_the_limit_is_counted_and_nothing_of_it_is_lost,
    every_error_of_a_form_is_named_at_once_with_its_cure,
    both_texts_of_a_submission_are_checked_at_once,
    several_accounts_keep_what_the_form_leaves_as_it_is,
    a_new_form_holds_what_all_accounts_agree_on,
    a_first_owner_is_not_another_owner_and_alone_needs_approval,
    who_changed_an_account_meanwhile_is_named,
    a_request_that_already_waits_is_shown_and_not_stored_twice,
}

/// Makes an account the management account.
fn make_management(org: &Org, name: &str) {
    let (environment, pci) = (Environment::Management, Pci::Connected);
    give_role(org, name, ReadingSource::Management, environment, pci);
}

/// Gives an account a role that demands this classification.
fn give_role(org: &Org, name: &str, source: ReadingSource, environment: Environment, pci: Pci) {
    let said = |source, environment, pci| Reading {
        source,
        environment: Assertion::Value(environment),
        environment_by: ReadBy::Words,
        pci: Assertion::Value(pci),
        pci_by: ReadBy::Words,
    };
    let tag = ReadingSource::Tag {
        key: "env".into(),
        value: String::new(),
    };
    let mut parts = org.parts();
    let (_, class) = parts.accounts.get_mut(&account(name)).unwrap();
    *class = fold(&[
        said(tag, Environment::Development, Pci::Out),
        said(source, environment, pci),
    ]);
    org.publish(parts);
}

fn fields(new: &NewClassification) -> Vec<&'static str> {
    new.errors.iter().map(|error| error.field).collect()
}

async fn an_environment_below_the_role_is_an_error_that_says_what_counts(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    make_management(&org, "web-dev");
    let new = preview(
        &org,
        &form(&["web-dev"], (Environment::Development, Pci::In)),
    )
    .await;
    assert_eq!(
        new.errors,
        [FieldError {
            field: classify_field::ENVIRONMENT,
            message: "web-dev always counts as management, because of the role in AWS Organizations. Select “Leave as \
                      it is”."
                .into(),
        }]
    );
    assert!(new.preview.is_none());
    // A scope below that of the role cannot count either.
    let mut loose = form(&["web-dev"], OUT_OF_DEVELOPMENT);
    loose.environment = KEEP.into();
    let new = preview(&org, &loose).await;
    assert_eq!(fields(&new), [classify_field::PCI]);
    assert!(new.errors[0].message.contains("connected to PCI"));
    // A delegated administrator counts as security. Together, each account is named with what it counts as.
    let delegated = ReadingSource::DelegatedAdministrator(BTreeSet::new());
    give_role(&org, "web-dev", delegated, Environment::Security, Pci::Out);
    let new = preview(&org, &form(&["web-dev", "cards-staging"], IN_PRODUCTION)).await;
    assert_eq!(fields(&new), [classify_field::ENVIRONMENT]);
    assert!(
        new.errors[0]
            .message
            .starts_with("web-dev always counts as security"),
        "{:?}",
        new.errors
    );
}

async fn an_account_whose_role_decides_becomes_stricter_at_once_with_its_environment_as_it_is(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    make_management(&org, "web-dev");
    let link = ClassifyForm::of_query(&BTreeMap::new(), &[account("web-dev").to_string()]);
    let filled = preview(&org, &link).await.form;
    assert_eq!(
        (filled.environment.as_str(), filled.pci.as_str()),
        (KEEP, "connected")
    );
    let mut stricter = form(&["web-dev"], (Environment::Security, Pci::In));
    stricter.environment = KEEP.into();
    let new = preview(&org, &stricter).await;
    let shown = new.preview.as_ref().unwrap();
    assert_eq!(
        shown.verdict.outcome,
        Outcome::Allowed,
        "{:?}",
        shown.verdict
    );
    let changed: Vec<&str> = shown.others[0]
        .properties
        .iter()
        .map(|property| property.name.as_str())
        .collect();
    assert!(changed.contains(&"PCI scope") && !changed.contains(&"environment"));
    let id = classify(&org, &stricter).await;
    carry_out(&org, &id).await;
    assert_eq!(
        class(&org, "web-dev"),
        (Environment::Management, Pci::In, Source::Role)
    );
    // Nobody declares a management account that is none.
    let mut forged = form(&["cards-prod"], IN_PRODUCTION);
    forged.environment = "management".into();
    assert_eq!(
        fields(&preview(&org, &forged).await),
        [classify_field::ENVIRONMENT]
    );
}

async fn a_list_beyond_the_limit_is_counted_and_nothing_of_it_is_lost(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let numbers = |count: u64| -> String {
        let all: Vec<String> = (0..count)
            .map(|number| (500_000_000_000_u64 + number).to_string())
            .collect();
        all.join("\r\n")
    };
    let mut long = form(&[], IN_PRODUCTION);
    long.accounts = numbers(3_000);
    let new = preview(&org, &long).await;
    assert_eq!(
        new.errors,
        [FieldError {
            field: classify_field::ACCOUNTS,
            message:
                "The list has 3000 accounts, and a change classifies at most 2000. Split the list."
                    .into(),
        }]
    );
    assert_eq!(new.form.accounts, long.accounts);
    // Within the limit, the number of wrong accounts is the true one.
    long.accounts = format!(
        "{}\nweb-dev\nno-such-account\n{}",
        numbers(1_500),
        "x".repeat(300)
    );
    let new = preview(&org, &long).await;
    assert_eq!(fields(&new), [classify_field::ACCOUNTS; 2]);
    let (names, missing) = (&new.errors[0].message, &new.errors[1].message);
    assert!(names.starts_with("2 lines are neither"), "{names}");
    assert!(
        missing.starts_with("1500 accounts are not in the organization"),
        "{missing}"
    );
    assert!(missing.contains("500000000009 and 1490 more."), "{missing}");
    assert_eq!(new.total, 1);
}

async fn every_error_of_a_form_is_named_at_once_with_its_cure(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let wrong = ClassifyForm {
        accounts: "no-such-account\n999999999999".into(),
        environment: String::new(),
        owner: "nobody-known".into(),
        purpose: "short".into(),
        out_of_scope: "x".repeat(501),
        until: "2026-01-01".into(),
        ..form(&["web-dev"], OUT_OF_DEVELOPMENT)
    };
    let new = preview(&org, &wrong).await;
    assert_eq!(
        fields(&new),
        [
            classify_field::ACCOUNTS,
            classify_field::ACCOUNTS,
            classify_field::ENVIRONMENT,
            classify_field::OWNER,
            classify_field::UNTIL,
            classify_field::PURPOSE,
            classify_field::OUT_OF_SCOPE,
        ]
    );
    let of = |field: &str| {
        let found = new.errors.iter().rfind(|error| error.field == field);
        found.unwrap().message.clone()
    };
    assert_eq!(
        of(classify_field::PURPOSE),
        "The purpose has 5 characters. Enter at least 10."
    );
    assert_eq!(
        of(classify_field::OUT_OF_SCOPE),
        "The reason for out of scope has 501 characters. Shorten it to at most 500."
    );
    assert_eq!(new.form, wrong, "what was entered is kept");
}

async fn both_texts_of_a_submission_are_checked_at_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let form = form(&["web-dev"], IN_PRODUCTION);
    let new = preview(&org, &form).await;
    let mut sent = submission(&form, &new);
    sent.justification = "why".into();
    sent.ticket = "x".repeat(65);
    let found = errors(org.as_("ann").await.classify(sent).await);
    let fields: Vec<&str> = found.iter().map(|error| error.field).collect();
    assert_eq!(fields, [change_field::JUSTIFICATION, change_field::TICKET]);
    assert!(
        found[0]
            .message
            .starts_with("The justification has 3 of at least 10 characters."),
        "{found:?}"
    );
}

async fn several_accounts_keep_what_the_form_leaves_as_it_is(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut scope = form(
        &["web-dev", "cards-staging"],
        (Environment::Sandbox, Pci::In),
    );
    scope.environment = KEEP.into();
    let before = ["web-dev", "cards-staging"].map(|name| class(&org, name).0);
    assert_ne!(before[0], before[1]);
    let id = classify(&org, &scope).await;
    carry_out(&org, &id).await;
    for (name, environment) in ["web-dev", "cards-staging"].into_iter().zip(before) {
        assert_eq!(
            class(&org, name),
            (environment, Pci::In, Source::Declared),
            "{name}"
        );
    }
    // An account that is left out of scope needs its reason, once.
    let mut kept = form(
        &["web-dev", "web-prod"],
        (Environment::Production, Pci::Out),
    );
    kept.pci = KEEP.into();
    kept.out_of_scope.clear();
    give_role(
        &org,
        "web-prod",
        ReadingSource::OwnAccount,
        Environment::Security,
        Pci::Out,
    );
    kept.environment = KEEP.into();
    let new = preview(&org, &kept).await;
    assert_eq!(
        fields(&new),
        [classify_field::OUT_OF_SCOPE],
        "{:?}",
        new.errors
    );
}

async fn a_new_form_holds_what_all_accounts_agree_on(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (environment, pci, _) = class(&org, "web-dev");
    let mut first = form(&["web-dev"], (Environment::Staging, Pci::In));
    first.purpose = "takes card payments of the shop".into();
    let id = classify(&org, &first).await;
    carry_out(&org, &id).await;
    let of = |names: &[&str]| {
        let accounts: Vec<String> = names.iter().map(|name| account(name).to_string()).collect();
        ClassifyForm::of_query(&BTreeMap::new(), &accounts)
    };
    let new = preview(&org, &of(&["web-dev", "cards-prod"])).await;
    let shown = (new.form.environment.as_str(), new.form.pci.as_str());
    // Both are in scope, by a declaration and by a tag. They differ in the environment.
    assert_eq!(shown, (KEEP, "in"));
    assert_eq!((new.form.purpose.as_str(), new.declared), ("", 1));
    let new = preview(&org, &of(&["web-dev"])).await;
    assert_eq!(new.form.purpose, first.purpose);
    assert_eq!(preview(&org, &of(&["cards-prod"])).await.declared, 0);
    // A link may choose the classification; nothing is wrong with a form that nobody has sent yet.
    let chosen = ClassifyForm {
        environment: "staging".into(),
        pci: "out".into(),
        ..of(&["cards-prod"])
    };
    let new = preview(&org, &chosen).await;
    let shown = (new.form.environment.as_str(), new.form.pci.as_str());
    assert_eq!(shown, ("staging", "out"));
    assert!(new.errors.is_empty() && new.preview.is_none());
    assert!(new.accounts.iter().all(|one| one.becomes.is_none()));
    // Without its declaration, an account becomes what it was before.
    let ending = ClassifyForm {
        action: END.into(),
        ..of(&["web-dev"])
    };
    let new = preview(&org, &ending).await;
    assert!(new.preview.is_some(), "{:?}", new.errors);
    assert_eq!(new.accounts[0].becomes, Some((environment, pci)));
}

async fn a_first_owner_is_not_another_owner_and_alone_needs_approval(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut owned = form(&["web-dev"], IN_PRODUCTION);
    owned.owner = format!("user:{}", user("eve"));
    let new = preview(&org, &owned).await;
    let verdict = &new.preview.as_ref().unwrap().verdict;
    let hits: Vec<&str> = verdict.hits.iter().map(|hit| hit.rule.as_str()).collect();
    assert_eq!(hits, [NEW_OWNER]);
    assert!(
        verdict.hits[0]
            .reason
            .contains("gets an owner, and has none now")
    );
    // What the page offers instead applies at once.
    owned.owner = KEEP.into();
    let new = preview(&org, &owned).await;
    assert_eq!(new.preview.unwrap().verdict.outcome, Outcome::Allowed);
}

async fn another_administrator(org: &Org) -> Service {
    let mut dan = org.signed("dan").await;
    dan.actor.roles.insert(Role::Administrator);
    org.acting(dan)
}

async fn who_changed_an_account_meanwhile_is_named(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mine = form(&["web-dev"], (Environment::Staging, Pci::In));
    let dan = another_administrator(&org).await;
    let seen = dan.new_classification(&mine).await.unwrap();
    let first = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    carry_out(&org, &first).await;
    let dan = another_administrator(&org).await;
    let found = errors(dan.classify(submission(&mine, &seen)).await);
    assert_eq!(found[0].field, change_field::EFFECT);
    assert!(
        found[0]
            .message
            .starts_with("ANN changed this meanwhile, at "),
        "{found:?}"
    );
    assert!(
        found[0].message.contains("Classify web-dev as production"),
        "{found:?}"
    );
    let new = dan.new_classification(&mine).await.unwrap();
    let shown = new.preview.unwrap();
    let related = &shown.related[0];
    assert_eq!(
        (&related.id, related.relation),
        (&first, Relation::ChangedMeanwhile)
    );
    assert_eq!(related.requester, "ANN");
    // The badge in the form and in the effect is that of the preview.
    let [chosen] = new.accounts.as_slice() else {
        panic!("{:?}", new.accounts)
    };
    assert_eq!(chosen.account.class.environment, Environment::Production);
    assert_eq!(chosen.becomes, Some((Environment::Staging, Pci::In)));
    let SubjectRef::Account(in_effect) = &shown.others[0].subject else {
        panic!("{:?}", shown.others)
    };
    assert_eq!(in_effect.class.environment, Environment::Production);
    // Whoever made the change is not told about it.
    let own = preview(&org, &mine).await.preview.unwrap();
    assert_eq!(own.related, []);
}

async fn a_request_that_already_waits_is_shown_and_not_stored_twice(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let loose = form(&["cards-prod"], OUT_OF_DEVELOPMENT);
    let waiting = classify(&org, &loose).await;
    let new = preview(&org, &loose).await;
    let related = &new.preview.as_ref().unwrap().related;
    assert_eq!(
        (&related[0].id, related[0].relation),
        (&waiting, Relation::OwnWaiting)
    );
    let found = errors(
        org.as_("ann")
            .await
            .classify(submission(&loose, &new))
            .await,
    );
    assert!(
        found[0]
            .message
            .starts_with("You have already requested exactly this")
    );
    assert_eq!(org.count().await, 1);
    // Something else about the same account is another request.
    let other = form(&["cards-prod"], (Environment::Staging, Pci::Out));
    assert_eq!(preview(&org, &other).await.preview.unwrap().related, []);

    // A change of access, and its removal, which is never refused for it.
    let grant = ChangeForm {
        kind: "grant".into(),
        who: format!("user:{}", user("eve")),
        set: set("viewer").key().to_owned(),
        account: account("cards-prod").to_string(),
        term: "60".into(),
        ..ChangeForm::default()
    };
    let ann = org.as_("ann").await;
    let shown = ann.new_change(&grant).await.unwrap();
    let Some(first) = &shown.preview else {
        panic!("{:?}", shown.errors)
    };
    assert_eq!(first.verdict.outcome, Outcome::NeedsApproval);
    let sent = |form_key: &str| Submission {
        change_form: grant.clone(),
        justification: "look into the incident".into(),
        ticket: "OPS-1".into(),
        effect: first.effect.0.clone(),
        form_key: form_key.into(),
    };
    let id = ann.submit(sent(&shown.form_key)).await.unwrap();
    // The same form again leads to the same change.
    assert_eq!(ann.submit(sent(&shown.form_key)).await.unwrap(), id);
    let again = ann.new_change(&grant).await.unwrap();
    assert_eq!(again.preview.unwrap().related[0].id, id);
    let twice = ann.submit(sent(&again.form_key)).await;
    assert!(matches!(twice, Err(Denied::Invalid(_))), "{twice:?}");
    // Other words do not make another request of it, another ticket does.
    let mut reworded = sent(&again.form_key);
    reworded.justification = "the first hour was not enough".into();
    let twice = ann.submit(reworded.clone()).await;
    assert!(matches!(twice, Err(Denied::Invalid(_))), "{twice:?}");
    reworded.ticket = "OPS-2".into();
    assert_ne!(ann.submit(reworded).await.unwrap(), id);
}
