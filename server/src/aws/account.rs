//! Reads one account: state, tags, and the OUs that contain it with their names. Never returns a part of it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::operation::describe_account::DescribeAccountError;
use domain::{
    ids::{AccountId, OuId},
    org::Account,
};

use super::{
    Aws,
    call::{read, read_if_present},
    crawl::organization::{from_wire, tags_of},
    error::CallError,
    read::malformed,
};

impl Aws {
    /// Returns an account with its tags, by `DescribeAccount` and `ListTagsForResource`; none if the organization does not
    /// contain it.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, CallError> {
        let answer = read_if_present(&self.budgets.organizations, is_no_account, || {
            self.organizations
                .describe_account()
                .account_id(id.as_str())
                .send()
        })
        .await?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let described = answer
            .account()
            .ok_or_else(|| malformed("an account without content"))?;
        let mut account = from_wire(described)?;
        if account.id != *id {
            return Err(malformed("another account than the one asked for"));
        }
        account.tags = tags_of(self, id).await?;
        Ok(Some(account))
    }

    /// Returns the names of OUs, by `DescribeOrganizationalUnit`. A root has no name of its own and is left out.
    pub async fn unit_names(
        &self,
        ids: &BTreeSet<OuId>,
    ) -> Result<BTreeMap<OuId, String>, CallError> {
        let mut names = BTreeMap::new();
        for id in ids {
            if id.as_str().starts_with("r-") {
                continue;
            }
            let answer = read(&self.budgets.organizations, || {
                self.organizations
                    .describe_organizational_unit()
                    .organizational_unit_id(id.as_str())
                    .send()
            })
            .await?;
            let name = answer.organizational_unit().and_then(|unit| unit.name());
            let name = name.ok_or_else(|| malformed("an organizational unit without a name"))?;
            names.insert(id.clone(), name.to_owned());
        }
        Ok(names)
    }
}

/// Returns whether AWS states that the organization does not contain the account.
fn is_no_account(error: &DescribeAccountError) -> bool {
    error.is_account_not_found_exception()
}
