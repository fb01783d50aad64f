//! One report in four forms: the page, CSV, JSON and the command line contain the same rows, no cell
//! is a formula for a spreadsheet, and every download is recorded.

use std::process::Command;

use http::StatusCode;
use sandbox::org::Organisation;
use serde_json::Value;

use super::site::Site;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    page_and_files_and_command_line_hold_the_same_rows,
    the_rows_are_grouped_by_what_the_url_says,
    a_download_is_in_the_ledger_with_its_report_and_the_hash_of_what_left,
}

const PATH: &str = "/reports/production-pci";
/// A name that a spreadsheet would evaluate.
const FORMULA: &str = "=HYPERLINK(\"http://attacker.example\",\"Maya\")";

/// Person, account, permission set, path, since, standing: the values that all four forms show.
type Row = [String; 6];

fn sample_with_a_formula() -> Organisation {
    let mut sample = Organisation::sample();
    let user = sample
        .users
        .iter_mut()
        .find(|user| &*user.user_name == "daniel.weiss")
        .unwrap();
    user.display_name = Some(FORMULA.into());
    sample
}

fn rows_of_json(report: &Value) -> Vec<Row> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        [
            text(row, "person"),
            text(row, "account_id"),
            text(row, "permission_set"),
            text(row, "path"),
            text(row, "since"),
            if row["standing"].as_bool().unwrap() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ]
    })
    .collect()
}

fn rows_of_csv(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|one| one == name).unwrap();
    let columns = [
        "person",
        "account_id",
        "permission_set",
        "path",
        "since",
        "standing",
    ]
    .map(column);
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| columns.map(|at| row[at].to_owned()))
        .collect()
}

/// Returns the paths that the table lists, without tags: each with the account of its group, and with what its block says once.
fn rows_of_page(html: &str) -> Vec<Row> {
    let table = html.split_once("id=\"report\"").unwrap().1;
    let table = table.split_once("<tbody").unwrap().1;
    let table = table.split_once("</tbody>").unwrap().0;
    let (mut account, mut block) = (String::new(), None);
    let mut found = Vec::new();
    for row in table.split("<tr").skip(1) {
        if row.starts_with(" data-group") {
            let id = between(row, "data-account-id", "</span>");
            account = words(id);
            block = None;
        } else if row.starts_with(" data-block") {
            block = Some(shared(row));
        } else {
            assert!(row.starts_with(" data-below"), "{row}");
            let [set, path, since, standing] = block.take().expect("a block above its people");
            let people = row.split("<li").skip(1);
            let before = found.len();
            found.extend(people.map(|one| {
                let person = between(one, "data-person>", "</li>");
                // The principal of an orphaned assignment has no page.
                let person = person.split_once("</a>").map_or(person, |linked| linked.0);
                [
                    words_of(person),
                    account.clone(),
                    set.clone(),
                    path.clone(),
                    since.clone(),
                    standing.clone(),
                ]
            }));
            assert!(found.len() > before, "a block without a path: {row}");
        }
    }
    assert!(block.is_none(), "a block without its people");
    found
}

/// Returns what a block says once of all of its paths: permission set, path, since, standing.
fn shared(row: &str) -> [String; 4] {
    let duration = between(row, "data-label=\"Duration\">", "</td>");
    let standing = if words_of(duration).contains("Standing") {
        "yes"
    } else {
        "no"
    };
    // What the set allows stands behind its name and the path.
    let path = between(row, "data-through>", "</th>");
    let path = path
        .split_once("<span data-capabilities")
        .map_or(path, |named| named.0);
    [
        words_of(between(row, "data-set>", "</a>")),
        words_of(path),
        between(duration, "datetime=\"", "\"").to_owned(),
        standing.to_owned(),
    ]
}

/// Returns the text after the first of one text and before the next of another.
fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = html
        .split_once(from)
        .unwrap_or_else(|| panic!("{from}: {html}"));
    rest.split_once(to)
        .unwrap_or_else(|| panic!("{to}: {html}"))
        .0
}

/// Returns the text of a piece of HTML that begins outside of a tag.
fn words_of(html: &str) -> String {
    words(&format!(">{html}"))
}

/// Returns the text of a piece of HTML. The first piece may begin within a tag.
fn words(html: &str) -> String {
    let mut text = String::new();
    let mut inside = true;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'");
    text.replace("&#39;", "'")
        .replace("&amp;", "&")
        .trim()
        .to_owned()
}

async fn command_line(site: &Site, form: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command
        .args(["report", "access", "--scope", "prod-pci", form])
        .env("LEASTWISE_DATABASE_URL", &site.database.url)
        .env("LEASTWISE_KEYS", site.database.folder().join("keys"))
        .env(
            "LEASTWISE_AWS_ENDPOINT",
            format!("http://{}", site.aws.aws_addr),
        )
        .env("LEASTWISE_LOG_NAME", "leastwise/test");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the account of each path that the page lists by person, in order of their ids.
fn accounts_by_person(page: &str) -> Vec<String> {
    let table = page.split_once("id=\"report\"").unwrap().1;
    let mut found = Vec::new();
    for block in table.split("<ul data-each-path").skip(1) {
        let accounts = block.split_once("</ul>").unwrap().0;
        let ids = accounts.split("data-account-id").skip(1);
        found.extend(ids.map(|id| words(id.split_once("</span>").unwrap().0)));
    }
    found.sort();
    found
}

/// Fails unless a CSV file holds the rows, and none of its cells is a formula.
fn assert_defused(text: &str, rows: &[Row]) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for cell in reader
        .records()
        .map(Result::unwrap)
        .flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>())
    {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "a spreadsheet would evaluate {cell:?}"
        );
    }
    let defused: Vec<Row> = rows
        .iter()
        .cloned()
        .map(|row| {
            row.map(|cell| {
                if cell == FORMULA {
                    format!("'{cell}")
                } else {
                    cell
                }
            })
        })
        .collect();
    assert_eq!(rows_of_csv(text), defused);
}

