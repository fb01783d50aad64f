//! Chooses the rows of a list that is in memory: filters, counts, sorts and cuts, by the declaration. Only the rows before
//! the end of the page are brought in order, so that a page of 50,000 rows takes milliseconds in any order.

use std::cmp::Ordering;

use super::{Direction, FilterKind, List, ListChoice, SearchWords, SortKey, Sorting};

/// The facts that are chosen of a list.
#[derive(Debug, Clone)]
pub struct Selected<F> {
    /// Those of the page, or all, in order.
    pub facts: Vec<F>,
    /// The number of the page, from 1.
    pub number: usize,
    /// The number of rows that the filters keep.
    pub total: usize,
    /// The number of rows of the whole list.
    pub known: usize,
    pub counts: OptionCounts,
}

/// How many rows each value of the filters would add: those with the value that all other filters keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct OptionCounts(Vec<Vec<usize>>);

impl OptionCounts {
    fn of<F, R>(list: &List<F, R>) -> Self {
        let counts = list.filters.iter().map(|filter| match filter.kind {
            FilterKind::Options(options) => vec![0; options.len()],
            FilterKind::Offered { .. } | FilterKind::Typed { .. } | FilterKind::Day { .. } => {
                Vec::new()
            }
        });
        Self(counts.collect())
    }

    /// Returns the number of rows of an option, by its place; none if it was not counted.
    pub fn get(&self, filter: usize, option: usize) -> Option<usize> {
        self.0.get(filter)?.get(option).copied()
    }

    fn add<F, R>(&mut self, list: &List<F, R>, filter: usize, facts: &F) {
        let FilterKind::Options(options) = list.filters[filter].kind else {
            return;
        };
        for (count, option) in self.0[filter].iter_mut().zip(options) {
            *count += usize::from((option.holds)(facts));
        }
    }
}

/// What filters make of a row.
enum Kept {
    Yes,
    /// Only the filter at this place leaves it out.
    ButFor(usize),
    No,
}

impl<F: Clone, R> List<F, R> {
    /// Returns a page of the rows that are chosen.
    pub fn page(
        &self,
        all: impl Iterator<Item = F>,
        choice: &ListChoice,
        size: usize,
    ) -> Selected<F> {
        let (kept, known, counts) = self.kept(all, choice);
        let total = kept.len();
        let number = choice.page.clamp(1, total.div_ceil(size).max(1));
        let first = (number - 1) * size;
        let facts = self.in_order(kept, choice, first, size);
        Selected {
            facts,
            number,
            total,
            known,
            counts,
        }
    }

    /// Returns all rows that are chosen, in order.
    pub fn all(&self, all: impl Iterator<Item = F>, choice: &ListChoice) -> Vec<F> {
        let (kept, ..) = self.kept(all, choice);
        self.in_order(kept, choice, 0, usize::MAX)
    }

    fn kept(
        &self,
        all: impl Iterator<Item = F>,
        choice: &ListChoice,
    ) -> (Vec<F>, usize, OptionCounts) {
        let words = SearchWords::of(&choice.words);
        let chosen: Vec<(usize, Vec<&str>)> = self
            .filters
            .iter()
            .enumerate()
            .map(|(place, filter)| (place, choice.values(filter.key)))
            .filter(|(_, values)| !values.is_empty())
            .collect();
        let mut counts = OptionCounts::of(self);
        let everything = words.is_empty() && chosen.is_empty();
        let likely = if everything { all.size_hint().0 } else { 0 };
        let (mut kept, mut known) = (Vec::with_capacity(likely), 0);
        for facts in all {
            known += 1;
            if !words.occur_in((self.text)(&facts)) {
                continue;
            }
            match self.keeps(&facts, &chosen) {
                Kept::Yes => {
                    for place in 0..self.filters.len() {
                        counts.add(self, place, &facts);
                    }
                    kept.push(facts);
                }
                Kept::ButFor(place) => counts.add(self, place, &facts),
                Kept::No => {}
            }
        }
        (kept, known, counts)
    }

    fn keeps(&self, facts: &F, chosen: &[(usize, Vec<&str>)]) -> Kept {
        let mut kept = Kept::Yes;
        for (place, values) in chosen {
            if !self.filters[*place].keeps(facts, values) {
                kept = match kept {
                    Kept::Yes => Kept::ButFor(*place),
                    Kept::ButFor(_) | Kept::No => return Kept::No,
                };
            }
        }
        kept
    }

    /// Returns the rows of a page. Rows with equal keys stay in the order of the list.
    fn in_order(&self, rows: Vec<F>, choice: &ListChoice, first: usize, size: usize) -> Vec<F> {
        let end = first.saturating_add(size).min(rows.len());
        let key = choice.sort.and_then(|sort| {
            let mut columns = self.columns.iter();
            let column = columns.find(|column| column.key == sort.column)?;
            match column.sort {
                Sorting::By(key) => Some((key, sort.direction)),
                Sorting::Not | Sorting::InStore => None,
            }
        });
        match key {
            Some((key, direction)) => sorted(&rows, key, direction, first.min(end)..end),
            None if first == 0 && end == rows.len() => rows,
            None => rows.get(first..end).unwrap_or_default().to_vec(),
        }
    }
}

fn sorted<F: Clone>(
    rows: &[F],
    key: fn(&F) -> SortKey<'_>,
    direction: Direction,
    page: std::ops::Range<usize>,
) -> Vec<F> {
    let mut order: Vec<(SortKey<'_>, usize)> = rows.iter().map(key).zip(0..).collect();
    let compare = |one: &(SortKey<'_>, usize), other: &(SortKey<'_>, usize)| -> Ordering {
        let by_key = one.0.order(other.0, direction);
        by_key.then_with(|| one.1.cmp(&other.1))
    };
    if page.end < order.len() {
        order.select_nth_unstable_by(page.end, compare);
        order.truncate(page.end);
    }
    if (1..order.len()).contains(&page.start) {
        order.select_nth_unstable_by(page.start, compare);
    }
    let shown = order.get_mut(page.start..).unwrap_or_default();
    shown.sort_unstable_by(compare);
    shown.iter().map(|(_, at)| rows[*at].clone()).collect()
}
