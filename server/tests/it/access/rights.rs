//! Who may see what. The route checks as well; here every port method is checked on its own.

use app::{
    backend::{
        AccountsPort as _, ChangeKind, Denied, FileFormat, GroupsPort as _, HomePort as _,
        ListFilesPort as _, ListName, NewChangePort as _, PeoplePort as _, PermissionSetsPort as _,
        ViewerPort as _,
    },
    lists::ListChoice,
};
use domain::authorize::Role;

use super::org::Org;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_requester_sees_themselves_and_nobody_else,
    a_requester_sees_no_list_and_no_object_of_the_directory,
    a_requesters_home_and_palette_hold_only_what_is_theirs,
    somebody_who_is_not_joined_sees_an_empty_home_and_no_person,
    an_auditors_palette_knows_every_account_but_not_the_inbox,
    what_does_not_exist_is_not_found,
    names_are_suggested_to_whoever_may_choose_them,
}

async fn a_requester_sees_themselves_and_nobody_else(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.requester("hannah.cole");
    let own = service.person(&org.user("hannah.cole")).await.unwrap();
    assert_eq!(own.user_name, "hannah.cole");
    let other = service.person(&org.user("maya.okafor")).await;
    let nobody = service
        .person(&domain::ids::UserId::parse("99999999-0000-4000-8000-000000000001").unwrap())
        .await;
    assert_eq!(other, Err(Denied::NotFound));
    assert_eq!(nobody, other, "a refusal does not reveal who exists");
}

async fn a_requester_sees_no_list_and_no_object_of_the_directory(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.requester("hannah.cole");
    let all = ListChoice::default();
    let read_model = org.app_state.read_model();
    let group = read_model.snapshot.parts().groups.keys().next().unwrap();
    let forbidden = |denied: Denied| matches!(denied, Denied::Role(_));
    assert!(forbidden(service.accounts(&all).await.unwrap_err()));
    assert!(forbidden(
        service
            .account(&org.account("cards-prod"))
            .await
            .unwrap_err()
    ));
    let account = org.account("cards-prod");
    assert!(forbidden(
        service.account_access(&account, &all).await.unwrap_err()
    ));
    let file = service.account_access_file(&account, &all, FileFormat::Csv);
    assert!(file.await.is_err_and(forbidden));
    assert!(forbidden(service.people(&all).await.unwrap_err()));
    assert!(forbidden(service.groups(&all).await.unwrap_err()));
    assert!(forbidden(service.group(group).await.unwrap_err()));
    assert!(forbidden(service.permission_sets(&all).await.unwrap_err()));
    for list in [
        ListName::Accounts,
        ListName::People,
        ListName::Groups,
        ListName::PermissionSets,
    ] {
        let file = service.list_file(list, &all, FileFormat::Csv).await;
        assert!(file.is_err_and(forbidden));
    }
    assert!(forbidden(
        service.permission_set("ps-any").await.unwrap_err()
    ));
}

async fn a_requesters_home_and_palette_hold_only_what_is_theirs(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.requester("hannah.cole");
    let home = service.home().await.unwrap();
    assert!(home.organisation.is_none());
    assert!(home.access_count > 0);
    let palette = service.palette().await.unwrap();
    let own = format!("/people/{}", org.user("hannah.cole"));
    for entry in &palette {
        let theirs = ["/", "/changes", "/do/sign-out"].contains(&entry.href.as_str())
            || entry.href.starts_with("/changes/new");
        assert!(theirs || entry.href == own, "{}", entry.href);
    }
    assert!(palette.iter().any(|entry| entry.href == own));
}

async fn somebody_who_is_not_joined_sees_an_empty_home_and_no_person(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.as_(None, &[]);
    let home = service.home().await.unwrap();
    assert_eq!((home.access_count.known(), home.me), (Some(0), None));
    assert_eq!(
        service.person(&org.user("hannah.cole")).await,
        Err(Denied::NotFound)
    );
}

async fn an_auditors_palette_knows_every_account_but_not_the_inbox(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.as_(Some(&org.user("farid.haddad")), &[Role::Auditor]);
    let palette = service.palette().await.unwrap();
    let accounts = palette
        .iter()
        .filter(|entry| entry.href.starts_with("/accounts/"))
        .count();
    assert_eq!(
        accounts,
        org.app_state.read_model().snapshot.parts().accounts.len()
    );
    for none in ["/inbox", "/do/jobs/crawl"] {
        assert!(
            palette.iter().all(|entry| !entry.href.starts_with(none)),
            "{none}"
        );
    }
    assert!(
        palette
            .iter()
            .any(|entry| entry.href == "/reports/production-pci")
    );
}

async fn what_does_not_exist_is_not_found(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.administrator();
    let account = domain::ids::AccountId::parse("999999999999").unwrap();
    assert_eq!(service.account(&account).await, Err(Denied::NotFound));
    let all = ListChoice::default();
    let access = service.account_access(&account, &all).await;
    assert_eq!(access, Err(Denied::NotFound));
    assert_eq!(service.permission_set("ps-0").await, Err(Denied::NotFound));
    assert_eq!(service.permission_set("").await, Err(Denied::NotFound));
}

async fn names_are_suggested_to_whoever_may_choose_them(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let values = |service: &server::service::Service, kind, field, words| {
        let found = service.suggestions(kind, field, words).unwrap();
        found.into_iter().map(|one| one.value).collect::<Vec<_>>()
    };
    let (grant, join) = (ChangeKind::Grant, ChangeKind::Join);
    let administrator = org.administrator();
    assert_eq!(
        values(&administrator, grant, "who", "VIKTOR"),
        ["viktor.hall"]
    );
    assert_eq!(
        values(&administrator, grant, "who", "desk support"),
        ["support-desk"]
    );
    assert!(values(&administrator, join, "who", "support-desk").is_empty());
    assert_eq!(
        values(&administrator, join, "set", "support-desk"),
        ["support-desk"]
    );
    let account = [org.account("cards-prod").to_string()];
    let requester = org.requester("hannah.cole");
    for service in [&administrator, &requester] {
        assert_eq!(values(service, grant, "account", "cards-prod"), account);
        assert_eq!(
            values(service, grant, "set", "supportm"),
            ["SupportMetrics"]
        );
        assert!(values(service, grant, "account", " ").is_empty());
        assert!(values(service, grant, "justification", "a").is_empty());
    }
    for (kind, field, words) in [
        (grant, "who", "viktor"),
        (grant, "who", "support-desk"),
        (join, "set", "support-desk"),
    ] {
        assert!(values(&requester, kind, field, words).is_empty(), "{field}");
    }
}
