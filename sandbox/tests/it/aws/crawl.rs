//! Pagination, and full crawls of organisations.

use std::collections::HashSet;

use sandbox::aws::Limits;
use sandbox::org::Organisation;
use serde_json::json;

use super::support::{Aws, texts};

#[tokio::test]
async fn accounts_come_in_twenties_with_an_empty_page_between() {
    let aws = Aws::new();
    let target = "AWSOrganizationsV20161128.ListAccounts";
    let listed = aws
        .all(target, json!({}), "Accounts", ("MaxResults", 20))
        .await;
    assert_eq!(listed.pages, [20, 0, 6]);
    let ids: HashSet<_> = listed
        .items
        .iter()
        .map(|item| item["Id"].to_string())
        .collect();
    assert_eq!(ids.len(), 26);
}

#[tokio::test]
async fn accounts_carry_state_and_path() {
    let aws = Aws::new();
    let answer = aws
        .org(
            "DescribeAccount",
            json!({ "AccountId": aws.account("cards-prod") }),
        )
        .await;
    let account = &answer.body["Account"];
    assert_eq!(account["State"], "ACTIVE");
    assert_eq!(
        account["Paths"],
        json!([format!(
            "o-h4rb0url1n/r-hb01/ou-hb01-workloads0/ou-hb01-pci0000000/ou-hb01-pciprod000/{}/",
            aws.account("cards-prod")
        )])
    );
    let answer = aws
        .org(
            "DescribeAccount",
            json!({ "AccountId": aws.account("acquired-fastpay") }),
        )
        .await;
    assert_eq!(answer.body["Account"]["State"], "SUSPENDED");
}

