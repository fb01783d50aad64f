//! The entries about declarations of accounts.

use domain::{
    ids::AccountId,
    ledger::{EventKind, Outcome},
    subject::account_classification::Declaration,
    time::Timestamp,
};

use super::{EntryActor, EntryBuilder, Journal};

impl Journal {
    /// A declaration was put in force, or the one in force was ended. `digest` is the SHA-256 of its text. Its row counts
    /// only with this entry.
    pub fn account_declared(
        &self,
        who: &EntryActor,
        account: &AccountId,
        declaration: Option<(&Declaration, &str)>,
        at: Timestamp,
    ) -> EntryBuilder {
        let Some((declaration, digest)) = declaration else {
            return self
                .entry(EventKind::AccountDeclarationEnded, Outcome::Success, who)
                .account(account)
                .at(at);
        };
        let Declaration {
            environment,
            pci,
            owner,
            against,
            without,
            valid_until,
            ..
        } = declaration;
        let builder = self
            .entry(EventKind::AccountDeclared, Outcome::Success, who)
            .account(account)
            .at(at)
            .fact("environment", environment.as_str())
            .fact("pci", pci.as_str())
            .fact("against_environment", against.0.as_str())
            .fact("against_pci", against.1.as_str())
            .fact("without_environment", without.0.as_str())
            .fact("without_pci", without.1.as_str())
            .fact("valid_until", valid_until.rfc3339())
            .fact("digest", digest);
        match owner {
            Some(owner) => builder.fact("owner", owner.as_str()),
            None => builder,
        }
    }
}
