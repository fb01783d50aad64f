//! Changes that the viewer may see: the list, one change, and the inbox.

use app::backend::{
    ALARM_BY, ChangeRow, ChangeTitle, ChangeView, ChangesPort, Denied, EffectPage, FoldedChanges,
    InboxPosition, LedgerComparison, ListQuery, OperationRow, Page, PortResult, REFUSED_BY,
    UnreadableChangeView, UnreadableItem, WITH_ALARM,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::State,
    diff::Steps,
    ids::{AccountId, ChangeId, PersonId},
    snapshot::Snapshot,
};

use super::{descriptions, person_names::PersonNames, preview::effect_page};
use crate::{
    service::{Service, broken, existing},
    store::{
        StoreConnection, StoreError,
        change::{self, ChangeSummary, ChangeTarget, Filter, Folding, FoundChange, ListRow},
    },
};

/// The number of rows on one page.
const SIZE: usize = 50;
/// The number of changes on one page of the inbox, each shown with its effect.
const INBOX: usize = 20;
/// The number of newest changes that a text search covers. Titles contain names, which are not stored.
const SEARCHED: i64 = 2_000;

/// Whose changes a list contains.
#[derive(Clone, Copy)]
pub(super) enum OwnerFilter {
    /// Everyone's, as far as the viewer may see them.
    All,
    /// The viewer's own.
    Own,
}

#[async_trait]
impl ChangesPort for Service {
    async fn changes(&self, query: &ListQuery) -> PortResult<Page<ChangeRow>> {
        self.allowed(Action::SeeOwn)?;
        let only = query.only.as_deref().unwrap_or_default();
        let words = query.words.to_lowercase();
        let (refused_by, alarm_by) = (REFUSED_BY.requester(only), ALARM_BY.requester(only));
        let of_one = refused_by.clone().or_else(|| alarm_by.clone());
        let own = self.whose(if only == "mine" {
            OwnerFilter::Own
        } else {
            OwnerFilter::All
        })?;
        let requester = match (own, of_one) {
            // Changes of somebody else, who may not exist, for a viewer who sees only their own.
            (Some(own), Some(asked)) if own != asked => return Ok(no_rows()),
            (own, asked) => asked.or(own),
        };
        let filter = Filter {
            state: refused_by
                .map(|_| State::Refused)
                .or_else(|| State::from_word(only)),
            requester,
            folding: Folding::EachChange,
            // A 12-digit number is looked up in the index; other words are searched in the displayed text.
            about: AccountId::parse(words.trim())
                .ok()
                .map(|account| ChangeTarget {
                    kind: "account",
                    value: account.to_string(),
                })
                .or_else(|| {
                    (only == WITH_ALARM || alarm_by.is_some()).then(ChangeTarget::removal_alarm)
                }),
        };
        let searching = filter.about.is_none() && !words.trim().is_empty();
        if !searching {
            let folding = match filter.state {
                None => Folding::RefusedTogether,
                Some(_) => Folding::EachChange,
            };
            let filter = Filter { folding, ..filter };
            let offset = query.page.saturating_sub(1).saturating_mul(SIZE);
            let found = self.rows(&filter, size(SIZE), size(offset)).await;
            let (mut rows, total) = found.map_err(broken)?;
            let total = usize::try_from(total).unwrap_or(0);
            let number = existing(query.page, total, SIZE);
            if number < query.page {
                let offset = size((number - 1) * SIZE);
                let last = self.rows(&filter, size(SIZE), offset).await;
                rows = last.map_err(broken)?.0;
            }
            return Ok(Page {
                rows,
                number,
                total,
                size: SIZE,
            });
        }
        let (rows, _) = self.rows(&filter, SEARCHED, 0).await.map_err(broken)?;
        let found: Vec<ChangeRow> = rows.into_iter().filter(|row| holds(row, &words)).collect();
        let total = found.len();
        let number = existing(query.page, total, SIZE);
        let rows = found
            .into_iter()
            .skip((number - 1) * SIZE)
            .take(SIZE)
            .collect();
        Ok(Page {
            rows,
            number,
            total,
            size: SIZE,
        })
    }

