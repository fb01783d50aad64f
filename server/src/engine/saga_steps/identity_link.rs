//! Links an identity to a user, ends its link, refuses what it claims, or withdraws such a refusal: rows and entry in one
//! transaction.
//!
//! A link that the directory would contradict at once is never written: the user, and every user that a key of the
//! identity finds, are read before the transaction.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use domain::{
    change::Operation,
    directory::UserStatus,
    engine::{CarryOut, Retry, StepAnswer, SubjectContent},
    identity::{Agreement, ExternalIdDigest, KeysDigest, LinkStatus, link_status},
    ids::{PersonId, UserId},
    permission_set::ContentHash,
    subject::{
        Content, Step, SubjectKey,
        identity_link::{ObservedIdentity, content},
    },
};

use super::{OTHER_KIND, SagaSubject};
use crate::{
    engine::saga_steps,
    service::{
        app_state::AppState,
        identities,
        journal::{EntryBuilder, UserOfIdentity},
    },
    store::{
        StoreError, Tx,
        agreed_link::{self, KnownIdentity},
        identity::{self, LinkedIdentity},
        person,
    },
};

/// The links of identities.
pub(super) struct IdentityLinks;

#[async_trait]
impl SagaSubject for IdentityLinks {
    async fn read(&self, app_state: &Arc<AppState>, key: &SubjectKey) -> SubjectContent {
        let SubjectKey::IdentityLink { person } = key else {
            return SubjectContent::Unreadable(OTHER_KIND.into());
        };
        read(app_state, person).await
    }

    async fn carry_out(&self, app_state: &Arc<AppState>, call: &CarryOut) -> StepAnswer {
        let Step::Link { person, user } = &call.step else {
            return StepAnswer::NotSent;
        };
        carry_out(app_state, call, person, user.as_ref()).await
    }
}

/// Returns the user of an identity and what is open about it.
async fn read(app_state: &Arc<AppState>, person: &PersonId) -> SubjectContent {
    match known(app_state, person).await {
        Ok(Some(known)) => SubjectContent::Is(content_of(&known)),
        Ok(None) => SubjectContent::Gone,
        Err(error) => {
            tracing::warn!(%person, error = &error as &dyn std::error::Error, "an identity could not be read");
            SubjectContent::Unreadable("the database did not return the identity".into())
        }
    }
}

fn content_of(known: &KnownIdentity) -> ContentHash {
    content(known.user(), known.open().as_ref(), &known.record.refused)
}

async fn known(
    app_state: &AppState,
    person: &PersonId,
) -> Result<Option<KnownIdentity>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    agreed_link::known(&mut conn, person).await
}

/// Carries out the step of an item.
async fn carry_out(
    app_state: &Arc<AppState>,
    call: &CarryOut,
    person: &PersonId,
    user: Option<&UserId>,
) -> StepAnswer {
    match try_carry_out(app_state, call, person, user).await {
        Ok(()) => StepAnswer::Done,
        Err(Failure::NotSent) => StepAnswer::NotSent,
        Err(Failure::Refused(reason, retry)) => StepAnswer::Refused { reason, retry },
        Err(Failure::NotWritten(error)) => {
            tracing::warn!(%person, error = &error as &dyn std::error::Error, "an identity could not be linked");
            StepAnswer::Refused {
                reason: "the database could not be read or written".into(),
                retry: Retry::Later,
            }
        }
        Err(Failure::Unconfirmed(error)) => {
            tracing::warn!(%person, error = &error as &dyn std::error::Error, "the link of an identity was not confirmed");
            StepAnswer::Unknown("the database did not confirm the transaction".into())
        }
    }
}

enum Failure {
    /// Nothing was written, and the step may be sent again.
    NotSent,
    Refused(String, Retry),
    /// Before the transaction was to be committed, so that nothing is stored.
    NotWritten(StoreError),
    /// The transaction may be committed.
    Unconfirmed(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::NotWritten(error)
    }
}

fn later(reason: &str) -> Failure {
    Failure::Refused(reason.to_owned(), Retry::Later)
}

fn never(reason: impl Into<String>) -> Failure {
    Failure::Refused(reason.into(), Retry::Never)
}

