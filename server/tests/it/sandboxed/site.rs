//! The whole program on a port, as `leastwise serve` starts it, and browsers without scripts.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use domain::{engine::Pacing, policies::RemovalLimits};
use http::StatusCode;
use sandbox::{
    Running, Sandbox,
    aws::Limits,
    org::{Organisation, pool::PoolUser},
};
use serde_json::{Value, json};
use server::{
    cli::serve,
    config::{
        AnalysisArgs, AwsArgs, DatabaseArgs, ENGINE_LEASE_SECONDS, IdentityArgs, PortalArgs,
        ServeArgs, SignInArgs,
    },
    service::app_state::AppState,
    state::StartError,
};
use tokio::{sync::oneshot, task::JoinHandle};
use url::Url;

use super::sandbox_server::{http_client, inject};
use crate::{
    database::{Database, DatabaseEngine},
    ports,
    prepared::pool_key,
    wait,
};

pub struct Site {
    pub base: String,
    pub app_state: Arc<AppState>,
    pub aws: Running,
    pub database: Database,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), StartError>>,
}

impl Site {
    /// Starts everything and waits for the first crawl.
    pub async fn on(engine: DatabaseEngine, organisation: Organisation) -> Self {
        Self::with(engine, organisation, |_| {}).await
    }

    /// As [`Self::on`], with a changed configuration.
    pub async fn with(
        engine: DatabaseEngine,
        organisation: Organisation,
        adjust: impl FnOnce(&mut ServeArgs),
    ) -> Self {
        Self::try_with(engine, organisation, adjust).await.unwrap()
    }

    /// As [`Self::with`], for a configuration that may prevent the start.
    pub async fn try_with(
        engine: DatabaseEngine,
        organisation: Organisation,
        adjust: impl FnOnce(&mut ServeArgs),
    ) -> Result<Self, StartError> {
        let site = Self::started(engine, organisation, json!([]), adjust).await?;
        site.until_ready().await;
        Ok(site)
    }

    /// Starts everything on an AWS with faults, and waits for nothing.
    pub async fn unready(engine: DatabaseEngine, organisation: Organisation, rules: Value) -> Self {
        let site = Self::started(engine, organisation, rules, |_| {}).await;
        site.unwrap()
    }

    async fn started(
        engine: DatabaseEngine,
        organisation: Organisation,
        rules: Value,
        adjust: impl FnOnce(&mut ServeArgs),
    ) -> Result<Self, StartError> {
        let database = Database::fresh(engine).await;
        let web = ports::unused();
        let base = format!("http://localhost:{web}");
        let mut local = Sandbox::new(organisation);
        local.speed = 100;
        local.limits = Limits::Unlimited;
        local.cognito_key_file = Some(pool_key());
        local.callback_urls = vec![format!("{base}/sign-in/callback")];
        local.logout_urls = vec![format!("{base}/signed-out")];
        let aws = local.start().await.unwrap();
        inject(&aws, rules).await;
        let mut args = configuration(&database, &aws, &base, web);
        adjust(&mut args);
        let listener = serve::open(args.listen)?;
        let started = serve::start(listener, &args, Pacing::default()).await?;
        let app_state = started.app_state.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(started.until(async {
            let _ = stopped.await;
        }));
        Ok(Self {
            base,
            app_state,
            aws,
            database,
            stop,
            serving,
        })
    }

    /// Sets the faults of AWS from now on.
    pub async fn faults(&self, rules: Value) {
        inject(&self.aws, rules).await;
    }

    async fn until_ready(&self) {
        wait::until("the server is ready", async || {
            let ready = http_client()
                .get(format!("{}/readyz", self.base))
                .send()
                .await
                .unwrap();
            ready.status() == StatusCode::OK
        })
        .await;
    }

    pub fn browser(&self) -> Browser {
        Browser {
            base: self.base.clone(),
            cookies: BTreeMap::new(),
        }
    }

    pub async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(username).await;
        browser
    }

    pub async fn close(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap().unwrap();
        drop(self.app_state);
        self.database.store.close().await;
    }
}

