//! The changes that are chosen of the list: a page, and all of them for a file.

use app::{
    backend::{ChangeRow, Denied, ListPage, OfferedValue, PortResult},
    lists::{
        Bound, Direction, ListChoice, OptionCounts,
        changes::{ACCOUNT, ALARM, DECIDE_BY, FROM, ME, REQUESTER, STATE, UNTIL},
    },
};
use domain::{
    change::State,
    ids::{AccountId, PersonId},
    time::Timestamp,
};

use super::list::size;
use crate::{
    service::{PAGE, Service, broken, existing},
    store::change::{self, ChangeTarget, Filter, Folding, ListOrder, OrderColumn},
};

/// The number of newest changes that a text search covers. Titles contain names, which are not stored.
const SEARCHED: usize = 2_000;
/// The maximum number of changes in a file. They are in memory while it is sent.
const MOST_IN_A_FILE: usize = 10_000;

impl Service {
    /// Returns a page of the changes that are chosen, as far as the viewer may see them.
    pub(super) async fn chosen_changes(
        &self,
        choice: &ListChoice,
    ) -> PortResult<ListPage<ChangeRow>> {
        let Some(filter) = self.change_filter(choice)? else {
            let known = self.known_changes().await?;
            return Ok(self.page_of_changes(choice, Vec::new(), 1, 0, known));
        };
        if is_search(choice) {
            let found = self.searched(&filter, choice).await?;
            let total = found.len();
            let number = existing(choice.page, total, PAGE);
            let rows = found.into_iter().skip((number - 1) * PAGE).take(PAGE);
            let known = self.known_changes().await?;
            return Ok(self.page_of_changes(choice, rows.collect(), number, total, known));
        }
        let offset = choice.page.saturating_sub(1).saturating_mul(PAGE);
        let found = self.rows(&filter, size(PAGE), size(offset)).await;
        let mut found = found.map_err(broken)?;
        let number = existing(choice.page, found.total, PAGE);
        if number < choice.page {
            let offset = size((number - 1) * PAGE);
            let last = self.rows(&filter, size(PAGE), offset).await;
            found = last.map_err(broken)?;
        }
        let known = if choice.is_filtered() {
            self.known_changes().await?
        } else {
            found.matching
        };
        Ok(self.page_of_changes(choice, found.rows, number, found.total, known))
    }

    /// Returns all changes that are chosen, each in a row of its own.
    pub(in crate::service) async fn all_changes(
        &self,
        choice: &ListChoice,
    ) -> PortResult<Vec<ChangeRow>> {
        let Some(filter) = self.change_filter(choice)? else {
            return Ok(Vec::new());
        };
        let filter = Filter {
            folding: Folding::EachChange,
            ..filter
        };
        if is_search(choice) {
            return self.searched(&filter, choice).await;
        }
        let found = self.rows(&filter, size(MOST_IN_A_FILE), 0).await;
        let found = found.map_err(broken)?;
        let total = found.total;
        if total > MOST_IN_A_FILE {
            return Err(Denied::Conflict(format!(
                "{total} changes match, and a file has at most {MOST_IN_A_FILE}. Use a narrower filter."
            )));
        }
        Ok(found.rows)
    }

    /// Returns what a choice asks of the store; none if the viewer may see nothing of it. Somebody who sees only their own
    /// changes does not learn whether somebody else exists.
    fn change_filter(&self, choice: &ListChoice) -> PortResult<Option<Filter>> {
        let viewer = self.calling()?.person.clone();
        let own = self.whose()?;
        let chosen = choice.values(REQUESTER).into_iter();
        let chosen = chosen.filter_map(|value| match value {
            ME => Some(viewer.clone()),
            id => PersonId::parse(id).ok(),
        });
        let mut requesters: Vec<PersonId> = chosen.collect();
        if let Some(own) = own {
            let is_chosen = requesters.is_empty() || requesters.contains(&own);
            if !is_chosen {
                return Ok(None);
            }
            requesters = vec![own];
        }
        let states = choice
            .values(STATE)
            .into_iter()
            .filter_map(State::from_word);
        let states: Vec<State> = states.collect();
        let folding = if states.is_empty() {
            Folding::RefusedTogether
        } else {
            Folding::EachChange
        };
        let account = |value: &str| ChangeTarget {
            kind: "account",
            value: value.to_owned(),
        };
        // A 12-digit number is looked up in the index; other words are searched in the displayed text.
        let number = AccountId::parse(choice.words.trim()).ok();
        let alarms = choice.values(ALARM).into_iter();
        let accounts = choice.values(ACCOUNT).into_iter().map(account);
        let about = alarms
            .map(|_| ChangeTarget::removal_alarm())
            .chain(accounts)
            .chain(number.map(|number| account(number.as_str())));
        let day = |filter: &str, bound: Bound| -> Option<Timestamp> {
            bound.limit(choice.values(filter).first()?)
        };
        Ok(Some(Filter {
            states,
            requesters,
            about: about.collect(),
            from: day(FROM, Bound::From),
            until: day(UNTIL, Bound::Until),
            folding,
            order: order(choice),
        }))
    }

