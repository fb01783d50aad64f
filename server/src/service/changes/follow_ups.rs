//! What is left to request of a change that is over: links to filled forms, and the form that such a link fills.
//!
//! One function of the domain says what is left of each item. A form holds all items with the same values, so a link
//! names the change and one of these items: an address with 2,000 accounts in it would be refused. Of a change that
//! differs from the ledger nothing is offered, because nobody knows that its items were requested.

use std::collections::BTreeMap;

use app::backend::{
    ChangeForm, ClassifyForm, ClassifyOrigin, DECLARE, Denied, END, FollowUpForm, FollowUpLink,
    FollowUps, PortResult, Reach,
};
use domain::{
    authorize::Action,
    change::{Operation, review_dates},
    engine::{FollowUp, ItemResult, Lasting, follow_up},
    ids::{AccountId, ChangeId},
    subject::NoUndo,
    time::{Date, Timestamp},
};

use super::{classify, forms::form_of, scope::Scope};
use crate::{
    service::{Service, broken},
    store::{
        StoreError,
        change::{FoundChange, StoredChange},
        engine,
    },
};

/// The maximum number of links in the header of a page.
const LINKS: usize = 6;

/// An item of a change that is over, and what is left to request of it.
pub(super) struct FollowUpItem {
    /// Its index in the change.
    pub index: usize,
    pub what: FollowUp,
    /// The item to request.
    pub request: Operation,
    /// The review date of the change, if the item is requested again with it.
    review_on: Option<Date>,
}

impl FollowUpItem {
    /// Returns what is left to request of an item with this result, or why nothing undoes it.
    pub(super) fn of(
        stored: &StoredChange,
        index: usize,
        result: Option<&ItemResult>,
        lasting: Lasting,
        now: Timestamp,
    ) -> Option<Result<Self, NoUndo>> {
        let change = &stored.change;
        let operation = change.proposal.operations.get(index)?;
        let left = follow_up(change.state, operation, result, lasting)?;
        stored
            .altered
            .is_none()
            .then_some(left.map(|(what, request)| {
                Self {
                    index,
                    what,
                    review_on: change
                        .proposal
                        .review_on
                        .filter(|_| what == FollowUp::Rest && request.gives_standing())
                        .filter(|date| can_be_stated(*date, now)),
                    request,
                }
            }))
    }

    /// Returns the values of the form that classifies accounts, without accounts. None for another form.
    fn values(&self, now: Timestamp) -> Option<ClassifyForm> {
        let classified = self.request.classifies()?;
        Some(match classified.after {
            Some(declaration) => ClassifyForm {
                action: DECLARE.to_owned(),
                ..classify::form_of(declaration, now)
            },
            None => ClassifyForm {
                action: END.to_owned(),
                ..ClassifyForm::default()
            },
        })
    }
}

/// What the viewer may request.
pub(super) struct FollowUpScope(Option<Scope>);

impl FollowUpScope {
    fn covers(&self, item: &FollowUpItem) -> bool {
        let scope = self.0.as_ref();
        scope.is_some_and(|scope| scope.covers(&item.request))
    }
}

impl Service {
    /// Returns for whom the viewer may request what is left of a change.
    pub(super) fn follow_up_scope(&self) -> FollowUpScope {
        let may = self.allowed(Action::ProposeOwn).is_ok();
        FollowUpScope(may.then(|| self.scope().ok()).flatten())
    }

    /// Returns the form of a link.
    pub(super) async fn filled_form(&self, origin: &ClassifyOrigin) -> PortResult<ClassifyForm> {
        let stored = self.stored(&origin.change).await.map_err(broken)?;
        let stored = stored.filter(|found| self.may_see_change(found));
        let Some(FoundChange::Known(stored)) = stored else {
            return Err(Denied::NotFound);
        };
        let items = self.follow_up_items(&stored).await.map_err(broken)?;
        let now = self.app_state.clock.now();
        let of_link = |item: &&FollowUpItem| item.what == origin.what;
        let named = items.iter().filter(of_link);
        let named = named.clone().find(|item| item.index == origin.item);
        let values = named.and_then(|item| item.values(now));
        let values = values.ok_or(Denied::NotFound)?;
        let alike = items.iter().filter(of_link).filter(|item| {
            item.index == origin.item
                || origin.reach == Reach::Alike && item.values(now).as_ref() == Some(&values)
        });
        let accounts = alike.filter_map(|item| item.request.account());
        let accounts: Vec<&str> = accounts.map(AccountId::as_str).collect();
        Ok(ClassifyForm {
            accounts: accounts.join("\n"),
            ..values
        })
    }

