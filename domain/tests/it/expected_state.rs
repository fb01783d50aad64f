//! The state that operations lead to, computed one operation at a time: what effects are compared with.

use std::collections::BTreeMap;

use domain::{
    change::Operation,
    snapshot::{PairRead, Parts, Provisioned, Snapshot},
    time::Timestamp,
};

/// Returns the snapshot after operations, as if AWS carried out each of them.
pub fn after(snapshot: &Snapshot, operations: &[Operation]) -> Snapshot {
    let mut parts = snapshot.parts().clone();
    for operation in operations {
        apply(&mut parts, operation);
    }
    Snapshot::new(parts)
}

fn apply(parts: &mut Parts, operation: &Operation) {
    if let Some((assignment, _)) = operation.assigns() {
        let read = parts
            .pairs
            .entry(assignment.pair.clone())
            .or_insert_with(|| PairRead {
                as_of: Timestamp::default(),
                principals: BTreeMap::new(),
                provisioned: Provisioned::Latest,
            });
        read.principals
            .entry(assignment.principal.clone())
            .or_default();
    }
    if let Some(assignment) = operation.unassigns()
        && let Some(read) = parts.pairs.get_mut(&assignment.pair)
    {
        read.principals.remove(&assignment.principal);
    }
    if let Some((group, user)) = operation.joins() {
        let members = parts.members.entry(group.clone()).or_default();
        members.insert(user.clone());
    }
    if let Some((group, user)) = operation.leaves()
        && let Some(members) = parts.members.get_mut(group)
    {
        members.remove(user);
    }
}
