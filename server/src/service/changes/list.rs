//! Changes that the viewer may see: the list, one change, and the inbox.

use app::{
    backend::{
        ChangeRow, ChangeTitle, ChangeView, ChangesPort, Denied, EffectPage, FoldedChanges,
        InboxPosition, LedgerComparison, ListPage, OperationRow, Page, PortResult,
        UnreadableChangeView, UnreadableItem, refused_by,
    },
    lists::ListChoice,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    diff::Steps,
    ids::{ChangeId, PersonId},
    snapshot::Snapshot,
};

use super::{descriptions, person_names::PersonNames, preview::effect_page};
use crate::{
    service::{Service, broken},
    store::{
        StoreConnection, StoreError,
        change::{self, ChangeSummary, ChangeTarget, Filter, Folding, FoundChange, ListRow},
    },
};

/// The number of changes on one page of the inbox, each shown with its effect.
const INBOX: usize = 20;

#[async_trait]
impl ChangesPort for Service {
    async fn changes(&self, choice: &ListChoice) -> PortResult<ListPage<ChangeRow>> {
        self.allowed(Action::SeeOwn)?;
        self.chosen_changes(choice).await
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
                let ways_out = self.ways_out_of_change(&stored).await;
                let views = self.views(vec![*stored]).await;
                let mut view = views.map_err(broken)?.pop().ok_or(Denied::NotFound)?;
                (view.earlier, view.holders, view.preview.report) = context;
                view.preview.ways_out = ways_out;
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
        // The first change of a page is shown, unless another one is wanted.
        let (number, chosen) = match at {
            InboxPosition::Page(number) => (number.clamp(1, pages), 0),
            InboxPosition::Change(id) => {
                let place = waiting.iter().position(|stored| stored.change.id == id);
                let place = place.unwrap_or(0);
                (place / INBOX + 1, place % INBOX)
            }
        };
        let listed = waiting.iter().skip((number - 1) * INBOX).take(INBOX);
        let listed: Vec<_> = listed.map(|stored| (**stored).clone()).collect();
        let shown = listed.get(chosen).cloned();
        let mut rows = self.views(listed).await.map_err(broken)?;
        // What a decider compares with is read of the change that is shown, not of each that waits.
        if let (Some(shown), Some(view)) = (shown, rows.get_mut(chosen)) {
            let context = self.decision_context(&shown).await.map_err(broken)?;
            (view.earlier, view.holders, view.preview.report) = context;
        }
        Ok(Page {
            rows,
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
            requesters: self.whose()?.into_iter().collect(),
            about: vec![about],
            folding: Folding::RefusedTogether,
            ..Filter::default()
        };
        let found = self.rows(&filter, size(limit), 0).await;
        Ok(found.map_err(broken)?.rows)
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
    pub(super) fn whose(&self) -> PortResult<Option<PersonId>> {
        if self.allowed(Action::SeeChanges).is_ok() {
            return Ok(None);
        }
        Ok(Some(self.calling()?.person.clone()))
    }

    pub(super) async fn rows(
        &self,
        filter: &Filter,
        limit: i64,
        offset: i64,
    ) -> Result<FoundRows, StoreError> {
        let mut conn = self.connection().await?;
        let found = change::list(&mut conn, filter, limit, offset, &[]).await?;
        let snapshot = &self.read_model.snapshot;
        let mut people = PersonNames::new(snapshot);
        let summaries = found.rows.iter().map(|row| row.change.summary());
        let summaries: Vec<ChangeSummary<'_>> = summaries.collect();
        people.look_up_all(&mut conn, &summaries).await?;
        let rows = rows_of_page(&mut conn, snapshot, &mut people, &found.rows).await?;
        let number = |count: i64| usize::try_from(count).unwrap_or(0);
        Ok(FoundRows {
            rows,
            total: number(found.total),
            matching: number(found.matching),
        })
    }
}

/// Rows of the list of changes.
pub(super) struct FoundRows {
    pub rows: Vec<ChangeRow>,
    /// The number of rows of the list.
    pub total: usize,
    /// The number of changes that match, of which a row may stand for several.
    pub matching: usize,
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
            each: refused_by(summary.requester()),
        });
        rows.push(row);
    }
    Ok(rows)
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

pub(super) fn size(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
