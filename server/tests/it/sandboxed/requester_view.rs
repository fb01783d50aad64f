//! The whole read surface of a requester: on every route, and in every field of a query, an id or a name of somebody else
//! gets the same response as one that does not exist.

use app::routes::PAGES;
use sandbox::org::Organisation;

use super::{
    matrix::{self, things},
    site::{Browser, PageResponse, Site},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    to_a_requester_somebody_elses_things_look_like_things_that_do_not_exist,
}

const MISSING: &str = "00000000-0000-4000-8000-00000000dead";

/// Values that name things of one kind, the last of which does not exist.
struct Named {
    users: Vec<String>,
    groups: Vec<String>,
    names: Vec<String>,
    accounts: Vec<String>,
    sets: Vec<String>,
    changes: Vec<String>,
}

fn named(site: &Site, change: &str) -> Named {
    let read_model = site.app_state.read_model();
    let parts = read_model.snapshot.parts();
    let user = |name: &str| {
        let found = parts.users.values().find(|user| user.user_name == name);
        found.unwrap().id.to_string()
    };
    let group = |name: &str| {
        let found = parts.groups.values().find(|one| one.display_name == name);
        found.unwrap().id.to_string()
    };
    let account = |name: &str| {
        let found = parts.accounts.values().find(|(one, _)| one.name == name);
        found.unwrap().0.id.to_string()
    };
    let sets = parts.sets.keys().take(2);
    Named {
        users: vec![user("marcus.dube"), user("maya.okafor"), MISSING.into()],
        groups: vec![
            group("platform-admins"),
            group("contractors"),
            MISSING.into(),
        ],
        names: [
            "Maya Okafor",
            "maya.okafor",
            "platform-admins",
            "contractors",
            "Nobody Anywhere",
        ]
        .map(str::to_owned)
        .to_vec(),
        accounts: vec![
            account("web-prod"),
            account("cards-prod"),
            "000000000000".into(),
        ],
        sets: sets
            .map(|arn| arn.as_str().rsplit('/').next().unwrap().to_owned())
            .chain(["ps-0000000000000000".to_owned()])
            .collect(),
        changes: vec![change.to_owned(), MISSING.into()],
    }
}

/// Returns the paths of a requester that name somebody else's things: `{}` stands for the value.
fn questions(named: &Named) -> Vec<(String, Vec<String>)> {
    let mut questions: Vec<(String, Vec<String>)> = Vec::new();
    let mut ask =
        |path: &str, values: &[String]| questions.push((path.to_owned(), values.to_vec()));
    for page in PAGES {
        let Some((before, rest)) = page.path.split_once('{') else {
            continue;
        };
        let after = rest.split_once('}').unwrap().1;
        let values = match page.path {
            "/accounts/{id}" => &named.accounts,
            "/people/{id}" => &named.users,
            "/groups/{id}" => &named.groups,
            "/permission-sets/{key}" => &named.sets,
            "/changes/{id}" => &named.changes,
            "/ledger/{seq}" => &vec!["1".to_owned(), "9999999".to_owned()],
            new => panic!("{new} is new: add the values that it names"),
        };
        ask(&format!("{before}{{}}{after}"), values);
    }
    ask("/events/changes/{}", &named.changes);
    ask("/ledger/{}/leaf.json", &["1".into(), "9999999".into()]);
    let prefixed =
        |prefix: &str, ids: &[String]| ids.iter().map(|id| format!("{prefix}{id}")).collect();
    let as_users: Vec<String> = prefixed("user:", &named.users);
    let as_groups: Vec<String> = prefixed("group:", &named.groups);
    let account = &named.accounts[0];
    let set = &named.sets[0];
    for kind in ["grant", "remove", "join", "leave", "other", ""] {
        for (who, rest) in [
            ("{}", String::new()),
            ("{}", format!("&account={account}&set={set}&term=60")),
            ("{}", format!("&set={}", named.groups[0])),
        ] {
            for values in [&as_users, &as_groups, &named.names] {
                ask(&format!("/changes/new?kind={kind}&who={who}{rest}"), values);
            }
        }
    }
    for kind in ["join", "leave"] {
        for who in ["", "user:own"] {
            for values in [&named.groups, &named.names] {
                ask(
                    &format!("/changes/new?kind={kind}&who={who}&set={{}}"),
                    values,
                );
            }
        }
    }
    ask("/changes/new?draft={}", &named.changes);
    ask("/changes?q={}", &named.changes);
    ask("/changes?q={}", &named.names);
    ask("/changes?q={}", &named.accounts);
    ask("/changes?state={}", &named.changes);
    ask("/changes?requester={}", &named.users);
    ask("/changes?account={}", &named.accounts);
    for list in [
        "/people",
        "/groups",
        "/accounts",
        "/permission-sets",
        "/ledger",
        "/reports/production-pci",
    ] {
        ask(&format!("{list}?q={{}}"), &named.names);
    }
    questions
}

