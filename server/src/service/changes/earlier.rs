//! Earlier requests of the same access: the same permission set for the same user or group, in any account. For a change that
//! is about something else, those about the same account, or else the same group, user or identity. They inform whoever
//! decides, and no verdict depends on them. One look at the list, whatever the change holds.

use app::backend::{EarlierRequest, EarlierRequests};
use domain::{change::Operation, subject::Part};

use super::{list::rows_of_page, person_names::PersonNames};
use crate::{
    service::{Service, names},
    store::{
        StoreError,
        change::{self, ChangeSummary, ChangeTarget, Filter, StoredChange},
    },
};

/// The number of earlier requests on the page of a change.
const SHOWN: i64 = 3;

impl Service {
    /// Returns the other requests of the same access, as far as the viewer may see them.
    pub(super) async fn earlier_requests(
        &self,
        stored: &StoredChange,
    ) -> Result<EarlierRequests, StoreError> {
        let operations = &stored.change.proposal.operations;
        let compared = operations.first().map(compared).unwrap_or_default();
        if compared.is_empty() {
            return Ok(EarlierRequests::default());
        }
        // Somebody who sees only their own changes learns nothing about those of others.
        let Ok(own) = self.whose() else {
            return Ok(EarlierRequests::default());
        };
        let snapshot = &self.read_model.snapshot;
        let (parts, about): (Vec<Part>, Vec<ChangeTarget>) = compared.into_iter().unzip();
        let filter = Filter {
            requesters: own.into_iter().collect(),
            about,
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
        let rows = rows.into_iter().zip(&found.rows).map(|(change, found)| {
            let approvers = found.change.summary().approvers().into_iter();
            let named = approvers.filter_map(|person| names::person_name(snapshot, person));
            EarlierRequest {
                change,
                approved_by: named.collect(),
            }
        });
        let rows = rows.collect();
        let total = usize::try_from(found.total).unwrap_or(0);
        Ok(EarlierRequests {
            rows,
            total: total.saturating_sub(usize::from(listed)),
            about: Some(self.names_of(&parts)),
        })
    }

    fn names_of(&self, parts: &[Part]) -> String {
        let snapshot = &self.read_model.snapshot;
        let named = parts.iter().map(|part| match part {
            Part::Account(account) => names::account(snapshot, account).name,
            Part::Principal(who) => super::descriptions::principal(snapshot, who),
            Part::Set(set) => names::set(snapshot, set).name,
            _ => "the same identity".to_owned(),
        });
        named.collect::<Vec<_>>().join(" for ")
    }
}

/// Returns what an item has in common with similar ones: its permission set and who is given it, or else its account, or else
/// the last thing that changes are found by.
fn compared(operation: &Operation) -> Vec<(Part, ChangeTarget)> {
    let parts = operation.subject().order();
    let found = parts
        .iter()
        .filter_map(|part| Some((part.clone(), ChangeTarget::of(part)?)));
    let found: Vec<(Part, ChangeTarget)> = found.collect();
    let one = |is: fn(&Part) -> bool| found.iter().rfind(|(part, _)| is(part)).cloned();
    let set = one(|part| matches!(part, Part::Set(_)));
    let principal = one(|part| matches!(part, Part::Principal(_)));
    if let (Some(set), Some(principal)) = (set, principal) {
        return vec![set, principal];
    }
    let account = one(|part| matches!(part, Part::Account(_)));
    account
        .or_else(|| found.last().cloned())
        .into_iter()
        .collect()
}
