//! What a classification does to the report of production PCI: told before it is decided, and true once it is in force.

use app::backend::{ChangesPort as _, InboxPosition};
use domain::{
    report_difference::{ReportDifference, ReportPart},
    snapshot::{Figure, Gap},
};

use super::{
    classify::{IN_PRODUCTION, OUT_OF_DEVELOPMENT, carry_out, classify, form, preview},
    support::{Org, assign},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    requester_and_approvers_read_what_leaves_the_report_and_it_does,
    what_enters_the_report_is_counted_before_it_is_there,
    what_was_not_read_is_not_known,
}

/// `cards-prod` is reached by Bob, Eve and Fay; Eve also reaches `master`, and Dan and Fay `web-dev`.
async fn org(engine: DatabaseEngine) -> Org {
    let org = Org::on(engine).await;
    let (mut parts, now) = (org.parts(), org.clock.now());
    for (who, set, account) in [
        ("operators", "administrator", "cards-prod"),
        ("fay", "viewer", "cards-prod"),
        ("eve", "viewer", "master"),
        ("dan", "administrator", "web-dev"),
        ("fay", "viewer", "web-dev"),
    ] {
        assign(&mut parts, who, set, account, now);
    }
    org.publish(parts);
    org
}

/// What the report counts now: accounts, people, standing assignments, and assignments that violate a policy.
fn report(org: &Org) -> [usize; 4] {
    let read_model = org.app_state.read_model();
    let (exposure, totals) = (&read_model.exposure, read_model.exposure.totals);
    [
        totals.accounts,
        exposure.people.len(),
        totals.standing_assignments,
        totals.against.against,
    ]
}

fn numbers(part: ReportPart) -> [usize; 4] {
    let known = |figure: Figure| figure.known().unwrap();
    [
        part.accounts,
        known(part.people),
        known(part.standing),
        known(part.violations),
    ]
}

fn minus(all: [usize; 4], some: [usize; 4]) -> [usize; 4] {
    std::array::from_fn(|at| all[at] - some[at])
}

async fn told(org: &Org, class: &app::backend::ClassifyForm) -> ReportDifference {
    preview(org, class).await.preview.unwrap().report.unwrap()
}

async fn requester_and_approvers_read_what_leaves_the_report_and_it_does(engine: DatabaseEngine) {
    let org = org(engine).await;
    let before = report(&org);
    let loose = form(&["cards-prod"], OUT_OF_DEVELOPMENT);
    let told = told(&org, &loose).await;
    assert_eq!(numbers(told.leaves), [1, 2, 2, 2]);
    assert_eq!(told.leaves.people_of_others, Figure::Known(1), "Eve stays");
    assert_eq!(numbers(told.enters), [0; 4]);
    let id = classify(&org, &loose).await;
    for who in ["ann", "bob"] {
        let view = org.as_(who).await.change(&id).await.unwrap();
        assert_eq!(view.preview.report, Some(told), "{who}");
    }
    let inbox = org.as_("cas").await.inbox(InboxPosition::Page(1)).await;
    assert_eq!(inbox.unwrap().rows[0].preview.report, Some(told));
    org.approve("bob", &id).await.unwrap();
    org.approve("cas", &id).await.unwrap();
    carry_out(&org, &id).await;
    assert_eq!(report(&org), minus(before, numbers(told.leaves)));
    // What it did is no longer ahead, and is not told as if it were.
    let view = org.as_("bob").await.change(&id).await.unwrap();
    assert_eq!(view.preview.report, None);
}

async fn what_enters_the_report_is_counted_before_it_is_there(engine: DatabaseEngine) {
    let org = org(engine).await;
    let before = report(&org);
    let strict = form(&["web-dev"], IN_PRODUCTION);
    let told = told(&org, &strict).await;
    assert_eq!(numbers(told.leaves), [0; 4]);
    assert_eq!(numbers(told.enters), [1, 1, 2, 2]);
    assert_eq!(
        told.enters.people_of_others,
        Figure::Known(1),
        "Fay is in it"
    );
    let id = classify(&org, &strict).await;
    carry_out(&org, &id).await;
    assert_eq!(before, minus(report(&org), numbers(told.enters)));
}

async fn what_was_not_read_is_not_known(engine: DatabaseEngine) {
    let org = org(engine).await;
    let mut parts = org.app_state.read_model().snapshot.parts().clone();
    parts.coverage.never_read = vec![Gap::Sets];
    org.publish(parts);
    let told = told(&org, &form(&["cards-prod"], OUT_OF_DEVELOPMENT)).await;
    let leaves = told.leaves;
    assert_eq!(leaves.accounts, 1);
    for figure in [leaves.people, leaves.standing, leaves.violations] {
        assert_eq!(figure, Figure::NotKnown);
    }
}