    async fn change(&self, id: &ChangeId) -> PortResult<ChangeView> {
        self.allowed(Action::SeeOwn)?;
        let stored = self.stored(id).await.map_err(broken)?;
        let stored = stored
            .filter(|found| self.may_see_change(found))
            .ok_or(Denied::NotFound)?;
        match stored {
            FoundChange::Known(stored) => {
                let context = self.decision_context(&stored).await.map_err(broken)?;
                let views = self.views(vec![*stored]).await;
                let mut view = views.map_err(broken)?.pop().ok_or(Denied::NotFound)?;
                (view.earlier, view.holders) = context;
                Ok(view)
            }
            FoundChange::Unreadable(row) => Err(Denied::NotUnderstood(row.cause())),
        }
    }

    async fn unreadable_change(&self, id: &ChangeId) -> PortResult<UnreadableChangeView> {
        self.allowed(Action::SeeOwn)?;
        let found = self.stored(id).await.map_err(broken)?;
        match found.filter(|found| self.may_see_change(found)) {
            Some(FoundChange::Unreadable(row)) => self.unreadable_view(&row).await.map_err(broken),
            // Its page shows it.
            Some(FoundChange::Known(_)) | None => Err(Denied::NotFound),
        }
    }

    async fn unreadable_items(
        &self,
        id: &ChangeId,
        page: usize,
    ) -> PortResult<Page<UnreadableItem>> {
        self.allowed(Action::SeeOwn)?;
        let found = self.stored(id).await.map_err(broken)?;
        match found.filter(|found| self.may_see_change(found)) {
            Some(FoundChange::Unreadable(row)) => {
                self.unreadable_page(&row, page).await.map_err(broken)
            }
            Some(FoundChange::Known(_)) | None => Err(Denied::NotFound),
        }
    }

    async fn change_items(&self, id: &ChangeId, page: usize) -> PortResult<Page<OperationRow>> {
        self.allowed(Action::SeeOwn)?;
        let stored = self.stored(id).await.map_err(broken)?;
        let stored = stored
            .filter(|found| self.may_see_change(found))
            .and_then(FoundChange::known)
            .ok_or(Denied::NotFound)?;
        self.item_page(&stored, page).await.map_err(broken)
    }

    async fn effect(&self, id: &ChangeId, page: usize) -> PortResult<EffectPage> {
        self.allowed(Action::SeeOwn)?;
        let stored = self.stored(id).await.map_err(broken)?;
        let stored = stored
            .filter(|found| self.may_see_change(found))
            .and_then(FoundChange::known)
            .ok_or(Denied::NotFound)?;
        let snapshot = &self.read_model.snapshot;
        let mut conn = self.connection().await.map_err(broken)?;
        let mut people = PersonNames::new(snapshot);
        let items = &stored.change.proposal.operations;
        let named = people.of_items(&mut conn, items).await;
        let named = named.map_err(broken)?;
        Ok(effect_page(snapshot, &named, &stored.effect, page))
    }

    async fn inbox(&self, at: InboxPosition) -> PortResult<Page<ChangeView>> {
        self.allowed(Action::SeeInbox)?;
        let waiting = self.waiting_for_viewer().await.map_err(broken)?;
        let pages = waiting.len().div_ceil(INBOX).max(1);
        let number = match at {
            InboxPosition::Page(number) => number.clamp(1, pages),
            InboxPosition::Change(id) => {
                let place = waiting.iter().position(|stored| stored.change.id == id);
                place.unwrap_or(0) / INBOX + 1
            }
        };
        let shown = waiting.iter().skip((number - 1) * INBOX).take(INBOX);
        let shown = shown.map(|stored| (**stored).clone()).collect();
        Ok(Page {
            rows: self.views(shown).await.map_err(broken)?,
            number,
            total: waiting.len(),
            size: INBOX,
        })
    }
}

impl Service {
    /// Returns the newest changes that affect a target, as far as the viewer may see them. Used on the pages of other
    /// resources.
    pub async fn recent_changes(
        &self,
        about: ChangeTarget,
        limit: usize,
    ) -> PortResult<Vec<ChangeRow>> {
        self.allowed(Action::SeeOwn)?;
        let filter = Filter {
            state: None,
            requester: self.whose(OwnerFilter::All)?,
            about: Some(about),
            folding: Folding::RefusedTogether,
        };
        Ok(self.rows(&filter, size(limit), 0).await.map_err(broken)?.0)
    }

