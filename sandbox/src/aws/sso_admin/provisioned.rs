//! The provisioned accounts of a permission set and the provisioned permission sets of an account, filtered by
//! provisioning status.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{account, check_instance, permission_set};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::refusal::Refusal;

pub(crate) fn list_accounts(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let set = permission_set(call)?;
    let status = wanted_status(call)?;
    let page = Page::read(call, &HUNDRED, &[&set, status.name()])?;
    let access = &call.sandbox.access;
    let (accounts, token) = cut(&page, access.accounts_of(&set), |account| {
        status.admits(|| access.is_current(&access.pair(account, &set)))
    });
    Ok(json!({ "AccountIds": accounts, "NextToken": token }))
}

pub(crate) fn list_permission_sets(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_instance(call)?;
    let account = account(call, "AccountId")?;
    let status = wanted_status(call)?;
    let page = Page::read(call, &HUNDRED, &[&account, status.name()])?;
    let access = &call.sandbox.access;
    let (sets, token) = cut(&page, access.sets_of(&account), |set| {
        status.admits(|| access.is_current(&access.pair(&account, set)))
    });
    Ok(json!({ "PermissionSets": sets, "NextToken": token }))
}

fn cut<'a>(
    page: &Page,
    all: Option<&'a BTreeSet<Arc<str>>>,
    admits: impl Fn(&str) -> bool,
) -> (Vec<&'a str>, Option<String>) {
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = all
        .into_iter()
        .flat_map(|all| all.range::<str, _>((from, Bound::Unbounded)))
        .filter(|id| admits(id))
        .map(|id| (&**id, &**id));
    page.cut(rest)
}

#[derive(Clone, Copy)]
enum Wanted {
    Any,
    Current,
    Outdated,
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Current => "LATEST_PERMISSION_SET_PROVISIONED",
            Self::Outdated => "LATEST_PERMISSION_SET_NOT_PROVISIONED",
        }
    }

    fn admits(self, is_current: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Current => is_current(),
            Self::Outdated => !is_current(),
        }
    }
}

fn wanted_status(call: &Call<'_>) -> Result<Wanted, Refusal> {
    Ok(match call.params.optional("ProvisioningStatus")? {
        None => Wanted::Any,
        Some("LATEST_PERMISSION_SET_PROVISIONED") => Wanted::Current,
        Some(_) => Wanted::Outdated,
    })
}
