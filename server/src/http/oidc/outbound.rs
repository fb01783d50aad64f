//! The only way out to Cognito: no redirects, 5 seconds, 1 MiB, and only to the hosts of the pool.
//!
//! A redirect of the key set to another address must end here, because the server stands where
//! instance metadata and internal services are.

use std::{collections::BTreeSet, future::Future, pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::{Origin, Url};

use super::config::is_here;

const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Not a host of the pool.
    #[error("{0} is not a host of the user pool")]
    Host(String),
    /// Too large.
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
    /// The network.
    #[error("request")]
    Request(#[from] reqwest::Error),
    /// Malformed.
    #[error("malformed")]
    Malformed(#[from] http::Error),
}

/// A client for the hosts of one pool.
pub(super) struct Outbound {
    client: reqwest::Client,
    allowed: BTreeSet<String>,
}

impl Outbound {
    pub(super) fn new<'a>(allowed: impl Iterator<Item = &'a Url>) -> Result<Self, OutboundError> {
        let allowed: Vec<&Url> = allowed.collect();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            .referer(false);
        // A proxy of the environment is not asked for this machine's own ports.
        if allowed.iter().all(|url| is_here(url)) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build()?,
            allowed: allowed.into_iter().map(key).collect(),
        })
    }

    pub(super) fn allow(&mut self, url: &Url) {
        self.allowed.insert(key(url));
    }

    pub(super) fn allows(&self, url: &Url) -> bool {
        self.allowed.contains(&key(url))
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let request: reqwest::Request = request.try_into()?;
        if !self.allows(request.url()) {
            return Err(OutboundError::Host(
                request.url().host_str().unwrap_or_default().to_owned(),
            ));
        }
        let mut response = self.client.execute(request).await?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST {
                return Err(OutboundError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

fn key(url: &Url) -> String {
    match url.origin() {
        // An opaque origin equals nothing, not even its own text.
        Origin::Opaque(_) => String::new(),
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
    }
}

impl<'c> AsyncHttpClient<'c> for Outbound {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
