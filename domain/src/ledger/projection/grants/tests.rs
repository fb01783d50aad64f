//! Checks rows against entries, one forgery at a time.

use super::*;
use crate::{
    engine::{Presence, ReadResult, RetryState},
    ledger::{Actor, ActorKind, EntryTarget, EntryType},
};

const GRANT: &str = "00000005-0000-4000-8000-000000000001";
const CHANGE: &str = "00000004-0000-4000-8000-000000000001";

fn key(n: u8) -> AccessResource {
    let id = |kind: u8| format!("0000000{kind}-0000-4000-8000-00000000000{n}");
    AccessResource::Membership {
        group: GroupId::parse(&id(1)).unwrap(),
        user: UserId::parse(&id(2)).unwrap(),
    }
}

fn entry(kind: &str, at: i64) -> Entry {
    let kind = EntryType::parse(kind).unwrap();
    let actor = Actor::new(ActorKind::System);
    let mut entry = Entry::new(kind, Timestamp(at), Outcome::Success, actor);
    let AccessResource::Membership { group, user } = key(1) else {
        unreachable!("the key of these tests is a membership")
    };
    entry.target = Some(EntryTarget {
        id: Some(group.to_string()),
        principal_type: Some("USER".into()),
        principal_id: Some(user.to_string()),
        ..EntryTarget::new("membership")
    });
    entry.change_id = Some(ChangeId::parse(CHANGE).unwrap());
    entry.data.insert("grant".into(), GRANT.into());
    entry
}

/// A window from 0 to 1,000.
fn started() -> Entry {
    let mut entry = entry(STARTED, 0);
    for (name, at) in [("starts", 0), ("ends", 1_000)] {
        let at = Timestamp(at).rfc3339();
        entry.data.insert(name.into(), at.into());
    }
    entry.data.insert("session_seconds".into(), 3_600.into());
    entry
}

fn projected(entries: &[Entry]) -> Grants {
    let mut grants = Grants::default();
    for entry in entries {
        grants.apply(entry);
    }
    grants
}

fn row() -> WindowRow {
    projected(&[started()]).open().next().unwrap().row()
}

fn rows(windows: Vec<WindowRow>, keys: Vec<ResourceRow>) -> Rows {
    Rows {
        keys,
        windows,
        ..Rows::default()
    }
}

fn ours() -> ResourceRow {
    ResourceRow {
        managed_since: Some(Timestamp(1)),
        ..ResourceRow::new(key(1))
    }
}

#[test]
fn a_row_counts_with_the_entry_of_its_beginning_and_not_without() {
    let grants = projected(&[started()]);
    assert_eq!(grants.windows(vec![row()]), (vec![row()], vec![]));
    let (windows, mismatches) = Grants::default().windows(vec![row()]);
    assert_eq!(
        (windows.len(), mismatches),
        (0, vec![RowMismatch::Unproven(row().window.grant)])
    );
}

#[test]
fn a_row_that_was_moved_to_another_key_counts_for_nothing() {
    let moved = WindowRow {
        key: key(2),
        ..row()
    };
    let (windows, mismatches) = projected(&[started()]).windows(vec![moved]);
    assert_eq!((windows.len(), mismatches.len()), (0, 1));
}

#[test]
fn a_row_that_lasts_longer_than_its_entry_ends_when_the_entry_says() {
    for forged in [None, Some(Timestamp(9_000))] {
        let mut longer = row();
        longer.window.ends = forged;
        let (windows, mismatches) = projected(&[started()]).windows(vec![longer]);
        assert_eq!(windows, [row()]);
        assert_eq!(mismatches, [RowMismatch::Differs(row().window.grant)]);
    }
}

#[test]
fn a_row_that_was_ended_early_stays_ended_and_one_that_was_closed_is_gone() {
    let stopped = [started(), entry(STOPPED, 500)];
    let (windows, _) = projected(&stopped).windows(vec![row()]);
    assert_eq!(windows[0].window.ended, Some(Timestamp(500)));
    let closed = [started(), entry(CLOSED, 700)];
    let (windows, mismatches) = projected(&closed).windows(vec![row()]);
    assert_eq!((windows.len(), mismatches.len()), (0, 1));
}

#[test]
fn what_is_open_and_has_no_row_is_made_again_and_its_key_is_ours_if_it_was_written() {
    let alone = projected(&[started()]);
    let (rebuilt, mismatches) = alone.rebuild(Rows::default(), Timestamp(1_500));
    let made = &rebuilt.windows[0];
    assert_eq!((&made.key, &made.window), (&row().key, &row().window));
    assert!(
        made.delivery.is_some(),
        "the access must never be granted again"
    );
    assert_eq!(rebuilt.keys[0].managed_since, None, "nothing was written");
    assert_eq!(mismatches, [RowMismatch::Missing(row().window.grant)]);
    for kind in [INTENDED, VERIFIED] {
        let written = projected(&[started(), entry(kind, 100)]);
        for keys in [vec![], vec![ResourceRow::new(key(1))]] {
            let from = rows(vec![row()], keys);
            let (rebuilt, mismatches) = written.rebuild(from, Timestamp(1_500));
            assert_eq!(rebuilt.keys[0].managed_since, Some(Timestamp(100)));
            assert_eq!(rebuilt.keys[0].session, Duration::hours(1));
            assert_eq!(mismatches, [RowMismatch::NotManaged(key(1))]);
        }
    }
}