#[tokio::test]
async fn the_tree_can_be_walked_down_and_up() {
    let aws = Aws::new();
    let roots = aws.org("ListRoots", json!({})).await;
    let mut waiting = texts(&roots.body["Roots"], "Id");
    let mut accounts = Vec::new();
    while let Some(parent) = waiting.pop() {
        let units = aws
            .org(
                "ListOrganizationalUnitsForParent",
                json!({ "ParentId": parent }),
            )
            .await;
        waiting.extend(texts(&units.body["OrganizationalUnits"], "Id"));
        let children = aws
            .org(
                "ListChildren",
                json!({ "ParentId": parent, "ChildType": "ACCOUNT" }),
            )
            .await;
        for child in texts(&children.body["Children"], "Id") {
            let up = aws.org("ListParents", json!({ "ChildId": child })).await;
            assert_eq!(
                texts(&up.body["Parents"], "Id"),
                std::slice::from_ref(&parent)
            );
            accounts.push(child);
        }
    }
    assert_eq!(accounts.len(), 26);
    let tags = aws
        .org(
            "ListTagsForResource",
            json!({ "ResourceId": aws.account("cards-prod") }),
        )
        .await;
    assert!(
        tags.body["Tags"]
            .to_string()
            .contains(r#"{"Key":"pci","Value":"in"}"#)
    );
    let delegated = aws
        .org(
            "ListDelegatedAdministrators",
            json!({ "ServicePrincipal": "sso.amazonaws.com" }),
        )
        .await;
    let id = texts(&delegated.body["DelegatedAdministrators"], "Id");
    assert_eq!(id, [aws.account("identity")]);
    let organization = aws.org("DescribeOrganization", json!({})).await;
    assert_eq!(
        organization.body["Organization"]["MasterAccountId"],
        aws.account("harbourline-management")
    );
}

#[tokio::test]
async fn a_set_first_crawl_of_medium_takes_the_calls_of_the_formula_and_finds_everything() {
    let aws = Aws::of(Organisation::medium(1), Limits::Unlimited);
    let instance = json!(&*aws.sample.instance_arn);
    let mut calls = 0;
    let mut found = HashSet::new();
    let sso = |operation: &str| format!("SWBExternalService.{operation}");
    let size = ("MaxResults", 100);
    let sets = aws
        .all(
            &sso("ListPermissionSets"),
            json!({ "InstanceArn": instance }),
            "PermissionSets",
            size,
        )
        .await;
    calls += sets.pages.len();
    for set in &sets.items {
        let body = json!({ "InstanceArn": instance, "PermissionSetArn": set });
        let target = sso("ListAccountsForProvisionedPermissionSet");
        let accounts = aws.all(&target, body, "AccountIds", size).await;
        calls += accounts.pages.len();
        for account in &accounts.items {
            let body =
                json!({ "InstanceArn": instance, "PermissionSetArn": set, "AccountId": account });
            let target = sso("ListAccountAssignments");
            let rows = aws.all(&target, body, "AccountAssignments", size).await;
            calls += rows.pages.len();
            found.extend(rows.items.iter().map(ToString::to_string));
        }
    }
    assert_eq!(found.len(), 15_000);
    let pages = |count: usize| count.div_ceil(100).max(1);
    let mut accounts_of = std::collections::HashMap::<_, HashSet<_>>::new();
    let mut rows_of = std::collections::HashMap::<_, usize>::new();
    for held in &aws.sample.assignments {
        accounts_of
            .entry(&held.permission_set)
            .or_default()
            .insert(&held.account);
        *rows_of
            .entry((&held.permission_set, &held.account))
            .or_default() += 1;
    }
    let formula: usize = pages(aws.sample.permission_sets.len())
        + aws
            .sample
            .permission_sets
            .iter()
            .map(|set| pages(accounts_of.get(&set.arn).map_or(0, HashSet::len)))
            .sum::<usize>()
        + rows_of.values().map(|rows| pages(*rows)).sum::<usize>();
    assert_eq!(calls, formula);
}

#[tokio::test]
async fn a_page_holds_at_most_what_the_service_allows() {
    let aws = Aws::new();
    for (target, body, code) in [
        (
            "SWBExternalService.ListPermissionSets",
            json!({ "InstanceArn": &*aws.sample.instance_arn, "MaxResults": 101 }),
            "ValidationException",
        ),
        (
            "SWBExternalService.ListPermissionSets",
            json!({ "InstanceArn": &*aws.sample.instance_arn, "MaxResults": 0 }),
            "ValidationException",
        ),
        (
            "AWSIdentityStore.ListUsers",
            json!({ "IdentityStoreId": &*aws.sample.identity_store_id, "MaxResults": 101 }),
            "ValidationException",
        ),
        (
            "AWSOrganizationsV20161128.ListAccounts",
            json!({ "MaxResults": 21 }),
            "InvalidInputException",
        ),
        (
            "AWSCognitoIdentityProviderService.ListUsers",
            json!({ "UserPoolId": aws.sample.pool.id, "Limit": 61 }),
            "InvalidParameterException",
        ),
        (
            "CloudTrail_20131101.LookupEvents",
            json!({ "MaxResults": 51 }),
            "InvalidMaxResultsException",
        ),
        (
            "SWBExternalService.ListPermissionSets",
            json!({ "InstanceArn": &*aws.sample.instance_arn, "NextToken": "made-up" }),
            "ValidationException",
        ),
        (
            "CloudTrail_20131101.LookupEvents",
            json!({ "NextToken": "made-up" }),
            "InvalidNextTokenException",
        ),
    ] {
        let answer = aws.call(target, body).await;
        assert_eq!((answer.status, answer.error()), (400, code), "{target}");
    }
}

#[tokio::test]
async fn a_token_of_one_list_is_no_token_of_another() {
    let aws = Aws::new();
    let store = json!(&*aws.sample.identity_store_id);
    let page = aws
        .call(
            "AWSIdentityStore.ListUsers",
            json!({ "IdentityStoreId": store, "MaxResults": 3 }),
        )
        .await;
    let token = page.body["NextToken"].clone();
    assert!(token.is_string());
    let body = json!({ "NextToken": token });
    assert_eq!(
        aws.store("ListGroups", body.clone()).await.error(),
        "ValidationException"
    );
    assert_eq!(aws.store("ListUsers", body).await.status, 200);
}

#[tokio::test]
async fn users_that_come_and_go_between_pages_shift_nobody() {
    let aws = Aws::new();
    let first = aws.store("ListUsers", json!({ "MaxResults": 10 })).await;
    let seen = texts(&first.body["Users"], "UserId");
    aws.store("DeleteUser", json!({ "UserId": seen[3] })).await;
    let mut later = Vec::new();
    let mut token = first.body["NextToken"].clone();
    while token.is_string() {
        let page = aws
            .store("ListUsers", json!({ "MaxResults": 10, "NextToken": token }))
            .await;
        later.extend(texts(&page.body["Users"], "UserId"));
        token = page.body["NextToken"].clone();
    }
    assert_eq!(seen.len() + later.len(), aws.sample.users.len());
    assert!(later.iter().all(|id| !seen.contains(id)));
}

#[tokio::test]
async fn twenty_calls_a_second_pass_and_the_rest_is_throttled() {
    let aws = Aws::of(Organisation::sample(), Limits::Published);
    let mut throttled = 0;
    for _ in 0..30 {
        let answer = aws.sso("ListPermissionSets", json!({})).await;
        if answer.status == 400 {
            assert_eq!(answer.error(), "ThrottlingException");
            throttled += 1;
        }
    }
    assert_eq!(throttled, 10);
    assert_eq!(aws.store("ListGroups", json!({})).await.status, 200);
    for _ in 0..20 {
        aws.org("ListRoots", json!({})).await;
    }
    let answer = aws.org("ListRoots", json!({})).await;
    assert_eq!(answer.error(), "TooManyRequestsException");
    aws.trail(json!({})).await;
    aws.trail(json!({})).await;
    assert_eq!(aws.trail(json!({})).await.error(), "ThrottlingException");
}

/// Measures list calls per second: a crawl of `large` must not wait for the sandbox. Prints the figure (`--nocapture`)
/// and asserts nothing about it, because other work shares the machine.
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "measures; no outcome depends on it"
)]
async fn three_thousand_list_calls_are_all_answered() {
    let aws = Aws::new();
    let body = json!({
        "InstanceArn": &*aws.sample.instance_arn,
        "AccountId": aws.account("cards-prod"),
        "PermissionSetArn": aws.set("SecurityAudit"),
        "MaxResults": 100,
    })
    .to_string();
    let calls = 3_000;
    let started = std::time::Instant::now();
    for _ in 0..calls {
        let answer = aws
            .send("SWBExternalService.ListAccountAssignments", &body)
            .await;
        assert_eq!(answer.status(), 200);
    }
    let per_second = f64::from(calls) / started.elapsed().as_secs_f64();
    println!("{per_second:.0} list calls a second");
}
