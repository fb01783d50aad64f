//! The home page, assembled from values that are precomputed in the read model.

mod attention;
mod drift;
mod my_access;

use std::cmp::Reverse;

use app::backend::{
    AccountRef, Alarms, ExposedPerson, Exposure, FindingGroup, Home, HomePort, IdentityAlarmView,
    IdentityNotice, NotLinked, OrganisationHome, PortResult, ViewerPort,
};
use async_trait::async_trait;
use domain::{
    authorize::{Action, IdentityState},
    identity::LinkDifferenceKind,
    ids::{AccountId, PersonId},
    person::link::{IdentityLink, link_identity},
    snapshot::Knowledge,
};

pub(super) use drift::LOOKED_AT;

use super::{
    Service, app_state::ReadModel, broken, caller::CallingPerson, changes::HomeChanges, names,
    oversight,
};
use crate::store::{self, StoreConnection, StoreError};

/// The number of differences listed on the home page.
const DRIFT_ROWS: usize = 8;
/// The number of the viewer's own changes listed.
const MINE: usize = 3;
/// The number of changes listed that need the viewer's decision.
const WAITING: usize = 10;

#[async_trait]
impl HomePort for Service {
    async fn home(&self) -> PortResult<Home> {
        self.allowed(Action::SeeOwn)?;
        let calling = self.calling()?;
        let (access, access_count) = calling
            .user
            .as_ref()
            .map(|user| self.my_access(user))
            .unwrap_or_default();
        let not_linked = self.own_link_obstacle(calling).await?;
        let administrators = match not_linked {
            Some(_) => self.administrators().await?,
            None => Vec::new(),
        };
        let HomeChanges { mine, alarms } = self.home_changes(MINE).await?;
        let organisation = match self.allowed(Action::SeeDirectory) {
            Ok(()) => Some(self.organisation(alarms).await?),
            Err(_) => None,
        };
        Ok(Home {
            waiting: self.waiting_rows(WAITING).await?,
            mine,
            access,
            access_count: self
                .read_model
                .snapshot
                .never_read()
                .access()
                .figure(access_count),
            organisation,
            me: calling.user.clone(),
            not_linked,
            administrators,
            suspended: self.own_suspension(calling).await?,
            identities: self.identity_notice().await?,
            idle_oversight_marks: match self.allowed(Action::SeeOperations) {
                Ok(()) => oversight::idle_marks(&self.app_state),
                Err(_) => Vec::new(),
            },
            differing_rows: match self.allowed(Action::SeeOperations) {
                Ok(()) => self.app_state.row_findings.differing(),
                Err(_) => 0,
            },
        })
    }
}

impl Service {
    async fn own_suspension(&self, own: &CallingPerson) -> PortResult<Option<LinkDifferenceKind>> {
        if own.actor.identity == IdentityState::Active {
            return Ok(None);
        }
        let mut conn = self.connection().await.map_err(broken)?;
        let suspension = store::identity::suspension(&mut conn, &own.person).await;
        let suspension = suspension.map_err(broken)?;
        Ok(suspension.map(|suspension| suspension.difference.kind()))
    }

    /// Returns why the viewer's sign-in is linked to no user. The viewer may not know other users, so none is named.
    async fn own_link_obstacle(&self, own: &CallingPerson) -> PortResult<Option<NotLinked>> {
        if own.user.is_some() {
            return Ok(None);
        }
        let snapshot = &self.read_model.snapshot;
        if snapshot.never_read().users() == Knowledge::NeverRead {
            return Ok(Some(NotLinked::UsersNotRead));
        }
        let mut conn = self.connection().await.map_err(broken)?;
        let record = store::identity::record(&mut conn, &own.person).await;
        if record.map_err(broken)?.ended.is_some() {
            return Ok(Some(NotLinked::Ended));
        }
        let keys = store::person::keys_of(&mut conn, &own.subject).await;
        let keys = keys.map_err(broken)?;
        let link = link_identity(&keys, snapshot.found_by(&keys));
        Ok(Some(not_linked(&link)))
    }

    /// The alarm is read from the ledger, because it can end in another process.
    async fn identity_notice(&self) -> PortResult<Option<IdentityNotice>> {
        let concerned =
            self.allowed(Action::SeeInbox).is_ok() || self.allowed(Action::SeeOperations).is_ok();
        if !concerned {
            return Ok(None);
        }
        let mut conn = self.connection().await.map_err(broken)?;
        let alarm = store::identity::alarm(&mut conn).await.map_err(broken)?;
        let summary = self.app_state.identity_summary();
        let only_suspended = match &summary.only_suspended {
            Some(person) => self.last_name(&mut conn, person).await.map_err(broken)?,
            None => None,
        };
        Ok(Some(IdentityNotice {
            suspended: summary.suspended,
            only_suspended,
            alarm: alarm.map(|alarm| IdentityAlarmView {
                at: alarm.at,
                differing: alarm.differing,
                linked: alarm.linked,
            }),
        }))
    }

