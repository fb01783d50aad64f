//! Requests every route as every persona, from the route tables, and compares the responses with `matrix.txt`, which
//! is reviewed. A route without a row fails, and so does a different response.
//!
//! After an intended change, run with `LEASTWISE_WRITE_MATRIX=1`: the test on SQLite writes the file and fails. Review
//! the difference and run again without the variable.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use app::routes::{ACTIONS, FILES, FileRoute, PAGES, PREVIEWS};
use http::StatusCode;
use sandbox::org::{Organisation, pool::Mfa};

use super::site::{Browser, PageResponse, Site};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    every_route_answers_everybody_as_the_matrix_says,
    what_belongs_to_somebody_else_looks_like_what_is_missing,
}

/// The column, and the username in the user pool; none for an anonymous client.
const PERSONAS: [(&str, Option<&str>); 9] = [
    ("nobody", None),
    ("requester", Some("marcus.dube")),
    ("other-requester", Some("hannah.cole")),
    ("approver", Some("ines.carvalho")),
    ("administrator", Some("maya.okafor")),
    ("auditor", Some("farid.haddad")),
    ("approver-no-mfa", Some("lena.fischer")),
    ("admin-no-mfa", Some("tomas.novak")),
    ("admin-not-linked", Some("noor.elamin")),
];

/// Routes in neither table, which the router mounts separately.
const BESIDE_THE_TABLES: [&str; 17] = [
    "/palette.json",
    "/ledger/{seq}/leaf.json",
    "/events/changes/{id}",
    "/changes/new/suggestions.json",
    "/events/ledger",
    "/events/operations",
    "/do/appearance",
    "/sign-in",
    "/sign-in/callback",
    "/do/sign-out",
    "/signed-out",
    "/csp-report",
    "/healthz",
    "/readyz",
    "/metrics",
    "/assets/{name}",
    "fallback",
];

/// The resources that the routes refer to.
pub struct Things {
    pub person: String,
    pub account: String,
    pub group: String,
    pub set: String,
    pub change: String,
}

const MISSING: &str = "00000000-0000-4000-8000-00000000dead";

struct Row {
    method: &'static str,
    route: &'static str,
    /// The values of the parameters in the route.
    of: &'static str,
    path: String,
    form: Vec<(&'static str, &'static str)>,
}

fn page(route: &'static str, of: &'static str, path: impl Into<String>) -> Row {
    Row {
        method: "GET",
        route,
        of,
        path: path.into(),
        form: Vec::new(),
    }
}

fn action(
    route: &'static str,
    of: &'static str,
    path: impl Into<String>,
    form: &[(&'static str, &'static str)],
) -> Row {
    Row {
        method: "POST",
        route,
        of,
        path: path.into(),
        form: form.to_vec(),
    }
}

/// Returns the rows of the files of a list.
fn files(route: &FileRoute, things: &Things) -> Vec<Row> {
    let path = route.path.replace("{id}", &things.account);
    let file = |ending: &'static str| page(route.path, ending, format!("{path}.{ending}"));
    vec![file("csv"), file("json")]
}