async fn page_and_files_and_command_line_hold_the_same_rows(engine: DatabaseEngine) {
    let site = Site::on(engine, sample_with_a_formula()).await;
    let mut auditor = site.signed_in("farid.haddad").await;

    let json = auditor.get(&format!("{PATH}.json")).await;
    assert_eq!(json.status, StatusCode::OK, "{}", json.body);
    let json: Value = serde_json::from_str(&json.body).unwrap();
    let rows = rows_of_json(&json);
    assert!(
        rows.len() > 20,
        "the sample has more paths to production PCI"
    );
    assert_eq!(json["row_count"], rows.len());
    assert_eq!(json["coverage"]["unread"].as_array().unwrap().len(), 0);
    assert!(rows.iter().any(|row| row[0] == FORMULA));

    // People read the name of a policy; programs find its id in a member, and in a column, of its own.
    let id = Value::from("production-pci-standing-data");
    let place = |row: &Value| {
        row["findings"]
            .as_array()
            .unwrap()
            .iter()
            .position(|one| *one == id)
    };
    let mut violations = json["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| place(row).is_some());
    let violation = violations.next().unwrap();
    assert_eq!(
        violation["finding_titles"][place(violation).unwrap()],
        "Standing access to data"
    );
    let page = auditor.get(PATH).await.body;
    let cell = page
        .split("Standing access to data")
        .nth(1)
        .expect("the title");
    // The page names the standard once, so that the control stands there as its number.
    let control = violation["finding_controls"][place(violation).unwrap()].as_str();
    let number = control
        .and_then(|control| control.strip_prefix("PCI "))
        .unwrap();
    assert!(words_of(&cell[..200]).contains(number), "{cell:.200}");
    assert!(page.contains("Findings by policy"), "{page}");
    let csv = auditor.get(&format!("{PATH}.csv")).await.body;
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert!(
        head.contains(&"\"findings\"") && head.contains(&"\"finding_titles\""),
        "{head:?}"
    );

    let told: Value = serde_json::from_str(&command_line(&site, "--json").await).unwrap();
    assert_eq!(
        told["rows"], json["rows"],
        "the command line prints complete rows, field by field"
    );
    assert_eq!(told["as_of"], json["as_of"]);

    let mut paged = Vec::new();
    for number in 1.. {
        let page = auditor.get(&format!("{PATH}?page={number}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let shown = rows_of_page(&page.body);
        if paged.ends_with(&shown) {
            break;
        }
        paged.extend(shown);
    }
    // The page says once what people share, so that their paths stand together; it still lists each path, once.
    let listed = |mut rows: Vec<Row>| {
        rows.sort();
        rows
    };
    assert_eq!(listed(paged), listed(rows.clone()));
    let by_person = auditor.get(&format!("{PATH}?group=person")).await.body;
    let grouped = accounts_by_person(&by_person);
    let mut reached: Vec<String> = rows.iter().map(|row| row[1].clone()).collect();
    reached.sort();
    assert_eq!(grouped, reached, "by person, too, each path is listed");

    for text in [
        auditor.get(&format!("{PATH}.csv")).await.body,
        command_line(&site, "--csv").await,
    ] {
        assert_defused(&text, &rows);
    }
    site.close().await;
}

async fn the_rows_are_grouped_by_what_the_url_says(engine: DatabaseEngine) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut auditor = site.signed_in("farid.haddad").await;
    let people = auditor.get(&format!("{PATH}?group=person")).await.body;
    assert!(
        people.contains("aria-current=\"true\">By person"),
        "{people}"
    );
    let unknown = auditor.get(&format!("{PATH}?only=prod-pci")).await.body;
    assert!(unknown.contains("Unknown filter “prod-pci”: the whole list is shown"));
    let other = auditor.get(&format!("{PATH}?group=moon")).await.body;
    assert!(other.contains("Unknown grouping “moon”"), "{other}");
    site.close().await;
}

async fn a_download_is_in_the_ledger_with_its_report_and_the_hash_of_what_left(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut auditor = site.signed_in("farid.haddad").await;
    let mut requester = site.signed_in("marcus.dube").await;
    let file = auditor.get(&format!("{PATH}.json")).await.body;
    let refused = requester.get(&format!("{PATH}.json")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    let listed = crate::entries::newest(&site.app_state.store, None, 10_000).await;
    let leaves: Vec<Value> = listed
        .iter()
        .map(|one| serde_json::from_str(&one.leaf).unwrap())
        .collect();
    let downloads: Vec<&Value> = leaves
        .iter()
        .filter(|leaf| leaf["type"] == "report.downloaded")
        .collect();
    let [entry] = downloads[..] else {
        panic!("one download, not {}", downloads.len())
    };
    let entry = entry.to_string();
    let report: Value = serde_json::from_str(&file).unwrap();
    assert!(
        entry.contains(report["report_id"].as_str().unwrap()),
        "{entry}"
    );
    assert!(
        entry.contains(&domain::ledger::Hash::of(file.as_bytes()).to_string()),
        "{entry}"
    );
    site.close().await;
}