fn escaped(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// Returns a response without what differs between requests, and without the value that was sent.
fn comparable(answer: &PageResponse, asked: &str, value: &str) -> String {
    // A number of one digit occurs everywhere; the page contains it in its own address only.
    let sent = if value.len() < 8 { asked } else { value };
    let mut text = matrix::without_its_own(answer, sent);
    // A refusal names whom to ask, and one of them may be who was asked about.
    if let Some((before, rest)) = text.split_once("<p>Ask ") {
        let after = rest.split_once("</p>").unwrap().1;
        text = format!("{before}{after}");
    }
    for form in [escaped(sent), sent.replace(' ', "%20")] {
        text = text.replace(&form, "ID");
    }
    if let Some((before, rest)) = text.split_once("name=\"form_key\" value=\"") {
        let after = rest.split_once('"').unwrap().1;
        text = format!("{before}{after}");
    }
    format!("{} {} {text}", answer.status, answer.location)
}

async fn to_a_requester_somebody_elses_things_look_like_things_that_do_not_exist(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut owner = site.signed_in("marcus.dube").await;
    let change = things(&site, &mut owner).await.change;
    let named = named(&site, &change);
    let mut stranger = site.signed_in("hannah.cole").await;
    for (path, values) in questions(&named) {
        let mut responses = Vec::new();
        for value in &values {
            let asked = path.replace("{}", &escaped(value));
            responses.push((
                asked.clone(),
                comparable(&stranger.get(&asked).await, &asked, value),
            ));
        }
        same(&responses);
    }
    // A session of its own, because requests of one session are limited.
    let mut stranger = site.signed_in("hannah.cole").await;
    posted(&mut stranger, &named).await;
    site.close().await;
}

async fn posted(stranger: &mut Browser, named: &Named) {
    for kind in ["grant", "remove", "join", "leave"] {
        for (prefix, values) in [
            ("user:", &named.users),
            ("group:", &named.groups),
            ("", &named.names),
        ] {
            let mut responses = Vec::new();
            for value in values {
                let who = format!("{prefix}{value}");
                let form = [
                    ("kind", kind),
                    ("who", &*who),
                    ("set", &*named.sets[0]),
                    ("account", &*named.accounts[0]),
                    ("term", "60"),
                    ("justification", "investigate incident 4711"),
                ];
                let answer = stranger.post("/do/changes/submit", &form).await;
                responses.push((
                    format!("{form:?}"),
                    comparable(&answer, "/do/changes/submit", value),
                ));
            }
            same(&responses);
        }
    }
}

fn same(responses: &[(String, String)]) {
    let (first, expected) = &responses[0];
    for (asked, response) in &responses[1..] {
        if expected != response {
            let at = expected
                .bytes()
                .zip(response.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            let near = |text: &str| -> String {
                let text: Vec<char> = text.chars().collect();
                let from = at.saturating_sub(80).min(text.len());
                text[from..(at + 160).min(text.len())].iter().collect()
            };
            panic!(
                "{first}\n  {}\n{asked}\n  {}",
                near(expected),
                near(response)
            );
        }
    }
}
