//! Creates a session the way a browser does: through the plain forms of the local Cognito, without a bypass.

use super::wire::{Connection, HttpResponse};
use crate::process::{ErrorContext, Failure};

/// The maximum number of requests for one sign-in.
const MOST_STEPS: usize = 10;

/// Signs `username` in at the web port and returns the cookies.
pub fn sign_in(web: u16, username: &str) -> Result<String, Failure> {
    let mut jar = Jar::default();
    let mut at = (web, "/sign-in".to_owned());
    let mut form: Option<String> = None;
    for _ in 0..MOST_STEPS {
        let mut connection =
            Connection::open(at.0).context(format_args!("connecting to port {}", at.0))?;
        let cookies = jar.of(at.0);
        let answer = match form.take() {
            Some(form) => connection.post(&at.1, &form, &cookies)?,
            None => connection.get(&at.1, &cookies)?,
        };
        jar.take(at.0, &answer);
        if let Some(to) = answer.header("location") {
            at = place(to, at.0)?;
            if at == (web, "/".to_owned()) {
                return Ok(jar.of(web));
            }
            continue;
        }
        let page = answer.text();
        let between = |start: &str, end: &str| {
            let rest = &page[page.find(start)? + start.len()..];
            Some(rest[..rest.find(end)?].to_owned())
        };
        let signin = between("name=\"signin\" value=\"", "\"").ok_or_else(|| {
            Failure::new(format!(
                "sign-in stopped at {} with status {}",
                at.1, answer.status
            ))
        })?;
        form = Some(match between("<output id=\"shown-code\">", "</output>") {
            Some(code) => format!("signin={signin}&code={code}"),
            None => format!("signin={signin}&username={username}"),
        });
        "/login".clone_into(&mut at.1);
    }
    Err(Failure::new(
        "sign-in exceeds the maximum number of requests",
    ))
}

/// Returns the port and path of a redirect.
fn place(to: &str, here: u16) -> Result<(u16, String), Failure> {
    if to.starts_with('/') {
        return Ok((here, to.to_owned()));
    }
    let rest = to.strip_prefix("http://localhost:").and_then(|rest| {
        let (port, path) = rest.split_once('/')?;
        Some((port.parse().ok()?, format!("/{path}")))
    });
    rest.ok_or_else(|| Failure::new(format!("sign-in redirects to the unexpected location {to}")))
}

/// Cookies by the port that set them. Browsers share cookies between ports, but nothing here relies on that.
#[derive(Default)]
struct Jar(Vec<(u16, String, String)>);

impl Jar {
    fn take(&mut self, port: u16, answer: &HttpResponse) {
        for (_, line) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            self.0
                .retain(|(at, known, _)| (*at, known.as_str()) != (port, name));
            if !value.is_empty() {
                self.0.push((port, name.to_owned(), value.to_owned()));
            }
        }
    }

    fn of(&self, port: u16) -> String {
        let own = self.0.iter().filter(|(at, ..)| *at == port);
        let pairs: Vec<String> = own
            .map(|(_, name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }
}
