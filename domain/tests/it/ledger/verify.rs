//! Tests of every kind of tampering and of the entry that is reported.

use std::sync::LazyLock;

use domain::ledger::{
    Hash, Item, Position, Private, Reason, Report, Salt, SigningKey, tree, verify,
};
use proptest::prelude::*;

use super::support::{Log, entry, name, report, verifier};

fn found(report: &Report) -> (Option<u64>, Option<&'static str>) {
    (report.first_bad, report.reason.as_ref().map(Reason::code))
}

/// Changes one letter of an entry, which remains a canonical leaf.
fn altered(leaf: &[u8]) -> Vec<u8> {
    String::from_utf8(leaf.to_vec())
        .unwrap()
        .replace("as it was", "as it is!")
        .into_bytes()
}

/// Recomputes the links from `first` on, as an attacker with database access would.
fn relinked(leaves: &mut [Vec<u8>], first: usize) {
    for at in first.max(1)..leaves.len() {
        let prev = Hash::leaf(&leaves[at - 1]).hex();
        let text = String::from_utf8(leaves[at].clone()).unwrap();
        let (before, after) = text.split_once(r#""prev":""#).unwrap();
        leaves[at] = format!(r#"{before}"prev":"{prev}{}"#, &after[64..]).into_bytes();
    }
}

fn root_of(leaves: &[Vec<u8>]) -> Hash {
    let mut stored = std::collections::BTreeMap::new();
    for (index, leaf) in (0..).zip(leaves) {
        let new = tree::append(&stored, index, Hash::leaf(leaf)).unwrap();
        stored.extend(new);
    }
    tree::root(&stored, leaves.len() as u64).unwrap()
}

#[test]
fn an_untouched_log_holds_and_says_how_far_it_is_signed() {
    let log = Log::of(12);
    let report = report(
        &log.leaves(),
        &log.checkpoints(&[10, 0, 5]),
        &log.checkpoints(&[3, 0]),
    );
    assert!(report.holds(), "{report:?}");
    assert_eq!(
        (report.entries, report.tree_size, report.root),
        (12, 10, log.root(10))
    );
}

#[test]
fn the_empty_log_holds() {
    let log = Log::default();
    assert!(report(&[], &log.checkpoints(&[0]), &[]).holds());
    assert!(report(&[], &[], &[]).holds());
}

#[test]
fn an_altered_entry_is_named_wherever_it_stands() {
    let log = Log::of(12);
    for own in [vec![12], vec![4, 8, 12], vec![], (0..=12).collect()] {
        let own = log.checkpoints(&own);
        for bad in 0..11 {
            let mut leaves = log.leaves();
            leaves[bad] = altered(&leaves[bad]);
            assert_eq!(
                found(&report(&leaves, &own, &[])),
                (Some(bad as u64), Some("altered")),
                "{}",
                own.len()
            );
        }
    }
}

#[test]
fn an_altered_last_entry_is_named_by_the_hash_stored_beside_it_or_by_the_checkpoint_before_it() {
    let log = Log::of(12);
    let mut leaves = log.leaves();
    leaves[11] = altered(&leaves[11]);
    assert_eq!(
        found(&report(&leaves, &log.checkpoints(&[11, 12]), &[])),
        (Some(11), Some("root_mismatch"))
    );
    // Without either, only the start of the doubtful range is proven.
    assert_eq!(
        found(&report(&leaves, &log.checkpoints(&[8, 12]), &[])),
        (Some(8), Some("root_mismatch"))
    );

    let items = log.sealed.iter().zip(&leaves).map(|(sealed, leaf)| Item {
        stored_hash: Some(sealed.hash),
        ..Item::new(sealed.seq, leaf)
    });
    let report = verify(verifier(&log.checkpoints(&[8, 12]), &[]), items);
    assert_eq!(found(&report), (Some(11), Some("altered")));
}

#[test]
fn the_first_of_several_altered_entries_is_named() {
    let log = Log::of(12);
    for bad in [[2, 3], [2, 7], [9, 10], [0, 10]] {
        let mut leaves = log.leaves();
        for at in bad {
            leaves[at] = altered(&leaves[at]);
        }
        let report = report(&leaves, &log.checkpoints(&[12]), &[]);
        assert_eq!(
            found(&report),
            (Some(bad[0] as u64), Some("altered")),
            "{bad:?}"
        );
    }
}

#[test]
fn a_deleted_entry_is_named() {
    let log = Log::of(12);
    for gone in 0..11 {
        let mut leaves = log.leaves();
        leaves.remove(gone);
        let report = report(&leaves, &log.checkpoints(&[12]), &[]);
        let reason = Reason::Deleted {
            found: gone as u64 + 1,
        };
        assert_eq!(
            (report.first_bad, report.reason),
            (Some(gone as u64), Some(reason))
        );
    }
}

#[test]
fn a_deleted_row_is_named_also_when_the_store_keeps_its_numbers() {
    let log = Log::of(6);
    let rows = log
        .sealed
        .iter()
        .filter(|sealed| sealed.seq != 2)
        .map(|sealed| Item::new(sealed.seq, &sealed.leaf));
    let report = verify(verifier(&[], &[]), rows);
    assert_eq!(found(&report), (Some(2), Some("deleted")));
}

#[test]
fn reordered_entries_are_told_from_deleted_ones() {
    let log = Log::of(12);
    for (a, b) in [(0, 1), (3, 4), (3, 9), (10, 11), (0, 11)] {
        let mut leaves = log.leaves();
        leaves.swap(a, b);
        let reason = Reason::Reordered { found: b as u64 };
        let report = report(&leaves, &log.checkpoints(&[12]), &[]);
        assert_eq!(
            (report.first_bad, report.reason),
            (Some(a as u64), Some(reason))
        );
    }
}

#[test]
fn an_entry_put_in_a_second_time_is_named_where_it_was_put() {
    let log = Log::of(6);
    let mut leaves = log.leaves();
    leaves.insert(4, leaves[1].clone());
    assert_eq!(
        found(&report(&leaves, &log.checkpoints(&[6]), &[])),
        (Some(4), Some("inserted"))
    );
}

#[test]
fn an_entry_whose_number_was_altered_is_named() {
    let log = Log::of(6);
    let mut leaves = log.leaves();
    leaves[2] = String::from_utf8(leaves[2].clone())
        .unwrap()
        .replace(r#""seq":2"#, r#""seq":9"#)
        .into_bytes();
    assert_eq!(
        found(&report(&leaves, &[], &[])),
        (Some(2), Some("renumbered"))
    );

    let rows = log
        .sealed
        .iter()
        .map(|sealed| Item::new(if sealed.seq == 4 { 7 } else { sealed.seq }, &sealed.leaf));
    assert_eq!(
        found(&verify(verifier(&[], &[]), rows)),
        (Some(4), Some("renumbered"))
    );
}

#[test]
fn a_tail_cut_off_is_found_by_a_checkpoint_larger_than_the_log() {
    let log = Log::of(12);
    let leaves = &log.leaves()[..9];
    let cut = (Some(9), Some(Reason::Truncated { promised: 12 }));
    let by_own = report(leaves, &log.checkpoints(&[5, 12]), &[]);
    assert_eq!(
        (by_own.first_bad, by_own.reason, by_own.tree_size),
        (cut.0, cut.1.clone(), 5)
    );
    let by_kept = report(leaves, &log.checkpoints(&[5]), &log.checkpoints(&[12]));
    assert_eq!((by_kept.first_bad, by_kept.reason), cut);
    let nothing_left = report(&[], &log.checkpoints(&[12]), &[]);
    assert_eq!(found(&nothing_left), (Some(0), Some("truncated")));
}

#[test]
fn a_log_written_anew_and_signed_anew_is_found_only_by_a_checkpoint_kept_elsewhere() {
    let log = Log::of(12);
    let anew = Log::telling(12, |seq| {
        if seq == 6 {
            "as it never was"
        } else {
            "as it was"
        }
    });
    let own = anew.checkpoints(&[4, 8, 12]);
    assert!(report(&anew.leaves(), &own, &[]).holds());
    // A checkpoint that was kept from before the change cannot detect it.
    assert!(report(&anew.leaves(), &own, &log.checkpoints(&[6])).holds());

    let found = report(&anew.leaves(), &own, &log.checkpoints(&[9]));
    assert_eq!(
        (found.first_bad, found.reason),
        (Some(0), Some(Reason::Rewritten { size: 9 }))
    );
    let found = report(&anew.leaves(), &own, &log.checkpoints(&[5, 9, 12]));
    assert_eq!(
        (found.first_bad, found.reason),
        (Some(5), Some(Reason::Rewritten { size: 9 }))
    );
}

#[test]
fn entries_written_anew_without_the_key_disagree_with_the_signed_root() {
    let log = Log::of(12);
    let mut leaves = log.leaves();
    leaves[6] = altered(&leaves[6]);
    relinked(&mut leaves, 7);
    let own = log.checkpoints(&[4, 8, 12]);
    let found = report(&leaves, &own, &[]);
    assert_eq!(
        (found.first_bad, found.reason),
        (Some(4), Some(Reason::RootMismatch { size: 8 }))
    );
    assert_eq!((found.tree_size, found.root), (4, log.root(4)));
}

#[test]
fn a_checkpoint_signed_by_somebody_else_does_not_hold() {
    let log = Log::of(6);
    let forged = SigningKey::from_seed(name(), &[1; 32])
        .sign(6, log.root(6))
        .unwrap();
    let report = report(&log.leaves(), &[log.checkpoint(3), forged], &[]);
    assert_eq!(report.first_bad, None);
    assert!(
        matches!(report.reason, Some(Reason::BadCheckpoint { number: 2, .. })),
        "{report:?}"
    );
    assert_eq!(report.tree_size, 3);
}

#[test]
fn entries_rewritten_and_signed_by_a_stranger_are_not_vouched_for() {
    let log = Log::of(6);
    let mut leaves = log.leaves();
    leaves[2] = altered(&leaves[2]);
    relinked(&mut leaves, 3);
    let forged = SigningKey::from_seed(name(), &[1; 32])
        .sign(6, root_of(&leaves))
        .unwrap();
    assert_eq!(
        found(&report(&leaves, &[forged], &[])),
        (None, Some("bad_checkpoint"))
    );
}

#[test]
fn an_entry_of_another_log_or_version_is_named() {
    let log = Log::of(6);
    for (from, to) in [
        (r#""v":1"#, r#""v":2"#),
        ("leastwise.example", "leastwise.exomple"),
        (r#","v":1"#, ""),
    ] {
        let mut leaves = log.leaves();
        leaves[3] = String::from_utf8(leaves[3].clone())
            .unwrap()
            .replace(from, to)
            .into_bytes();
        assert_eq!(
            found(&report(&leaves, &log.checkpoints(&[6]), &[])),
            (Some(3), Some("bad_envelope")),
            "{from}"
        );
    }
}

#[test]
fn a_first_entry_that_names_a_predecessor_is_named() {
    let at = Position {
        log: name(),
        seq: 0,
        prev: Hash([1; 32]),
    };
    let leaves = [entry(0, "").seal(&at).unwrap().leaf];
    assert_eq!(
        found(&report(&leaves, &[], &[])),
        (Some(0), Some("altered"))
    );
}

#[test]
fn private_values_are_checked_and_erased_ones_are_not_missed() {
    let log = Log::of(6);
    let check = |change: &dyn Fn(usize, &mut Vec<domain::ledger::PrivateValue>)| {
        let mut private = log.private();
        private
            .iter_mut()
            .enumerate()
            .for_each(|(at, values)| change(at, values));
        let items = log
            .sealed
            .iter()
            .zip(&private)
            .map(|(sealed, values)| Item {
                private: values,
                ..Item::new(sealed.seq, &sealed.leaf)
            });
        verify(verifier(&log.checkpoints(&[6]), &[]), items)
    };
    assert!(check(&|_, _| {}).holds());
    let erased = check(&|at, values| {
        if at == 3 {
            values.clear();
        }
    });
    assert!(erased.holds());
    let wrong = check(&|at, values| {
        if at == 3 {
            values[0].value = "Somebody Else".into();
        }
    });
    let reason = Reason::PrivateValueDiffers {
        path: "/actor/name".into(),
    };
    assert_eq!((wrong.first_bad, wrong.reason), (Some(3), Some(reason)));
    assert_eq!(wrong.tree_size, 6, "the entries themselves are still valid");
    let elsewhere = check(&|at, values| {
        if at == 3 {
            values[0].path = "/target/name".into();
        }
    });
    assert_eq!(found(&elsewhere), (Some(3), Some("private_value_differs")));
}

#[test]
fn a_wrong_private_value_does_not_hide_that_the_log_was_rewritten() {
    let log = Log::of(6);
    let anew = Log::telling(6, |seq| {
        if seq == 4 {
            "as it never was"
        } else {
            "as it was"
        }
    });
    let mut private = anew.private();
    private[5][0] = {
        let sealed = Private::new(Salt([0; 32]), "x");
        assert!(sealed.matches(Salt([0; 32]), "x"));
        domain::ledger::PrivateValue {
            path: "/actor/name".into(),
            salt: Salt([0; 32]),
            value: "x".into(),
        }
    };
    let items = anew
        .sealed
        .iter()
        .zip(&private)
        .map(|(sealed, values)| Item {
            private: values,
            ..Item::new(sealed.seq, &sealed.leaf)
        });
    let report = verify(
        verifier(&anew.checkpoints(&[6]), &log.checkpoints(&[6])),
        items,
    );
    assert_eq!(found(&report), (Some(0), Some("rewritten")));
}

#[test]
fn the_report_is_written_as_programs_expect_it() {
    let log = Log::of(3);
    let mut leaves = log.leaves();
    leaves[1] = altered(&leaves[1]);
    let report = report(&leaves, &log.checkpoints(&[1]), &[]);
    let json = serde_json::to_value(&report).unwrap();
    let expected = serde_json::json!({
        "entries": 3, "first_bad": 1, "reason": "altered", "tree_size": 1, "root": log.root(1).hex(),
    });
    assert_eq!(json, expected);
}

/// Every shorter log is a prefix of this one. Signing each case separately would be slow.
static FOURTEEN: LazyLock<(Log, Vec<String>)> = LazyLock::new(|| {
    let log = Log::of(14);
    let notes = log.checkpoints(&(0..=14).collect::<Vec<_>>());
    (log, notes)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_single_changed_byte_is_found_and_its_entry_named(
        entries in 1_u64..=14,
        signed in proptest::collection::vec(0_u64..14, 0..4),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..=255,
    ) {
        let (log, notes) = &*FOURTEEN;
        let mut sizes: Vec<u64> = signed.into_iter().filter(|size| *size < entries).collect();
        sizes.push(entries);
        let own: Vec<String> = sizes.iter().map(|size| notes[usize::try_from(*size).unwrap()].clone()).collect();
        let mut leaves = log.leaves();
        leaves.truncate(usize::try_from(entries).unwrap());
        let total: usize = leaves.iter().map(Vec::len).sum();
        let mut at = at.index(total);
        let mut bad = 0;
        while at >= leaves[bad].len() {
            at -= leaves[bad].len();
            bad += 1;
        }
        leaves[bad][at] ^= flip;
        let bad = bad as u64;

        let without = report(&leaves, &own, &[]);
        if without.reason == Some(Reason::RootMismatch { size: entries }) {
            // Only the last entry has no later link; the doubtful range begins at the last signed size.
            let agreed = sizes.iter().copied().filter(|size| *size < entries).max().unwrap_or(0);
            prop_assert_eq!((bad, without.first_bad), (entries - 1, Some(agreed)));
        } else {
            prop_assert_eq!(without.first_bad, Some(bad), "{:?}", without);
        }

        let items = log.sealed.iter().zip(&leaves).map(|(sealed, leaf)| Item {
            stored_hash: Some(sealed.hash),
            ..Item::new(sealed.seq, leaf)
        });
        let with = verify(verifier(&own, &[]), items);
        prop_assert_eq!(with.first_bad, Some(bad), "{:?}", with);
    }

    #[test]
    fn an_untouched_log_always_holds(
        entries in 0_u64..40,
        own in proptest::collection::vec(0_u64..40, 0..6),
        kept in proptest::collection::vec(0_u64..40, 0..3),
    ) {
        let log = Log::of(entries);
        let within = |sizes: Vec<u64>| log.checkpoints(&sizes.into_iter().filter(|s| *s <= entries).collect::<Vec<_>>());
        let report = report(&log.leaves(), &within(own), &within(kept));
        prop_assert!(report.holds(), "{:?}", report);
    }
}