    /// Returns the changes with the words of a choice, among the newest that match its filters.
    async fn searched(&self, filter: &Filter, choice: &ListChoice) -> PortResult<Vec<ChangeRow>> {
        let filter = Filter {
            folding: Folding::EachChange,
            ..filter.clone()
        };
        let words = choice.words.to_lowercase();
        let found = self.rows(&filter, size(SEARCHED), 0).await;
        let rows = found.map_err(broken)?.rows;
        Ok(rows.into_iter().filter(|row| holds(row, &words)).collect())
    }

    /// Returns the number of all changes that the viewer may see.
    async fn known_changes(&self) -> PortResult<usize> {
        let all = Filter {
            requesters: self.whose()?.into_iter().collect(),
            ..Filter::default()
        };
        let count = async {
            let mut conn = self.connection().await?;
            change::count(&mut conn, &all).await
        };
        let count = count.await.map_err(broken)?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    fn page_of_changes(
        &self,
        choice: &ListChoice,
        rows: Vec<ChangeRow>,
        number: usize,
        total: usize,
        known: usize,
    ) -> ListPage<ChangeRow> {
        let first = rows.first().map(|row| row.requester.clone());
        let offer = |value: &str, label: String| OfferedValue {
            filter: REQUESTER,
            value: value.to_owned(),
            label,
        };
        let mut offered: Vec<OfferedValue> = Vec::new();
        // Somebody who sees only their own changes learns nothing about others, not even that they were asked for.
        let own = self.whose().ok().flatten();
        if own.is_none() {
            offered.push(offer(ME, "Me".to_owned()));
        }
        let mut chosen = choice.values(REQUESTER);
        // All rows are of the only one.
        let of_all = first.filter(|_| chosen.len() == 1);
        let is_told = |one: &str| own.as_ref().is_none_or(|own| own.as_str() == one);
        chosen.retain(|one| *one != ME && is_told(one));
        for person in chosen {
            let name = of_all.clone();
            offered.push(offer(
                person,
                name.unwrap_or_else(|| "One person".to_owned()),
            ));
        }
        ListPage {
            rows,
            number,
            total,
            known,
            size: PAGE,
            counts: OptionCounts::default(),
            offered,
            sequence: None,
        }
    }
}

fn is_search(choice: &ListChoice) -> bool {
    let words = choice.words.trim();
    !words.is_empty() && AccountId::parse(words).is_err()
}

fn order(choice: &ListChoice) -> ListOrder {
    let Some(sort) = choice.sort else {
        return ListOrder::default();
    };
    ListOrder {
        column: match sort.column {
            STATE => OrderColumn::State,
            DECIDE_BY => OrderColumn::DecideBy,
            _ => OrderColumn::Submitted,
        },
        direction: match sort.direction {
            Direction::Ascending => change::Direction::Ascending,
            Direction::Descending => change::Direction::Descending,
        },
    }
}

fn holds(row: &ChangeRow, words: &str) -> bool {
    let accounts = row
        .accounts
        .iter()
        .map(|account| format!("{} {}", account.name, account.id));
    let text = format!(
        "{} {} {} {}",
        row.title,
        row.requester,
        row.id,
        accounts.collect::<Vec<_>>().join(" ")
    );
    let text = text.to_lowercase();
    words.split_whitespace().all(|word| text.contains(word))
}
