//! One permission set: its full content, and the accounts it is provisioned to.

use std::collections::BTreeSet;

use aws_sdk_ssoadmin::types::{self, ProvisioningStatus};
use domain::{
    ids::{AccountId, PermissionSetArn},
    permission_set::{Boundary, Content, CustomerPolicy},
};

use super::{
    Aws, Instance,
    call::read,
    error::{CallError, ErrorClass},
    paging::all_pages,
    read::malformed,
};

impl Aws {
    /// Returns the accounts that a permission set is provisioned to, optionally only those with the given status.
    pub(super) async fn accounts_with(
        &self,
        instance: &Instance,
        arn: &PermissionSetArn,
        status: Option<ProvisioningStatus>,
    ) -> Result<BTreeSet<AccountId>, CallError> {
        let mut found = BTreeSet::new();
        let send = |token| {
            self.sso
                .list_accounts_for_provisioned_permission_set()
                .instance_arn(instance.arn.as_str())
                .permission_set_arn(arn.as_str())
                .set_provisioning_status(status.clone())
                .max_results(100)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.sso, send, |page| {
            for account in page.account_ids() {
                found.insert(
                    AccountId::parse(account).map_err(|error| malformed(&error.to_string()))?,
                );
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Returns the accounts that hold an outdated version of a permission set.
    pub async fn outdated_accounts(
        &self,
        instance: &Instance,
        arn: &PermissionSetArn,
    ) -> Result<BTreeSet<AccountId>, CallError> {
        let status = ProvisioningStatus::LatestPermissionSetNotProvisioned;
        self.accounts_with(instance, arn, Some(status)).await
    }

    /// Returns all permission sets of an instance.
    pub async fn permission_sets(
        &self,
        instance: &Instance,
    ) -> Result<BTreeSet<PermissionSetArn>, CallError> {
        let mut names = BTreeSet::new();
        let send = |token| {
            self.sso
                .list_permission_sets()
                .instance_arn(instance.arn.as_str())
                .max_results(100)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.sso, send, |page| {
            for arn in page.permission_sets() {
                names.insert(
                    PermissionSetArn::parse(arn).map_err(|error| malformed(&error.to_string()))?,
                );
            }
            Ok(())
        })
        .await?;
        Ok(names)
    }

    /// Returns the name and the AWS managed policies of a permission set, by two calls.
    pub async fn set_marks(
        &self,
        instance: &Instance,
        arn: &PermissionSetArn,
    ) -> Result<(String, BTreeSet<String>), CallError> {
        let (i, p) = (instance.arn.as_str(), arn.as_str());
        let set = described(self, i, p).await?;
        let name = set.name().unwrap_or_default().to_owned();
        Ok((name, managed(self, i, p).await?))
    }

    /// Returns the name, description and content of a permission set. Makes at least five calls.
    pub async fn set_content(
        &self,
        instance: &Instance,
        arn: &PermissionSetArn,
    ) -> Result<(String, Option<String>, Content), CallError> {
        let (i, p) = (instance.arn.as_str(), arn.as_str());
        // Before the description, which proves that the set exists: AWS does not say which resource is missing.
        let boundary = boundary(self, i, p).await?;
        let set = described(self, i, p).await?;
        let managed = managed(self, i, p).await?;
        let customer = customer(self, i, p).await?;
        let inline = read(&self.budgets.sso, || {
            self.sso
                .get_inline_policy_for_permission_set()
                .instance_arn(i)
                .permission_set_arn(p)
                .send()
        })
        .await?;
        let content = Content {
            managed,
            customer,
            inline: inline
                .inline_policy()
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            boundary,
            session_seconds: session_seconds(set.session_duration().unwrap_or("PT1H"))?,
        };
        Ok((
            set.name().unwrap_or_default().to_owned(),
            set.description()
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            content,
        ))
    }
}

async fn described(
    aws: &Aws,
    instance: &str,
    set: &str,
) -> Result<types::PermissionSet, CallError> {
    let described = read(&aws.budgets.sso, || {
        aws.sso
            .describe_permission_set()
            .instance_arn(instance)
            .permission_set_arn(set)
            .send()
    })
    .await?;
    described
        .permission_set
        .ok_or_else(|| malformed("a permission set without content"))
}

/// Returns the ARNs of the AWS managed policies of a permission set.
async fn managed(aws: &Aws, instance: &str, set: &str) -> Result<BTreeSet<String>, CallError> {
    let mut found = BTreeSet::new();
    let send = |token| {
        aws.sso
            .list_managed_policies_in_permission_set()
            .instance_arn(instance)
            .permission_set_arn(set)
            .max_results(100)
            .set_next_token(token)
            .send()
    };
    all_pages(&aws.budgets.sso, send, |page| {
        for policy in page.attached_managed_policies() {
            let arn = policy
                .arn()
                .ok_or_else(|| malformed("a managed policy without an ARN"))?;
            found.insert(arn.to_owned());
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Returns the customer managed policies of a permission set.
async fn customer(
    aws: &Aws,
    instance: &str,
    set: &str,
) -> Result<BTreeSet<CustomerPolicy>, CallError> {
    let mut found = BTreeSet::new();
    let send = |token| {
        aws.sso
            .list_customer_managed_policy_references_in_permission_set()
            .instance_arn(instance)
            .permission_set_arn(set)
            .max_results(100)
            .set_next_token(token)
            .send()
    };
    all_pages(&aws.budgets.sso, send, |page| {
        let references = page.customer_managed_policy_references();
        found.extend(references.iter().map(reference));
        Ok(())
    })
    .await?;
    Ok(found)
}

async fn boundary(aws: &Aws, instance: &str, set: &str) -> Result<Option<Boundary>, CallError> {
    let answer = read(&aws.budgets.sso, || {
        aws.sso
            .get_permissions_boundary_for_permission_set()
            .instance_arn(instance)
            .permission_set_arn(set)
            .send()
    })
    .await;
    match answer {
        Ok(answer) => Ok(answer.permissions_boundary().and_then(|boundary| {
            let managed = boundary
                .managed_policy_arn()
                .map(|arn| Boundary::Managed(arn.to_owned()));
            managed.or_else(|| {
                boundary
                    .customer_managed_policy_reference()
                    .map(|r| Boundary::Customer(reference(r)))
            })
        })),
        // AWS returns NotFound when no boundary is set, and when the permission set does not exist.
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn reference(
    reference: &aws_sdk_ssoadmin::types::CustomerManagedPolicyReference,
) -> CustomerPolicy {
    CustomerPolicy {
        name: reference.name().to_owned(),
        path: reference.path().unwrap_or("/").to_owned(),
    }
}

/// Parses `PT1H`, `PT12H`, `PT90M` or `PT1H30M`: the ISO 8601 forms that AWS accepts.
fn session_seconds(text: &str) -> Result<u32, CallError> {
    let wrong = || malformed("a session duration that is not ISO 8601");
    let mut rest = text.strip_prefix("PT").ok_or_else(wrong)?;
    let mut seconds = 0;
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(at);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let unit = match tail.as_bytes()[0] {
            b'H' => 3_600,
            b'M' => 60,
            b'S' => 1,
            _ => return Err(wrong()),
        };
        seconds += number * unit;
        rest = &tail[1..];
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_durations_are_read_in_every_form_that_aws_takes() {
        assert_eq!(session_seconds("PT1H").unwrap(), 3_600);
        assert_eq!(session_seconds("PT12H").unwrap(), 43_200);
        assert_eq!(session_seconds("PT1H30M").unwrap(), 5_400);
        assert!(session_seconds("1 hour").is_err());
    }
}
