//! Chooses the rows of a list that is in memory: filters, counts, sorts and cuts, by the declaration. Only what may be on the
//! page is kept, and only the page is sorted, so that a page of 50,000 rows takes milliseconds in any order.

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
        let pages = Pages {
            size,
            number: choice.page.max(1),
        };
        let mut page = PageRows::new(self.order(choice), pages);
        let (known, counts) = self.keep(all, choice, |facts| page.add(facts));
        let total = page.total;
        let number = pages.number.min(pages.of(total));
        Selected {
            facts: page.finish(),
            number,
            total,
            known,
            counts,
        }
    }

    /// Returns all rows that are chosen, in order.
    pub fn all(&self, all: impl Iterator<Item = F>, choice: &ListChoice) -> Vec<F> {
        let mut kept = Vec::new();
        self.keep(all, choice, |facts| kept.push(facts));
        match self.order(choice) {
            Some((key, direction)) => {
                let rows = 0..kept.len();
                let order = ordered(&kept, key, direction, rows);
                order.into_iter().map(|at| kept[at].clone()).collect()
            }
            None => kept,
        }
    }

    /// Returns the key that a choice sorts by; none if the rows stay in the order of the list.
    fn order(&self, choice: &ListChoice) -> Option<Order<F>> {
        let sort = choice.sort?;
        let mut columns = self.columns.iter();
        let column = columns.find(|column| column.key == sort.column)?;
        match column.sort {
            Sorting::By(key) => Some((key, sort.direction)),
            Sorting::Not | Sorting::InStore => None,
        }
    }

    /// Passes on the rows that are chosen. Returns the number of all, and the counts of the filters.
    fn keep(
        &self,
        all: impl Iterator<Item = F>,
        choice: &ListChoice,
        mut keep: impl FnMut(F),
    ) -> (usize, OptionCounts) {
        let words = SearchWords::of(&choice.words);
        let chosen: Vec<(usize, Vec<&str>)> = self
            .filters
            .iter()
            .enumerate()
            .map(|(place, filter)| (place, choice.values(filter.key)))
            .filter(|(_, values)| !values.is_empty())
            .collect();
        let (mut known, mut counts) = (0, OptionCounts::of(self));
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
                    keep(facts);
                }
                Kept::ButFor(place) => counts.add(self, place, &facts),
                Kept::No => {}
            }
        }
        (known, counts)
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
}

