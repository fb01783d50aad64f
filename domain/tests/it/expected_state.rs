//! The state that operations lead to, computed one operation at a time: what effects are compared with.

use domain::{
    change::Operation,
    shared_map::SharedMap,
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
            .or_insert_with(assignment.pair.clone(), || PairRead {
                as_of: Timestamp::default(),
                principals: SharedMap::default(),
                provisioned: Provisioned::Latest,
            });
        read.principals.or_default(assignment.principal.clone());
    }
    if let Some(assignment) = operation.unassigns()
        && let Some(read) = parts.pairs.get_mut(&assignment.pair)
    {
        read.principals.remove(&assignment.principal);
    }
    if let Some((group, user)) = operation.joins() {
        let members = parts.members.or_default(group.clone());
        members.insert(user.clone());
    }
    if let Some((group, user)) = operation.leaves()
        && let Some(members) = parts.members.get_mut(group)
    {
        members.remove(user);
    }
}
