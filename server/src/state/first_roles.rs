//! The roles that the configuration grants to sign-ins, before anybody has signed in.
//!
//! A sign-in that is named here is assigned to an identity by an entry. Never takes the identity from a row that may be forged.

use std::collections::BTreeSet;

use domain::{
    authorize::Role,
    person::{Subject, link::link_identity},
};

use super::StartError;
use crate::{
    clock,
    config::ServeArgs,
    service::{app_state::AppState, journal::EntryActor},
    store::{
        self,
        person::{RoleOutcome, SignInClaims},
    },
};

/// Grants the initial roles that the configuration names. Requires the stored directory: roles of an identity without a
/// linked user have no effect.
pub async fn first_roles(app_state: &AppState, args: &ServeArgs) -> Result<(), StartError> {
    let now = app_state.clock.now();
    let read_model = app_state.read_model();
    let mut tx = app_state.store.write().await?;
    let mut entries = Vec::new();
    let issuer = args.subject_issuer.clone().unwrap_or_else(|| args.issuer());
    let roles = [
        (Role::Administrator, &args.administrators),
        (Role::Approver, &args.approvers),
        (Role::Auditor, &args.auditors),
    ];
    for (role, subs) in roles {
        for sub in subs.iter().collect::<BTreeSet<_>>() {
            let subject = Subject {
                iss: issuer.clone(),
                sub: sub.clone(),
            };
            let earlier = store::person::of_an_earlier_version(&mut tx, &subject).await?;
            if let Some(person) = earlier {
                let assigned = app_state.journal.subject_assigned(&subject, &person);
                app_state.journal.append(&mut tx, assigned).await?;
            }
            let keys = store::person::keys_of(tx.conn(), &subject).await?;
            let introduction = SignInClaims {
                keys: &keys,
                name: "",
                username: None,
                link: &link_identity(&keys, read_model.snapshot.found_by(&keys)),
                new_id: clock::person_id(),
                at: now,
            };
            let known = store::person::resolve(&mut tx, &introduction).await?;
            // The proof of a role reads its entry, so the entries of a link come before the next role.
            let linking = app_state.journal.linking(&subject, &known, now);
            app_state.journal.append_many(&mut tx, linking).await?;
            let ensured = store::person::ensure_role(&mut tx, &known.person, role, now).await?;
            if ensured == RoleOutcome::New {
                let who = EntryActor::leastwise();
                entries.push(
                    app_state
                        .journal
                        .role_granted(&who, &known.person, role, now),
                );
            }
        }
    }
    app_state.journal.append_many(&mut tx, entries).await?;
    Ok(tx.commit().await?)
}
