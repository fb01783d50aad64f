//! The HTTP client for Cognito: no redirects, 5 seconds, 1 MiB, and only the hosts of the pool.
//!
//! Redirects are not followed, because the server can reach instance metadata and internal services.

use std::{collections::BTreeSet, future::Future, pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::{Origin, Url};

use super::config::is_here;

const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST: usize = 1024 * 1024;

/// The reason why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("{0} is not a host of the user pool")]
    Host(String),
    #[error("the response is larger than 1 MiB")]
    TooLarge,
    #[error("request")]
    Request(#[from] reqwest::Error),
    #[error("malformed")]
    Malformed(#[from] http::Error),
}

/// A client limited to the hosts of one pool.
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
        // Local ports are not reached through the proxy of the environment.
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
        // An opaque origin equals no other origin.
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
