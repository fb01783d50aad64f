//! Checks what a stored projection has to be: whole, the same after it was read again, and of a format whose number rises
//! when its form or meaning changes.

use proptest::prelude::*;

use super::{
    listed_types::{LISTS, entry, targets},
    *,
};
use crate::{ids::ChangeId, ledger::EventKind, time::Duration};

/// An entry of any kind about one of a few subjects, some of them weeks after the first.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = (0..EventKind::ALL.len(), 0..3_usize, 0..4_u8, 0..50_i64);
    let one = one.prop_map(|(kind, target, change, day)| {
        let at = (Duration::days(1).0) * day;
        let mut entry = entry(EventKind::ALL[kind], &targets()[target], at);
        let id = format!("00000004-0000-4000-8000-00000000000{change}");
        entry.change_id = Some(ChangeId::parse(&id).unwrap());
        entry.actor.session = Some(Hash::of(&[change]));
        entry
    });
    prop::collection::vec(one, 0..120)
}

fn place(at: usize) -> EntryPlace {
    EntryPlace {
        seq: at as u64,
        leaf: Hash::of(&at.to_be_bytes()),
    }
}

fn applied(mut projection: Projection, from: usize, entries: &[Entry]) -> Projection {
    for (at, entry) in entries.iter().enumerate().skip(from) {
        projection.apply(place(at), entry);
    }
    projection
}

proptest! {
    #[test]
    fn a_stored_projection_and_the_rest_are_what_all_entries_say(entries in entries(), at in 0..120_usize) {
        let at = at.min(entries.len());
        let stored = applied(Projection::default(), 0, &entries[..at]);
        let json = serde_json::to_string(&stored).unwrap();
        let read: Projection = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&read, &stored);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let kept = stored.clone();
        let rest = applied(read, at, &entries);
        prop_assert_eq!(rest, applied(Projection::default(), 0, &entries));
        prop_assert_eq!(kept, stored, "a copy does not change with the others");
    }
}

/// Cannot notice a meaning that these entries do not show.
#[test]
fn the_number_of_the_format_rises_with_the_form_or_the_meaning() {
    let mut kinds = LISTS.concat();
    kinds.sort_unstable();
    kinds.dedup();
    let mut projection = Projection::default();
    let all = kinds.iter().flat_map(|kind| {
        let kind = EventKind::ALL.iter().find(|known| known.as_str() == *kind);
        targets().map(|target| (*kind.unwrap(), target))
    });
    for (at, (kind, target)) in all.enumerate() {
        let mut entry = entry(kind, &target, i64::try_from(at).unwrap());
        projection.apply(place(2 * at), &entry);
        // Another change, which does not end.
        entry.change_id = Some(ChangeId::parse("00000004-0000-4000-8000-000000000002").unwrap());
        if ENDINGS.iter().all(|ending| *ending != kind.as_str()) && kind.as_str() != REFUSED {
            projection.apply(place(2 * at + 1), &entry);
        }
        let json = serde_json::to_string(&projection).unwrap();
        projection = serde_json::from_str(&json).unwrap();
    }
    let json = serde_json::to_string(&projection).unwrap();
    assert_eq!(
        (Projection::FORMAT, Hash::of(json.as_bytes()).hex().as_str()),
        (
            3,
            "41be0984d02a837d296b580d8233b6d4876fafaefc971c9b009feff02086dda6"
        ),
        "raise Projection::FORMAT and put in the new digest: {json}"
    );
}
