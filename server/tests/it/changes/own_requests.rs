//! What a requester can do: see what they have and when it ends, extend and end it, and request access to several accounts,
//! for any duration and for later.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use app::{
    backend::{
        Backend, ChangeForm, ChangesPort as _, Denied, FollowUpForm, HeldAccess, Holder,
        HomePort as _, NewChangePort as _, Submission, ViaRef, WithdrawalPort as _,
    },
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::{
    change::{Operation, State},
    directory::UserStatus,
    engine::{AccessResource, FollowUp, WindowRow},
    grant::{Term, Window},
    ids::{Assignment, Principal},
    org::SpecialAccounts,
    snapshot::{Parts, Snapshot},
    time::{Duration, Timestamp},
    verdict::Outcome,
};
use server::{
    clock,
    service::app_state::{AccessReasons, ReadModel},
};

use super::support::{Org, account, assign, company, grant, remove, submission, user, wrong_field};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    what_ends_first_is_shown_first_with_what_its_holder_can_request,
    an_extension_begins_before_the_end_and_is_stored_with_its_start,
    a_request_that_overlaps_what_somebody_has_offers_an_extension,
    access_through_a_group_is_said_beside_a_request_for_it,
    several_accounts_are_one_request_and_an_unknown_one_is_named,
    a_duration_is_typed_in_words,
    a_start_in_the_past_or_too_far_ahead_is_said_at_its_field,
    a_grant_to_a_disabled_user_warns,
    what_is_over_is_requested_again_with_its_accounts_and_review_date,
    a_request_of_ones_own_names_its_accounts_and_not_its_requester,
    who_is_linked_to_no_user_is_told_whom_to_ask,
    own_access_is_ended_without_a_preview,
    the_form_keeps_what_was_typed,
    a_permission_set_is_listed_as_blocked_exactly_if_its_preview_is,
}

fn assignment(who: &str, set: &str, at: &str) -> Assignment {
    Assignment {
        pair: company::pair(at, set),
        principal: Principal::User(user(who)),
    }
}

/// Publishes the organization with this access of Eve, which ends at these times.
fn publish(org: &Org, parts: Parts, ends: &[(&str, &str, Timestamp)]) {
    let now = org.clock.now();
    let windows = ends.iter().map(|(set, at, ends)| WindowRow {
        key: AccessResource::Assignment(assignment("eve", set, at)),
        window: Window {
            grant: clock::grant_id(),
            change: clock::change_id(),
            starts: now - Duration::minutes(1),
            ends: Some(*ends),
            ended: None,
        },
        delivery: None,
        over: None,
    });
    let reasons = AccessReasons::of(windows.collect(), BTreeMap::new(), BTreeMap::new());
    let rules = &org.app_state.rules();
    let (snapshot, special) = (Snapshot::new(parts), SpecialAccounts::default());
    org.app_state
        .publish(ReadModel::new(snapshot, special, reasons, rules));
}

/// Eve has standing access to cards-prod through operators, and two windows of her own.
fn with_access(org: &Org) -> (Timestamp, Timestamp) {
    let now = org.clock.now();
    let (soon, later) = (now + Duration::minutes(42), now + Duration::hours(3));
    let mut parts = org.parts();
    assign(&mut parts, "operators", "viewer", "cards-prod", now);
    assign(&mut parts, "eve", "viewer", "web-dev", now);
    assign(&mut parts, "eve", "reader", "cards-prod", now);
    publish(
        org,
        parts,
        &[("viewer", "web-dev", later), ("reader", "cards-prod", soon)],
    );
    (soon, later)
}

async fn what_ends_first_is_shown_first_with_what_its_holder_can_request(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (soon, later) = with_access(&org);
    let home = org.as_("eve").await.home().await.unwrap();
    let ends: Vec<_> = home.access.iter().map(|row| row.ends).collect();
    assert_eq!(ends, [Some(soon), Some(later), None]);
    let first = &home.access[0];
    let own = first.own.as_ref().unwrap();
    assert_eq!(own.end, remove("eve", "reader", "cards-prod"));
    assert_eq!(own.other_paths, 1, "through operators");
    let extend = own.extend.as_ref().unwrap();
    let start = (soon - Duration::minutes(5)).form_minute();
    assert_eq!((extend.term.as_str(), &extend.start), ("60", &start));
    let through_the_group = &home.access[2];
    assert!(matches!(through_the_group.via, ViaRef::Group { .. }));
    assert_eq!(through_the_group.own, None);
    let html = home_page(&org, "eve").await;
    for said in [
        "My access",
        "<span>Open</span>",
        "Ends in 42 min",
        "End now",
        "Extend",
    ] {
        assert!(html.contains(said), "{said} in {html}");
    }
}

