//! `leastwise classify`: lists every account with its readings, the result and the reason, by the mapping in the
//! configuration. A dry run: it writes nothing, neither to AWS nor to the database.

use std::{collections::BTreeMap, fmt::Write as _, process::ExitCode};

use app::backend::ReadingRow;
use clap::Args;
use domain::{
    classification::{Classification, ClassificationContext, Mapping, classify, readings},
    ids::{AccountId, OuId},
    org::{Account, OrganizationalUnit, SpecialAccounts},
};
use serde::Serialize;
use thiserror::Error;

use super::CommandResult;
use crate::{
    aws::{
        Aws,
        crawl::{OrganizationRead, read_organization},
    },
    config::{AwsArgs, DatabaseArgs},
    service::{classification as describe, names},
    store::{self, Store},
};

#[derive(Debug, Args)]
pub struct ClassifyArgs {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Use the last stored state instead of reading AWS, together with what is on record of each account.
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
    #[error("the database contains no account: run `leastwise sync` first, or leave out --stored")]
    NothingStored,
}

/// What accounts are classified from.
struct Organization {
    accounts: Vec<Account>,
    units: BTreeMap<OuId, OrganizationalUnit>,
    special: SpecialAccounts,
    recorded: BTreeMap<
        AccountId,
        (
            domain::classification::Environment,
            domain::classification::Pci,
        ),
    >,
}

/// One account in the output.
#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    environment: &'static str,
    pci: &'static str,
    production_pci: bool,
    doubts: Vec<Doubt>,
    reason: String,
    readings: Vec<ReadingRow>,
    cures: Vec<String>,
}

/// What is doubtful about a classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Doubt {
    NotClassified,
    Contradictory,
    /// AWS reports something less strict than what is on record.
    Waiting,
}

impl Doubt {
    fn of(class: Classification) -> Vec<Self> {
        let holds = [
            (class.is_assumed(), Self::NotClassified),
            (class.contradictory, Self::Contradictory),
            (class.waiting.is_some(), Self::Waiting),
        ];
        holds
            .into_iter()
            .filter_map(|(holds, doubt)| holds.then_some(doubt))
            .collect()
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotClassified => "not classified",
            Self::Contradictory => "contradictory",
            Self::Waiting => "waits for confirmation",
        }
    }
}

#[derive(Serialize)]
struct Output {
    accounts: Vec<Line>,
    production_pci: usize,
    /// Accounts that count as production PCI only because they are not classified.
    production_pci_not_classified: usize,
    not_classified: usize,
    contradictory: usize,
    waiting: usize,
    /// OUs and confirmed accounts of the mapping that do not exist.
    unused: Vec<String>,
}

/// Runs the command. The exit code is 1 if an account is not classified, contradictory or waiting, or if the mapping
/// names something that does not exist.
pub async fn run(args: ClassifyArgs) -> CommandResult {
    let mapping = args.aws.mapping()?.mapping;
    let organization = if args.stored {
        stored(&args).await?
    } else {
        now(&args).await?
    };
    let output = listed(&organization, &mapping);
    let text = if args.json {
        format!("{}\n", serde_json::to_string(&output)?)
    } else {
        printed(&output)
    };
    super::print(text)?;
    let clean = output.not_classified + output.contradictory + output.waiting == 0
        && output.unused.is_empty();
    Ok(ExitCode::from(u8::from(!clean)))
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
        recorded: BTreeMap::new(),
    })
}

/// Roles in the organization are not stored: what is on record stands for them.
async fn stored(
    args: &ClassifyArgs,
) -> Result<Organization, Box<dyn std::error::Error + Send + Sync>> {
    let store = Store::open(&args.database.url).await?;
    let mut conn = store.read().acquire().await?;
    let (accounts, units) = store::observed::organization(&mut conn).await?;
    let recorded = store::observed::recorded(&mut conn).await?;
    if accounts.is_empty() {
        return Err(ClassifyError::NothingStored.into());
    }
    Ok(Organization {
        accounts,
        units,
        special: SpecialAccounts {
            leastwise: args.aws.own()?,
            ..SpecialAccounts::default()
        },
        recorded,
    })
}

