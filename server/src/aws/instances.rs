//! Chooses the Identity Center instance that Leastwise governs: the one of the organization, by its owner and status.
//!
//! `ListInstances` also returns instances of single accounts, which have no permission sets, and instances that are being
//! created or deleted. Never chooses by the order of the list.

use aws_sdk_ssoadmin::types::{InstanceMetadata, InstanceStatus};
use domain::ids::{AccountId, InstanceArn};
use thiserror::Error;

use super::{
    Aws, Instance,
    call::read,
    error::{CallError, ErrorClass},
    explain::AwsService,
    paging::all_pages,
    read::malformed,
};

/// The reason why no instance can be governed.
#[derive(Debug, Error)]
pub enum SetupError {
    /// `ListInstances` returned nothing.
    #[error(
        "no Identity Center instance is visible in Region {region}; set LEASTWISE_AWS_REGION to the primary Region of Identity Center, and run Leastwise in the management account or in the delegated administrator account"
    )]
    NoInstance { region: String },
    /// None of the instances is the organization's and active.
    #[error(
        "no Identity Center instance in Region {region} can be governed: {}; Leastwise needs the active instance of the organization, which account {management} owns",
        .refused.join("; ")
    )]
    NoneFits {
        region: String,
        management: AccountId,
        /// Each instance, with the reason.
        refused: Vec<String>,
    },
    /// More than one instance is the organization's and active.
    #[error("more than one Identity Center instance belongs to the organization: {}", .0.join(", "))]
    SeveralFit(Vec<String>),
    /// The owner of the organization's instance is not known.
    #[error(
        "the organization could not be read, so that the owner of an instance is not known. {0}"
    )]
    Organization(String),
    #[error(
        "this account is not in an organization; Leastwise governs the Identity Center instance of an organization"
    )]
    NoOrganization,
    /// A call failed; the text explains why, and what to do.
    #[error("Identity Center could not be read. {0}")]
    Call(String),
}

/// The reason why no instance was found, before a failed call is explained.
enum Failure {
    Setup(SetupError),
    Organization(CallError),
    Call(CallError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl Aws {
    /// Returns the active instance of the organization.
    pub async fn instance(&self) -> Result<Instance, SetupError> {
        self.find_instance().await.map_err(|failure| match failure {
            Failure::Setup(error) => error,
            Failure::Organization(error) => SetupError::Organization(self.explain(
                AwsService::Organizations,
                &error,
                "Allow organizations:DescribeOrganization.",
            )),
            Failure::Call(error) => SetupError::Call(self.explain(
                AwsService::IdentityCenter,
                &error,
                "Allow sso:ListInstances and sso:DescribeInstance.",
            )),
        })
    }

    async fn find_instance(&self) -> Result<Instance, Failure> {
        let mut listed: Vec<InstanceMetadata> = Vec::new();
        let send = |token| {
            let list = self.sso.list_instances().max_results(100);
            list.set_next_token(token).send()
        };
        all_pages(&self.budgets.sso, send, |page| {
            listed.extend(page.instances().iter().cloned());
            Ok(())
        })
        .await?;
        let region = self.region.clone();
        if listed.is_empty() {
            return Err(SetupError::NoInstance { region }.into());
        }
        let management = self.management_account().await;
        let management = management.map_err(|error| match error.code.as_str() {
            "AWSOrganizationsNotInUseException" => Failure::Setup(SetupError::NoOrganization),
            _ => Failure::Organization(error),
        })?;
        let (mut fit, mut refused) = (Vec::new(), Vec::new());
        for one in &listed {
            match unfit(one, &management) {
                Some(why) => refused.push(format!(
                    "{} {why}",
                    one.instance_arn().unwrap_or("an instance without an ARN")
                )),
                None => fit.push(chosen(one, &management)?),
            }
        }
        match <[Instance; 1]>::try_from(fit) {
            Ok([instance]) => self.with_permission_sets(instance, management).await,
            Err(none) if none.is_empty() => Err(SetupError::NoneFits {
                region,
                management,
                refused,
            }
            .into()),
            Err(several) => Err(SetupError::SeveralFit(
                several.iter().map(|one| one.arn.to_string()).collect(),
            )
            .into()),
        }
    }

    /// Asks AWS for details of an instance. An account that may list the instance but not describe it is told so by the
    /// first read.
    async fn with_permission_sets(
        &self,
        instance: Instance,
        management: AccountId,
    ) -> Result<Instance, Failure> {
        let details = read(&self.budgets.sso, || {
            let describe = self.sso.describe_instance();
            describe.instance_arn(instance.arn.as_str()).send()
        })
        .await;
        match details {
            Ok(details) if details.permission_sets_enabled() == Some(false) => {
                Err(SetupError::NoneFits {
                    region: self.region.clone(),
                    management,
                    refused: vec![format!("{} has no permission sets", instance.arn)],
                }
                .into())
            }
            Err(error) if error.class != ErrorClass::AccessDenied => Err(error.into()),
            Ok(_) | Err(_) => Ok(instance),
        }
    }

    /// Returns the management account of the organization.
    pub(super) async fn management_account(&self) -> Result<AccountId, CallError> {
        let answer = read(&self.budgets.organizations, || {
            self.organizations.describe_organization().send()
        })
        .await?;
        let organization = answer.organization();
        let id = organization.and_then(|organization| organization.master_account_id());
        AccountId::parse(id.unwrap_or_default()).map_err(|error| malformed(&error.to_string()))
    }
}

/// Returns why an instance cannot be governed.
fn unfit(one: &InstanceMetadata, management: &AccountId) -> Option<String> {
    match one.owner_account_id() {
        Some(owner) if owner == management.as_str() => {}
        Some(owner) => {
            return Some(format!(
                "is an account instance of account {owner}, which has no permission sets"
            ));
        }
        None => return Some("has no owner".to_owned()),
    }
    match one.status() {
        Some(InstanceStatus::Active) => None,
        Some(InstanceStatus::CreateInProgress) => {
            Some("is being created; try again when its status is ACTIVE".to_owned())
        }
        Some(InstanceStatus::CreateFailed) => {
            Some("could not be created; create it again".to_owned())
        }
        Some(InstanceStatus::DeleteInProgress) => Some("is being deleted".to_owned()),
        other => Some(format!(
            "has the status {}",
            other.map_or("none", InstanceStatus::as_str)
        )),
    }
}

fn chosen(one: &InstanceMetadata, management: &AccountId) -> Result<Instance, CallError> {
    let arn = InstanceArn::parse(one.instance_arn().unwrap_or_default());
    let store = one.identity_store_id();
    Ok(Instance {
        arn: arn.map_err(|error| malformed(&error.to_string()))?,
        identity_store: store
            .ok_or_else(|| malformed("an instance without an identity store"))?
            .to_owned(),
        owner: Some(management.clone()),
    })
}