async fn visit(org: &Org, name: &str) -> Visit {
    let backend: Arc<dyn Backend> = Arc::new(org.as_(name).await);
    Visit {
        backend,
        params: BTreeMap::new(),
        query: BTreeMap::new(),
        url: "/".into(),
        form: FormState::default(),
    }
}

async fn home_page(org: &Org, name: &str) -> String {
    let page = pages::home::page(visit(org, name).await).await.unwrap();
    render(Surroundings::default(), page.draw)
}

async fn an_extension_begins_before_the_end_and_is_stored_with_its_start(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (soon, _) = with_access(&org);
    let home = org.as_("eve").await.home().await.unwrap();
    let extend = home.access[0].own.clone().unwrap().extend.unwrap();
    let new = org.as_("eve").await.new_change(&extend).await.unwrap();
    let start = Timestamp::parse_form_minute(&extend.start).unwrap();
    let until = start + Duration::hours(1);
    let held = new.held.clone().unwrap();
    assert_eq!(held.holder, Holder::Viewer);
    assert_eq!(held.what, HeldAccess::Extended { ends: soon, until });
    let preview = new.preview.as_ref().unwrap();
    assert_eq!(preview.not_before, Some(start));
    assert_eq!(preview.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(preview.verdict.approvals, 2, "like any request");
    let id = org.ask("eve", &extend).await;
    let stored = org.stored(&id).await;
    assert_eq!(stored.change.state, State::Waiting);
    assert_eq!(stored.change.proposal.not_before, Some(start));
    let view = org.as_("cas").await.change(&id).await.unwrap();
    assert_eq!(view.preview.not_before, Some(start));
}

async fn a_request_that_overlaps_what_somebody_has_offers_an_extension(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (_, later) = with_access(&org);
    let wanted = grant("eve", "viewer", "web-dev", "60");
    for (name, holder) in [
        ("eve", Holder::Viewer),
        ("ann", Holder::Other("EVE".into())),
    ] {
        let new = org.as_(name).await.new_change(&wanted).await.unwrap();
        let held = new.held.unwrap();
        assert_eq!(held.holder, holder);
        let HeldAccess::Until {
            ends,
            until,
            extend,
        } = held.what
        else {
            panic!("{:?}", held.what);
        };
        assert_eq!((ends, until), (later, org.clock.now() + Duration::hours(1)));
        let extended = org.as_(name).await.new_change(&extend).await.unwrap();
        let until = later - Duration::minutes(5) + Duration::hours(1);
        let shown = extended.held.map(|held| held.what);
        let Some(HeldAccess::Extended { ends, until: last }) = shown else {
            panic!("{shown:?}");
        };
        assert_eq!(ends, later);
        // The field of the form has no seconds.
        assert!(until.since(last) < Duration::minutes(1) && last <= until);
    }
    let other = grant("eve", "viewer", "web-prod", "60");
    assert_eq!(
        org.as_("eve").await.new_change(&other).await.unwrap().held,
        None
    );
}

async fn access_through_a_group_is_said_beside_a_request_for_it(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    with_access(&org);
    let wanted = grant("eve", "viewer", "cards-prod", "60");
    let held = org.as_("eve").await.new_change(&wanted).await.unwrap().held;
    let Some(HeldAccess::Through { via, ends: None }) = held.map(|held| held.what) else {
        panic!("through operators, without an end");
    };
    assert_eq!(via.to_string(), "through operators");
}

async fn several_accounts_are_one_request_and_an_unknown_one_is_named(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let eve = org.as_("eve").await;
    let wanted = ChangeForm {
        also: format!(" web-prod, {} ,web-dev", account("cards-staging")),
        ..grant("eve", "viewer", "web-dev", "60")
    };
    let new = eve.new_change(&wanted).await.unwrap();
    assert_eq!(new.errors, []);
    let id = eve.submit(submission(&wanted, &new)).await.unwrap();
    let items = org.stored(&id).await.change.proposal.operations;
    let hour = Term::For(Duration::hours(1));
    let granted: Vec<(Assignment, Term)> = items
        .iter()
        .map(|item| {
            let (assignment, term) = item.assigns().unwrap();
            (assignment.clone(), term)
        })
        .collect();
    let expected = ["web-dev", "web-prod", "cards-staging"];
    assert_eq!(
        granted,
        expected.map(|at| (assignment("eve", "viewer", at), hour))
    );
    let unknown = ChangeForm {
        also: "web-prod, no-such-account".into(),
        ..grant("eve", "viewer", "web-dev", "60")
    };
    let errors = eve.new_change(&unknown).await.unwrap().errors;
    assert_eq!(errors[0].field, "also");
    assert!(errors[0].message.contains("no-such-account"), "{errors:?}");
}

async fn a_duration_is_typed_in_words(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let eve = org.as_("eve").await;
    let typed = |length: &str| ChangeForm {
        length: length.into(),
        ..grant("eve", "viewer", "web-dev", "other")
    };
    let new = eve.new_change(&typed("1 h 30 min")).await.unwrap();
    assert_eq!(new.change_form, grant("eve", "viewer", "web-dev", "90"));
    let gained = &new.preview.unwrap().gained[0];
    assert_eq!(gained.term, Some(Term::For(Duration::minutes(90))));
    for wrong in ["14 min", "13 h", "soon"] {
        let new = eve.new_change(&typed(wrong)).await.unwrap();
        let fields: Vec<&str> = new.errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["length"], "{wrong}");
        assert_eq!(new.change_form.length, wrong, "what was typed stays");
    }
}