    /// Returns the changes that need the viewer's decision, oldest first, for the home page.
    pub(in crate::service) async fn waiting_rows(
        &self,
        limit: usize,
    ) -> PortResult<Vec<ChangeRow>> {
        let waiting = self.waiting_for_viewer().await.map_err(broken)?;
        let mut conn = self.connection().await.map_err(broken)?;
        let snapshot = &self.read_model.snapshot;
        let mut people = PersonNames::new(snapshot);
        let summaries = waiting.iter().take(limit).map(|stored| (&**stored).into());
        let summaries: Vec<ChangeSummary<'_>> = summaries.collect();
        let looked_up = people.look_up_all(&mut conn, &summaries).await;
        looked_up.map_err(broken)?;
        let mut rows = Vec::new();
        for summary in &summaries {
            let row = row(&mut conn, snapshot, &mut people, summary).await;
            rows.push(row.map_err(broken)?);
        }
        Ok(rows)
    }

    /// Returns the requester to whom a list is limited: the viewer, unless they may see all changes.
    pub(super) fn whose(&self, wanted: OwnerFilter) -> PortResult<Option<PersonId>> {
        Ok(match wanted {
            OwnerFilter::All if self.allowed(Action::SeeChanges).is_ok() => None,
            OwnerFilter::All | OwnerFilter::Own => Some(self.calling()?.person.clone()),
        })
    }

    async fn rows(
        &self,
        filter: &Filter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<ChangeRow>, i64), StoreError> {
        let mut conn = self.connection().await?;
        let found = change::list(&mut conn, filter, limit, offset, &[]).await?;
        let snapshot = &self.read_model.snapshot;
        let mut people = PersonNames::new(snapshot);
        let summaries = found.rows.iter().map(|row| row.change.summary());
        let summaries: Vec<ChangeSummary<'_>> = summaries.collect();
        people.look_up_all(&mut conn, &summaries).await?;
        let rows = rows_of_page(&mut conn, snapshot, &mut people, &found.rows).await?;
        Ok((rows, found.total))
    }
}

/// Returns the rows of a page of a list.
pub(super) async fn rows_of_page(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    people: &mut PersonNames<'_>,
    found: &[ListRow],
) -> Result<Vec<ChangeRow>, StoreError> {
    let mut rows = Vec::with_capacity(found.len());
    for ListRow { change, stands_for } in found {
        let summary = change.summary();
        let mut row = row(conn, snapshot, people, &summary).await?;
        row.folded = (*stands_for > 1).then(|| FoldedChanges {
            count: *stands_for,
            only: REFUSED_BY.filter(summary.requester()),
        });
        rows.push(row);
    }
    Ok(rows)
}

fn no_rows<T>() -> Page<T> {
    Page {
        rows: Vec::new(),
        number: 1,
        total: 0,
        size: SIZE,
    }
}

/// Returns the list row of a change.
pub(super) async fn row(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    people: &mut PersonNames<'_>,
    change: &ChangeSummary<'_>,
) -> Result<ChangeRow, StoreError> {
    let first = change.first();
    let effect = change.effect();
    Ok(ChangeRow {
        id: change.id().clone(),
        title: match first {
            None => ChangeTitle::NotUnderstood {
                items: change.items(),
            },
            Some(first) => {
                let named = people.of_items(conn, first).await?;
                descriptions::title(snapshot, &named, first, change.items())
            }
        },
        items: change.items(),
        requester: people.name(conn, change.requester()).await?,
        submitted: change.submitted(),
        decide_by: change.decide_by(),
        state: change.state(),
        ledger: if change.differs() {
            LedgerComparison::Differs
        } else {
            LedgerComparison::Matches
        },
        accounts: descriptions::accounts(
            snapshot,
            first.unwrap_or_default(),
            [&effect.gained, &effect.lost]
                .into_iter()
                .flat_map(Steps::paths)
                .map(|path| &path.pair.account),
        ),
        approvals: change.approvals(),
        folded: None,
    })
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

fn size(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
