//! Renders every page about access: for the sample, for a viewer with few rights, and before the first crawl.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, ChangeKind, HomePort as _, ViewerPort as _},
    frame::framed,
    routes::{FormState, PAGES, Visit},
    shell::Surroundings,
};
use domain::{
    authorize::Role,
    drift::{Drift, DriftEvent},
    ids::Principal,
};
use server::{service::Service, store};

use super::org::{NOW, Org};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    every_page_of_the_sample_renders_soundly,
    a_page_far_beyond_the_last_is_the_last,
    a_filter_that_leaves_nothing_does_not_look_like_an_all_clear,
    a_filter_that_a_list_does_not_have_is_named,
    before_the_first_read_no_page_says_that_nobody_has_access,
    what_was_made_past_leastwise_needs_action_before_anything_else,
    a_crawl_that_could_not_read_everything_is_named_on_the_page,
    a_requesters_pages_hold_no_link_that_would_refuse_them,
    names_from_aws_are_shown_as_text,
}

/// Renders the document of a URL as the router does.
pub(super) async fn document(service: Service, url: &str) -> String {
    let viewer = service.viewer().await.unwrap();
    let backend: Arc<dyn Backend> = Arc::new(service);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let matches = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        let same = pattern
            .iter()
            .zip(&parts)
            .all(|(want, have)| want.starts_with('{') || want == have);
        (same && pattern.len() == parts.len()).then(|| {
            let named = pattern
                .iter()
                .zip(&parts)
                .filter(|(want, _)| want.starts_with('{'));
            let named = named
                .map(|(want, have)| (want.trim_matches(['{', '}']).to_owned(), (*have).to_owned()));
            named.collect::<BTreeMap<_, _>>()
        })
    };
    let (route, params) = PAGES
        .iter()
        .find_map(|route| Some((route, matches(route.path)?)))
        .unwrap();
    let visit = Visit {
        backend: backend.clone(),
        params,
        query: query
            .split('&')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        url: url.to_owned(),
        form: FormState::default(),
    };
    let page = (route.page)(visit).await.unwrap();
    framed(page, &viewer, &*backend, url, Surroundings::default())
}

fn sound(url: &str, html: &str) {
    assert_eq!(html.matches("<h1").count(), 1, "{url}: one heading");
    assert!(
        !html.contains(" style="),
        "{url}: the CSP blocks inline styles"
    );
    assert_eq!(
        html.matches("<table").count(),
        html.matches("<tbody").count(),
        "{url}: explicit tbody"
    );
    let mut ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{url}: an id is used twice");
    assert!(!html.contains("Under construction"), "{url}");
}

fn urls(org: &Org) -> Vec<String> {
    let read_model = org.app_state.read_model();
    let parts = read_model.snapshot.parts();
    let lists = ["/", "/accounts", "/people", "/groups", "/permission-sets"];
    let narrowed = [
        "/accounts?scope=production-pci",
        "/accounts?findings=violations&sort=-people",
        "/accounts?classification=unclassified",
        "/accounts?environment=production&pci=in&column=state&column=id",
        "/accounts?policy=production-pci-administrator",
        "/accounts?environment=nonsense&page=zero&sort=nothing",
        "/accounts?q=no-such-account",
        "/people?status=disabled&q=no-such-person",
        "/people?page=999",
        "/groups?source=identity-provider",
        "/permission-sets?capability=unknown",
    ];
    let mut urls: Vec<String> = lists
        .into_iter()
        .chain(narrowed)
        .map(str::to_owned)
        .collect();
    urls.extend(parts.accounts.keys().map(|id| format!("/accounts/{id}")));
    urls.extend(parts.users.keys().map(|id| format!("/people/{id}")));
    urls.extend(parts.groups.keys().map(|id| format!("/groups/{id}")));
    urls.extend(parts.sets.keys().map(|arn| {
        let key = arn.as_str().rsplit('/').next().unwrap();
        format!("/permission-sets/{key}")
    }));
    urls
}

