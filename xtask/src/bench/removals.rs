//! Removes assignments one by one, as an administrator does it with the forms: the load under which a page and the
//! publication of what is read are measured.

use std::collections::BTreeSet;

use super::items;
use super::program::LocalAws;
use super::sign_in::sign_in;
use super::wire::Connection;
use crate::process::{ErrorContext, Failure};

/// The number of removals.
pub const REMOVALS: usize = 500;
/// How many of them one session submits: the rate limit of changes allows so many at once.
const PER_SESSION: usize = 55;
const JUSTIFICATION: &str = "measured+by+cargo+xtask+bench";
/// The preview of a removal is out of date if the engine changed something that it shows.
const CONFLICT: u16 = 409;
/// How often a removal is previewed until it is submitted as shown.
const PREVIEWS: usize = 5;
const SUBMIT: &str = "/do/changes/submit";

/// Finds assignments of development accounts, which need no approval to be removed. Returns the addresses of the forms
/// that remove them.
pub fn find(aws: &LocalAws, cookies: &str) -> Result<Vec<String>, Failure> {
    let mut connection = Connection::open(aws.web).context("connecting to the server")?;
    let mut forms = BTreeSet::new();
    for account in items::accounts(&mut connection, cookies, "environment=development", 50)? {
        let page = items::unhurried(&mut connection, &format!("/accounts/{account}"), cookies)?;
        let text = page.text();
        let links = text.split("href=\"").skip(1);
        let links = links.filter_map(|rest| rest.split('"').next());
        let removals = links.filter(|link| link.starts_with("/changes/new?kind=remove&"));
        forms.extend(removals.map(|link| link.replace("&amp;", "&")));
        if forms.len() >= REMOVALS {
            return Ok(forms.into_iter().take(REMOVALS).collect());
        }
    }
    Err(Failure::new("too few assignments can be removed"))
}

/// Submits the removals. The engine carries them out meanwhile.
pub fn submit(aws: &LocalAws, forms: &[String]) -> Result<(), Failure> {
    for some in forms.chunks(PER_SESSION) {
        let cookies = sign_in(aws.web, aws.administrator()?)?;
        let mut connection = Connection::open(aws.web).context("connecting to the server")?;
        for form in some {
            submit_one(&mut connection, form, &cookies)?;
        }
    }
    Ok(())
}

fn submit_one(connection: &mut Connection, form: &str, cookies: &str) -> Result<(), Failure> {
    for _ in 0..PREVIEWS {
        let page = items::unhurried(connection, form, cookies)?.text();
        let fields = fields(&page)
            .ok_or_else(|| Failure::new(format!("{form} has no form that submits the removal")))?;
        let body = format!("{fields}&justification={JUSTIFICATION}&ticket=");
        let answer = connection.post(SUBMIT, &body, cookies)?;
        if answer.status != CONFLICT {
            return items::stored(&answer);
        }
    }
    Err(Failure::new(format!(
        "{form} is out of date again and again"
    )))
}

/// Returns the hidden fields of the form that submits the change. Their values contain nothing that must be escaped but
/// `:`.
fn fields(page: &str) -> Option<String> {
    let form = page.split(&format!("action=\"{SUBMIT}\"")).nth(1)?;
    let form = form.split("</form>").next()?;
    let inputs = form.split("<input type=\"hidden\"").skip(1);
    let fields = inputs.filter_map(|rest| {
        let input = rest.split('>').next()?;
        let of = |attribute: &str| {
            let rest = input.split(&format!(" {attribute}=\"")).nth(1)?;
            rest.split('"').next()
        };
        Some(format!(
            "{}={}",
            of("name")?,
            of("value")?.replace(':', "%3A")
        ))
    });
    Some(fields.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hidden_fields_of_the_form_are_sent() {
        let page = "<form action=\"/x\"><input type=\"hidden\" name=\"a\" value=\"1\"></form>\
                    <form method=\"post\" action=\"/do/changes/submit\"><input type=\"hidden\" name=\"who\" \
                    value=\"user:1\"><input type=\"hidden\" name=\"term\" value=\"\"><input name=\"b\"></form>";
        assert_eq!(fields(page).as_deref(), Some("who=user%3A1&term="));
        assert_eq!(fields("<form>"), None);
    }
}