async fn try_carry_out(
    app_state: &AppState,
    call: &CarryOut,
    person: &PersonId,
    user: Option<&UserId>,
) -> Result<(), Failure> {
    let item = requested(app_state, call, person, user).await?;
    let target = match user {
        Some(user) => Some(target(app_state, call, person, user, &item.seen).await?),
        None => None,
    };
    let tx = saga_steps::begin(app_state, call).await?;
    let mut tx = tx.ok_or(Failure::NotSent)?;
    person::lock(&mut tx, person).await?;
    if let Some(holder) = &item.seen.joins {
        person::lock(&mut tx, holder).await?;
    }
    let known = agreed_link::known(tx.conn(), person).await?;
    let known = known.ok_or_else(|| never("The identity does not exist any more."))?;
    if Content::from(content_of(&known)) != call.from {
        return Err(later("the identity was changed at the same time"));
    }
    let agreement = Agreement {
        change: call.change.clone(),
        at: app_state.clock.now(),
    };
    let entries = match &target {
        Some(target) => linked(app_state, &mut tx, &known, target, &item.seen, &agreement).await?,
        None => ended(app_state, &mut tx, &known, &item.withdraws, &agreement).await?,
    };
    app_state.journal.append_many(&mut tx, entries).await?;
    if !saga_steps::is_in_time(app_state, call) {
        return Err(Failure::NotSent);
    }
    tx.commit().await.map_err(Failure::Unconfirmed)?;
    // The link is written, whatever pages say about all identities until the next crawl.
    if let Err(error) = identities::refresh_summary(app_state).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the summary of identities could not be read"
        );
    }
    Ok(())
}

/// An item as the ledger says it was requested.
struct Requested {
    seen: ObservedIdentity,
    withdraws: BTreeSet<UserId>,
}

/// Returns the item as it was requested. Nothing is written about another person or user than the request
/// names, because the row that the call comes from is not proven.
async fn requested(
    app_state: &AppState,
    call: &CarryOut,
    person: &PersonId,
    user: Option<&UserId>,
) -> Result<Requested, Failure> {
    let requested = app_state
        .requested
        .of(&app_state.store, &call.change)
        .await?;
    let item = requested.get(call.index).and_then(Option::as_ref);
    let item = item.and_then(Operation::links);
    let item = item.filter(|item| (item.person, item.after) == (person, user));
    let item = item.ok_or_else(|| never("The item is not as the ledger says it was requested."))?;
    Ok(Requested {
        seen: item.seen.clone(),
        withdraws: item.withdraws.iter().cloned().collect(),
    })
}

/// The user to link, as the directory shows it now.
struct Target {
    linked: UserOfIdentity,
    keys: BTreeSet<KeysDigest>,
}

/// Reads the user, and refuses a link that the directory contradicts.
async fn target(
    app_state: &AppState,
    call: &CarryOut,
    person: &PersonId,
    user: &UserId,
    seen: &ObservedIdentity,
) -> Result<Target, Failure> {
    let directory = &*app_state.directory_users;
    let found = directory.user(user).await;
    let found = found.map_err(|error| {
        later(&format!(
            "the Identity Center user could not be read ({})",
            error.code
        ))
    })?;
    let found = found.ok_or_else(|| {
        never("The Identity Center user does not exist any more. Request the link to another user.")
    })?;
    if found.status == UserStatus::Disabled {
        return Err(never(
            "The Identity Center user is disabled. Enable the user, and request the link again.",
        ));
    }
    let known = known(app_state, person).await?;
    let known = known.ok_or_else(|| never("The identity does not exist any more."))?;
    let own = known.keys();
    let ids = found.external_ids.iter().map(ExternalIdDigest::of);
    let subjects = own.iter().map(|keys| &keys.subject);
    let external_ids = ids
        .chain(subjects.map(ExternalIdDigest::of_subject))
        .collect();
    let target = Target {
        linked: UserOfIdentity {
            person: person.clone(),
            user: user.clone(),
            external_ids,
        },
        keys: own.iter().map(KeysDigest::of).collect(),
    };
    let (mut after, mut keys) = if let Some(holder) = &seen.joins {
        let holder = self::known(app_state, holder).await?;
        let holder =
            holder.ok_or_else(|| never("The identity to join does not exist any more."))?;
        (holder.record.clone(), holder.keys())
    } else {
        let mut after = known.record.clone();
        let agreement = Agreement {
            change: call.change.clone(),
            at: app_state.clock.now(),
        };
        let ids = target.linked.external_ids.clone();
        after.agree(user.clone(), ids, BTreeSet::new(), None, agreement);
        (after, Vec::new())
    };
    after.join(target.keys.clone());
    keys.extend(own);
    let next = LinkedIdentity {
        person: person.clone(),
        user: user.clone(),
        keys,
    };
    let read_model = app_state.read_model();
    let snapshot = &read_model.snapshot;
    let read = identities::read(directory, &next, &after, snapshot, known.row.as_ref()).await;
    match link_status(&after, user, &read) {
        // A key that could not be read still stops decisions after the link.
        LinkStatus::Valid | LinkStatus::Unclear(_) => Ok(target),
        LinkStatus::NotRead(code) => {
            Err(later(&format!("the directory could not be read ({code})")))
        }
        LinkStatus::Differs(difference) => Err(never(format!(
            "The link would be suspended at once: {difference} Correct the directory or the user pool, and request it again."
        ))),
    }
}

