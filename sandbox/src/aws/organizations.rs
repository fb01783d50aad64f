//! AWS Organizations: accounts, organizational units, tags and delegated administrators.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::organization_changes;
use super::page::{Page, TAGS, TWENTY};
use super::params::epoch_seconds;
use super::refusal::Refusal;
use super::service::Operation;
use crate::org::{Account, AccountState, Unit};

pub(crate) const OPERATIONS: &[Operation] = &[
    ("ListTagsForResource", list_tags),
    ("ListAccounts", list_accounts),
    ("DescribeAccount", describe_account),
    ("DescribeOrganization", describe_organization),
    ("ListRoots", list_roots),
    ("ListOrganizationalUnitsForParent", list_units),
    ("DescribeOrganizationalUnit", describe_unit),
    ("ListAccountsForParent", list_accounts_for_parent),
    ("ListParents", list_parents),
    ("ListChildren", list_children),
    ("ListDelegatedAdministrators", list_delegated_administrators),
    ("ListDelegatedServicesForAccount", list_delegated_services),
    ("TagResource", organization_changes::tag),
    ("UntagResource", organization_changes::untag),
    ("MoveAccount", organization_changes::move_account),
    ("ListPolicies", list_policies),
];

/// The accounts and organizational units of an organisation.
pub(crate) struct Organizations {
    pub id: Arc<str>,
    pub root_id: Arc<str>,
    pub management_account: Arc<str>,
    pub delegated_admin_account: Arc<str>,
    /// The services of each delegated administrator, besides Identity Center.
    pub delegated_services: BTreeMap<Arc<str>, Vec<String>>,
    pub accounts: BTreeMap<Arc<str>, Account>,
    pub units: BTreeMap<Arc<str>, Unit>,
    pub created_ms: i64,
}

impl Organizations {
    /// Returns the services that an account administers for the organization.
    fn services_of(&self, account: &str) -> Vec<&str> {
        let own = (*self.delegated_admin_account == *account).then_some("sso.amazonaws.com");
        let others = self.delegated_services.get(account).into_iter().flatten();
        own.into_iter().chain(others.map(String::as_str)).collect()
    }

    /// Returns the path `o-.../r-.../ou-.../` down to and including `node`, with a trailing slash.
    fn path(&self, node: &str) -> String {
        match self.units.get(node) {
            Some(unit) => format!("{}{}/", self.path(&unit.parent), unit.id),
            None => format!("{}/{}/", self.id, self.root_id),
        }
    }

    fn arn(&self, kind: &str, id: &str) -> String {
        format!(
            "arn:aws:organizations::{}:{kind}/{}/{id}",
            self.management_account, self.id
        )
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every handler has the same signature; any account of the organisation may call this"
)]
fn describe_organization(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let organizations = &call.sandbox.organizations;
    let management = &organizations.management_account;
    let email = organizations
        .accounts
        .get(management)
        .map(|held| &*held.email);
    Ok(json!({ "Organization": {
        "Id": &*organizations.id,
        "Arn": format!("arn:aws:organizations::{management}:organization/{}", organizations.id),
        "FeatureSet": "ALL",
        "MasterAccountArn": organizations.arn("account", management),
        "MasterAccountId": &**management,
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    }}))
}

fn list_accounts(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let page = Page::read(call, &TWENTY, &[])?;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let organizations = &call.sandbox.organizations;
    let rest = organizations
        .accounts
        .range::<str, _>((from, Bound::Unbounded))
        .map(|(id, held)| (&**id, held));
    let (found, token) = page.cut(rest);
    let accounts: Vec<Value> = found
        .into_iter()
        .map(|held| account(organizations, held))
        .collect();
    Ok(json!({ "Accounts": accounts, "NextToken": token }))
}

fn list_accounts_for_parent(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let parent = parent(call)?;
    let page = Page::read(call, &TWENTY, &[&parent])?;
    let organizations = &call.sandbox.organizations;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = organizations
        .accounts
        .range::<str, _>((from, Bound::Unbounded))
        .filter(|(_, held)| held.parent == parent)
        .map(|(id, held)| (&**id, account(organizations, held)));
    let (accounts, token) = page.cut(rest);
    Ok(json!({ "Accounts": accounts, "NextToken": token }))
}

fn describe_account(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let id = call.params.text("AccountId")?;
    let organizations = &call.sandbox.organizations;
    let held = organizations.accounts.get(id).ok_or_else(|| {
        Refusal::new(
            "AccountNotFoundException",
            "You specified an account that doesn't exist.",
        )
    })?;
    Ok(json!({ "Account": account(organizations, held) }))
}

