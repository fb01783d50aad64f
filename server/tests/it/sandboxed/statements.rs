//! Counts the SQL statements of each page, for each role, and compares the numbers with `statements.txt`, which is
//! reviewed.
//!
//! After an intended change, run with `LEASTWISE_WRITE_STATEMENTS=1`: the test on SQLite writes the file and fails. Review
//! the difference and run again without the variable.

use std::{fmt::Write as _, fs, path::PathBuf};

use domain::{
    access,
    change::State,
    classification::{Environment, Pci},
    ids::{AccountId, ChangeId, UserId},
};
use sandbox::org::Organisation;
use server::store::{change, ledger};

use super::{
    matrix::{self, Things},
    site::{Browser, Site},
};
use crate::{database::DatabaseEngine, wait};

crate::engines::on_both_engines! {
    a_page_asks_the_database_as_often_as_the_table_says,
}

/// The role, and a username in the user pool that has it.
const ROLES: [(&str, &str); 4] = [
    ("requester", "marcus.dube"),
    ("approver", "ines.carvalho"),
    ("administrator", "maya.okafor"),
    ("auditor", "farid.haddad"),
];

/// The page of a change that was carried out.
const VERIFIED: &str = "/changes/{id} (verified)";

/// A loop that runs beside a request adds its own statements, so the smallest of several counts is the page's.
const TIMES: usize = 6;
/// On a busy machine the smallest count is looked for this often.
const MOST_TIMES: usize = 40;
/// How often the smallest count is seen before it is the page's: two in a row may both have met the same loop.
const SEEN: usize = 3;

fn pages(things: &Things, verified: &str) -> Vec<(&'static str, String)> {
    let fixed = [
        "/",
        "/accounts",
        "/people",
        "/identities",
        "/groups",
        "/permission-sets",
        "/changes",
        "/changes/new",
        "/changes/classify",
        "/inbox",
        "/operations",
        "/ledger",
        "/ledger?q=session.started",
        "/ledger?what=sessions&outcome=success&from=2026-01-01&q=maya",
        "/ledger?what=access",
        "/reports/production-pci",
        "/reports/production-pci?group=person",
        "/palette.json",
    ];
    let fixed = fixed.map(|path| (path, path.to_owned()));
    let of_one = [
        ("/accounts/{id}", format!("/accounts/{}", things.account)),
        ("/people/{id}", format!("/people/{}", things.person)),
        ("/groups/{id}", format!("/groups/{}", things.group)),
        (
            "/permission-sets/{key}",
            format!("/permission-sets/{}", things.set),
        ),
        ("/changes/{id}", format!("/changes/{}", things.change)),
        (VERIFIED, format!("/changes/{verified}")),
        ("/ledger/{seq}", "/ledger/1".to_owned()),
    ];
    fixed.into_iter().chain(of_one).collect()
}

/// Returns a change that gives access for some time and was carried out.
async fn verified(site: &Site, browser: &mut Browser, things: &Things) -> String {
    let read_model = site.app_state.read_model();
    let snapshot = &read_model.snapshot;
    let person = UserId::parse(&things.person).unwrap();
    let has = |account: &AccountId| {
        access::reach_of(snapshot, &person).any(|reach| reach.pair.account == *account)
    };
    let mut accounts = snapshot.parts().accounts.values();
    let account = accounts.find(|(one, class)| {
        class.environment == Environment::Development && class.pci == Pci::Out && !has(&one.id)
    });
    let account = account.unwrap();
    let form = [
        ("kind", "grant"),
        ("who", &*format!("user:{}", things.person)),
        ("set", &*things.set),
        ("account", account.0.id.as_str()),
        ("term", "60"),
    ];
    let id = ChangeId::parse(&matrix::requests(browser, &form).await).unwrap();
    wait::until("the change is verified", async || {
        let mut conn = site.app_state.store.connection().await.unwrap();
        let found = change::find(&mut conn, &id).await.unwrap().unwrap();
        let state = found.state();
        assert!(
            !state.is_terminal() || state == State::Verified,
            "{state:?}"
        );
        state == State::Verified
    })
    .await;
    id.to_string()
}

/// Returns the numbers of the table, line by line; a role that may not open the page has none.
fn reviewed(table: &str) -> Vec<Vec<Option<u64>>> {
    let of_line = |line: &str| {
        let last: Vec<_> = line.split_whitespace().rev().take(ROLES.len()).collect();
        last.into_iter()
            .rev()
            .map(|cell| cell.parse().ok())
            .collect()
    };
    table.lines().skip(1).map(of_line).collect()
}

/// Returns the statements of the page. A count above `reviewed` is looked at more often before it is believed.
async fn statements(
    site: &Site,
    browser: &mut Browser,
    path: &str,
    reviewed: Option<u64>,
) -> Option<u64> {
    let mut counts = Vec::new();
    for time in 0..MOST_TIMES {
        let before = site.app_state.store.statements();
        let answer = browser.get(path).await;
        let count = site.app_state.store.statements() - before;
        if !answer.status.is_success() {
            return None;
        }
        counts.push(count);
        let smallest = counts.iter().min().copied();
        // Seen once, it may be less than the page needs when others have filled what is kept.
        let seen = counts.iter().filter(|one| Some(**one) == smallest).count();
        let is_more = reviewed.is_some() && smallest > reviewed;
        if time + 1 >= TIMES && seen >= SEEN && !is_more {
            return smallest;
        }
    }
    counts.into_iter().min()
}

async fn a_page_asks_the_database_as_often_as_the_table_says(engine: DatabaseEngine) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut browsers = Vec::new();
    for (_, username) in ROLES {
        browsers.push(site.signed_in(username).await);
    }
    let things = matrix::things(&site, &mut browsers[0]).await;
    // An administrator: access that people request for themselves needs an approval.
    let verified = verified(&site, &mut browsers[2], &things).await;
    // The page of an entry also reads the checkpoint that covers it.
    wait::until("entry 1 is covered by a checkpoint", async || {
        let signed = ledger::newest_checkpoint(&site.app_state.store).await;
        signed.unwrap().is_some_and(|signed| signed.size > 1)
    })
    .await;
    let mut table = format!("{:<28}", "page");
    for (role, _) in ROLES {
        write!(table, " {role:>14}").unwrap();
    }
    table.push('\n');
    let golden =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/sandboxed/statements.txt");
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    let reviewed = reviewed(&expected);
    for (line, (name, path)) in pages(&things, &verified).into_iter().enumerate() {
        write!(table, "{name:<28}").unwrap();
        for (role, browser) in browsers.iter_mut().enumerate() {
            let reviewed = reviewed.get(line).and_then(|line| *line.get(role)?);
            let count = statements(&site, browser, &path, reviewed).await;
            let count = count.map_or_else(|| "-".to_owned(), |count| count.to_string());
            write!(table, " {count:>14}").unwrap();
        }
        table.push('\n');
    }
    println!("{table}");
    if engine == DatabaseEngine::Sqlite && std::env::var_os("LEASTWISE_WRITE_STATEMENTS").is_some()
    {
        fs::write(&golden, &table).unwrap();
        panic!("written; review the difference and run again without LEASTWISE_WRITE_STATEMENTS");
    }
    assert_eq!(table, expected);
    site.close().await;
}
