//! What would lift the block of a request: found by the policies in force, not by what their texts say.

use app::backend::{ChangeForm, NewChangePort as _, WayOut, WaysOut};
use domain::{time::Duration, verdict::Outcome};

use super::support::{Org, grant, set};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_duration_is_offered_only_if_one_is_not_blocked,
    another_permission_set_is_offered_if_no_duration_helps,
    shorter_sessions_are_offered_if_no_duration_fits_those_of_the_set,
    a_request_that_nothing_blocks_has_no_way_out,
}

async fn ways(org: &Org, form: &ChangeForm) -> WaysOut {
    let new = org.as_("ann").await.new_change(form).await.unwrap();
    new.preview.unwrap().ways_out
}

async fn a_duration_is_offered_only_if_one_is_not_blocked(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let found = ways(&org, &grant("eve", "viewer", "cards-prod", "720")).await;
    // Together with a session of 1 hour it is 4 hours.
    let longest = Duration::hours(3);
    assert_eq!(found.ways, [WayOut::Duration { longest }]);
    assert_eq!(found.approvals, Some(2));
    for (minutes, outcome) in [("180", Outcome::NeedsApproval), ("195", Outcome::Refused)] {
        let form = grant("eve", "viewer", "cards-prod", minutes);
        let new = org.as_("ann").await.new_change(&form).await.unwrap();
        assert_eq!(new.preview.unwrap().verdict.outcome, outcome, "{minutes}");
    }
}

async fn another_permission_set_is_offered_if_no_duration_helps(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let found = ways(&org, &grant("eve", "admin", "cards-prod", "60")).await;
    let [WayOut::OtherSet { sets, .. }] = found.ways.as_slice() else {
        panic!("{found:?}");
    };
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names.first(), Some(&"auditor"));
    assert!(!names.contains(&"admin"), "{names:?}");
    assert!(sets.iter().all(|set| set.only_for.is_none()), "{sets:?}");
}

async fn shorter_sessions_are_offered_if_no_duration_fits_those_of_the_set(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    let viewer = parts.sets.get_mut(&set("viewer")).unwrap();
    viewer.content.session_seconds = 8 * 3_600;
    org.publish(parts);
    let found = ways(&org, &grant("eve", "viewer", "cards-prod", "60")).await;
    let hours = Duration::hours;
    let sessions = WayOut::Sessions {
        set: "viewer".into(),
        session: hours(8),
        shortened: hours(1),
        longest: hours(3),
    };
    let [first, WayOut::OtherSet { sets, .. }] = found.ways.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(first, &sessions);
    // Until somebody shortens them, another set is possible.
    assert!(!sets.is_empty() && sets.iter().all(|set| set.name != "viewer"));
}

async fn a_request_that_nothing_blocks_has_no_way_out(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for account in ["cards-prod", "web-dev"] {
        let found = ways(&org, &grant("eve", "viewer", account, "60")).await;
        assert_eq!(found, WaysOut::default());
    }
}
