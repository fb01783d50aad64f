//! `leastwise classify`: lists every account with its readings, the result and the reason, by the mapping in the
//! configuration and by what is on record in the database. A dry run: it writes nothing, neither to AWS nor to the
//! database.
//!
//! Never shows the readings alone as the result while the record holds an account stricter.

mod output;
mod record;

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use domain::{
    ids::OuId,
    org::{Account, OrganizationalUnit, SpecialAccounts},
};
use thiserror::Error;

use self::record::Record;
use super::CommandResult;
use crate::{
    aws::{
        Aws,
        crawl::{OrganizationRead, read_organization},
    },
    clock::Clock,
    config::{self, AwsArgs, DatabaseArgs},
    mapping_file::MappingFile,
    row_key,
    service::names,
    store::{self, Store, StoreError, name},
};

#[derive(Debug, Args)]
pub struct ClassifyArgs {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Use the accounts of the last stored state instead of reading AWS.
    #[arg(long)]
    stored: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// The reason why accounts could not be listed.
#[derive(Debug, Error)]
enum ClassifyError {
    #[error("the organization could not be read completely: {0}")]
    NotRead(String),
    #[error(
        "the database {0} contains no account: run `leastwise sync` first, or leave out --stored"
    )]
    NothingStored(String),
    #[error(
        "what is on record in the database {database} cannot be read; run `leastwise migrate`, or name the database of \
         Leastwise with --database"
    )]
    Record {
        database: String,
        source: StoreError,
    },
}

/// What accounts are classified from.
struct Organization {
    accounts: Vec<Account>,
    units: BTreeMap<OuId, OrganizationalUnit>,
    special: SpecialAccounts,
}

/// Runs the command. The exit code is 1 if an account is not classified, contradictory or waiting, or if the mapping
/// names something that does not exist.
pub async fn run(args: ClassifyArgs) -> CommandResult {
    let file = args.aws.mapping()?;
    let database = name::shown(&args.database.url);
    let store = match Store::open_existing(&args.database.url).await? {
        Some(store) => Some(with_row_keys(store, &args, &database).await?),
        None => None,
    };
    let (organization, record) = if args.stored {
        let missing = || ClassifyError::NothingStored(database.clone());
        let store = store.ok_or_else(missing)?;
        let organization = stored(&store, &args).await?;
        if organization.accounts.is_empty() {
            return Err(missing().into());
        }
        let record = recorded(&store, &args, &file).await?;
        (organization, record)
    } else {
        let record = match &store {
            Some(store) => recorded(store, &args, &file).await?,
            None => Record::NotUsed(format!("the database {database} does not exist")),
        };
        (now(&args).await?, record)
    };
    let output = output::of(&organization, &record, &file.mapping, Clock::System.now());
    let text = if args.json {
        format!("{}\n", serde_json::to_string(&output)?)
    } else {
        output.printed()
    };
    super::print(text)?;
    Ok(ExitCode::from(u8::from(!output.is_clean())))
}

/// Sets the row keys of the server, without which no declaration counts. Creates none.
async fn with_row_keys(
    store: Store,
    args: &ClassifyArgs,
    database: &str,
) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
    let given = config::row_key_variable()?;
    let keys = row_key::required(&args.database.keys, given.as_deref())?;
    let used = store::ledger::row_key_ids(&store).await;
    let used = used.map_err(|source| ClassifyError::Record {
        database: database.to_owned(),
        source,
    })?;
    store::ledger::require_known(&used, &keys)?;
    Ok(store.with_row_keys(keys))
}

/// Reads what is on record. Writes nothing.
async fn recorded(
    store: &Store,
    args: &ClassifyArgs,
    file: &MappingFile,
) -> Result<Record, Box<dyn std::error::Error + Send + Sync>> {
    let own = args.aws.own()?;
    let database = name::shown(&args.database.url);
    let read = record::read(store, &database, own, file).await;
    Ok(read.map_err(|source| ClassifyError::Record { database, source })?)
}

async fn now(
    args: &ClassifyArgs,
) -> Result<Organization, Box<dyn std::error::Error + Send + Sync>> {
    let aws = Aws::connect(&args.aws.access()?).await;
    let OrganizationRead {
        whole,
        mut special,
        unread,
        ..
    } = read_organization(&aws).await;
    let missing: Vec<String> = unread
        .iter()
        .filter(|one| !one.what.is_single())
        .map(|one| names::unread(&domain::snapshot::Snapshot::default(), one))
        .collect();
    let Some(whole) = whole.filter(|_| missing.is_empty()) else {
        return Err(ClassifyError::NotRead(missing.join("; ")).into());
    };
    special.leastwise = args.aws.own()?;
    let units = whole.units.into_iter();
    Ok(Organization {
        accounts: whole.accounts,
        units: units.map(|unit| (unit.id.clone(), unit)).collect(),
        special,
    })
}

/// Roles in the organization are not stored: what is on record stands for them.
async fn stored(
    store: &Store,
    args: &ClassifyArgs,
) -> Result<Organization, Box<dyn std::error::Error + Send + Sync>> {
    let mut conn = store.connection().await?;
    let (accounts, units) = store::observed::organization(&mut conn).await?;
    Ok(Organization {
        accounts,
        units,
        special: SpecialAccounts::of(args.aws.own()?),
    })
}
