//! `leastwise identity list | confirm`: shows the identities that differ from the directory, or all of them, and confirms
//! those that differ.
//!
//! Only the host can end a suspension or an alarm: nobody who signs in can vouch for another sign-in. Each confirmation
//! names the user, reads it from AWS at that moment, and is recorded in the ledger with its reason.

mod confirm;
mod confirm_all;
mod everybody;
mod overview;

use std::{io, io::Write, process::ExitCode};

use clap::{Args, Subcommand};
use domain::{
    card_number::holds_card_number,
    change::JUSTIFICATION_BYTES,
    identity::LinkDifference,
    ids::{PersonId, UserId},
};
use thiserror::Error;

use super::CommandResult;
use crate::{
    aws::error::CallError,
    config::{AwsArgs, ConfigError, DatabaseArgs, IdentityArgs},
    service::app_state::AppState,
    state,
    store::StoreError,
};

/// The minimum length of a reason, in characters.
const REASON_CHARS: usize = 5;

#[derive(Debug, Subcommand)]
pub enum IdentityCommand {
    /// List the identities that are suspended or differ from the directory, or all of them.
    List(ListArgs),
    /// Confirm which Identity Center user an identity is. This ends its suspension.
    Confirm(ConfirmArgs),
}

/// The location of the data and of AWS.
#[derive(Debug, Clone, Args)]
struct IdentityLocation {
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// List every identity with its roles, as the rows of the database name them: without AWS, and without a row key.
    #[arg(long)]
    all: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: IdentityLocation,
}

#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// The identity, as `identity list` shows it.
    #[arg(
        value_name = "IDENTITY",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    person: Option<PersonId>,
    /// The Identity Center user that the identity is from now on. Required if it becomes another user.
    #[arg(long, value_name = "USER", conflicts_with = "all")]
    user: Option<UserId>,
    /// Confirm the new user of every identity of the alarm, suspend whatever else differs, and end the alarm. Without
    /// `--yes`, only shows each of them.
    #[arg(long)]
    all: bool,
    /// Write what `--all` shows.
    #[arg(long, requires = "all")]
    yes: bool,
    /// Why, for the ledger.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: IdentityLocation,
}

/// An error that prevents a command from running.
#[derive(Debug, Error)]
pub enum IdentityCommandError {
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "the database {0} does not exist. Name the database of the server with --database or LEASTWISE_DATABASE_URL"
    )]
    NoDatabase(String),
    #[error("the directory could not be read: {0}")]
    Directory(#[from] CallError),
    /// Reads about one identity failed, with the code of the error.
    #[error("the directory could not be read: {0}")]
    NotRead(String),
    #[error(
        "no identity {0} is linked to an Identity Center user; `leastwise identity list` shows those that differ"
    )]
    Unknown(PersonId),
    #[error(
        "--reason: explain the confirmation in {REASON_CHARS} to {JUSTIFICATION_BYTES} characters, without a card number"
    )]
    Reason,
    #[error("cannot write the output")]
    Output(#[from] io::Error),
}

/// Why an identity was not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotConfirmed {
    #[error(
        "{0} Name the user that the identity is with --user; `leastwise identity list` shows the command"
    )]
    NeedsUser(LinkDifference),
    #[error(
        "the directory contains no user {0}; `leastwise identity list` shows the other user, if there is one"
    )]
    NoUser(UserId),
    #[error("user {0} is disabled; enable it in the directory first")]
    Disabled(UserId),
    #[error(
        "user {0} was never a user of this identity, and has none of its external ids, so that nothing shows that it is the \
         same human. Give the user the old external id in the identity provider, or in Identity Center, and confirm again. \
         If that is not possible, the person signs in as a new identity, which gets roles of its own"
    )]
    Unrelated(UserId),
    #[error("user {0} belongs to identity {1}, which has a sign-in or a role of its own")]
    Taken(UserId, PersonId),
    #[error("the identity would differ from the directory at once. {0}")]
    StillDiffers(LinkDifference),
    #[error("{0} No other user has its external ids")]
    NoOtherUser(LinkDifference),
    #[error("{0} It does not belong to an alarm: confirm it by its name")]
    NotOfTheAlarm(LinkDifference),
}

/// Runs a command. The exit code is 1 if identities differ, or could not be confirmed.
pub async fn run(command: IdentityCommand) -> CommandResult {
    let place = match &command {
        IdentityCommand::List(args) if args.all => {
            let found = everybody::read(&args.place.database).await?;
            let mut out = io::stdout();
            if args.json {
                writeln!(out, "{}", found.json()).map_err(IdentityCommandError::Output)?;
            } else {
                found
                    .print(&mut out)
                    .map_err(IdentityCommandError::Output)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        IdentityCommand::List(args) => &args.place,
        IdentityCommand::Confirm(args) => &args.place,
    };
    let app_state = state::command_state(&place.database, &place.aws, &place.identities).await?;
    let code = execute(&app_state, &command, &mut io::stdout()).await?;
    Ok(ExitCode::from(code))
}

/// Runs a command and prints its result.
pub async fn execute(
    app_state: &AppState,
    command: &IdentityCommand,
    out: &mut (dyn Write + Send),
) -> Result<u8, IdentityCommandError> {
    match command {
        IdentityCommand::List(args) => {
            let found = overview::read(app_state).await?;
            if args.json {
                writeln!(out, "{}", found.json())?;
            } else {
                found.print(out)?;
            }
            Ok(u8::from(!found.is_empty()))
        }
        IdentityCommand::Confirm(args) => {
            let reason = reason(&args.reason)?;
            if let Some(person) = &args.person {
                return confirm::confirm(app_state, person, args.user.as_ref(), reason, out).await;
            }
            let mode = if args.yes {
                confirm_all::Mode::Write
            } else {
                confirm_all::Mode::Show
            };
            confirm_all::confirm_all(app_state, mode, reason, out).await
        }
    }
}

fn reason(text: &str) -> Result<&str, IdentityCommandError> {
    let text = text.trim();
    let fits = text.chars().count() >= REASON_CHARS && text.len() <= JUSTIFICATION_BYTES;
    if fits && !holds_card_number(text) {
        Ok(text)
    } else {
        Err(IdentityCommandError::Reason)
    }
}