async fn every_page_of_the_sample_renders_soundly(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    for url in urls(&org) {
        let html = document(org.administrator(), &url).await;
        sound(&url, &html);
    }
}

async fn a_page_far_beyond_the_last_is_the_last(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let all = [Role::Administrator, Role::Approver, Role::Auditor];
    let read_model = org.app_state.read_model();
    let user = read_model
        .snapshot
        .parts()
        .users
        .keys()
        .next()
        .cloned()
        .unwrap();
    for list in [
        "/accounts",
        "/accounts?environment=production&pci=in",
        "/changes",
        "/changes?only=waiting",
        "/changes?q=nothing",
        "/groups",
        "/inbox",
        "/ledger",
        "/ledger?q=nothing",
        "/people",
        "/permission-sets",
        "/reports/production-pci",
    ] {
        let joined = if list.contains('?') { '&' } else { '?' };
        for page in [usize::MAX, usize::MAX / 50, 1_000_000] {
            let url = format!("{list}{joined}page={page}");
            let html = document(org.as_(Some(&user), &all), &url).await;
            sound(&url, &html);
        }
    }
}

async fn a_filter_that_leaves_nothing_does_not_look_like_an_all_clear(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let filtered = document(org.administrator(), "/people?q=zzzz").await;
    assert!(filtered.contains("match this filter"));
    assert!(!filtered.contains("No users"));
}

async fn before_the_first_read_no_page_says_that_nobody_has_access(engine: DatabaseEngine) {
    let org = Org::unread(engine).await;
    for url in ["/", "/accounts", "/people", "/groups", "/permission-sets"] {
        let html = document(
            org.as_(None, &[domain::authorize::Role::Administrator]),
            url,
        )
        .await;
        sound(url, &html);
        assert!(html.contains("AWS has not been read yet"), "{url}");
        assert!(!html.contains("No one can reach"), "{url}");
    }
}

async fn what_was_made_past_leastwise_needs_action_before_anything_else(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let at = |html: &str, words: &str| html.find(words).unwrap_or_else(|| panic!("{words}"));
    let html = document(org.administrator(), "/").await;
    assert!(!html.contains(" outside Leastwise"), "{html}");

    let read_model = org.app_state.read_model();
    let parts = read_model.snapshot.parts();
    let hannah = org.user("hannah.cole");
    let joined = |is_member: bool| {
        let mut groups = parts.members.iter();
        let (group, _) = groups
            .find(|(_, users)| users.contains(&hannah) == is_member)
            .unwrap();
        DriftEvent {
            drift: Drift::Joined {
                group: group.clone(),
                user: hannah.clone(),
            },
            after: NOW,
            by: NOW,
        }
    };
    // Somebody has removed her from the second group again.
    let seen = [joined(true), joined(false), joined(true)];
    let mut tx = org.app_state.store.write().await.unwrap();
    store::crawl::save_drift(&mut tx, &seen).await.unwrap();
    tx.commit().await.unwrap();
    let html = document(org.administrator(), "/").await;
    assert!(at(&html, "Needs action") < at(&html, " outside Leastwise"));
    assert!(at(&html, " outside Leastwise") < at(&html, "Exposure of production PCI"));
    assert_eq!(html.matches(" outside Leastwise").count(), 1);
    assert_eq!(html.matches("data-drift").count(), 1, "{html}");
    let view = org.administrator().home().await.unwrap();
    let organisation = view.organisation.unwrap();
    assert_eq!(organisation.drift_count, 1);
    let undo = organisation.drift[0].undo.clone().unwrap();
    assert_eq!(undo.known_kind(), Some(ChangeKind::Leave));
    // Those who may not propose changes get no form.
    let html = document(org.as_(None, &[Role::Auditor]), "/").await;
    assert!(
        html.contains("data-drift") && !html.contains(&undo.href()),
        "{html}"
    );
}

