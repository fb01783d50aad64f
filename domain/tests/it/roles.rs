//! The golden role matrix: a change to the table in `authorize` requires a change to this file, so that a reviewer sees
//! what became possible.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail where its own values are wrong"
)]

use std::collections::BTreeSet;

use domain::{
    approval::Mfa,
    authorize::{ACTIONS, Actor, IdentityState, Role, may},
    ids::PersonId,
    time::Timestamp,
};

fn actor(role: Option<Role>, person: Option<&str>, mfa: Mfa) -> Actor {
    Actor {
        person: person.map(|id| PersonId::parse(id).unwrap()),
        roles: role.into_iter().collect::<BTreeSet<_>>(),
        approver_since: Some(Timestamp(0)),
        mfa,
        identity: IdentityState::Active,
    }
}

fn table() -> String {
    let ann = Some("018f0000-0000-7000-8000-000000000001");
    let columns = [
        ("requester", actor(None, ann, Mfa::Proven)),
        ("approver", actor(Some(Role::Approver), ann, Mfa::Proven)),
        (
            "administrator",
            actor(Some(Role::Administrator), ann, Mfa::Proven),
        ),
        ("auditor", actor(Some(Role::Auditor), ann, Mfa::Proven)),
        (
            "approver without MFA",
            actor(Some(Role::Approver), ann, Mfa::NotProven),
        ),
        (
            "administrator without MFA",
            actor(Some(Role::Administrator), ann, Mfa::NotProven),
        ),
        (
            "administrator not linked",
            actor(Some(Role::Administrator), None, Mfa::Proven),
        ),
        (
            "approver suspended",
            Actor {
                identity: IdentityState::Suspended,
                ..actor(Some(Role::Approver), ann, Mfa::Proven)
            },
        ),
    ];
    let mut lines = vec![format!(
        "action | {}",
        columns.each_ref().map(|(name, _)| *name).join(" | ")
    )];
    for action in ACTIONS {
        let cells = columns
            .each_ref()
            .map(|(_, actor)| match may(actor, action) {
                Ok(()) => "yes".to_owned(),
                Err(denial) => format!("no: {denial:?}"),
            });
        lines.push(format!("{action:?} | {}", cells.join(" | ")));
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_role_table_is_the_one_that_was_reviewed() {
    let reviewed = include_str!("roles.txt");
    let now = table();
    assert!(
        reviewed == now,
        "the role table changed; if that is intended, replace tests/it/roles.txt with:\n{now}"
    );
}