async fn a_start_in_the_past_or_too_far_ahead_is_said_at_its_field(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let eve = org.as_("eve").await;
    let at = |start: Timestamp| ChangeForm {
        start: start.form_minute(),
        ..grant("eve", "viewer", "web-dev", "60")
    };
    let now = org.clock.now();
    for wrong in [
        at(now - Duration::hours(1)),
        at(now + Duration::days(31)),
        ChangeForm {
            start: "tomorrow".into(),
            ..at(now)
        },
    ] {
        let new = eve.new_change(&wrong).await.unwrap();
        assert_eq!(new.errors[0].field, "start", "{wrong:?}");
        assert_eq!(new.change_form.start, wrong.start, "what was typed stays");
        let key = new.form_key.clone();
        let sent = Submission {
            form_key: key,
            ..submission(&wrong, &new)
        };
        assert_eq!(wrong_field(eve.submit(sent).await), "start");
    }
    // Somebody looked at the form for a while.
    let new = eve
        .new_change(&at(now - Duration::minutes(2)))
        .await
        .unwrap();
    assert_eq!(
        (new.errors, new.preview.unwrap().not_before),
        (vec![], None)
    );
}

async fn a_grant_to_a_disabled_user_warns(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    let mut eve = parts.users.get(&user("eve")).unwrap().clone();
    eve.status = UserStatus::Disabled;
    parts.users.insert(user("eve"), eve);
    org.publish(parts);
    let ann = org.as_("ann").await;
    for (form, disabled) in [
        (grant("eve", "viewer", "web-dev", "60"), vec!["EVE"]),
        (grant("fay", "viewer", "web-dev", "60"), vec![]),
        (super::support::join("eve", "empty"), vec!["EVE"]),
    ] {
        let preview = ann.new_change(&form).await.unwrap().preview.unwrap();
        assert_eq!(preview.disabled, disabled, "{form:?}");
    }
}

async fn what_is_over_is_requested_again_with_its_accounts_and_review_date(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let review_on = domain::time::Date::of(org.clock.now())
        .unwrap()
        .tomorrow()
        .to_string();
    let standing = ChangeForm {
        review_on: review_on.clone(),
        ..grant("operators", "auditor", "cards-prod", "standing")
    };
    let several = ChangeForm {
        also: account("web-prod").to_string(),
        ..grant("fay", "viewer", "cards-prod", "60")
    };
    for form in [&standing, &several] {
        let id = org.ask("ann", form).await;
        let mine = org.as_("ann").await.home().await.unwrap().mine;
        assert_eq!((&mine[0].row.id, &mine[0].again), (&id, &None), "it waits");
        org.as_("ann").await.withdraw(&id).await.unwrap();
        let mine = org.as_("ann").await.home().await.unwrap().mine;
        assert_eq!(mine[0].again.as_ref(), Some(form));
        let links = org
            .as_("ann")
            .await
            .change(&id)
            .await
            .unwrap()
            .follow_ups
            .links;
        let [link] = links.as_slice() else {
            panic!("{links:?}");
        };
        assert_eq!(link.what, FollowUp::Rest);
        assert_eq!(link.form, FollowUpForm::Change(form.clone()));
    }
}

async fn a_request_of_ones_own_names_its_accounts_and_not_its_requester(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let form = ChangeForm {
        also: account("web-prod").to_string(),
        ..grant("eve", "viewer", "web-dev", "90")
    };
    org.ask("eve", &form).await;
    let mine = org.as_("eve").await.home().await.unwrap().mine;
    let own = mine[0].own.as_ref().unwrap();
    assert_eq!(own.accounts, ["web-dev", "web-prod"]);
    assert_eq!(mine[0].lasting, None, "it waits");
    let html = home_page(&org, "eve").await;
    let title = "viewer on web-dev and web-prod, 1 h 30 min";
    assert!(html.contains(title), "{html}");
    assert!(!html.contains("to EVE"), "{html}");
    org.ask("ann", &grant("fay", "viewer", "web-dev", "60"))
        .await;
    let mine = org.as_("ann").await.home().await.unwrap().mine;
    assert_eq!(mine[0].own, None, "of somebody else");
}