async fn a_crawl_that_could_not_read_everything_is_named_on_the_page(engine: DatabaseEngine) {
    let org = Org::of(engine, |parts| {
        parts.coverage.unread.push(domain::snapshot::Unread {
            what: domain::snapshot::Gap::TagsOf(
                domain::ids::AccountId::parse("111122223333").unwrap(),
            ),
            why: "ThrottlingException".into(),
        });
        parts.coverage.complete_at = Some(domain::time::Timestamp(0));
    })
    .await;
    let html = document(org.administrator(), "/").await;
    assert!(html.contains("1 resource could not be read"));
    assert!(html.contains("tags of account 111122223333"));
    assert!(html.contains("This data is out of date"));
}

async fn a_requesters_pages_hold_no_link_that_would_refuse_them(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let own = format!("/people/{}", org.user("hannah.cole"));
    for url in ["/", own.as_str()] {
        let html = document(org.requester("hannah.cole"), url).await;
        sound(url, &html);
        for refused in ["/accounts", "/groups", "/permission-sets"] {
            assert!(
                !html.contains(&format!("href=\"{refused}")),
                "{url} links to {refused}"
            );
        }
    }
}

async fn names_from_aws_are_shown_as_text(engine: DatabaseEngine) {
    let org = Org::of(engine, |parts| {
        for id in parts.groups.clone().keys() {
            let group = parts.groups.get_mut(id).unwrap();
            group.display_name = "<script>alert(1)</script>".into();
        }
        for arn in parts.sets.clone().keys() {
            let set = parts.sets.get_mut(arn).unwrap();
            set.name = "\"><img src=x>".into();
        }
    })
    .await;
    let read_model = org.app_state.read_model();
    let opening = read_model
        .snapshot
        .parts()
        .groups
        .keys()
        .find(|id| {
            !read_model
                .snapshot
                .pairs_of(&Principal::Group((*id).clone()))
                .is_empty()
        })
        .unwrap();
    for url in [
        "/".to_owned(),
        "/groups".to_owned(),
        "/permission-sets".to_owned(),
        format!("/groups/{opening}"),
        format!("/accounts/{}", org.account("cards-prod")),
    ] {
        let html = document(org.administrator(), &url).await;
        assert!(!html.contains("<script>alert"), "{url}");
        assert!(!html.contains("<img"), "{url}");
    }
}

async fn a_filter_that_a_list_does_not_have_is_named(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let person = org
        .app_state
        .read_model()
        .exposure
        .people
        .keys()
        .next()
        .unwrap()
        .clone();
    for list in [
        "/accounts",
        "/people",
        "/groups",
        "/permission-sets",
        "/ledger",
    ] {
        for (query, named) in [
            (
                "only=no-such",
                "Unknown filter “only=no-such”: the list is shown without it",
            ),
            (
                "members=%3Cb%3E",
                "Unknown filter “members=&lt;b&gt;”: the list is shown without it",
            ),
            ("sort=no-such", "Unknown sort order “no-such” is left out"),
            ("column=links2", "Unknown column “links2” is left out"),
        ] {
            let url = format!("{list}?{query}");
            let html = document(org.administrator(), &url).await;
            sound(&url, &html);
            assert!(html.contains(named), "{url}: {html}");
        }
        let html = document(org.administrator(), list).await;
        assert!(!html.contains("Unknown filter"), "{list}");
    }
    for list in ["/reports/production-pci", &format!("/people/{person}")] {
        let url = format!("{list}?only=no-such");
        let html = document(org.administrator(), &url).await;
        sound(&url, &html);
        let named = "Unknown filter “no-such”: the whole list is shown";
        assert!(html.contains(named), "{url}: {html}");
        let html = document(org.administrator(), list).await;
        assert!(!html.contains("Unknown filter"), "{list}");
    }
    for known in [
        "/accounts?classification=unclassified",
        "/accounts?environment=production&pci=in",
        "/accounts?policy=production-pci-escalation",
        "/people?reach=none",
        "/groups?members=none",
        "/permission-sets?attention=outdated",
        "/changes?state=waiting",
        "/ledger?what=roles&outcome=success&from=2026-01-01&syncs=each",
    ] {
        let html = document(org.administrator(), known).await;
        assert!(!html.contains("Unknown filter"), "{known}");
    }
}
