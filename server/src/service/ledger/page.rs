//! Cuts the page of a list of entries out of what was found: which entries it shows, which are folded between them,
//! and where the pages beside it begin.

use app::lists::Start;

use crate::store::ledger::{Fold, FoundEntry, FoundKind, Walk, WalkOrder};

/// Rows of a page: an entry, or folded entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Shown(u64),
    /// In the order of the page; at least one.
    Folded(Fold, Vec<FoundEntry>),
}

impl Line {
    /// Whether it is an entry.
    pub(super) fn is_shown(&self) -> bool {
        matches!(self, Self::Shown(_))
    }

    /// Returns the numbers of the entries that are read for it: those that are shown, and those that are folded as something
    /// else than crawls, of which one that does not count must not be folded.
    pub(super) fn to_read(&self) -> Vec<u64> {
        match self {
            Self::Shown(seq) => vec![*seq],
            Self::Folded(Fold::Setup | Fold::SignIns | Fold::Links, entries) => {
                entries.iter().map(|one| one.seq).collect()
            }
            Self::Folded(Fold::Crawls, _) => Vec::new(),
        }
    }

    /// Whether it stands for one entry that says more by itself: a sign-in or a link without another one beside it.
    pub(super) fn is_better_shown(&self) -> bool {
        match self {
            Self::Folded(Fold::SignIns | Fold::Links, entries) => entries.len() == 1,
            Self::Folded(Fold::Setup | Fold::Crawls, _) | Self::Shown(_) => false,
        }
    }
}

/// What a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CutPage {
    pub lines: Vec<Line>,
    /// The number of entries that match, if all were found.
    pub total: Option<usize>,
    /// The number of entries that match before the first one of the page, if all were found.
    pub position: Option<usize>,
    pub newer: Option<u64>,
    pub older: Option<u64>,
}

/// Returns how the entries are walked through to fill a page, and the numbers among which they are. What is beside a page that
/// begins after a number is found in the opposite order.
pub(super) fn walk_of(order: WalkOrder, start: Option<Start>) -> (WalkOrder, (u64, u64)) {
    match start {
        None => (order, (0, u64::MAX)),
        Some(Start::Before(number)) => (WalkOrder::NewestFirst, (0, number)),
        Some(Start::After(number)) => {
            (WalkOrder::OldestFirst, (number.saturating_add(1), u64::MAX))
        }
    }
}

/// Cuts a page of a size. `end` is the number after the newest entry.
pub(super) fn cut(
    walk: Walk,
    (order, start): (WalkOrder, Option<Start>),
    size: usize,
    end: u64,
) -> CutPage {
    let (walked, (first, before)) = walk_of(order, start);
    let mut all = match walk {
        Walk::Whole(found) => found,
        Walk::Part { found, reached } => {
            return part(found, reached, (order, walked), start, size, end);
        }
    };
    if walked == WalkOrder::NewestFirst {
        all.sort_unstable_by_key(|one| std::cmp::Reverse(one.seq));
    } else {
        all.sort_unstable_by_key(|one| one.seq);
    }
    let in_range = all.iter().filter(|one| (first..before).contains(&one.seq));
    let taken = take(in_range.copied(), size);
    let shown = |entries: &[FoundEntry]| entries.iter().filter(|one| is_shown(one)).count();
    let newest = taken.rows.iter().map(|one| one.seq).max();
    let oldest = taken.rows.iter().map(|one| one.seq).min();
    let newer_ones = all
        .iter()
        .filter(|one| newest.is_some_and(|seq| one.seq > seq));
    let newer_ones: Vec<FoundEntry> = newer_ones.copied().collect();
    let older_ones = all
        .iter()
        .filter(|one| oldest.is_some_and(|seq| one.seq < seq));
    let older_ones: Vec<FoundEntry> = older_ones.copied().collect();
    let before_page = match order {
        WalkOrder::NewestFirst => shown(&newer_ones),
        WalkOrder::OldestFirst => shown(&older_ones),
    };
    CutPage {
        lines: lines(in_order(taken.rows, order, walked)),
        total: Some(shown(&all)),
        position: Some(before_page),
        newer: newest.filter(|_| !newer_ones.is_empty()),
        older: oldest.filter(|_| !older_ones.is_empty()),
    }
}

fn part(
    found: Vec<FoundEntry>,
    reached: Option<u64>,
    (listed, walked): (WalkOrder, WalkOrder),
    start: Option<Start>,
    size: usize,
    end: u64,
) -> CutPage {
    let taken = take(found.into_iter(), size);
    // What was looked at belongs to the page, so that the next one begins behind it.
    let last = match (taken.more, reached) {
        (true, _) => taken.rows.last().map(|one| one.seq),
        (false, reached) => reached,
    };
    let behind_start = match start {
        None => None,
        Some(Start::Before(number)) => number.checked_sub(1).filter(|_| number < end),
        Some(Start::After(number)) => number.checked_add(1),
    };
    let (newer, older) = match walked {
        WalkOrder::NewestFirst => (behind_start, last),
        WalkOrder::OldestFirst => (last, behind_start),
    };
    CutPage {
        lines: lines(in_order(taken.rows, listed, walked)),
        total: None,
        position: None,
        newer,
        older,
    }
}

struct Taken {
    rows: Vec<FoundEntry>,
    /// Whether more was found.
    more: bool,
}