/// The configuration that `leastwise sandbox` passes to `serve`.
pub fn configuration(database: &Database, aws: &Running, base: &str, web: u16) -> ServeArgs {
    let read_model = sandbox::state::lock(&aws.sandbox);
    let pool = &read_model.pool;
    let with_role = |group: &str| -> Vec<String> {
        let members = |user: &&PoolUser| user.groups.iter().any(|one| one == group);
        pool.users
            .iter()
            .filter(members)
            .map(|user| user.sub.clone())
            .collect()
    };
    let cognito = format!("http://localhost:{}", aws.cognito_addr.port());
    ServeArgs {
        listen: SocketAddr::from(([127, 0, 0, 1], web)),
        public_url: Url::parse(base).unwrap(),
        pool: pool.id.clone(),
        issuer: Some(format!("{cognito}/{}", pool.id)),
        subject_issuer: Some(format!(
            "https://cognito-idp.{}.amazonaws.com/{}",
            pool.region, pool.id
        )),
        accepted_issuers: Vec::new(),
        cognito_domain: Some(Url::parse(&cognito).unwrap()),
        client_id: pool.client.client_id.clone(),
        client_secret: pool.client.client_secret.clone(),
        administrators: with_role("leastwise-administrators"),
        approvers: with_role("leastwise-approvers"),
        auditors: with_role("leastwise-auditors"),
        crawl_minutes: 60,
        identities: IdentityArgs::default(),
        trusted_proxies: Vec::new(),
        metrics_token: String::new(),
        sign_in: SignInArgs {
            step_up_seconds: 300,
            step_up_seconds_other: 3600,
            ..SignInArgs::default()
        },
        allow_sandbox_build: false,
        database: DatabaseArgs {
            url: database.url.clone(),
            keys: database.folder().join("keys"),
            log_name: Some("leastwise/test".into()),
            engine_lease_seconds: ENGINE_LEASE_SECONDS,
        },
        aws: AwsArgs {
            classification: None,
            portal: PortalArgs::default(),
            analysis: AnalysisArgs::default(),
            region: pool.region.clone(),
            endpoint: Some(Url::parse(&format!("http://{}", aws.aws_addr)).unwrap()),
            calls_per_second: 1_500.0,
            own_accounts: Vec::new(),
            oversight_sets: RemovalLimits::default_marks(),
            removal_people: RemovalLimits::PEOPLE,
        },
    }
}

/// A browser with its cookies for Leastwise.
pub struct Browser {
    base: String,
    cookies: BTreeMap<String, String>,
}

pub struct PageResponse {
    pub status: StatusCode,
    pub retry_after: String,
    pub location: String,
    pub request: String,
    pub body: String,
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> PageResponse {
        let answer = self
            .send(http_client().get(format!("{}{path}", self.base)))
            .await;
        // A stream has no end to wait for; only its start matters here.
        let body = !path.starts_with("/events/") || !answer.status().is_success();
        taken(answer, body).await
    }

    /// Posts a form of one of our pages.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> PageResponse {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = http_client()
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", &self.base)
            .body(body);
        let answer = self.send(request).await;
        taken(answer, true).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header("accept", "text/html")
            .header("sec-fetch-mode", "navigate");
        let request = if jar.is_empty() {
            request
        } else {
            request.header("cookie", jar.join("; "))
        };
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies
                    .insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
            }
        }
        answer
    }

    /// Returns the cookie of the session.
    pub fn session(&self) -> String {
        self.cookies["__Host-session"].clone()
    }

    /// Signs in at Cognito and returns.
    async fn sign_in(&mut self, username: &str) {
        assert_eq!(self.sign_in_at("/sign-in", username).await, "/");
    }

    /// Signs in from a URL of the sign-in page, and returns the page that it redirects to.
    pub async fn sign_in_at(&mut self, sign_in: &str, username: &str) -> String {
        let begun = self.get(sign_in).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        let callback = at_cognito(&begun.location, username, &self.base).await;
        let signed = self.get(callback.strip_prefix(&self.base).unwrap()).await;
        assert_eq!(
            signed.status,
            StatusCode::SEE_OTHER,
            "{username}: {}",
            signed.body
        );
        signed.location
    }
}

async fn taken(answer: reqwest::Response, with_body: bool) -> PageResponse {
    let header = |name: &str| {
        let value = answer.headers().get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    };
    let (status, location, request) = (answer.status(), header("location"), header("x-request-id"));
    let retry_after = header("retry-after");
    let body = if with_body {
        answer.text().await.unwrap()
    } else {
        String::new()
    };
    PageResponse {
        status,
        retry_after,
        location,
        request,
        body,
    }
}

/// Goes through Cognito's pages and returns the address to which they redirect.
async fn at_cognito(authorize: &str, username: &str, base: &str) -> String {
    let http = http_client();
    let page = http.get(authorize).send().await.unwrap();
    let page = Url::parse(authorize)
        .unwrap()
        .join(page.headers()["location"].to_str().unwrap())
        .unwrap();
    let id = page.as_str().rsplit('=').next().unwrap().to_owned();
    let login = page.join("/login").unwrap();
    let form = |field: &str, value: &str| {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("signin", &id)
            .append_pair(field, value)
            .finish();
        http.post(login.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
    };
    let mut answer = form("username", username).await.unwrap();
    if answer.status() == StatusCode::OK {
        let text = answer.text().await.unwrap();
        let shown = text
            .split_once(r#"<output id="shown-code">"#)
            .expect("a code on the page")
            .1;
        answer = form("code", &shown[..6]).await.unwrap();
    }
    let mut next = page
        .join(answer.headers()["location"].to_str().unwrap())
        .unwrap();
    for _ in 0..4 {
        if next.as_str().starts_with(base) {
            return next.into();
        }
        let answer = http.get(next.clone()).send().await.unwrap();
        next = next
            .join(answer.headers()["location"].to_str().unwrap())
            .unwrap();
    }
    panic!("Cognito did not redirect {username} back: {next}");
}