async fn who_is_linked_to_no_user_is_told_whom_to_ask(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut nobody = org.signed("eve").await;
    nobody.user = None;
    let service = org.acting(nobody);
    let home = service.home().await.unwrap();
    assert!(home.not_linked.is_some());
    assert_eq!(home.administrators, ["ANN"]);
    let backend: Arc<dyn Backend> = Arc::new(service);
    let visit = Visit {
        backend,
        ..visit(&org, "eve").await
    };
    let page = pages::home::page(visit).await.unwrap();
    let html = render(Surroundings::default(), page.draw);
    assert!(
        html.contains("Ask ANN, who administers Leastwise"),
        "{html}"
    );
    assert!(!html.contains("Request access"), "{html}");
    let linked = org.as_("eve").await.home().await.unwrap();
    assert_eq!(linked.administrators, Vec::<String>::new());
}

async fn own_access_is_ended_without_a_preview(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    with_access(&org);
    let eve = org.as_("eve").await;
    let own = eve.home().await.unwrap().access[0].own.clone().unwrap();
    let sent = Submission {
        change_form: own.end.clone(),
        justification: "I no longer need this access.".into(),
        ticket: String::new(),
        effect: String::new(),
        form_key: own.form_key,
    };
    let id = eve.submit(sent.clone()).await.unwrap();
    let stored = org.stored(&id).await;
    assert_eq!(stored.change.state, State::Approved, "it needs no approval");
    assert!(matches!(
        stored.change.proposal.operations.as_slice(),
        [Operation::Unassign { .. }]
    ));
    assert_eq!(eve.submit(sent).await.unwrap(), id, "sent twice");
    let fay = org.as_("fay").await;
    let theirs = Submission {
        change_form: own.end,
        justification: "I no longer need this access.".into(),
        ticket: String::new(),
        effect: String::new(),
        form_key: clock::token(),
    };
    let refused = fay.submit(theirs).await;
    assert!(matches!(refused, Err(Denied::Forbidden(_))), "{refused:?}");
}

async fn the_form_keeps_what_was_typed(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut visit = visit(&org, "eve").await;
    let form = grant("eve", "viewer", "web-dev", "60");
    let sent = form.fields().into_iter();
    let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let typed = [
        ("justification", "look at <incident> 4711"),
        ("ticket", "OPS-1"),
    ];
    let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
    visit.form.values = sent.chain(typed).collect();
    let page = pages::new_change::page(visit).await.unwrap();
    let html = render(Surroundings::default(), page.draw);
    for kept in [
        "look at &lt;incident&gt; 4711",
        "value=\"OPS-1\"",
        "Needs approval by 1 other person",
        "id=\"send\"",
    ] {
        assert!(html.contains(kept), "{kept} in {html}");
    }
    assert_eq!(org.count().await, 0);
}

async fn a_permission_set_is_listed_as_blocked_exactly_if_its_preview_is(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let eve = org.as_("eve").await;
    let read_model = org.app_state.read_model();
    let sets = read_model.snapshot.parts().sets.keys();
    let sets: Vec<String> = sets.map(|set| set.key().to_owned()).collect();
    let mut seen = BTreeSet::new();
    for (at, term) in [
        ("cards-prod", "60"),
        ("web-dev", "60"),
        ("cards-prod", "480"),
    ] {
        for set in &sets {
            let form = ChangeForm {
                set: set.clone(),
                ..grant("eve", "viewer", at, term)
            };
            let new = eve.new_change(&form).await.unwrap();
            let outcome = new.preview.unwrap().verdict.outcome;
            let is_blocked = outcome == Outcome::Refused;
            assert_eq!(
                new.blocked_sets.contains(set),
                is_blocked,
                "{set} {at} {term}"
            );
            seen.insert(is_blocked);
        }
    }
    assert_eq!(seen.len(), 2, "both were seen");
    let mut visit = visit(&org, "eve").await;
    let form = ChangeForm {
        set: String::new(),
        ..grant("eve", "viewer", "cards-prod", "60")
    };
    let fields = form.fields().into_iter();
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    visit.query = fields.collect();
    let page = pages::new_change::page(visit).await.unwrap();
    let html = render(Surroundings::default(), page.draw);
    assert!(
        html.contains("<optgroup label=\"Blocked by policy\">"),
        "{html}"
    );
    // Who proposes for everybody chooses the person as well.
    let of_ann = org.as_("ann").await.new_change(&form).await.unwrap();
    assert!(of_ann.blocked_sets.is_empty());
}