    /// Returns the name of an identity's user in the directory, or the last one that it had there.
    async fn last_name(
        &self,
        conn: &mut StoreConnection,
        person: &PersonId,
    ) -> Result<Option<String>, StoreError> {
        let Some(user) = store::identity::record(conn, person).await?.current else {
            return Ok(None);
        };
        match self.read_model.snapshot.user(&user) {
            Some(user) => Ok(Some(user.display_name.clone())),
            None => store::identity::last_known_name(conn, &user).await,
        }
    }

    async fn organisation(&self, alarms: Alarms) -> PortResult<OrganisationHome> {
        let read_model = &self.read_model;
        let mut conn = self.connection().await.map_err(broken)?;
        let (seen, _) = store::crawl::drift_events(&mut conn, LOOKED_AT)
            .await
            .map_err(broken)?;
        let history = self.exposure_history(&mut conn).await.map_err(broken)?;
        let attention = self.attention(&mut conn, &seen).await.map_err(broken)?;
        drop(conn);
        let now = self.app_state.clock.now();
        let unmended = drift::unmended(read_model, &seen, now);
        Ok(OrganisationHome {
            alarms,
            exposure: exposure(read_model),
            history,
            environments: attention::environments(read_model),
            attention,
            exposed: exposed(read_model),
            findings: findings(read_model),
            drift_count: unmended.len(),
            drift: unmended
                .into_iter()
                .take(DRIFT_ROWS)
                .map(|seen| drift::row(read_model, seen))
                .collect(),
        })
    }
}

/// Returns why a sign-in is linked to no user.
fn not_linked(link: &IdentityLink) -> NotLinked {
    match (link, link.obstacle()) {
        (_, Some(obstacle)) => NotLinked::Unclear(obstacle),
        (IdentityLink::Linked(..), None) => NotLinked::AnotherIdentity,
        (_, None) => NotLinked::NoUser,
    }
}

fn exposure(read_model: &ReadModel) -> Exposure {
    let exposed = &read_model.exposure;
    let never = read_model.snapshot.never_read();
    let (accounts, people) = (never.accounts(), never.production_pci());
    let assignments = accounts.and(never.assignments());
    let powers = people.and(never.sets());
    let directory = never.users().and(never.groups());
    Exposure {
        accounts: accounts.figure(exposed.totals.accounts),
        unclassified: accounts.figure(exposed.totals.unclassified),
        people: people.figure(exposed.people.len()),
        standing_people: people.figure(exposed.standing_people),
        disabled_people: people.figure(exposed.disabled_people),
        standing_assignments: assignments.figure(exposed.totals.standing_assignments),
        temporary_assignments: assignments.figure(exposed.totals.temporary_assignments),
        orphaned_assignments: assignments.and(directory).figure(exposed.totals.orphans),
        against: powers.figure(exposed.totals.against),
        administrators: powers.figure(exposed.administrators),
    }
}

fn exposed(read_model: &ReadModel) -> Vec<ExposedPerson> {
    let snapshot = &read_model.snapshot;
    let known = snapshot.never_read().production_pci();
    let top_exposed = read_model.exposure.top_exposed.iter();
    top_exposed
        .filter_map(|one| {
            let reacher = read_model.exposure.people.get(&one.user)?;
            Some(ExposedPerson {
                user: names::user(snapshot, &one.user),
                title: snapshot.user(&one.user).and_then(|user| user.title.clone()),
                accounts: accounts(read_model, &one.accounts),
                account_count: known.figure(reacher.accounts as usize),
                sets: one
                    .sets
                    .iter()
                    .map(|arn| names::set(snapshot, arn))
                    .collect(),
                set_count: known.figure(reacher.sets as usize),
                paths: known.figure(reacher.paths as usize),
                direct: reacher.direct as usize,
                standing: reacher.standing > 0,
            })
        })
        .collect()
}

fn accounts(read_model: &ReadModel, named: &[AccountId]) -> Vec<AccountRef> {
    let named = named.iter();
    named
        .map(|id| names::account(&read_model.snapshot, id))
        .collect()
}

/// Returns the policies that existing access violates.
pub(super) fn findings(read_model: &ReadModel) -> Vec<FindingGroup> {
    let never = read_model.snapshot.never_read();
    let known = never.production_pci().and(never.sets());
    let mut found: Vec<_> = read_model.exposure.findings().iter().collect();
    // Violations that no approval permits come first, then those of the most people.
    found.sort_by_key(|(_, one)| Reverse((one.hit.outcome(), one.people, one.assignments)));
    let groups = found.into_iter().map(|(_, found)| FindingGroup {
        hit: names::hit(&read_model.rules, &found.hit),
        assignments: known.figure(found.assignments),
        unapproved: known.figure(found.unapproved),
        people: known.figure(found.people),
        accounts: accounts(read_model, &found.named),
        account_count: known.figure(found.accounts.len()),
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ids::UserId;

    use super::*;

    #[test]
    fn a_user_who_was_another_identity_is_not_called_linked() {
        let user = UserId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").unwrap();
        assert_eq!(
            not_linked(&IdentityLink::Linked(user, BTreeSet::new())),
            NotLinked::AnotherIdentity
        );
    }
}