/// Writes the rows of a link, and returns its entries.
async fn linked(
    app_state: &AppState,
    tx: &mut Tx,
    known: &KnownIdentity,
    target: &Target,
    seen: &ObservedIdentity,
    agreement: &Agreement,
) -> Result<Vec<EntryBuilder>, Failure> {
    let (journal, now) = (&app_state.journal, agreement.at);
    let (person, user) = (&known.person, &target.linked.user);
    if target.keys != known.keys().iter().map(KeysDigest::of).collect() {
        return Err(later("a sign-in of the identity changed at the same time"));
    }
    let holder = identity::holder(tx.conn(), user, person).await?;
    if holder != seen.joins {
        return Err(never(
            "Another identity is this user now than the one that was shown. Request the change again.",
        ));
    }
    let mut entries = vec![journal.identity_link_agreed(
        &target.linked,
        &target.keys,
        holder.as_ref(),
        agreement,
    )];
    identity::keep(tx, person, user, &target.linked.external_ids, now).await?;
    let Some(holder) = &holder else {
        agreed_link::link(tx, person, user).await?;
        return Ok(entries);
    };
    if known.sign_ins.iter().any(|one| one.joined_from.is_some()) {
        return Err(never(
            "Sign-ins of another identity became sign-ins of this one. End the link of that identity first.",
        ));
    }
    entries.push(journal.identity_joined(holder, person, &target.keys, agreement));
    // Whoever the sign-ins were before counts as the same human as well.
    for (earlier, ids) in &known.record.users {
        let seen = UserOfIdentity {
            person: holder.clone(),
            user: earlier.clone(),
            external_ids: ids.clone(),
        };
        identity::keep(tx, holder, earlier, ids, now).await?;
        entries.push(journal.identity_user_seen(&seen, now));
    }
    agreed_link::join(tx, person, holder).await?;
    Ok(entries)
}

/// Writes the rows of an end, of a refused claim or of withdrawn refusals, and returns its entries.
async fn ended(
    app_state: &AppState,
    tx: &mut Tx,
    known: &KnownIdentity,
    withdraws: &BTreeSet<UserId>,
    agreement: &Agreement,
) -> Result<Vec<EntryBuilder>, Failure> {
    let (journal, person) = (&app_state.journal, &known.person);
    if let Some(user) = known.user() {
        let mut entries = Vec::new();
        if !known.record.users.contains_key(user) {
            // A link that is older than its record: the user counts as the same human from now on.
            let subjects = known.sign_ins.iter().map(|sign_in| &sign_in.keys.subject);
            let earlier = UserOfIdentity {
                person: person.clone(),
                user: user.clone(),
                external_ids: subjects.map(ExternalIdDigest::of_subject).collect(),
            };
            identity::keep(tx, person, user, &earlier.external_ids, agreement.at).await?;
            entries.push(journal.identity_user_seen(&earlier, agreement.at));
        }
        let given_back = agreed_link::end(tx, person).await?;
        if known.record.joined.is_some() && given_back == 0 {
            return Err(never(
                "The sign-ins of this identity are not where its link left them, so its end would take nothing away. End the \
                 link of the identity that they act as.",
            ));
        }
        entries.push(journal.identity_link_ended(person, user, agreement));
        return Ok(entries);
    }
    if !withdraws.is_empty() {
        return Ok(vec![
            journal.identity_refusal_withdrawn(person, withdraws, agreement),
        ]);
    }
    let claimed: BTreeSet<UserId> = known
        .sign_ins
        .iter()
        .filter_map(|sign_in| sign_in.claims.clone())
        .collect();
    if claimed.is_empty() {
        return Err(never(
            "The identity has no link to end and claims no user. Request the change again.",
        ));
    }
    let claimed: Vec<UserId> = claimed.into_iter().collect();
    agreed_link::settle_claims(tx, person).await?;
    Ok(vec![
        journal.identity_claim_refused(person, &claimed, agreement),
    ])
}