/// Returns the rows of one route; none for a route without expectations.
fn rows(route: &'static str, things: &Things) -> Vec<Row> {
    let both = |known: &str| {
        let path = |id: &str| {
            let (before, after) = route.split_once('{').unwrap();
            format!("{before}{id}{}", after.split_once('}').unwrap().1)
        };
        (path(known), path(MISSING))
    };
    let object = |of: &'static str, known: &str| {
        let (known, missing) = both(known);
        vec![page(route, of, known), page(route, "missing", missing)]
    };
    match route {
        "/"
        | "/accounts"
        | "/people"
        | "/identities"
        | "/groups"
        | "/permission-sets"
        | "/changes"
        | "/inbox"
        | "/ledger"
        | "/reports/production-pci"
        | "/operations"
        | "/events/ledger"
        | "/events/operations"
        | "/palette.json"
        | "/healthz"
        | "/readyz"
        | "/metrics"
        | "/sign-in"
        | "/sign-in/callback"
        | "/signed-out" => vec![page(route, "", route)],
        "/changes/new" | "/changes/classify" => {
            vec![page(route, "", route), action(route, "empty", route, &[])]
        }
        "/changes/new/suggestions.json" => vec![page(
            route,
            "accounts",
            "/changes/new/suggestions.json?kind=grant&field=account&q=cards",
        )],
        "/accounts/{id}" => object("known", &things.account),
        "/people/{id}" => object("requester's", &things.person),
        "/groups/{id}" => object("known", &things.group),
        "/permission-sets/{key}" => object("known", &things.set),
        "/changes/{id}" | "/events/changes/{id}" => object("requester's", &things.change),
        "/ledger/{seq}" => vec![
            page(route, "first", "/ledger/1"),
            page(route, "missing", "/ledger/99999999"),
        ],
        "/ledger/{seq}/leaf.json" => vec![
            page(route, "first", "/ledger/1/leaf.json"),
            page(route, "missing", "/ledger/99999999/leaf.json"),
        ],
        "/assets/{name}" => vec![page(route, "missing", "/assets/none.css")],
        "fallback" => vec![page(route, "no such page", "/no/such/page")],
        "/do/changes/submit" | "/do/changes/classify" => vec![
            action(route, "empty", route, &[]),
            action(route, "a field too many", route, &[("state", "approved")]),
        ],
        "/do/changes/{id}/decide" | "/do/changes/{id}/comment" | "/do/changes/{id}/withdraw" => {
            of_a_change(route, &both(&things.change))
        }
        "/do/jobs/crawl" => vec![
            action(route, "", route, &[]),
            action(route, "a field too many", route, &[("state", "done")]),
        ],
        "/do/jobs/{id}/retry" | "/do/jobs/{id}/dismiss" | "/do/jobs/{id}/cancel" => {
            vec![action(route, "missing", both(MISSING).1, &[])]
        }
        "/do/appearance" => vec![action(route, "", route, &[("theme", "dark")])],
        "/csp-report" => vec![action(route, "", route, &[])],
        "/do/sign-out" => vec![action(route, "", route, &[])],
        _ => Vec::new(),
    }
}

/// Returns the rows of an action on a change, with its path for the change of the requester and for one that is missing.
fn of_a_change(route: &'static str, paths: &(String, String)) -> Vec<Row> {
    let (known, missing) = paths.clone();
    match route {
        "/do/changes/{id}/decide" => {
            let stale = [
                ("decision", "approve"),
                ("reason", "looks right to me"),
                ("effect", "of another day"),
            ];
            vec![
                action(route, "requester's, stale", known.clone(), &stale),
                action(
                    route,
                    "requester's, forged",
                    known,
                    &[("decision", "approve"), ("approver", "somebody")],
                ),
                action(route, "missing", missing, &stale),
            ]
        }
        "/do/changes/{id}/comment" => {
            let text = [("kind", "comment"), ("comment", "which incident is it?")];
            vec![
                action(route, "missing", missing, &text),
                action(
                    route,
                    "requester's, forged",
                    known.clone(),
                    &[("kind", "comment"), ("person", "somebody")],
                ),
                action(route, "requester's", known, &text),
            ]
        }
        "/do/changes/{id}/withdraw" => {
            vec![
                action(route, "missing", missing, &[]),
                action(route, "requester's", known, &[]),
            ]
        }
        _ => Vec::new(),
    }
}

fn sample() -> Organisation {
    let mut sample = Organisation::sample();
    let pool = &mut sample.pool;
    pool.user_mut("tomas.novak").unwrap().mfa = Mfa::None;
    pool.user_mut("noor.elamin").unwrap().groups = vec!["leastwise-administrators".into()];
    sample
}

/// A temporary access request of the requester, which waits for an approver.
pub async fn things(site: &Site, requester: &mut Browser) -> Things {
    let read_model = site.app_state.read_model();
    let parts = read_model.snapshot.parts();
    let person = parts
        .users
        .values()
        .find(|user| user.user_name == "marcus.dube")
        .unwrap()
        .id
        .to_string();
    let account = parts
        .accounts
        .values()
        .find(|(one, _)| one.name == "web-prod")
        .unwrap()
        .0
        .id
        .to_string();
    let group = parts
        .groups
        .values()
        .find(|one| one.display_name == "contractors")
        .unwrap()
        .id
        .to_string();
    let set = parts
        .sets
        .values()
        .find(|one| one.name == "LedgerDataReader")
        .unwrap()
        .arn
        .to_string();
    let set = set.rsplit('/').next().unwrap().to_owned();
    let who = format!("user:{person}");
    let form = [
        ("kind", "grant"),
        ("who", &*who),
        ("set", &*set),
        ("account", &*account),
        ("term", "60"),
    ];
    let change = requests(requester, &form).await;
    Things {
        person,
        account,
        group,
        set,
        change,
    }
}

