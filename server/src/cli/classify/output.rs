//! The list of accounts, for people and for programs.

use std::fmt::Write as _;

use app::backend::{ReadingRow, classification_cures, classification_reason, reading_rows};
use domain::{
    classification::{
        Classification, ClassificationContext, Environment, Mapping, Pci, classify, readings,
    },
    org::{Account, OrganizationalUnit},
    time::Timestamp,
};
use serde::Serialize;

use super::{Organization, record::Record};
use crate::cli::{
    counted,
    table::{Table, printable},
};

/// An environment and a PCI scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct EnvironmentAndPci {
    environment: &'static str,
    pci: &'static str,
}

impl From<(Environment, Pci)> for EnvironmentAndPci {
    fn from((environment, pci): (Environment, Pci)) -> Self {
        Self {
            environment: environment.as_str(),
            pci: pci.as_str(),
        }
    }
}

impl std::fmt::Display for EnvironmentAndPci {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.environment, self.pci)
    }
}

/// One account.
#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    /// The result, with what is on record.
    environment: &'static str,
    pci: &'static str,
    production_pci: bool,
    /// What is on record now.
    recorded: Option<EnvironmentAndPci>,
    /// What is declared, whether it is valid or has ended.
    declared: Option<EnvironmentAndPci>,
    /// What the readings give by the mapping, without what is on record.
    by_mapping: EnvironmentAndPci,
    /// What waits for a confirmation.
    waiting: Option<EnvironmentAndPci>,
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

/// The whole list.
#[derive(Serialize)]
pub(super) struct Output {
    /// Whether the record counts, and why not.
    record: String,
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

/// Classifies every account.
pub(super) fn of(
    organization: &Organization,
    record: &Record,
    mapping: &Mapping,
    now: Timestamp,
) -> Output {
    let context = ClassificationContext {
        special: &organization.special,
        mapping,
    };
    let mut all: Vec<(&Account, Classification, Line)> = organization
        .accounts
        .iter()
        .map(|account| {
            let of = |recorded| classify(account, &organization.units, context, recorded);
            let class =
                of(record.with_mapping(&account.id)).under(record.declared(&account.id), now);
            let readings = readings(account, &organization.units, context);
            let line = Line {
                id: account.id.to_string(),
                name: account.name.clone(),
                environment: class.environment.as_str(),
                pci: class.pci.as_str(),
                production_pci: class.counts_as_production_pci(),
                recorded: record.now(&account.id).map(EnvironmentAndPci::from),
                declared: record
                    .declared(&account.id)
                    .map(|declared| declared.strictness().into()),
                by_mapping: of(None).strictness().into(),
                waiting: class.waiting.map(EnvironmentAndPci::from),
                doubts: Doubt::of(class),
                reason: classification_reason(&class, &readings),
                readings: reading_rows(&readings),
                cures: classification_cures(&account.id, &class, &readings),
            };
            (account, class, line)
        })
        .collect();
    all.sort_by(|(a, ..), (b, ..)| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
    let count = |counted: fn(&Classification) -> bool| {
        all.iter().filter(|(_, class, _)| counted(class)).count()
    };
    Output {
        record: record.describe(),
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

impl Output {
    /// Whether there is nothing to do.
    pub(super) fn is_clean(&self) -> bool {
        self.not_classified + self.contradictory + self.waiting == 0 && self.unused.is_empty()
    }

    /// Returns the list for people.
    pub(super) fn printed(&self) -> String {
        let mut out = format!("{}\n\n", self.record);
        for line in &self.accounts {
            line.print(&mut out);
        }
        let Self {
            production_pci,
            production_pci_not_classified,
            not_classified,
            contradictory,
            waiting,
            ..
        } = self;
        let _ = writeln!(
            out,
            "{}. {production_pci} {} as production PCI, {production_pci_not_classified} of them only because {} not classified.",
            counted(self.accounts.len(), "account", "accounts"),
            if *production_pci == 1 {
                "counts"
            } else {
                "count"
            },
            if *production_pci_not_classified == 1 {
                "it is"
            } else {
                "they are"
            },
        );
        let _ = writeln!(
            out,
            "Not classified: {not_classified}. Contradictory: {contradictory}. Waiting for confirmation: {waiting}."
        );
        for name in &self.unused {
            let _ = writeln!(out, "The mapping names {name}, which does not exist.");
        }
        out
    }
}

impl Line {
    fn print(&self, out: &mut String) {
        let counts = if self.production_pci {
            "  production PCI"
        } else {
            ""
        };
        let doubts: Vec<&str> = self.doubts.iter().map(|doubt| doubt.words()).collect();
        let doubts = if doubts.is_empty() {
            String::new()
        } else {
            format!("  ({})", doubts.join(", "))
        };
        let _ = writeln!(
            out,
            "{}  {}: {}, {}{counts}{doubts}",
            self.id,
            printable(&self.name),
            self.environment,
            self.pci
        );
        let result = EnvironmentAndPci {
            environment: self.environment,
            pci: self.pci,
        };
        if let Some(recorded) = self.recorded
            && (recorded != result || self.by_mapping != result)
        {
            let _ = writeln!(out, "    On record: {recorded}");
            let _ = writeln!(out, "    By the mapping alone: {}", self.by_mapping);
        }
        if let Some(declared) = self.declared {
            let _ = writeln!(out, "    Declared: {declared}");
        }
        if let Some(waiting) = self.waiting {
            let _ = writeln!(out, "    Waits for [[confirmed]]: {waiting}");
        }
        let mut table = Table::indented(4);
        for reading in &self.readings {
            let asserted =
                |reading: &Option<String>| reading.clone().unwrap_or_else(|| "–".to_owned());
            table.row([
                reading.source.clone(),
                asserted(&reading.environment),
                asserted(&reading.pci),
            ]);
        }
        out.push_str(&table.to_string());
        let _ = writeln!(out, "    Reason: {}", self.reason);
        for cure in &self.cures {
            let _ = writeln!(out, "    To do: {}", cure.replace('\n', "\n        "));
        }
        out.push('\n');
    }
}
