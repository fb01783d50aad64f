//! One page of the report: its rows by account or by person. Rows are counted by the search without building them; only those
//! of the page are built.

use app::backend::{Grouping, Page, ReportChoice, ReportRow};
use domain::{
    access::{self, Reach},
    ids::{AccountId, UserId},
};

use super::{Report, search::ReportSearch};
use crate::service::names;

/// The number of rows on one page. The report of an ordinary organization fits on one page when printed.
const PAGE: usize = 1_000;

/// A group of rows.
enum Group<'a> {
    Account(&'a AccountId),
    Person(&'a UserId),
    /// The orphaned assignments of all accounts, which no person has.
    Orphans,
}

impl Report {
    /// Returns a page of the rows that are chosen, and the number of rows of each group on it.
    pub(super) fn page(&self, choice: &ReportChoice) -> (Page<ReportRow>, Vec<usize>) {
        let search = ReportSearch::of(&choice.words, &self.read_model.snapshot);
        let groups = match choice.grouping {
            Grouping::Account => self.by_account(&search),
            Grouping::Person => self.by_person(&search),
        };
        let total = groups.iter().map(|(_, count)| count).sum::<usize>();
        let number = choice.page.clamp(1, total.div_ceil(PAGE).max(1));
        let mut skip = (number - 1) * PAGE;
        let (mut rows, mut counts) = (Vec::new(), Vec::new());
        for (group, count) in groups {
            if rows.len() == PAGE {
                break;
            }
            if skip >= count {
                skip -= count;
                continue;
            }
            let found = self.rows_in(&group).into_iter();
            let found = found.filter(|row| search.keeps(row)).skip(skip);
            rows.extend(found.take(PAGE - rows.len()));
            counts.push(count);
            skip = 0;
        }
        let page = Page {
            rows,
            number,
            total,
            size: PAGE,
        };
        (page, counts)
    }

    fn by_account(&self, search: &ReportSearch) -> Vec<(Group<'_>, usize)> {
        let snapshot = &self.read_model.snapshot;
        self.accounts()
            .map(|account| (Group::Account(account), search.count(snapshot, account)))
            .collect()
    }

    /// Returns the people by their names, and the orphaned assignments behind them.
    fn by_person(&self, search: &ReportSearch) -> Vec<(Group<'_>, usize)> {
        let snapshot = &self.read_model.snapshot;
        let people = self.read_model.exposure.people.keys();
        let mut people: Vec<(String, &UserId)> = people
            .map(|user| (names::user(snapshot, user).name, user))
            .collect();
        people.sort();
        let mut groups = Vec::with_capacity(people.len() + 1);
        for (_, user) in people {
            let count = self
                .reaches_of(user)
                .filter(|reach| search.keeps_reach(snapshot, reach))
                .count();
            groups.push((Group::Person(user), count));
        }
        let orphans = self.accounts().map(|one| search.orphans(snapshot, one));
        groups.push((Group::Orphans, orphans.sum()));
        groups
    }

    /// Returns the paths of a person to the accounts of the report.
    fn reaches_of<'a>(&'a self, user: &'a UserId) -> impl Iterator<Item = Reach> + 'a {
        let reaches = access::reach_of(&self.read_model.snapshot, user);
        let accounts = &self.read_model.pci_findings;
        reaches.filter(|reach| accounts.contains_key(&reach.pair.account))
    }

    /// Returns the rows of a group, in order.
    fn rows_in(&self, group: &Group<'_>) -> Vec<ReportRow> {
        let mut existing_access = self.existing_access();
        match group {
            Group::Account(account) => self.rows_of(account, &mut existing_access),
            Group::Person(user) => {
                let held = self.reaches_of(user);
                let held = held.map(|reach| existing_access.of_reach(&reach));
                let mut rows: Vec<ReportRow> = held.filter_map(|held| self.row(held)).collect();
                rows.sort_by(|a, b| key(a).cmp(&key(b)));
                rows
            }
            Group::Orphans => self
                .accounts()
                .flat_map(|account| self.rows_of(account, &mut existing_access))
                .filter(|row| row.orphaned)
                .collect(),
        }
    }
}

/// Returns the sort key within a person.
fn key(row: &ReportRow) -> [&str; 4] {
    [
        &row.account,
        &row.account_id,
        &row.permission_set,
        &row.path,
    ]
}