/// Previews a form and submits it. Returns the id of the change.
pub async fn requests(requester: &mut Browser, form: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form.iter().copied())
        .finish();
    let preview = requester.get(&format!("/changes/new?{query}")).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    let hidden = |name: &str| {
        let input = preview
            .body
            .split("<input")
            .find(|one| one.contains(&format!("name=\"{name}\"")))
            .unwrap();
        input
            .split_once("value=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0
            .to_owned()
    };
    let (effect, key) = (hidden("effect"), hidden("form_key"));
    let mut fields = form.to_vec();
    fields.extend([
        ("justification", "investigate incident 4711"),
        ("ticket", "OPS-4711"),
    ]);
    fields.extend([("effect", &*effect), ("form_key", &*key)]);
    let stored = requester.post("/do/changes/submit", &fields).await;
    assert_eq!(stored.status, StatusCode::SEE_OTHER, "{}", stored.body);
    let change = stored.location.strip_prefix("/changes/");
    change.unwrap().to_owned()
}

fn shown(answer: &PageResponse) -> String {
    let status = answer.status.as_u16();
    if !answer.status.is_redirection() {
        return status.to_string();
    }
    // The target of the redirect, without its parameters.
    let to = match answer.location.split(['?', '#']).next().unwrap() {
        there if there.starts_with("/changes/") => "/changes/{id}",
        there if there.starts_with("http") => "cognito",
        there => there,
    };
    format!("{status}>{to}")
}

async fn every_route_answers_everybody_as_the_matrix_says(engine: DatabaseEngine) {
    let site = Site::on(engine, sample()).await;
    let mut browsers = Vec::new();
    for (_, username) in PERSONAS {
        browsers.push(match username {
            Some(username) => site.signed_in(username).await,
            None => site.browser(),
        });
    }
    let things = things(&site, &mut browsers[1]).await;

    let tables = PAGES
        .iter()
        .map(|one| one.path)
        .chain(ACTIONS.iter().map(|one| one.path));
    // Signing out ends the session, so it comes last.
    let (last, beside): (Vec<_>, Vec<_>) = BESIDE_THE_TABLES
        .into_iter()
        .partition(|route| *route == "/do/sign-out");
    for preview in PREVIEWS {
        let sent = rows(preview.path, &things);
        let is_sent = sent.iter().any(|row| row.method == "POST");
        assert!(is_sent, "{} has no request by POST", preview.path);
    }
    let mut matrix = String::new();
    write!(matrix, "{:<6} {:<32} {:<20}", "", "route", "of").unwrap();
    for (column, _) in PERSONAS {
        write!(matrix, " {column:<18}").unwrap();
    }
    matrix.push('\n');
    let of_routes = tables.chain(beside).chain(last).map(|route| {
        let rows = rows(route, &things);
        assert!(
            !rows.is_empty(),
            "{route} is new: add its requests to `rows`, and review the responses"
        );
        rows
    });
    for rows in FILES
        .iter()
        .map(|route| files(route, &things))
        .chain(of_routes)
    {
        for row in rows {
            write!(matrix, "{:<6} {:<32} {:<20}", row.method, row.route, row.of).unwrap();
            let mut answers = vec![String::new(); browsers.len()];
            // The owner comes last: once they withdraw it, the others would get another response.
            for at in (0..browsers.len()).filter(|at| *at != 1).chain([1]) {
                let browser = &mut browsers[at];
                let answer = match row.method {
                    "GET" => browser.get(&row.path).await,
                    _ => browser.post(&row.path, &row.form).await,
                };
                assert!(
                    answer.status.as_u16() < 500,
                    "{} {}: {}",
                    row.method,
                    row.path,
                    answer.body
                );
                answers[at] = shown(&answer);
            }
            for answer in answers {
                write!(matrix, " {answer:<18}").unwrap();
            }
            matrix.push('\n');
        }
    }
    let matrix: String = matrix
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    println!("{matrix}");
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/sandboxed/matrix.txt");
    if engine == DatabaseEngine::Sqlite && std::env::var_os("LEASTWISE_WRITE_MATRIX").is_some() {
        fs::write(&golden, &matrix).unwrap();
        panic!("written; review the difference and run again without LEASTWISE_WRITE_MATRIX");
    }
    let read = fs::read_to_string(&golden).unwrap_or_default();
    let (now, read): (BTreeSet<&str>, BTreeSet<&str>) =
        (matrix.lines().collect(), read.lines().collect());
    let (new, gone): (Vec<_>, Vec<_>) = (
        now.difference(&read).collect(),
        read.difference(&now).collect(),
    );
    assert!(
        new.is_empty() && gone.is_empty(),
        "new responses:\n{new:#?}\nexpected before:\n{gone:#?}"
    );
    site.close().await;
}

