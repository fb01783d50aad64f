//! Reads the pages of a list. The only way in which the server reads lists of AWS.
//!
//! Only the token tells whether a page is the last: AWS returns short pages and empty pages. A list that fails midway,
//! repeats a token or does not end is an error and never a shorter list, because nothing may be removed, and nothing
//! called harmless, after an incomplete read. `server/tests/it/sandboxed/unread.rs` cuts every list in every way.

use std::{collections::HashSet, future::Future, ops::ControlFlow};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    budget::Budget,
    call::read,
    error::{CallError, ErrorClass},
};

/// The maximum number of pages of one list. The longest lists that AWS permits have about 5,000 pages.
const MOST_PAGES: usize = 20_000;

/// The response of a list operation.
pub(super) trait Page {
    /// Returns the token of the next page.
    fn token(&self) -> Option<&str>;
}

macro_rules! pages {
    ($($sdk:ident: $($operation:ident $output:ident,)+;)+) => {
        $($(
            impl Page for $sdk::operation::$operation::$output {
                fn token(&self) -> Option<&str> {
                    self.next_token()
                }
            }
        )+)+
    };
}

pages! {
    aws_sdk_ssoadmin:
        list_account_assignments ListAccountAssignmentsOutput,
        list_account_assignments_for_principal ListAccountAssignmentsForPrincipalOutput,
        list_accounts_for_provisioned_permission_set ListAccountsForProvisionedPermissionSetOutput,
        list_customer_managed_policy_references_in_permission_set
            ListCustomerManagedPolicyReferencesInPermissionSetOutput,
        list_instances ListInstancesOutput,
        list_managed_policies_in_permission_set ListManagedPoliciesInPermissionSetOutput,
        list_permission_sets ListPermissionSetsOutput,;
    aws_sdk_identitystore:
        list_group_memberships ListGroupMembershipsOutput,
        list_groups ListGroupsOutput,
        list_users ListUsersOutput,;
    aws_sdk_organizations:
        list_accounts ListAccountsOutput,
        list_delegated_administrators ListDelegatedAdministratorsOutput,
        list_delegated_services_for_account ListDelegatedServicesForAccountOutput,
        list_organizational_units_for_parent ListOrganizationalUnitsForParentOutput,
        list_roots ListRootsOutput,
        list_tags_for_resource ListTagsForResourceOutput,;
    aws_sdk_cognitoidentityprovider:
        admin_list_groups_for_user AdminListGroupsForUserOutput,
        list_user_pool_clients ListUserPoolClientsOutput,
        list_users_in_group ListUsersInGroupOutput,;
}

/// Requests every page of a list, from the first without a token, and passes each to `take`. An error means that the
/// list was not read, whatever `take` has received.
pub(super) async fn all_pages<P, E, F>(
    budget: &Budget,
    send: impl Fn(Option<String>) -> F,
    mut take: impl FnMut(&P) -> Result<(), CallError>,
) -> Result<(), CallError>
where
    P: Page,
    E: ProvideErrorMetadata,
    F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
{
    let all = |page: &P| take(page).map(ControlFlow::Continue);
    pages_until(budget, send, all).await.map(drop)
}

/// Requests the pages of a list until `take` has seen enough. `Break` means that the list may continue: what was seen is
/// in it, and nothing else is known about it.
pub(super) async fn pages_until<P, E, F>(
    budget: &Budget,
    send: impl Fn(Option<String>) -> F,
    mut take: impl FnMut(&P) -> Result<ControlFlow<()>, CallError>,
) -> Result<ControlFlow<()>, CallError>
where
    P: Page,
    E: ProvideErrorMetadata,
    F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
{
    let mut seen = HashSet::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page = read(budget, || send(token.clone())).await?;
        let enough = take(&page)?;
        let Some(next) = page.token().filter(|next| !next.is_empty()) else {
            return Ok(ControlFlow::Continue(()));
        };
        if enough.is_break() {
            return Ok(enough);
        }
        if !seen.insert(next.to_owned()) {
            return Err(endless("RepeatedToken"));
        }
        token = Some(next.to_owned());
    }
    Err(endless("TooManyPages"))
}

/// Requests the first page of a list: whether it may be read, never what it contains.
pub(super) async fn first_page<P, E, F>(
    budget: &Budget,
    send: impl Fn() -> F,
) -> Result<P, CallError>
where
    P: Page,
    E: ProvideErrorMetadata,
    F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
{
    read(budget, send).await
}

/// Returns the error of a list that does not end.
fn endless(code: &str) -> CallError {
    CallError {
        class: ErrorClass::Invalid,
        code: code.into(),
        message: "the pages of the list do not end".into(),
        reason: None,
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    struct Numbers(Option<String>);

    impl Page for Numbers {
        fn token(&self) -> Option<&str> {
            self.0.as_deref()
        }
    }

    /// Reads a list whose page `n` has the token `next(n)`.
    async fn read_list(next: impl Fn(usize) -> Option<String>) -> (Result<(), CallError>, usize) {
        let budget = Budget::new(1e9);
        let pages = AtomicUsize::new(0);
        let send = |_: Option<String>| {
            let page = Numbers(next(pages.fetch_add(1, Ordering::Relaxed)));
            async move { Ok::<_, SdkError<ErrorMetadata, HttpResponse>>(page) }
        };
        let read = all_pages(&budget, send, |_| Ok(())).await;
        (read, pages.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn only_a_missing_or_empty_token_ends_a_list() {
        let (read, pages) = read_list(|page| (page < 3).then(|| page.to_string())).await;
        assert!(read.is_ok() && pages == 4);
        let (read, pages) = read_list(|_| Some(String::new())).await;
        assert!(read.is_ok() && pages == 1);
    }

    #[tokio::test]
    async fn a_list_that_does_not_end_is_an_error() {
        let (read, pages) = read_list(|page| Some((page % 3).to_string())).await;
        assert_eq!(read.unwrap_err().code, "RepeatedToken");
        assert_eq!(pages, 4);
        let (read, pages) = read_list(|page| Some(page.to_string())).await;
        assert_eq!(read.unwrap_err().code, "TooManyPages");
        assert_eq!(pages, MOST_PAGES);
    }
}