fn listed(organization: &Organization, mapping: &Mapping) -> Output {
    let context = ClassificationContext {
        special: &organization.special,
        mapping,
    };
    let mut all: Vec<(&Account, Classification, Line)> = organization
        .accounts
        .iter()
        .map(|account| {
            let recorded = organization.recorded.get(&account.id).copied();
            let class = classify(account, &organization.units, context, recorded);
            let readings = readings(account, &organization.units, context);
            let line = Line {
                id: account.id.to_string(),
                name: account.name.clone(),
                environment: class.environment.as_str(),
                pci: class.pci.as_str(),
                production_pci: class.counts_as_production_pci(),
                doubts: Doubt::of(class),
                reason: describe::reason(&class, &readings),
                readings: describe::rows(&readings),
                cures: describe::cures(account, &class, &readings),
            };
            (account, class, line)
        })
        .collect();
    all.sort_by(|(a, ..), (b, ..)| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
    let count = |counted: fn(&Classification) -> bool| {
        all.iter().filter(|(_, class, _)| counted(class)).count()
    };
    Output {
        production_pci: count(Classification::counts_as_production_pci),
        production_pci_not_classified: count(|class| {
            class.counts_as_production_pci() && class.is_assumed()
        }),
        not_classified: count(Classification::is_assumed),
        contradictory: count(|class| class.contradictory),
        waiting: count(|class| class.waiting.is_some()),
        unused: unused(organization, mapping),
        accounts: all.into_iter().map(|(.., line)| line).collect(),
    }
}

/// Returns what the mapping names and the organization does not contain, such as an OU that was renamed.
fn unused(organization: &Organization, mapping: &Mapping) -> Vec<String> {
    let path = |unit: &OrganizationalUnit| {
        let mut names = vec![unit.name.clone()];
        let mut above = unit.parent.as_ref();
        // The depth of OUs is limited to five.
        while let Some(unit) = above.and_then(|id| organization.units.get(id)) {
            if unit.parent.is_none() || names.len() > 16 {
                break;
            }
            names.insert(0, unit.name.clone());
            above = unit.parent.as_ref();
        }
        names
    };
    let paths: Vec<Vec<String>> = organization.units.values().map(path).collect();
    let missing = mapping
        .unit_paths()
        .filter(|known| !paths.iter().any(|path| path == known));
    let missing = missing.map(|path| format!("OU {}", path.join(" / ")));
    let accounts = mapping.confirmed_accounts().filter(|id| {
        !organization
            .accounts
            .iter()
            .any(|account| account.id == **id)
    });
    missing
        .chain(accounts.map(|id| format!("account {id}")))
        .collect()
}

fn printed(output: &Output) -> String {
    let mut out = String::new();
    for line in &output.accounts {
        let counts = if line.production_pci {
            "  production PCI"
        } else {
            ""
        };
        let doubts: Vec<&str> = line.doubts.iter().map(|doubt| doubt.words()).collect();
        let doubts = if doubts.is_empty() {
            String::new()
        } else {
            format!("  ({})", doubts.join(", "))
        };
        let _ = writeln!(
            out,
            "{}  {}: {}, {}{counts}{doubts}",
            line.id, line.name, line.environment, line.pci
        );
        for reading in &line.readings {
            let _ = writeln!(
                out,
                "    {:<52} {:<24} {}",
                reading.source, reading.environment, reading.pci
            );
        }
        let _ = writeln!(out, "    Reason: {}", line.reason);
        for cure in &line.cures {
            let _ = writeln!(out, "    To do: {}", cure.replace('\n', "\n        "));
        }
        out.push('\n');
    }
    let Output {
        production_pci,
        production_pci_not_classified,
        not_classified,
        contradictory,
        waiting,
        ..
    } = output;
    let _ = writeln!(
        out,
        "{} accounts. {production_pci} count as production PCI, {production_pci_not_classified} of them only because they are not classified.",
        output.accounts.len()
    );
    let _ = writeln!(
        out,
        "Not classified: {not_classified}. Contradictory: {contradictory}. Waiting for confirmation: {waiting}."
    );
    for name in &output.unused {
        let _ = writeln!(out, "The mapping names {name}, which does not exist.");
    }
    out
}