/// What rows are sorted by, and in which direction. Rows with equal keys stay in the order of the list.
type Order<F> = (fn(&F) -> SortKey<'_>, Direction);

/// How rows are cut into pages, and which page is wanted.
#[derive(Debug, Clone, Copy)]
struct Pages {
    size: usize,
    number: usize,
}

impl Pages {
    /// Returns the number of pages of so many rows.
    fn of(self, total: usize) -> usize {
        total.div_ceil(self.size).max(1)
    }

    /// Returns the rows of the wanted page; those of the last one if there are not so many.
    fn rows(self, total: usize) -> std::ops::Range<usize> {
        let first = (self.number.min(self.of(total)) - 1) * self.size;
        first..first.saturating_add(self.size).min(total)
    }
}

/// The rows that may be on the page. There are 50,000 rows and a page has 50, so the others are dropped as they come: what
/// is kept is a few times the rows before the end of the page.
struct PageRows<F> {
    order: Option<Order<F>>,
    pages: Pages,
    /// Without an order those of one page: the wanted one, or the last one so far. Otherwise in the order of the list.
    rows: Vec<F>,
    total: usize,
    /// The last row that can be on the page, once some were dropped.
    last: Option<F>,
}

impl<F: Clone> PageRows<F> {
    fn new(order: Option<Order<F>>, pages: Pages) -> Self {
        Self {
            order,
            pages,
            rows: Vec::new(),
            total: 0,
            last: None,
        }
    }

    fn add(&mut self, facts: F) {
        let place = self.total;
        self.total += 1;
        match self.order {
            None if place >= self.pages.number.saturating_mul(self.pages.size) => {}
            None => {
                if place.is_multiple_of(self.pages.size) {
                    self.rows.clear();
                }
                self.rows.push(facts);
            }
            Some((key, direction)) => {
                // An equal one that comes later is behind.
                let behind = |last: &F| key(&facts).order(key(last), direction).is_ge();
                if self.last.as_ref().is_some_and(behind) {
                    return;
                }
                self.rows.push(facts);
                let end = self.pages.number.saturating_mul(self.pages.size);
                if self.rows.len() > end.saturating_mul(2).max(LEAST_DROPPED) {
                    self.drop_those_behind(end, (key, direction));
                }
            }
        }
    }

    /// Keeps the first rows by the order.
    fn drop_those_behind(&mut self, end: usize, (key, direction): Order<F>) {
        let mut first = ordered(&self.rows, key, direction, 0..end);
        self.last = first.last().map(|at| self.rows[*at].clone());
        first.sort_unstable();
        let mut first = first.into_iter().peekable();
        let mut place = 0;
        self.rows.retain(|_| {
            let kept = first.next_if_eq(&place).is_some();
            place += 1;
            kept
        });
    }

    /// Returns the rows of the page, in order.
    fn finish(self) -> Vec<F> {
        let Some((key, direction)) = self.order else {
            return self.rows;
        };
        let rows = self.pages.rows(self.total);
        let order = ordered(&self.rows, key, direction, rows);
        order.into_iter().map(|at| self.rows[at].clone()).collect()
    }
}

/// Fewer rows are all kept: dropping some of them would cost more.
const LEAST_DROPPED: usize = 1_024;

/// Returns the places of the rows that are in this part of the order.
fn ordered<F>(
    rows: &[F],
    key: fn(&F) -> SortKey<'_>,
    direction: Direction,
    part: std::ops::Range<usize>,
) -> Vec<usize> {
    let mut order: Vec<(SortKey<'_>, usize)> = rows.iter().map(key).zip(0..).collect();
    let compare = |one: &(SortKey<'_>, usize), other: &(SortKey<'_>, usize)| -> Ordering {
        let by_key = one.0.order(other.0, direction);
        by_key.then_with(|| one.1.cmp(&other.1))
    };
    if part.end < order.len() {
        order.select_nth_unstable_by(part.end, compare);
        order.truncate(part.end);
    }
    if (1..order.len()).contains(&part.start) {
        order.select_nth_unstable_by(part.start, compare);
    }
    let shown = order.get_mut(part.start..).unwrap_or_default();
    shown.sort_unstable_by(compare);
    shown.iter().map(|(_, at)| *at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of which many have the same key, and some none.
    fn rows(count: usize) -> Vec<(usize, Option<i64>)> {
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i64::try_from(state >> 33).unwrap_or_default() % 40
        };
        let keys = (0..count).map(|_| Some(next()).filter(|key| *key > 2));
        (0..count).zip(keys).collect()
    }

    fn key(row: &(usize, Option<i64>)) -> SortKey<'_> {
        row.1.map_or(SortKey::Missing, SortKey::Number)
    }

    #[test]
    fn a_page_is_a_part_of_all_rows_in_order() {
        for count in [0, 1, 9, 10, 11, 999, 3_000] {
            let rows = rows(count);
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut sorted = rows.clone();
                sorted.sort_by(|one, other| key(one).order(key(other), direction));
                let by_key: Order<(usize, Option<i64>)> = (key, direction);
                for (order, expected) in [(None, &rows), (Some(by_key), &sorted)] {
                    for number in [1, 2, 3, 40, 100, 299, 300, 301, usize::MAX] {
                        let pages = Pages { size: 10, number };
                        let mut page = PageRows::new(order, pages);
                        for row in &rows {
                            page.add(*row);
                        }
                        assert!(order.is_none() || number > 100 || page.rows.len() <= 2_048);
                        assert_eq!(page.total, count);
                        let shown = pages.rows(count);
                        assert_eq!(page.finish(), expected[shown], "{count} {number}");
                    }
                }
            }
        }
    }
}
