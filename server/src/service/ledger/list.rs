//! The list of entries: one page, and all entries that are chosen for a file.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    backend::{
        EntryLine, EntryPage, EntryRow, Extent, FoldedAs, FoldedEntries, LedgerHealth, ListPage,
        SequencePlace,
    },
    lists::{
        Direction, ListChoice, OptionCounts, Start,
        entries::{EACH, LEDGER, SYNCS},
    },
};
use domain::{ids::PersonId, ledger::Hash, time::Timestamp};

use super::{
    chosen::{ChosenEntries, Lookup},
    page::{CutPage, Line, cut, walk_of},
    rows::rows,
};
use crate::{
    service::app_state::ReadModel,
    store::{
        Store, StoreError,
        ledger::{
            self, Authenticity, EntryFilter, Fold, Folding, FoundEntry, ListedEntry, Survey, Walk,
            WalkOrder,
        },
    },
};

/// The number of entries on one page.
const PAGE: usize = 50;

/// Returns a page of the entries that are chosen. `vkey` is the verifier key of the current signer.
pub(super) async fn list(
    (store, vkey): (&Store, &str),
    read_model: &ReadModel,
    viewer: &PersonId,
    choice: &ListChoice,
) -> Result<EntryPage, StoreError> {
    let ChosenEntries {
        filter,
        offered,
        short_words,
    } = Lookup::new(read_model, Some(viewer)).of(choice);
    let can_match = filter.is_some();
    let filter = filter.unwrap_or_default();
    let survey = ledger::survey(store, &filter).await?;
    let known = usize::try_from(survey.size).unwrap_or(usize::MAX);
    let page = if can_match {
        find_page(store, &filter, &survey, (order(choice), choice.start)).await?
    } else {
        CutPage {
            total: Some(0),
            ..CutPage::default()
        }
    };
    let wanted: Vec<u64> = page.lines.iter().flat_map(Line::to_read).collect();
    let mut listed = ledger::listed_of(store, &wanted).await?;
    let lines = unfolded(page.lines, &listed);
    let shown = lines.iter().filter(|line| line.is_shown());
    let shown: BTreeSet<u64> = shown.flat_map(Line::to_read).collect();
    listed.retain(|entry| shown.contains(&entry.seq));
    let rows = rows(store, &read_model.snapshot, &listed).await?;
    let mut rows: BTreeMap<u64, EntryRow> = rows.into_iter().map(|row| (row.seq, row)).collect();
    let lines = lines.iter().filter_map(|line| match line {
        Line::Shown(seq) => rows.remove(seq).map(|row| EntryLine::Entry(Box::new(row))),
        Line::Folded(fold, entries) => folded(choice, *fold, entries).map(EntryLine::Folded),
    });
    let lines: Vec<EntryLine> = lines.collect();
    // Without a filter, everything that is not folded is shown, and the head states the number.
    let (total, extent) = match page.total {
        _ if !choice.is_filtered() => (known, Extent::All),
        Some(total) => (total, Extent::All),
        None if page.older.is_none() && page.newer.is_none() => (shown.len(), Extent::All),
        None => (shown.len(), Extent::AtLeast),
    };
    Ok(EntryPage {
        list: ListPage {
            rows: lines,
            number: 1,
            total,
            known,
            size: PAGE,
            counts: OptionCounts::default(),
            offered,
            sequence: Some(SequencePlace {
                extent,
                position: page.position,
                shown: shown.len(),
                newer: page.newer,
                older: page.older,
            }),
        },
        short_words,
        health: health(&survey, vkey),
    })
}

/// Shows each entry of a row if one of them does not count, or if there is one that says more by itself.
fn unfolded(lines: Vec<Line>, read: &[ListedEntry]) -> Vec<Line> {
    let forged = read
        .iter()
        .filter(|entry| entry.authenticity == Authenticity::NotAuthentic);
    let forged: BTreeSet<u64> = forged.map(|entry| entry.seq).collect();
    let is_forged = |one: &FoundEntry| forged.contains(&one.seq);
    let unfold = |line: Line| {
        let is_better_shown = line.is_better_shown();
        match line {
            Line::Folded(_, entries) if is_better_shown || entries.iter().any(is_forged) => {
                entries.iter().map(|one| Line::Shown(one.seq)).collect()
            }
            line => vec![line],
        }
    };
    lines.into_iter().flat_map(unfold).collect()
}