/// Takes the first shown entries, and what is folded between and behind them.
fn take(found: impl Iterator<Item = FoundEntry>, size: usize) -> Taken {
    let (mut rows, mut shown) = (Vec::new(), 0);
    for one in found {
        if is_shown(&one) {
            if shown == size {
                return Taken { rows, more: true };
            }
            shown += 1;
        }
        rows.push(one);
    }
    Taken { rows, more: false }
}

fn is_shown(one: &FoundEntry) -> bool {
    one.kind == FoundKind::Shown
}

fn in_order(mut rows: Vec<FoundEntry>, order: WalkOrder, walked: WalkOrder) -> Vec<FoundEntry> {
    if order != walked {
        rows.reverse();
    }
    rows
}

fn lines(rows: Vec<FoundEntry>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        match (lines.last_mut(), row.kind) {
            (_, FoundKind::Shown) => lines.push(Line::Shown(row.seq)),
            (Some(Line::Folded(same, folded)), FoundKind::Folded(fold)) if *same == fold => {
                folded.push(row);
            }
            (_, FoundKind::Folded(fold)) => lines.push(Line::Folded(fold, vec![row])),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const SIZE: usize = 3;

    fn entries(kinds: &[bool]) -> Vec<FoundEntry> {
        let entry = |(seq, shown): (u64, &bool)| FoundEntry {
            seq,
            at: Timestamp(0),
            kind: if *shown {
                FoundKind::Shown
            } else {
                FoundKind::Folded(Fold::Crawls)
            },
        };
        (0..).zip(kinds).map(entry).collect()
    }

    /// Finds as the store does: all if that is asked for, else a few of the range.
    fn find(
        all: &[FoundEntry],
        (order, start): (WalkOrder, Option<Start>),
        look: Option<usize>,
    ) -> Walk {
        let (walked, (first, before)) = walk_of(order, start);
        let Some(look) = look else {
            return Walk::Whole(all.to_vec());
        };
        let in_range = all.iter().filter(|one| (first..before).contains(&one.seq));
        let mut found: Vec<FoundEntry> = in_range.copied().collect();
        if walked == WalkOrder::NewestFirst {
            found.reverse();
        }
        let is_over = found.len() <= look;
        found.truncate(look);
        Walk::Part {
            reached: found.last().map(|one| one.seq).filter(|_| !is_over),
            found,
        }
    }

    fn numbers(page: &CutPage) -> Vec<u64> {
        let of_line = |line: &Line| match line {
            Line::Shown(seq) => vec![*seq],
            Line::Folded(_, folded) => folded.iter().map(|one| one.seq).collect(),
        };
        page.lines.iter().flat_map(of_line).collect()
    }

    /// Follows the links of the pages in one direction, and returns the numbers in the order in which they are shown.
    fn follow(all: &[FoundEntry], order: WalkOrder, look: Option<usize>) -> (Vec<u64>, CutPage) {
        let (mut numbers_of_all, mut start) = (Vec::new(), None);
        let end = u64::try_from(all.len()).unwrap();
        loop {
            let page = cut(find(all, (order, start), look), (order, start), SIZE, end);
            numbers_of_all.extend(numbers(&page));
            let next = match order {
                WalkOrder::NewestFirst => page.older.map(Start::Before),
                WalkOrder::OldestFirst => page.newer.map(Start::After),
            };
            if next.is_none() {
                return (numbers_of_all, page);
            }
            start = next;
        }
    }

    #[test]
    fn what_is_folded_as_something_else_is_another_row() {
        let mut rows = entries(&[false, false, false, true]);
        rows[0].kind = FoundKind::Folded(Fold::Setup);
        let folds: Vec<(Fold, usize)> = lines(rows)
            .into_iter()
            .filter_map(|line| match line {
                Line::Folded(fold, folded) => Some((fold, folded.len())),
                Line::Shown(_) => None,
            })
            .collect();
        assert_eq!(folds, [(Fold::Setup, 1), (Fold::Crawls, 2)]);
    }

    proptest! {
        #[test]
        fn the_pages_together_show_each_entry_once(kinds in prop::collection::vec(any::<bool>(), 0..40), look in prop::option::of(4..9_usize), oldest_first: bool) {
            let all = entries(&kinds);
            let order = if oldest_first { WalkOrder::OldestFirst } else { WalkOrder::NewestFirst };
            let (shown, last) = follow(&all, order, look);
            let mut expected: Vec<u64> = all.iter().map(|one| one.seq).collect();
            if !oldest_first {
                expected.reverse();
            }
            prop_assert_eq!(shown, expected);
            if look.is_none() {
                prop_assert_eq!(last.total, Some(kinds.iter().filter(|shown| **shown).count()));
            }
        }

        #[test]
        fn the_way_back_leads_over_the_same_entries(kinds in prop::collection::vec(any::<bool>(), 10..40), look in prop::option::of(4..9_usize)) {
            let all = entries(&kinds);
            let order = WalkOrder::NewestFirst;
            let end = u64::try_from(all.len()).unwrap();
            let first = cut(find(&all, (order, None), look), (order, None), SIZE, end);
            if let Some(older) = first.older {
                let start = Some(Start::Before(older));
                let second = cut(find(&all, (order, start), look), (order, start), SIZE, end);
                let newer = second.newer.map(Start::After);
                prop_assert!(newer.is_some());
                let back = cut(find(&all, (order, newer), look), (order, newer), SIZE, end);
                let (shown, first) = (numbers(&back), numbers(&first));
                prop_assert!(shown.iter().all(|seq| first.contains(seq)), "{:?} {:?}", shown, first);
                prop_assert_eq!(shown.last(), first.last());
            }
        }
    }
}
