//! A server with its user pool, and browsers. Time stands still until a test advances it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use domain::authorize::Role;
use domain::directory::{ExternalId, Origin, User, UserStatus};
use domain::ids::{PersonId, UserId};
use domain::ledger::LogName;
use domain::person::Subject;
use domain::person::link::{IdentityLink, LinkKeys, link_identity};
use domain::second_factor::PoolMfa;
use domain::time::{Duration, Timestamp};
use governor::Quota;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use sandbox::clock::Clock as SandboxClock;
use sandbox::cognito::{self, CognitoConfig, Misbehave};
use sandbox::org::Organisation;
use sandbox::org::pool::{Mfa, MfaConfiguration, Pool, PoolClient, PoolUser};
use sandbox::{SandboxState, SharedState};
use server::clock::{self, Clock};
use server::http::oidc::{Oidc, OidcConfig};
use server::http::router::{Routes, router};
use server::http::saved_form;
use server::http::secret::Secret;
use server::http::session::SignedIn;
use server::http::state::{HttpSettings, HttpState, Ports};
use server::service::journal::{EntryActor, Journal as Ledger};
use server::service::readiness::Readiness;
use server::service::sign_in::{
    PoolCheck, PoolStatus, SignInEntry, SignInEvent, SignInJournal, UserLookup,
};
use server::store::{Store, StoreError, Tx, person};
use tower::ServiceExt as _;
use url::Url;

use crate::{
    database::{Database, DatabaseEngine},
    prepared::pool_key,
};

pub const BASE: &str = "http://localhost:3000";
pub const START: Timestamp = Timestamp(1_800_000_000_000);
const POOL: &str = "eu-central-1_LeastWise";
const CLIENT: &str = "leastwise-client";
const SECRET: &str = "pool secret & more";

/// The page of a change, and its actions.
pub const RECORD: &str = "/changes/01900000-0000-7000-8000-00000000000a";
pub const SUBMIT: &str = "/do/changes/submit";
pub const DECIDE: &str = "/do/changes/01900000-0000-7000-8000-00000000000a/decide";
pub const WITHDRAW: &str = "/do/changes/01900000-0000-7000-8000-00000000000a/withdraw";

/// Returns a quota of `burst` requests at once, then one in each period of `seconds`.
pub fn quota(burst: u32, seconds: u64) -> Quota {
    let quota = Quota::with_period(std::time::Duration::from_secs(seconds)).unwrap();
    quota.allow_burst(NonZeroU32::new(burst).unwrap())
}

/// A running server.
pub struct Server {
    pub router: Router,
    pub state: HttpState,
    pub store: Store,
    pub clock: Clock,
    pub read_model: SharedState,
    pub journal: Arc<Recorded>,
    pub pool: Arc<PoolOfWorld>,
    pub users: Arc<Directory>,
    pub cognito: String,
    sandbox_clock: SandboxClock,
    pub database: Database,
}

/// What a test changes before the start.
pub struct Setup {
    pub cognito: CognitoConfig,
    pub oidc: OidcConfig,
    pub settings: HttpSettings,
    pub mfa: MfaConfiguration,
}

impl Server {
    pub async fn on(engine: DatabaseEngine) -> Self {
        Self::with(engine, |_| {}).await
    }

    pub async fn with(engine: DatabaseEngine, adjust: impl FnOnce(&mut Setup)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let base: Url = BASE.parse().unwrap();
        let mut cognito = CognitoConfig::local(port);
        cognito.key_file = Some(pool_key());
        let issuer = format!("{}/{POOL}", cognito.issuer_url);
        let mut setup = Setup {
            cognito,
            oidc: OidcConfig::new(&issuer, CLIENT, Secret::new(SECRET), &base),
            settings: HttpSettings::new(base),
            mfa: MfaConfiguration::Optional,
        };
        adjust(&mut setup);

        let sandbox_clock = SandboxClock::manual(START.0);
        let organisation = Organisation {
            pool: pool(setup.mfa),
            ..Organisation::sample()
        };
        let read_model = SandboxState::of(organisation, sandbox_clock.clone()).shared();
        let cognito_url = setup.cognito.domain_url.clone();
        let app = cognito::router(setup.cognito, read_model.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });

        let clock = Clock::manual(START);
        let database = Database::fresh(engine).await;
        let store = database.store.clone();
        let oidc = Oidc::discover(setup.oidc, &clock).await.unwrap();
        let log = LogName::parse("test").unwrap();
        let ledger = Ledger::new(store.clone(), clock.clone(), log, "test".into());
        let journal = Arc::new(Recorded(Mutex::default(), ledger));
        let pool = Arc::new(PoolOfWorld {
            read_model: read_model.clone(),
            says: Mutex::new(Says::Status),
        });
        let users = Arc::new(Directory::default());
        let ports = Ports {
            pool: pool.clone(),
            users: users.clone(),
            journal: journal.clone(),
            readiness: Arc::new(Ready::default()),
        };
        let state = HttpState::new(store.clone(), clock.clone(), setup.settings, oidc, ports);
        let router = router(state.clone(), routes(&state));
        Self {
            router,
            state,
            store,
            clock,
            read_model,
            journal,
            pool,
            users,
            cognito: cognito_url,
            sandbox_clock,
            database,
        }
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser {
            server: self,
            cookies: BTreeMap::new(),
            cognito: None,
            seen: Vec::new(),
        }
    }

    /// Advances both clocks.
    pub fn wait(&self, by: Duration) {
        self.clock.advance(by);
        self.sandbox_clock
            .advance(std::time::Duration::from_millis(by.0.unsigned_abs()));
    }

    /// Waits in steps that keep a session alive.
    pub async fn wait_using(&self, by: Duration, browser: &mut Browser<'_>) -> Vec<StatusCode> {
        let mut seen = Vec::new();
        for _ in 0..by.0 / Duration::minutes(10).0 {
            self.wait(Duration::minutes(10));
            seen.push(browser.get("/").await.status);
        }
        seen
    }

    pub fn change(&self, username: &str, change: impl FnOnce(&mut PoolUser)) {
        change(
            self.read_model
                .lock()
                .unwrap()
                .pool
                .user_mut(username)
                .unwrap(),
        );
    }

    pub async fn misbehave(&self, fault: Option<Misbehave>) {
        let answer = reqwest::Client::new()
            .post(format!("{}/_sandbox/misbehave", self.cognito))
            .header("content-type", "application/json")
            .body(serde_json::json!({ "misbehave": fault }).to_string())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
    }

    /// Returns the number of requests to the provider, by the last part of the path.
    pub async fn hits(&self, name: &str) -> u64 {
        let text = reqwest::get(format!("{}/_sandbox/hits", self.cognito))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()[name]
            .as_u64()
            .unwrap_or(0)
    }

    /// Links a sign-in to a user of the directory.
    pub fn link(&self, username: &str, number: u8) -> UserId {
        let user = user_id(number);
        self.users.0.lock().unwrap().insert(
            format!("sub-of-{username}"),
            IdentityLink::Linked(user.clone(), BTreeSet::new()),
        );
        user
    }

    /// Adds a user to the directory.
    pub fn list(&self, number: u8, name: &str, external_ids: &[(&str, &str)]) -> UserId {
        let id = user_id(number);
        let external = |(issuer, id): &(&str, &str)| ExternalId {
            issuer: (*issuer).to_owned(),
            id: (*id).to_owned(),
        };
        self.users.1.lock().unwrap().push(User {
            id: id.clone(),
            user_name: name.to_lowercase(),
            display_name: name.to_owned(),
            email: None,
            title: None,
            status: UserStatus::Enabled,
            origin: Origin::External,
            external_ids: external_ids.iter().map(external).collect(),
        });
        id
    }

    /// Grants a role through the ledger. The person must have signed in before.
    pub async fn grant(&self, username: &str, role: Role) {
        let known = person::person_of(&self.store, &self.subject(username))
            .await
            .unwrap()
            .unwrap();
        let now = self.clock.now();
        let mut tx = self.store.write().await.unwrap();
        let ensured = person::ensure_role(&mut tx, &known.person, role, now)
            .await
            .unwrap();
        if ensured == person::RoleOutcome::New {
            let ledger = self.ledger();
            let entry = ledger.role_granted(&EntryActor::leastwise(), &known.person, role, now);
            ledger.append(&mut tx, entry).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Ends a role in the ledger.
    pub async fn end_role(&self, username: &str, role: Role) {
        self.end_role_by(&self.store, username, role).await;
    }

    /// Ends a role in the ledger, as the process of this store does.
    pub async fn end_role_by(&self, store: &Store, username: &str, role: Role) {
        let known = person::person_of(store, &self.subject(username)).await;
        let (known, now) = (known.unwrap().unwrap(), self.clock.now());
        let log = LogName::parse("test").unwrap();
        let ledger = Ledger::new(store.clone(), self.clock.clone(), log, "test".into());
        let mut tx = store.write().await.unwrap();
        let held = person::end_role(&mut tx, &known.person, role, now).await;
        assert!(held.unwrap(), "{username} is no {role:?}");
        let entry = ledger.role_ended(&EntryActor::leastwise(), &known.person, role, now);
        ledger.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Returns a journal of the server's ledger.
    pub fn ledger(&self) -> Ledger {
        let log = LogName::parse("test").unwrap();
        Ledger::new(self.store.clone(), self.clock.clone(), log, "test".into())
    }

    pub fn subject(&self, username: &str) -> Subject {
        Subject {
            iss: format!("{}/{POOL}", self.cognito),
            sub: format!("sub-of-{username}"),
        }
    }

    pub fn events(&self) -> Vec<SignInEvent> {
        self.journal
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|entry| entry.event.clone())
            .collect()
    }

    /// Returns all text of a table, to search for values that must not be in it.
    pub async fn dump(&self, sql: &'static str) -> String {
        let rows: Vec<(Option<String>,)> = sqlx::query_as(sql)
            .fetch_all(self.store.read())
            .await
            .unwrap();
        rows.into_iter()
            .filter_map(|(text,)| text)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

pub fn user_id(number: u8) -> UserId {
    UserId::parse(&format!("00000000-0000-4000-8000-0000000000{number:02x}")).unwrap()
}

/// A browser with its two cookie jars.
pub struct Browser<'s> {
    server: &'s Server,
    /// For Leastwise.
    pub cookies: BTreeMap<String, String>,
    /// For Cognito.
    pub cognito: Option<String>,
    /// Everything that Leastwise has sent: status line, headers and body.
    pub seen: Vec<String>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

impl Browser<'_> {
    pub async fn send(&mut self, mut request: Request<Body>) -> Reply {
        if !self.cookies.is_empty() {
            let jar: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request
                .headers_mut()
                .insert(header::COOKIE, jar.join("; ").parse().unwrap());
        }
        if request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .is_none()
        {
            request
                .extensions_mut()
                .insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
        }
        let answer = answer(self.server.router.clone().oneshot(request).await.unwrap()).await;
        for set in answer.set_cookies() {
            let (name, rest) = set.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.seen.push(format!(
            "{} {:?}\n{}",
            answer.status, answer.headers, answer.body
        ));
        answer
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        let request = Request::get(path)
            .header("accept", "text/html")
            .header("sec-fetch-mode", "navigate");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Posts a form of one of our pages.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", body.len())
            .header("sec-fetch-site", "same-origin")
            .header("origin", BASE);
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Goes through Cognito's pages and returns the address to which they redirect.
    pub async fn at_cognito(&mut self, authorize: &str, username: &str) -> String {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let mut next = authorize.to_owned();
        for _ in 0..6 {
            let mut request = http.get(&next);
            if let Some(cookie) = &self.cognito {
                request = request.header("cookie", cookie);
            }
            let page = request.send().await.unwrap();
            if page.status().is_redirection() {
                next = Url::parse(&next)
                    .unwrap()
                    .join(page.headers()["location"].to_str().unwrap())
                    .unwrap()
                    .into();
                if next.starts_with(BASE) {
                    return next;
                }
                continue;
            }
            next = self.at_login(&http, &next, username).await;
            if next.starts_with(BASE) {
                return next;
            }
        }
        panic!("Cognito did not redirect the browser back: {next}");
    }

    async fn at_login(&mut self, http: &reqwest::Client, page: &str, username: &str) -> String {
        let login = format!("{}/login", self.server.cognito);
        let id = page.rsplit('=').next().unwrap().to_owned();
        let form = |field: &str, value: &str| {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("signin", &id)
                .append_pair(field, value)
                .finish();
            http.post(&login)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
                .send()
        };
        let mut answer = form("username", username).await.unwrap();
        if answer.status() == 200 {
            let text = answer.text().await.unwrap();
            let code = text
                .split_once(r#"<output id="shown-code">"#)
                .expect("a code on the page")
                .1[..6]
                .to_owned();
            answer = form("code", &code).await.unwrap();
        }
        assert!(
            answer.status().is_redirection(),
            "{username} could not sign in: {}",
            answer.status()
        );
        if let Some(set) = answer.headers().get("set-cookie") {
            self.cognito = set.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Goes from `/sign-in` to the callback's address, which is not requested yet.
    pub async fn until_callback(&mut self, sign_in: &str, username: &str) -> String {
        let begun = self.get(sign_in).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        let authorize = begun.location().to_owned();
        let callback = self.at_cognito(&authorize, username).await;
        callback.strip_prefix(BASE).unwrap().to_owned()
    }

    pub async fn sign_in_at(&mut self, sign_in: &str, username: &str) -> Reply {
        let callback = self.until_callback(sign_in, username).await;
        self.get(&callback).await
    }

    /// Signs in and completes the callback.
    pub async fn sign_in(&mut self, username: &str) -> &mut Self {
        let answer = self.sign_in_at("/sign-in", username).await;
        assert_eq!(
            (answer.status, answer.location()),
            (StatusCode::SEE_OTHER, "/"),
            "{}",
            answer.body
        );
        self
    }

    pub fn session(&self) -> String {
        self.cookies["__Host-session"].clone()
    }

    /// Returns what the home page of the tests shows about the signed-in person.
    pub async fn whoami(&mut self) -> serde_json::Value {
        let page = self.get("/").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        serde_json::from_str(&page.body).unwrap()
    }
}

pub async fn answer(response: axum::response::Response) -> Reply {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// Sends a request as it is, without a browser.
pub async fn raw(server: &Server, request: Request<Body>) -> Reply {
    answer(server.router.clone().oneshot(request).await.unwrap()).await
}

pub fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

fn routes(state: &HttpState) -> Routes {
    let pages = Router::new()
        .route("/", get(whoami))
        .route("/changes/new", get(draft_page))
        .route("/changes/{id}", get(draft_page))
        .route(
            "/palette.json",
            get(|| async { axum::Json(serde_json::json!([])) }),
        )
        .route("/events/changes", get(|| async { "data: x\n\n" }))
        .route("/panic", get(panics))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(state.clone());
    let actions = Router::new()
        .route(SUBMIT, post(accepted))
        .route("/do/changes/{id}/decide", post(accepted))
        .route("/do/changes/{id}/withdraw", post(accepted))
        .route("/do/panic", post(panics));
    Routes { pages, actions }
}

async fn whoami(signed: SignedIn) -> impl IntoResponse {
    axum::Json(serde_json::json!({
        "name": signed.name,
        "self_reported": signed.self_reported,
        "email": signed.email,
        "person": signed.person.as_str(),
        "acts_as": signed.actor.person.as_ref().map(|person| person.as_str().to_owned()),
        "roles": signed.actor.roles,
        "mfa": signed.actor.mfa,
        "session": signed.session,
    }))
}

async fn draft_page(
    State(state): State<HttpState>,
    signed: SignedIn,
    Query(query): Query<BTreeMap<String, String>>,
    uri: Uri,
) -> String {
    let id = query.get("draft").cloned().unwrap_or_default();
    let kept = saved_form::load(&state, &signed, &id, uri.path()).await;
    format!("{:?}", kept.unwrap())
}

async fn accepted() -> impl IntoResponse {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/changes/0")])
}

async fn panics() -> StatusCode {
    panic!("select secret from /srv/leastwise/internals.rs")
}

/// The recorded entries.
pub struct Recorded(pub Mutex<Vec<SignInEntry>>, Ledger);

#[async_trait]
impl SignInJournal for Recorded {
    async fn record(&self, tx: &mut Tx, entry: &SignInEntry) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(entry.clone());
        self.1.record(tx, entry).await
    }

    async fn refused(&self, entry: &SignInEntry) {
        self.0.lock().unwrap().push(entry.clone());
    }
}

/// How the user pool responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The status and the second factor, but no groups and no sign-outs; the tokens show those.
    Status,
    /// The groups as well.
    Groups,
    /// No response.
    Nothing,
}

pub struct PoolOfWorld {
    read_model: SharedState,
    pub says: Mutex<Says>,
}

#[async_trait]
impl PoolCheck for PoolOfWorld {
    async fn status(&self, username: &str) -> PoolStatus {
        let says = *self.says.lock().unwrap();
        let read_model = self.read_model.lock().unwrap();
        let Some(user) = read_model.pool.user(username) else {
            return PoolStatus::Gone;
        };
        let mfa = match (read_model.pool.mfa, user.mfa) {
            (MfaConfiguration::On, _) => PoolMfa::Demanded,
            (_, Mfa::None) => PoolMfa::Absent,
            _ => PoolMfa::Enrolled,
        };
        match says {
            Says::Nothing => PoolStatus::Unknown,
            _ if !user.enabled => PoolStatus::Disabled,
            Says::Status => PoolStatus::Active {
                groups: None,
                signed_out_at: None,
                mfa,
                directory_user: user.identity_store_user_id.clone(),
            },
            Says::Groups => PoolStatus::Active {
                groups: Some(user.groups.iter().cloned().collect::<BTreeSet<_>>()),
                signed_out_at: None,
                mfa,
                directory_user: user.identity_store_user_id.clone(),
            },
        }
    }
}

/// Links by `sub`, or else by the users of a directory.
#[derive(Default)]
pub struct Directory(
    pub Mutex<BTreeMap<String, IdentityLink>>,
    pub Mutex<Vec<User>>,
);

#[async_trait]
impl UserLookup for Directory {
    fn link(&self, keys: &LinkKeys) -> IdentityLink {
        let by_sub = self.0.lock().unwrap().get(&keys.subject.sub).cloned();
        by_sub.unwrap_or_else(|| link_identity(keys, self.1.lock().unwrap().iter()))
    }

    fn display_name(&self, user: &UserId) -> Option<String> {
        let users = self.1.lock().unwrap();
        let known = users.iter().find(|one| one.id == *user)?;
        Some(known.display_name.clone())
    }

    fn external_ids(&self, _: &UserId) -> Vec<ExternalId> {
        Vec::new()
    }

    async fn check(&self, _: &PersonId) {}
}

#[derive(Default)]
struct Ready(Mutex<Vec<String>>);

#[async_trait]
impl Readiness for Ready {
    async fn missing(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    async fn metrics(&self) -> String {
        "leastwise_up 1\n".into()
    }
}

fn pool(mfa: MfaConfiguration) -> Pool {
    let administrators = "leastwise-administrators";
    Pool {
        id: POOL.to_owned(),
        region: "eu-central-1".to_owned(),
        name: "test".to_owned(),
        mfa,
        client: PoolClient {
            client_id: CLIENT.to_owned(),
            client_secret: SECRET.to_owned(),
            name: "Leastwise".to_owned(),
            callback_urls: vec![format!("{BASE}/sign-in/callback")],
            logout_urls: vec![format!("{BASE}/signed-out")],
            write_attributes: None,
        },
        identity_providers: Vec::new(),
        custom_attributes: Vec::new(),
        groups: Vec::new(),
        users: vec![
            user("alice", Mfa::Totp, &[administrators, "leastwise-approvers"]),
            user("sam", Mfa::Sms, &["leastwise-approvers"]),
            user("pat", Mfa::Passkey, &[]),
            user("bob", Mfa::None, &["leastwise-auditors"]),
            PoolUser {
                federated: true,
                ..user("Okta_dave", Mfa::None, &["leastwise-approvers"])
            },
        ],
        created_ms: START.0,
    }
}

pub fn user(username: &str, mfa: Mfa, groups: &[&str]) -> PoolUser {
    PoolUser {
        sub: format!("sub-of-{username}"),
        username: username.to_owned(),
        email: format!("{username}@payments.example"),
        name: format!("{username} <Tester>"),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        identity_store_user_id: None,
        mfa,
        totp_secret: None,
        enabled: true,
        federated: false,
        linked_providers: Vec::new(),
        signed_out_at_ms: None,
        created_ms: START.0,
        updated_ms: START.0,
    }
}

/// Returns a fresh token that was never issued.
pub fn made_up() -> String {
    clock::token()
}
