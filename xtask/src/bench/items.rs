//! Measures a change of many items: the preview and the submission of one that classifies 500 accounts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::figure::{Board, Figure, percentile};
use super::program::{LocalAws, Program};
use super::start::milliseconds;
use super::wire::{Connection, HttpResponse};
use crate::process::{ErrorContext, Failure};

const ITEMS: usize = 500;
/// Each has accounts of its own, so that none finds its accounts classified already.
const CHANGES: usize = 3;
const PREVIEWS: usize = 3;
/// How often a page that the rate limit refuses is asked for again.
const WAITS: usize = 5;
/// The limits in milliseconds.
const PREVIEW_MS: f64 = 300.0;
const SUBMIT_MS: f64 = 500.0;

/// How long previews and submissions took, in milliseconds.
#[derive(Debug, Default)]
pub struct Measured {
    previews: Vec<f64>,
    submissions: Vec<f64>,
    /// The processor time of each preview.
    used: Vec<f64>,
}

/// Measures on a server that has crawled and a signed-in administrator.
pub fn measure(
    aws: &LocalAws,
    program: &Program,
    cookies: &str,
    board: &mut Board,
) -> Result<(), Failure> {
    let measured = classify(aws, program, cookies)?;
    for (what, mut took, limit) in [
        ("preview", measured.previews, PREVIEW_MS),
        ("processor time of the preview", measured.used, PREVIEW_MS),
        ("submission", measured.submissions, SUBMIT_MS),
    ] {
        took.sort_by(f64::total_cmp);
        let name = format!("{what} of a change that classifies {ITEMS} accounts: median");
        board.show(Figure::new(name, percentile(&took, 50), "ms").at_most(limit));
    }
    Ok(())
}

/// Submits the changes, each after its previews.
pub fn classify(aws: &LocalAws, program: &Program, cookies: &str) -> Result<Measured, Failure> {
    let mut connection = Connection::open(aws.web).context("connecting to the server")?;
    let accounts = accounts(&mut connection, cookies, "", ITEMS * CHANGES)?;
    let accounts: Vec<String> = accounts.into_iter().collect();
    let empty = connection.read("/changes/classify", cookies)?.text();
    let until = value(&empty, "until")?;
    let mut measured = Measured::default();
    for some in accounts.chunks_exact(ITEMS).take(CHANGES) {
        let chosen = format!(
            "action=declare&accounts={}&only=&q=&environment=keep&pci=in&owner=&purpose=takes+card+payments\
             &out_of_scope=&until={until}",
            some.join("%0A")
        );
        let mut preview = None;
        for _ in 0..PREVIEWS {
            let before = program.processor_ms()?;
            let answer = connection.post("/changes/classify", &chosen, cookies)?;
            measured.used.push(program.processor_ms()? - before);
            measured.previews.push(milliseconds(answer.took));
            preview = Some(answer.text());
        }
        let preview = preview.unwrap_or_default();
        let form = format!(
            "{chosen}&justification=agreed+with+the+card+team&ticket=&effect={}&form_key={}",
            value(&preview, "effect")?,
            value(&preview, "form_key")?
        );
        let answer = connection.post("/do/changes/classify", &form, cookies)?;
        stored(&answer)?;
        measured.submissions.push(milliseconds(answer.took));
    }
    Ok(measured)
}

/// Returns the numbers of at least `needed` accounts, from the pages of the list with this filter.
pub fn accounts(
    connection: &mut Connection,
    cookies: &str,
    filter: &str,
    needed: usize,
) -> Result<BTreeSet<String>, Failure> {
    const LINK: &str = "href=\"/accounts/";
    let mut found = BTreeSet::new();
    for page in 1.. {
        let answer = unhurried(
            connection,
            &format!("/accounts?page={page}&{filter}"),
            cookies,
        )?;
        let before = found.len();
        let text = answer.text();
        let links = text.split(LINK).skip(1);
        let ids = links.filter_map(|rest| rest.get(..12));
        found.extend(
            ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
                .map(str::to_owned),
        );
        if found.len() >= needed {
            return Ok(found);
        }
        if found.len() == before {
            break;
        }
    }
    Err(Failure::new("the list shows too few accounts"))
}

/// Reads a page, and waits as long as the server asks when it refuses further requests for a while.
pub fn unhurried(
    connection: &mut Connection,
    path: &str,
    cookies: &str,
) -> Result<HttpResponse, Failure> {
    for _ in 0..WAITS {
        let answer = connection.read(path, cookies)?;
        match answer.status {
            200 => return Ok(answer),
            429 => std::thread::sleep(retry_after(&answer)),
            status => return Err(Failure::new(format!("{path} returned status {status}"))),
        }
    }
    Err(Failure::new(format!("{path} is refused again and again")))
}

fn retry_after(answer: &HttpResponse) -> Duration {
    let seconds = answer.header("retry-after").and_then(|s| s.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// Returns the value of an input.
fn value<'a>(page: &'a str, name: &str) -> Result<&'a str, Failure> {
    let named = format!("name=\"{name}\"");
    let mut inputs = page
        .split("<input")
        .filter_map(|rest| rest.split('>').next());
    let input = inputs.find(|input| input.contains(&named));
    let value = input.and_then(|input| input.split(" value=\"").nth(1));
    let value = value.and_then(|rest| rest.split('"').next());
    value.ok_or_else(|| {
        let errors: Vec<&str> = page.split("data-error").skip(1).collect();
        let errors = errors.iter().filter_map(|rest| rest.split('>').nth(1));
        let errors: Vec<&str> = errors.filter_map(|rest| rest.split('<').next()).collect();
        Failure::new(format!("the form has no value of {name}: {errors:?}"))
    })
}

pub fn stored(answer: &HttpResponse) -> Result<(), Failure> {
    let to = answer.header("location").unwrap_or_default();
    if answer.status == 303 && to.starts_with("/changes/") {
        return Ok(());
    }
    let page = answer.text();
    let alert = page.split("role=\"alert\"").nth(1).unwrap_or_default();
    let why: Vec<&str> = alert
        .split("</div>")
        .next()
        .unwrap_or_default()
        .split('<')
        .filter_map(|tag| tag.split_once('>'))
        .map(|(_, text)| text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    Err(Failure::new(format!(
        "the change was not stored: status {}, {to}{}",
        answer.status,
        why.join(" ")
    )))
}