/// Returns how much of the ledger is signed.
fn health(survey: &Survey, vkey: &str) -> LedgerHealth {
    let signed = survey.signed.as_ref();
    LedgerHealth {
        size: survey.size,
        checkpoint_size: signed.map_or(0, |signed| signed.size),
        signed_at: signed.map(|signed| signed.signed_at),
        root: signed.map_or(Hash::EMPTY_TREE, |signed| signed.root).hex(),
        vkey: vkey.to_owned(),
    }
}

/// Returns the page that begins there. The newest page is full, whatever leads to it; mostly it is already, and is not walked
/// through twice.
async fn find_page(
    store: &Store,
    filter: &EntryFilter,
    survey: &Survey,
    (order, start): (WalkOrder, Option<Start>),
) -> Result<CutPage, StoreError> {
    let (walked, range) = walk_of(order, start);
    let walk = ledger::walk(store, filter, survey, walked, range).await?;
    let page = cut(walk.clone(), (order, start), PAGE, survey.size);
    let is_first = match order {
        WalkOrder::NewestFirst => page.newer.is_none(),
        WalkOrder::OldestFirst => page.older.is_none(),
    };
    let shown = page.lines.iter().filter(|line| line.is_shown()).count();
    if start.is_none() || !is_first || shown == PAGE {
        return Ok(page);
    }
    let walk = match walk {
        Walk::Whole(_) => walk,
        Walk::Part { .. } => {
            let (walked, range) = walk_of(order, None);
            ledger::walk(store, filter, survey, walked, range).await?
        }
    };
    Ok(cut(walk, (order, None), PAGE, survey.size))
}

/// Returns at most `most` entries that are chosen, in the order of the list; none if there are more.
pub(super) async fn all(
    store: &Store,
    read_model: &ReadModel,
    choice: &ListChoice,
    most: usize,
) -> Result<Option<Vec<ListedEntry>>, StoreError> {
    let chosen = Lookup::new(read_model, None).of(choice);
    let Some(filter) = chosen.filter else {
        return Ok(Some(Vec::new()));
    };
    // A file folds nothing, because it is exactly what matches.
    let filter = EntryFilter {
        folding: Folding::Nothing,
        ..filter
    };
    let survey = ledger::survey(store, &filter).await?;
    let order = order(choice);
    let (mut seqs, mut range) = (Vec::new(), (0, u64::MAX));
    loop {
        let (found, reached) = match ledger::walk(store, &filter, &survey, order, range).await? {
            Walk::Whole(found) => (found, None),
            Walk::Part { found, reached } => (found, reached),
        };
        seqs.extend(found.iter().map(|one: &FoundEntry| one.seq));
        if seqs.len() > most {
            return Ok(None);
        }
        range = match (reached, order) {
            (None, _) => break,
            (Some(reached), WalkOrder::NewestFirst) => (0, reached),
            (Some(reached), WalkOrder::OldestFirst) => (reached.saturating_add(1), u64::MAX),
        };
    }
    let mut listed = ledger::listed_of(store, &seqs).await?;
    if order == WalkOrder::NewestFirst {
        listed.reverse();
    }
    Ok(Some(listed))
}

fn order(choice: &ListChoice) -> WalkOrder {
    match choice.sort.map(|sort| sort.direction) {
        Some(Direction::Ascending) => WalkOrder::OldestFirst,
        Some(Direction::Descending) | None => WalkOrder::NewestFirst,
    }
}

/// Returns the row for folded entries, one after the other.
fn folded(choice: &ListChoice, fold: Fold, entries: &[FoundEntry]) -> Option<FoldedEntries> {
    let (first, last) = (
        entries.iter().map(|one| one.seq).min()?,
        entries.iter().map(|one| one.seq).max()?,
    );
    let times = |at: &FoundEntry| at.at;
    let from: Timestamp = entries.iter().map(times).min()?;
    let until: Timestamp = entries.iter().map(times).max()?;
    let each = if choice.holds(SYNCS, EACH) {
        choice.at(1)
    } else {
        choice.toggled(SYNCS, EACH)
    };
    let start = match order(choice) {
        WalkOrder::NewestFirst => Start::Before(last.saturating_add(1)),
        WalkOrder::OldestFirst => first.checked_sub(1).map_or(Start::After(0), Start::After),
    };
    Some(FoldedEntries {
        fold: match fold {
            Fold::Crawls => FoldedAs::Crawls,
            Fold::Setup => FoldedAs::Setup,
            Fold::SignIns => FoldedAs::SignIns,
            Fold::Links => FoldedAs::Links,
        },
        count: entries.len(),
        first,
        last,
        from,
        until,
        href: each.from(start).href(LEDGER),
    })
}
