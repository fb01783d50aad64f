//! The progress of all items of a change, and the rows of one page of them. What failed comes first, then what is under
//! way or waits, so that one failure among 2,000 items is on the first page. Items that stand alike keep their order.

use std::collections::BTreeMap;

use app::backend::{
    ITEMS_PER_PAGE, ItemProgress, LiveChange, LiveProgress, OperationRow, OperationStatus, Page,
    RemainingPaths,
};
use domain::{
    change::{Operation, State},
    engine::{
        AccessResource, ChangeRow, Item, ItemResult, Lasting, OperationRow as WriteRow,
        ProgressRow, StepPhase, WindowRow,
    },
    grant::Term,
    ids::GrantId,
    ledger::Hash,
    subject::NoUndo,
    time::Timestamp,
};

use super::{is_queued, progress_of, saga_steps, waits};
use crate::{
    engine::pending_starts::PendingStart,
    service::{
        app_state::ReadModel,
        changes::{
            descriptions,
            follow_ups::{self, FollowUpItem, FollowUpScope},
            mismatch, remaining_paths,
        },
        existing,
    },
    store::{
        StoreConnection, StoreError,
        change::StoredChange,
        engine::{self, EngineRows},
    },
};

/// The progress of all items of a change.
pub(in crate::service::changes) struct ItemsProgress<'a> {
    stored: &'a StoredChange,
    row: Option<ChangeRow>,
    writes: BTreeMap<AccessResource, WriteRow>,
    progress: BTreeMap<usize, ProgressRow>,
    windows: BTreeMap<GrantId, WindowRow>,
    waiting: Option<PendingStart>,
    now: Timestamp,
    /// The indices of the items of the page.
    shown: Vec<usize>,
    /// The number of the page, from 1.
    number: usize,
    /// How many a read confirmed.
    done: usize,
    /// How many wait, and are not confirmed.
    waiting_items: usize,
    /// The number of steps that were begun or tried again.
    steps: u64,
    /// The first item that waits or is being carried out.
    busy: Option<ItemProgress>,
    /// The first item.
    first: Option<ItemProgress>,
    /// What is left to request of the items.
    pub follow_ups: Vec<FollowUpItem>,
    /// Why nothing undoes an item that was carried out.
    pub no_undo: Option<NoUndo>,
}

impl<'a> ItemsProgress<'a> {
    /// Reads the progress of a change, and determines the items of a page. The number of queries depends on this page
    /// only.
    pub async fn read(
        conn: &mut StoreConnection,
        stored: &'a StoredChange,
        page: usize,
        waiting: Option<PendingStart>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let rows = if stored.change.state == State::Waiting {
            // The engine has nothing to say of a change that waits for decisions, even if it was sent back.
            EngineRows::default()
        } else {
            engine::of_change(conn, &stored.change.id).await?
        };
        let (writes, progress) = (rows.writes.into_iter(), rows.progress.into_iter());
        let total = stored.change.proposal.operations.len();
        let mut all = Self {
            stored,
            row: rows.change,
            writes: writes.map(|write| (write.key.clone(), write)).collect(),
            progress: progress.map(|row| (row.index, row)).collect(),
            windows: BTreeMap::new(),
            waiting,
            now,
            shown: Vec::new(),
            number: existing(page, total, ITEMS_PER_PAGE),
            done: 0,
            waiting_items: 0,
            steps: 0,
            busy: None,
            first: None,
            follow_ups: Vec::new(),
            no_undo: None,
        };
        let mut order: Vec<usize> = (0..total).collect();
        order.sort_by_cached_key(|index| urgency(all.of(*index).status()));
        let before = (all.number - 1) * ITEMS_PER_PAGE;
        all.shown = order
            .into_iter()
            .skip(before)
            .take(ITEMS_PER_PAGE)
            .collect();
        let grants: Vec<&GrantId> = all
            .shown
            .iter()
            .filter_map(|index| match all.item(*index)? {
                Item::Open { grant, .. } => Some(grant),
                _ => None,
            })
            .collect();
        all.windows = engine::windows_of(conn, &grants).await?;
        all.count();
        Ok(all)
    }

