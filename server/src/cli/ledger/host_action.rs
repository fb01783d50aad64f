//! What changes the ledger other than by appending needs two administrators on the host: one proposes it with a reason,
//! and another one confirms exactly the same within an hour.
//!
//! The host cannot prove who types. The two names are checked against the roles that the ledger grants, are recorded in it,
//! and the second one needs the code that the first one was shown.

use std::{fs, io, path::Path};

use clap::Args;
use domain::{
    authorize::Role,
    card_number::holds_card_number,
    change::JUSTIFICATION_BYTES,
    ids::PersonId,
    ledger::Hash,
    time::{Duration, Timestamp},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    clock,
    config::DatabaseArgs,
    service::journal::HostAgreement,
    store::{StoreConnection, StoreError, person},
};

/// The file of the proposal, in the folder of keys.
const PROPOSAL_FILE: &str = "host-action.json";
/// How long a proposal can be confirmed.
const CONFIRM_WITHIN: Duration = Duration::hours(1);
/// The minimum length of a reason, in characters.
const REASON_CHARS: usize = 5;

/// Who does it, and why.
#[derive(Debug, Clone, Args)]
pub struct HostActionArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The administrator who runs the command: an identity, as `leastwise identity list --all` and the ledger name it.
    #[arg(long = "as", value_name = "IDENTITY")]
    pub person: PersonId,
    /// Why, for the ledger. The first administrator states it.
    #[arg(long, required_unless_present = "confirm", conflicts_with = "confirm")]
    pub reason: Option<String>,
    /// The code that the first administrator was shown. The second one states it.
    #[arg(long, value_name = "CODE")]
    pub confirm: Option<String>,
}

/// Why an action was not carried out.
#[derive(Debug, Error)]
pub enum HostActionError {
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    #[error("the proposal cannot be read or written: {0}")]
    File(#[from] io::Error),
    #[error(
        "--reason: explain it in {REASON_CHARS} to {JUSTIFICATION_BYTES} characters, without a card number"
    )]
    Reason,
    #[error(
        "identity {0} is not an administrator according to the authentic entries of the ledger"
    )]
    NotAdministrator(PersonId),
    #[error("nothing that can be confirmed was proposed within the last hour")]
    NothingProposed,
    #[error("this is not the code of the proposal")]
    WrongCode,
    #[error("identity {0} proposed it; another administrator has to confirm it")]
    SamePerson(PersonId),
    #[error("what would be done is no longer what was proposed; propose it again")]
    Changed,
}

/// What was proposed.
#[derive(Debug, Serialize, Deserialize)]
struct HostProposal {
    action: String,
    /// A digest of what would be done.
    plan: Hash,
    person: PersonId,
    reason: String,
    code_sha256: Hash,
    at: i64,
}

/// The state after one of the two.
pub enum HostConsent {
    /// The code with which another administrator confirms.
    Proposed(String),
    Agreed(HostAgreement),
}

/// Takes the consent of one administrator to an action. `plan` is a digest of what it would do.
pub async fn consent(
    conn: &mut StoreConnection,
    args: &HostActionArgs,
    action: &str,
    plan: Hash,
    now: Timestamp,
) -> Result<HostConsent, HostActionError> {
    require_administrator(conn, &args.person).await?;
    let path = args.database.keys.join(PROPOSAL_FILE);
    let Some(code) = &args.confirm else {
        let reason = reason(args.reason.as_deref().unwrap_or_default())?;
        let code = hex::encode(&clock::random()[..5]);
        let proposal = HostProposal {
            action: action.to_owned(),
            plan,
            person: args.person.clone(),
            reason: reason.to_owned(),
            code_sha256: Hash::of(code.as_bytes()),
            at: now.0,
        };
        fs::create_dir_all(&args.database.keys)?;
        fs::write(
            &path,
            serde_json::to_vec(&proposal).map_err(io::Error::other)?,
        )?;
        return Ok(HostConsent::Proposed(code));
    };
    let proposal = read(&path)?
        .filter(|one| one.action == action && now.since(Timestamp(one.at)) <= CONFIRM_WITHIN);
    let proposal = proposal.ok_or(HostActionError::NothingProposed)?;
    if proposal.code_sha256 != Hash::of(code.trim().as_bytes()) {
        return Err(HostActionError::WrongCode);
    }
    if proposal.person == args.person {
        return Err(HostActionError::SamePerson(proposal.person));
    }
    if proposal.plan != plan {
        return Err(HostActionError::Changed);
    }
    require_administrator(conn, &proposal.person).await?;
    Ok(HostConsent::Agreed(HostAgreement {
        proposed_by: proposal.person,
        confirmed_by: args.person.clone(),
        reason: proposal.reason,
    }))
}

/// Removes the proposal, after it was carried out.
pub fn done(folder: &Path) -> Result<(), HostActionError> {
    match fs::remove_file(folder.join(PROPOSAL_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<HostProposal>, HostActionError> {
    let text = crate::key_file::read(path)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn require_administrator(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<(), HostActionError> {
    let held = person::roles_of(conn, person).await?;
    if held.iter().any(|grant| grant.role == Role::Administrator) {
        Ok(())
    } else {
        Err(HostActionError::NotAdministrator(person.clone()))
    }
}

fn reason(text: &str) -> Result<&str, HostActionError> {
    let text = text.trim();
    let fits = text.chars().count() >= REASON_CHARS && text.len() <= JUSTIFICATION_BYTES;
    if fits && !holds_card_number(text) {
        Ok(text)
    } else {
        Err(HostActionError::Reason)
    }
}