    async fn follow_up_items(
        &self,
        stored: &StoredChange,
    ) -> Result<Vec<FollowUpItem>, StoreError> {
        let mut conn = self.connection().await?;
        let row = engine::change(&mut conn, &stored.change.id).await?;
        let now = self.app_state.clock.now();
        let result = |index: usize| row.as_ref()?.items.get(index)?.result.as_ref();
        let all = 0..stored.change.proposal.operations.len();
        Ok(all
            .filter_map(|index| {
                let of = FollowUpItem::of(stored, index, result(index), Lasting::InEffect, now);
                of?.ok()
            })
            .collect())
    }
}

/// Returns what is left to request of one item alone. The only item of a change has its link in the header.
pub(super) fn link_of(
    stored: &StoredChange,
    index: usize,
    items: &[FollowUpItem],
    scope: &FollowUpScope,
) -> Option<FollowUpLink> {
    let several = stored.change.proposal.operations.len() > 1;
    let at = items.binary_search_by_key(&index, |item| item.index).ok();
    let item = items.get(at.filter(|_| several)?)?;
    let form = form(&stored.change.id, item, Reach::One)?;
    scope.covers(item).then_some(FollowUpLink {
        what: item.what,
        items: 1,
        form,
    })
}

/// Returns the links of a change, undo first. `no_undo` is why nothing undoes an item of it.
pub(super) fn links(
    change: &ChangeId,
    items: &[FollowUpItem],
    no_undo: Option<NoUndo>,
    scope: &FollowUpScope,
    now: Timestamp,
) -> FollowUps {
    let mut all: Vec<FollowUpLink> = Vec::new();
    let mut alike: BTreeMap<(FollowUp, ClassifyForm), usize> = BTreeMap::new();
    for item in items.iter().filter(|item| scope.covers(item)) {
        let place = item.values(now).map(|values| (item.what, values));
        let known = place.as_ref().and_then(|place| alike.get(place).copied());
        if let Some(link) = known.and_then(|at| all.get_mut(at)) {
            link.items += 1;
            continue;
        }
        let Some(form) = form(change, item, Reach::Alike) else {
            continue;
        };
        let joined = all.iter_mut().find_map(|link| {
            let with = link.form.with(&form).filter(|_| link.what == item.what)?;
            Some((link, with))
        });
        if let Some((link, with)) = joined {
            link.form = with;
            link.items += 1;
            continue;
        }
        if let Some(place) = place {
            alike.insert(place, all.len());
        }
        all.push(FollowUpLink {
            what: item.what,
            items: 1,
            form,
        });
    }
    all.sort_by_key(|link| link.what);
    let cut = all.split_off(LINKS.min(all.len()));
    FollowUps {
        links: all,
        more: cut.iter().map(|link| link.items).sum(),
        no_undo: no_undo.filter(|_| scope.0.is_some()),
    }
}

/// Returns the form that requests what is left of an item. None if no form requests it.
fn form(change: &ChangeId, item: &FollowUpItem, reach: Reach) -> Option<FollowUpForm> {
    if item.request.classifies().is_some() {
        return Some(FollowUpForm::Classify(ClassifyOrigin {
            change: change.clone(),
            what: item.what,
            item: item.index,
            reach,
        }));
    }
    form_of(&item.request).map(|form| {
        FollowUpForm::Change(ChangeForm {
            review_on: item
                .review_on
                .map(|date| date.to_string())
                .unwrap_or_default(),
            ..form
        })
    })
}

/// Whether what is requested now can have this review date. If not, the form asks for another.
pub(super) fn can_be_stated(date: Date, now: Timestamp) -> bool {
    Date::of(now).is_some_and(|today| {
        let (first, last) = review_dates(today);
        (first..=last).contains(&date)
    })
}
