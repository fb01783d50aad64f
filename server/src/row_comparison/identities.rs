//! Compares the index of identities and their stored links with the entries about them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    identity::RecordedUser,
    ids::PersonId,
    ledger::projection::{Projection, identities::Identities},
};

use super::difference::Difference;
use crate::store::identity::IdentityRow;

/// The rows about identities.
pub(super) struct IdentityRows {
    pub index: BTreeSet<IdentityRow>,
    /// The stored user of every person.
    pub links: BTreeMap<String, Option<String>>,
}

pub(super) fn compare(
    rows: &IdentityRows,
    projection: &Projection,
    found: &mut BTreeSet<Difference>,
) {
    let identities = projection.identities();
    let proven: BTreeSet<IdentityRow> = proven(identities).collect();
    for row in rows.index.difference(&proven) {
        found.insert(Difference::IdentityUserWithoutEntry(words(row)));
    }
    for row in proven.difference(&rows.index) {
        found.insert(Difference::IdentityUserWithoutRow(words(row)));
    }
    // An identity without a sign-in has the user that a crawl gave it.
    let recorded = identities.records().keys();
    let concerned: BTreeSet<&PersonId> = recorded.chain(projection.identities_in_use()).collect();
    for person in concerned {
        let record = identities.record(person);
        let wanted = match record.recorded_user() {
            RecordedUser::NotRecorded if projection.sign_ins().of(person).next().is_none() => {
                continue;
            }
            RecordedUser::NotRecorded | RecordedUser::None => None,
            RecordedUser::User(user) => Some(user.as_str()),
        };
        let stored = rows.links.get(person.as_str()).and_then(Option::as_deref);
        if stored != wanted {
            found.insert(Difference::LinkDiffers(format!("person {person}")));
        }
    }
}

fn proven(identities: &Identities) -> impl Iterator<Item = IdentityRow> {
    identities.records().iter().flat_map(|(person, record)| {
        record.users.iter().flat_map(move |(user, ids)| {
            let ids = ids.iter().map(|id| id.as_str().to_owned());
            std::iter::once(String::new())
                .chain(ids)
                .map(move |external_id| IdentityRow {
                    person: person.to_string(),
                    user: user.to_string(),
                    external_id,
                })
        })
    })
}

fn words(row: &IdentityRow) -> String {
    let what = if row.external_id.is_empty() {
        String::new()
    } else {
        format!(" with the external id {}", row.external_id)
    };
    format!("user {} of person {}{what}", row.user, row.person)
}