/// The router mounts four tables and a few separate routes, which are counted in its source.
#[test]
fn no_route_is_mounted_beside_the_tables_and_the_matrix() {
    let sources = [
        include_str!("../../../src/http/router.rs"),
        include_str!("../../../src/http/pages.rs"),
    ];
    let mounted: usize = sources
        .iter()
        .map(|text| text.matches(".route(").count() + text.matches(".fallback(").count())
        .sum();
    // Four of them are the loops over the tables.
    assert_eq!(
        mounted - 4,
        BESIDE_THE_TABLES.len(),
        "a route was added or removed: update the matrix"
    );
    let everything = sources.concat();
    for (at, _) in everything.match_indices(".route(\"") {
        let path = everything[at + 8..].split('"').next().unwrap();
        assert!(
            BESIDE_THE_TABLES.contains(&path),
            "no row of the matrix contains {path}"
        );
    }
}

/// A resource that one may not see and one that does not exist get the same response.
async fn what_belongs_to_somebody_else_looks_like_what_is_missing(engine: DatabaseEngine) {
    let site = Site::on(engine, sample()).await;
    let mut owner = site.signed_in("marcus.dube").await;
    let things = things(&site, &mut owner).await;
    let mut stranger = site.signed_in("hannah.cole").await;
    for (known, id) in [
        (format!("/changes/{}", things.change), &things.change),
        (format!("/people/{}", things.person), &things.person),
        (format!("/events/changes/{}", things.change), &things.change),
    ] {
        assert_eq!(owner.get(&known).await.status, StatusCode::OK, "{known}");
        let foreign = stranger.get(&known).await;
        let missing = stranger.get(&known.replace(&**id, MISSING)).await;
        assert_eq!(
            (foreign.status, missing.status),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND),
            "{known}"
        );
        assert_eq!(
            without_its_own(&foreign, id),
            without_its_own(&missing, MISSING),
            "{known}"
        );
    }
    for (path, form) in [
        (
            "decide",
            &[
                ("decision", "decline"),
                ("reason", "because I can"),
                ("effect", "x"),
            ][..],
        ),
        ("comment", &[("kind", "question"), ("comment", "why?")]),
        ("withdraw", &[]),
    ] {
        let known = stranger
            .post(&format!("/do/changes/{}/{path}", things.change), form)
            .await;
        let missing = stranger
            .post(&format!("/do/changes/{MISSING}/{path}"), form)
            .await;
        assert_eq!(known.status, missing.status, "{path}");
        assert_eq!(
            without_its_own(&known, &things.change),
            without_its_own(&missing, MISSING),
            "{path}"
        );
    }
    site.close().await;
}

/// Returns a page without what differs between requests: its id, the nonce, the address.
pub fn without_its_own(answer: &PageResponse, id: &str) -> String {
    let mut text = answer
        .body
        .replace(&answer.request, "REQUEST")
        .replace(id, "ID");
    while let Some((before, rest)) = text.split_once("nonce=\"") {
        let after = rest.split_once('"').unwrap().1;
        text = format!("{before}NONCE{after}");
    }
    text
}