    fn operations(&self) -> &'a [Operation] {
        &self.stored.change.proposal.operations
    }

    /// Returns the operations of the page, to look up the people whom they name.
    pub fn shown(&self) -> Vec<Operation> {
        let operations = self.operations();
        let shown = self.shown.iter();
        shown.map(|index| operations[*index].clone()).collect()
    }

    fn item(&self, index: usize) -> Option<&Item> {
        Some(&self.row.as_ref()?.items.get(index)?.item)
    }

    fn result(&self, index: usize) -> Option<&ItemResult> {
        self.row.as_ref()?.items.get(index)?.result.as_ref()
    }

    fn write(&self, operation: &Operation) -> Option<&WriteRow> {
        self.writes.get(&operation.resource()?)
    }

    /// Returns the progress of one item.
    fn of(&self, index: usize) -> ItemProgress {
        let (stored, row) = (self.stored, self.row.as_ref());
        if let Some(waiting) = self.waiting.filter(|_| is_queued(stored, row)) {
            return waits(waiting);
        }
        if mismatch::never_starts(stored) {
            return ItemProgress::NeverStarts;
        }
        if self.was_refused() {
            return ItemProgress::NotStarted(stored.change.state);
        }
        let item = self.item(index);
        if let (Some(Item::Saga { plan }), None) = (item, self.result(index))
            && stored.change.state == State::Applying
        {
            return saga_steps::at_work(plan, self.progress.get(&index));
        }
        let window = match item {
            Some(Item::Open { grant, .. }) => self.windows.get(grant),
            _ => None,
        };
        let operation = &self.operations()[index];
        let write = self.write(operation);
        progress_of(stored, operation, row, index, window, write, self.now)
    }

    /// Whether the start of the change was refused. The reason is that of the change: it may be about another item.
    fn was_refused(&self) -> bool {
        let Some(row) = self.row.as_ref() else {
            return false;
        };
        let mut reasons = row.items.iter().map(|item| match &item.result {
            Some(ItemResult::Failed { reason, .. }) => Some(reason),
            _ => None,
        });
        let first = reasons.next().flatten();
        self.stored.change.state == State::Failed
            && row.started.is_none()
            && self.writes.is_empty()
            && self.progress.values().all(|row| row.steps.is_empty())
            && first.is_some()
            && reasons.all(|reason| reason == first)
    }

    fn count(&mut self) {
        for index in 0..self.operations().len() {
            let far = self.of(index);
            if self.first.is_none() {
                self.first = Some(far.clone());
            }
            let lasting = if far.status() == OperationStatus::Over || self.has_ended(index) {
                Lasting::Ended
            } else {
                Lasting::InEffect
            };
            match FollowUpItem::of(self.stored, index, self.result(index), lasting, self.now) {
                Some(Ok(left)) => self.follow_ups.push(left),
                Some(Err(why)) => self.no_undo = Some(why),
                None => {}
            }
            if far.verified().is_some() {
                self.done += 1;
                continue;
            }
            let waits = far.status() == OperationStatus::Waiting;
            self.waiting_items += usize::from(waits);
            if self.busy.is_none() && (waits || far.status() == OperationStatus::Running) {
                self.busy = Some(far);
            }
        }
        let steps = self.progress.values().flat_map(|row| &row.steps);
        self.steps = steps.fold(0, |all, step| {
            all + 2 * u64::from(step.attempt) + u64::from(step.phase != StepPhase::Intended)
        });
    }

    /// Whether an item gave access for a time that is over.
    fn has_ended(&self, index: usize) -> bool {
        let started = self.row.as_ref().and_then(|row| row.started);
        let until = match self.item(index) {
            Some(Item::Open {
                term: Term::For(length),
                ..
            }) => started.map(|started| started + *length),
            _ => None,
        };
        until.is_some_and(|until| until <= self.now)
    }

    /// Returns the rows of the page.
    pub fn page(
        &self,
        read_model: &ReadModel,
        people: &descriptions::People,
        scope: &FollowUpScope,
    ) -> Page<OperationRow> {
        let rows = self.shown.iter();
        let rows = rows.map(|index| self.operation_row(*index, read_model, people, scope));
        Page {
            rows: rows.collect(),
            number: self.number,
            total: self.operations().len(),
            size: ITEMS_PER_PAGE,
        }
    }

    fn operation_row(
        &self,
        index: usize,
        read_model: &ReadModel,
        people: &descriptions::People,
        scope: &FollowUpScope,
    ) -> OperationRow {
        let operation = &self.operations()[index];
        let (far, result) = (self.of(index), self.result(index));
        let remaining = match result {
            Some(ItemResult::Removed { others, .. }) => remaining_paths::paths(
                &read_model.snapshot,
                operation,
                &self.stored.effect.lost,
                others,
            ),
            _ => RemainingPaths::default(),
        };
        let request = self
            .write(operation)
            .and_then(|write| write.request.as_ref());
        OperationRow {
            what: descriptions::operation(&read_model.snapshot, people, operation),
            status: far.status(),
            verified: far.verified(),
            progress: far,
            aws_request_id: request.map(ToString::to_string),
            remaining,
            steps: saga_steps::views(
                self.stored.change.state,
                operation,
                self.item(index),
                self.progress.get(&index),
                result.filter(|_| !self.was_refused()),
            ),
            follow_up: follow_ups::link_of(self.stored, index, &self.follow_ups, scope),
        }
    }
}

