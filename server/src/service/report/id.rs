//! The id of a report: the hash of all data that its rows are derived from. Two reports that differ in a row have
//! different ids, and the id is computed without building the rows.

use domain::{
    ids::{Principal, UserId},
    ledger::Hash,
    policies::Agreement,
    snapshot::PairRead,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

use crate::service::app_state::ReadModel;

/// Returns the id of the report of this read model.
pub(super) fn of(read_model: &ReadModel) -> String {
    let snapshot = &read_model.snapshot;
    let parts = snapshot.parts();
    let (mut groups, mut users, mut sets) =
        (BTreeSet::new(), BTreeSet::<&UserId>::new(), BTreeSet::new());
    let mut hasher = Sha256::new();
    let mut take = |what: &str, about: Value| {
        hasher.update(format!("{what}\t{about}\n"));
    };
    take("rules", json!(read_model.rules.version()));
    take("coverage", json!(parts.coverage));
    for account in read_model.pci_findings.keys() {
        take("account", json!(snapshot.account(account)));
        for (pair, read) in snapshot.pairs_in(account) {
            let PairRead {
                principals,
                provisioned,
                ..
            } = read;
            sets.insert(&pair.set);
            for (principal, since) in principals {
                match principal {
                    Principal::Group(group) => drop(groups.insert(group)),
                    Principal::User(user) => drop(users.insert(user)),
                }
                take("assignment", json!([pair, principal, since, provisioned]));
            }
        }
    }
    for group in groups {
        let members: Vec<&UserId> = snapshot.members(group).collect();
        take("group", json!([group, snapshot.group(group), members]));
        users.extend(members);
    }
    for user in users {
        // A policy may refer to the person and to any group of the person.
        take(
            "user",
            json!([
                user,
                snapshot.user(user),
                snapshot.person(user),
                snapshot.groups_of(user)
            ]),
        );
    }
    for set in sets {
        take("set", json!([set, snapshot.set(set)]));
    }
    let records = &read_model.reasons.records;
    let of = |agreed: &Agreement| {
        let review = (agreed.review_on, agreed.review_passed(records.today));
        json!([agreed.approvals, agreed.gaining, agreed.sets, review])
    };
    for (assignment, windows) in &read_model.reasons.windows {
        let record = records.assignments.get(assignment);
        let agreed = record.map(|record| (&record.term, of(&record.agreed)));
        take("windows", json!([assignment, windows, agreed]));
    }
    for (group, joined) in &records.memberships {
        let joined = joined.iter().map(|(user, agreed)| (user, of(agreed)));
        let joined: Vec<_> = joined.collect();
        take("joined", json!([group, joined]));
    }
    Hash(hasher.finalize().into()).to_string()
}