fn list_roots(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let page = Page::read(call, &TWENTY, &[])?;
    let organizations = &call.sandbox.organizations;
    let root = json!({
        "Id": &*organizations.root_id,
        "Arn": organizations.arn("root", &organizations.root_id),
        "Name": "Root",
        "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    });
    let (roots, token) = page.cut_sorted(vec![(organizations.root_id.to_string(), root)]);
    Ok(json!({ "Roots": roots, "NextToken": token }))
}

fn list_units(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let parent = parent(call)?;
    let page = Page::read(call, &TWENTY, &[&parent])?;
    let organizations = &call.sandbox.organizations;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = organizations
        .units
        .range::<str, _>((from, Bound::Unbounded))
        .filter(|(_, held)| held.parent == parent)
        .map(|(id, held)| (&**id, unit(organizations, held)));
    let (units, token) = page.cut(rest);
    Ok(json!({ "OrganizationalUnits": units, "NextToken": token }))
}

fn describe_unit(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let id = call.params.text("OrganizationalUnitId")?;
    let organizations = &call.sandbox.organizations;
    let held = organizations.units.get(id).ok_or_else(|| {
        Refusal::new(
            "OrganizationalUnitNotFoundException",
            "You specified an organizational unit that doesn't exist.",
        )
    })?;
    Ok(json!({ "OrganizationalUnit": unit(organizations, held) }))
}

fn list_parents(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let child = call.params.text("ChildId")?;
    let page = Page::read(call, &TWENTY, &[child])?;
    let organizations = &call.sandbox.organizations;
    let parent = organizations
        .accounts
        .get(child)
        .map(|held| &held.parent)
        .or_else(|| organizations.units.get(child).map(|held| &held.parent))
        .ok_or_else(|| {
            Refusal::new(
                "ChildNotFoundException",
                "You specified a child that doesn't exist.",
            )
        })?;
    let kind = if *parent == organizations.root_id {
        "ROOT"
    } else {
        "ORGANIZATIONAL_UNIT"
    };
    let parent = (parent.to_string(), json!({ "Id": &**parent, "Type": kind }));
    let (parents, token) = page.cut_sorted(vec![parent]);
    Ok(json!({ "Parents": parents, "NextToken": token }))
}

fn list_children(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let parent = parent(call)?;
    let kind = call.params.text("ChildType")?;
    let page = Page::read(call, &TWENTY, &[&parent, kind])?;
    let organizations = &call.sandbox.organizations;
    let children: Vec<(String, Value)> = match kind {
        "ACCOUNT" => organizations
            .accounts
            .values()
            .filter(|held| held.parent == parent)
            .map(|held| {
                (
                    held.id.to_string(),
                    json!({ "Id": &*held.id, "Type": kind }),
                )
            })
            .collect(),
        _ => organizations
            .units
            .values()
            .filter(|held| held.parent == parent)
            .map(|held| {
                (
                    held.id.to_string(),
                    json!({ "Id": &*held.id, "Type": kind }),
                )
            })
            .collect(),
    };
    let (children, token) = page.cut_sorted(children);
    Ok(json!({ "Children": children, "NextToken": token }))
}

/// Lists all tags in one page: an account has at most 50 tags.
fn list_tags(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let id = call.params.text("ResourceId")?;
    let page = Page::read(call, &TAGS, &[id])?;
    let organizations = &call.sandbox.organizations;
    let tags: Vec<(String, Value)> = match organizations.accounts.get(id) {
        Some(held) => held
            .tags
            .iter()
            .map(|(key, value)| (key.to_string(), json!({ "Key": &**key, "Value": &**value })))
            .collect(),
        None if organizations.units.contains_key(id) || *id == *organizations.root_id => Vec::new(),
        None => {
            return Err(Refusal::new(
                "TargetNotFoundException",
                "You specified a target that doesn't exist.",
            ));
        }
    };
    let (tags, token) = page.cut_sorted(tags);
    Ok(json!({ "Tags": tags, "NextToken": token }))
}

fn list_delegated_administrators(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let service = call.params.optional("ServicePrincipal")?;
    let page = Page::read(call, &TWENTY, &[service.unwrap_or_default()])?;
    let organizations = &call.sandbox.organizations;
    let found = organizations.accounts.values().filter(|held| {
        let services = organizations.services_of(&held.id);
        match service {
            Some(service) => services.contains(&service),
            None => !services.is_empty(),
        }
    });
    let found = found.map(|held| {
        let mut entry = account(organizations, held);
        if let Value::Object(members) = &mut entry {
            members.remove("Paths");
            members.insert(
                "DelegationEnabledDate".to_owned(),
                epoch_seconds(organizations.created_ms),
            );
        }
        (held.id.to_string(), entry)
    });
    let (found, token) = page.cut_sorted(found.collect());
    Ok(json!({ "DelegatedAdministrators": found, "NextToken": token }))
}

fn list_delegated_services(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let id = call.params.text("AccountId")?;
    let page = Page::read(call, &TWENTY, &[id])?;
    let organizations = &call.sandbox.organizations;
    if !organizations.accounts.contains_key(id) {
        return Err(Refusal::new(
            "AccountNotFoundException",
            "You specified an account that doesn't exist.",
        ));
    }
    let services = organizations.services_of(id);
    if services.is_empty() {
        return Err(Refusal::new(
            "AccountNotRegisteredException",
            "The specified account is not a delegated administrator for this AWS service.",
        ));
    }
    let services = services.into_iter().map(|service| {
        let since = epoch_seconds(organizations.created_ms);
        let entry = json!({ "ServicePrincipal": service, "DelegationEnabledDate": since });
        (service.to_owned(), entry)
    });
    let (services, token) = page.cut_sorted(services.collect());
    Ok(json!({ "DelegatedServices": services, "NextToken": token }))
}

/// Lists the one policy that every organization has: the service control policy that AWS manages.
fn list_policies(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_reader(call)?;
    let kind = call.params.text("Filter")?;
    let page = Page::read(call, &TWENTY, &[kind])?;
    let id = "p-FullAWSAccess";
    let policy = json!({
        "Id": id,
        "Arn": format!("arn:aws:organizations::aws:policy/service_control_policy/{id}"),
        "Name": "FullAWSAccess",
        "Description": "Allows access to every operation",
        "Type": kind,
        "AwsManaged": true,
    });
    let held = (kind == "SERVICE_CONTROL_POLICY").then(|| (id.to_owned(), policy));
    let (policies, token) = page.cut_sorted(held.into_iter().collect());
    Ok(json!({ "Policies": policies, "NextToken": token }))
}

/// Checks that the caller is the management account or a delegated administrator of any service.
fn check_reader(call: &Call<'_>) -> Result<(), Refusal> {
    let organizations = &call.sandbox.organizations;
    let account = &call.caller.account;
    if *account == organizations.management_account
        || !organizations.services_of(account).is_empty()
    {
        return Ok(());
    }
    Err(Refusal::denied(
        "You don't have permissions to access this resource.",
    ))
}

fn parent(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_reader(call)?;
    let id = call.params.text("ParentId")?;
    let organizations = &call.sandbox.organizations;
    if *id == *organizations.root_id {
        return Ok(organizations.root_id.clone());
    }
    let known = organizations.units.get_key_value(id);
    known.map(|(id, _)| id.clone()).ok_or_else(|| {
        Refusal::new(
            "ParentNotFoundException",
            "You specified a parent that doesn't exist.",
        )
    })
}

fn unit(organizations: &Organizations, held: &Unit) -> Value {
    json!({
        "Id": &*held.id,
        "Arn": organizations.arn("ou", &held.id),
        "Name": held.name,
        "Path": organizations.path(&held.id),
    })
}

fn account(organizations: &Organizations, held: &Account) -> Value {
    // `Status` has fewer values than `State`.
    let (state, status) = match held.state {
        AccountState::PendingActivation => ("PENDING_ACTIVATION", "ACTIVE"),
        AccountState::Active => ("ACTIVE", "ACTIVE"),
        AccountState::Suspended => ("SUSPENDED", "SUSPENDED"),
        AccountState::PendingClosure => ("PENDING_CLOSURE", "PENDING_CLOSURE"),
        AccountState::Closed => ("CLOSED", "SUSPENDED"),
    };
    json!({
        "Id": &*held.id,
        "Arn": organizations.arn("account", &held.id),
        "Email": &*held.email,
        "Name": &*held.name,
        "Status": status,
        "State": state,
        "Paths": [format!("{}{}/", organizations.path(&held.parent), held.id)],
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": epoch_seconds(held.joined_ms),
    })
}
