//! Objections to items that name what does not exist, as of the last complete read of AWS.

use super::Objection;
use crate::{
    ids::{AccountId, PermissionSetArn, Principal},
    snapshot::Snapshot,
};

pub fn account(snapshot: &Snapshot, id: &AccountId) -> Option<Objection> {
    snapshot.account(id).is_none().then(|| {
        Objection::blocks(
            "system.unknown-account",
            format!(
                "Account {id} is not in the organization as of the last complete read of AWS. Choose another account, or \
                 try again after the next read."
            ),
            "PCI 7.2.1",
        )
        .passing()
    })
}

pub fn set(snapshot: &Snapshot, arn: &PermissionSetArn) -> Option<Objection> {
    snapshot.set(arn).is_none().then(|| {
        Objection::blocks(
            "system.unknown-set",
            format!(
                "Permission set {arn} does not exist as of the last complete read of AWS. Choose another permission set, \
                 or try again after the next read."
            ),
            "PCI 7.2.1",
        )
        .passing()
    })
}

pub fn principal(snapshot: &Snapshot, principal: &Principal) -> Option<Objection> {
    (!snapshot.exists(principal)).then(|| {
        let kind = match principal {
            Principal::Group(_) => "group",
            Principal::User(_) => "user",
        };
        Objection::blocks(
            "system.unknown-principal",
            format!(
                "The directory contains no {kind} {} as of the last complete read of AWS. Choose another {kind}, or try \
                 again after the next read.",
                principal.id()
            ),
            "PCI 8.2.1",
        )
        .passing()
    })
}