/// Returns the order of the statuses on the page.
fn urgency(status: OperationStatus) -> u8 {
    match status {
        OperationStatus::Failed => 0,
        OperationStatus::Running => 1,
        OperationStatus::Waiting => 2,
        OperationStatus::Over => 3,
        OperationStatus::Done => 4,
    }
}

/// Returns the state of a change for live pages. The key changes whenever anything changes that the page shows, so that no
/// part of it is newer than another. Of a change of several pages, a step that is done with its item says enough.
/// `newest_comment` is the number of the newest comment.
pub(in crate::service::changes) fn live(
    items: &ItemsProgress<'_>,
    newest_comment: Option<u64>,
) -> LiveChange {
    let (stored, total) = (items.stored, items.operations().len());
    let change = &stored.change;
    let ItemsProgress {
        done,
        waiting_items,
        steps,
        busy,
        first,
        ..
    } = items;
    let steps = if total > ITEMS_PER_PAGE { 0 } else { *steps };
    let progress = match (change.state, busy, first) {
        (State::Approved | State::Applying, Some(busy), _) if total == 1 => {
            LiveProgress::Item(busy.clone())
        }
        (State::Approved | State::Applying, Some(busy), _) => LiveProgress::Items {
            busy: busy.clone(),
            done: *done,
            total,
        },
        // Its only item may be done before the change is.
        (State::Approved | State::Applying | State::Verified, _, Some(first)) if total == 1 => {
            LiveProgress::Item(first.clone())
        }
        (state, ..) => LiveProgress::State(state),
    };
    let comment = newest_comment.map_or_else(String::new, |seq| seq.to_string());
    let key = format!(
        "{}.{}.{}.{done}.{waiting_items}.{steps}.{comment}.{}",
        change.state.as_str(),
        stored.version,
        change.approvals.len(),
        fingerprint(&progress)
    );
    LiveChange { key, progress }
}

/// Returns a short hash of what the live line says.
fn fingerprint(progress: &LiveProgress) -> String {
    let document = serde_json::to_vec(progress).unwrap_or_default();
    Hash::of(&document).hex().chars().take(8).collect()
}