#[test]
fn what_is_whole_is_left_as_it_is() {
    let from = rows(
        vec![row()],
        vec![ResourceRow {
            session: Duration::hours(2),
            ..ours()
        }],
    );
    let grants = projected(&[started(), entry(INTENDED, 100)]);
    let (rebuilt, mismatches) = grants.rebuild(from.clone(), Timestamp(900));
    assert_eq!((rebuilt, mismatches), (from, vec![]));
}

#[test]
fn a_key_row_cannot_say_that_access_is_gone_or_adopted_or_put_it_off() {
    let now = Timestamp(2_000);
    let far = Timestamp(9_000_000);
    let gone = ReadResult {
        presence: Presence::Absent,
        as_of: now,
    };
    for forged in [
        ResourceRow {
            removed_at: Some(now),
            ..ours()
        },
        ResourceRow {
            adopted: ChangeId::parse(CHANGE).ok(),
            ..ours()
        },
        ResourceRow {
            confirmed: Some(gone),
            ..ours()
        },
        ResourceRow {
            last_write: Some(far),
            ..ours()
        },
        ResourceRow {
            closing: Some(PendingRemoval {
                since: far,
                alarms: 0,
            }),
            ..ours()
        },
        ResourceRow {
            tries: RetryState {
                next_try: Some(far),
                ..RetryState::default()
            },
            ..ours()
        },
    ] {
        let from = rows(vec![row()], vec![forged]);
        let (rebuilt, _) = projected(&[started()]).rebuild(from, now);
        let row = &rebuilt.keys[0];
        assert_eq!(
            (row.removed_at, &row.adopted, row.confirmed),
            (None, &None, None)
        );
        assert!(row.last_write <= Some(now), "{row:?}");
        assert!(
            row.closing.is_none_or(|closing| closing.since <= now),
            "{row:?}"
        );
        assert_eq!(row.tries.next_try, None);
    }
}

#[test]
fn a_window_without_an_end_is_one_that_says_so() {
    let mut neither = started();
    neither.data.remove("ends");
    assert!(projected(&[neither.clone()]).given().is_empty());
    neither.data.insert("standing".into(), true.into());
    assert_eq!(projected(&[neither]).given().len(), 1);
    let mut denied = started();
    denied.outcome = Outcome::Denied;
    assert!(projected(&[denied]).given().is_empty());
}

#[test]
fn what_is_to_be_taken_away_is_until_it_is_seen_gone_whatever_its_row_says() {
    let now = Timestamp(2_000);
    let gone = ResourceRow {
        removed_at: Some(now),
        ..ours()
    };
    for keys in [vec![], vec![ResourceRow::new(key(1))], vec![gone]] {
        let from = rows(vec![], keys);
        let (rebuilt, mismatches) = projected(&[entry(REVOKED, 700)]).rebuild(from.clone(), now);
        let row = &rebuilt.keys[0];
        assert!(row.managed_since.is_some() && row.removed_at.is_none());
        assert_eq!(
            row.closing.map(|closing| closing.since),
            Some(Timestamp(700))
        );
        assert_eq!(mismatches, [RowMismatch::NotManaged(key(1))]);
        let over = projected(&[entry(REVOKED, 700), entry(ENDED, 800)]);
        assert_eq!(over.rebuild(from.clone(), now), (from, vec![]));
    }
}

#[test]
fn what_was_seen_gone_has_no_window_left_of_those_before() {
    let gone = projected(&[started(), entry(ENDED, 700)]);
    assert_eq!(gone.open().count(), 0);
    let (rebuilt, mismatches) = gone.rebuild(Rows::default(), Timestamp(800));
    assert_eq!((rebuilt.windows.len(), mismatches.len()), (0, 0));
    let before = projected(&[entry(ENDED, 50), started()]);
    assert_eq!(
        before.open().count(),
        1,
        "the removal was of another window"
    );
}

#[test]
fn a_row_cannot_put_off_a_removal_or_its_alarms() {
    let now = Timestamp(0) + Duration::hours(5);
    let closing = |alarms| ResourceRow {
        closing: Some(PendingRemoval {
            since: now - Duration::minutes(11),
            alarms,
        }),
        ..ours()
    };
    let (rebuilt, mismatches) = Grants::default().rebuild(rows(vec![], vec![closing(2)]), now);
    assert_eq!((&rebuilt.keys[0], mismatches.len()), (&closing(2), 0));
    let mut late = closing(9_999);
    late.tries.next_try = Some(now + Duration::hours(2));
    late.doubt = Some(now + Duration::days(9));
    let (rebuilt, mismatches) = Grants::default().rebuild(rows(vec![], vec![late]), now);
    assert_eq!((&rebuilt.keys[0], mismatches.len()), (&closing(2), 1));
}
