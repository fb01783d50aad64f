//! Earlier requests of the requester of a change about the same account, or else about the same group, user or identity.
//! They inform whoever decides, and no verdict depends on them. One look at the list, whatever the change holds.

use app::backend::EarlierRequests;
use domain::{change::Operation, ids::PersonId, subject::Part};

use super::{list::rows_of_page, person_names::PersonNames};
use crate::{
    service::Service,
    store::{
        StoreError,
        change::{self, ChangeSummary, ChangeTarget, Filter, StoredChange},
    },
};

/// The number of earlier requests on the page of a change.
const SHOWN: i64 = 3;

impl Service {
    /// Returns the earlier requests of the requester about the same thing.
    pub(super) async fn earlier_requests(
        &self,
        stored: &StoredChange,
    ) -> Result<EarlierRequests, StoreError> {
        let operations = &stored.change.proposal.operations;
        let Some((part, target)) = operations.first().and_then(compared) else {
            return Ok(EarlierRequests::default());
        };
        let snapshot = &self.read_model.snapshot;
        let requester: PersonId = stored.change.requester.clone();
        let filter = Filter {
            requesters: vec![requester],
            about: vec![target],
            ..Filter::default()
        };
        let mut conn = self.connection().await?;
        // The change itself is one of them.
        let mut found = change::list(&mut conn, &filter, SHOWN + 1, 0, &[]).await?;
        let own = |row: &change::ListRow| *row.change.summary().id() == stored.change.id;
        let listed = found.rows.iter().any(own);
        found.rows.retain(|row| !own(row));
        found.rows.truncate(usize::try_from(SHOWN).unwrap_or(0));
        let mut people = PersonNames::new(snapshot);
        let summaries = found.rows.iter().map(|row| row.change.summary());
        let summaries: Vec<ChangeSummary<'_>> = summaries.collect();
        people.look_up_all(&mut conn, &summaries).await?;
        let rows = rows_of_page(&mut conn, snapshot, &mut people, &found.rows).await?;
        let total = usize::try_from(found.total).unwrap_or(0);
        Ok(EarlierRequests {
            rows,
            total: total.saturating_sub(usize::from(listed)),
            about: Some(self.name_of(&part)),
        })
    }

    fn name_of(&self, part: &Part) -> String {
        let snapshot = &self.read_model.snapshot;
        match part {
            Part::Account(account) => crate::service::names::account(snapshot, account).name,
            Part::Principal(who) => super::descriptions::principal(snapshot, who),
            _ => "the same identity".to_owned(),
        }
    }
}

/// Returns what an item has in common with similar ones: its account, or else the first thing that changes are found by.
fn compared(operation: &Operation) -> Option<(Part, ChangeTarget)> {
    let parts = operation.subject().order();
    let of = |part: &Part| Some((part.clone(), ChangeTarget::of(part)?));
    let account = parts.iter().find(|part| matches!(part, Part::Account(_)));
    let group = parts.iter().rev().find_map(of);
    account.and_then(of).or(group)
}
