//! A browser and a client, with a pool that has one user for each kind of sign-in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Request, StatusCode, header};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier as _;
use rsa::{BigUint, RsaPublicKey};
use sandbox::clock::Clock;
use sandbox::cognito::{Client, CognitoConfig, router};
use sandbox::org::pool::{Mfa, MfaConfiguration, Pool, PoolClient, PoolGroup, PoolUser};
use sandbox::{SandboxState, SharedState};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use url::Url;

pub const POOL: &str = "eu-central-1_LeastWise";
pub const CLIENT: &str = "leastwise-client";
pub const SECRET: &str = "pool secret & more";
pub const OTHER_CLIENT: &str = "other-client";
pub const CALLBACK: &str = "http://localhost:3000/auth/callback";
pub const GOODBYE: &str = "http://localhost:3000/goodbye";
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-x";
pub const START_MS: i64 = 1_800_000_000_000;

pub struct Cognito {
    router: Router,
    pub sandbox: SharedState,
    pub clock: Clock,
    /// The browser's cookie.
    pub cookie: Option<String>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Cognito {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub fn start_with(adjust: impl FnOnce(&mut CognitoConfig)) -> Self {
        let clock = Clock::manual(START_MS);
        let sandbox = Arc::new(Mutex::new(SandboxState::new(clock.clone(), pool())));
        let mut config = CognitoConfig::local(3002);
        config.key_file = Some(crate::pool_key());
        config.more_clients.push(Client::confidential(
            OTHER_CLIENT,
            SECRET,
            CALLBACK,
            GOODBYE,
        ));
        adjust(&mut config);
        Self {
            router: router(config, Arc::clone(&sandbox)),
            sandbox,
            clock,
            cookie: None,
        }
    }

    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn change(&self, username: &str, change: impl FnOnce(&mut PoolUser)) {
        change(
            self.sandbox
                .lock()
                .unwrap()
                .pool
                .user_mut(username)
                .unwrap(),
        );
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Reply {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(
                header::COOKIE,
                format!("other=1; {cookie}").parse().unwrap(),
            );
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = (!set.contains("Max-Age=0")).then_some(pair);
        }
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn get(&mut self, uri: &str) -> Reply {
        self.send(Request::get(uri).body(Body::empty()).unwrap())
            .await
    }

    pub async fn post(&mut self, uri: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(form(uri).body(Body::from(encode(fields))).unwrap())
            .await
    }

    /// Sends a POST request as the pool's client, with its secret in a Basic header.
    pub async fn post_as_client(&mut self, uri: &str, fields: &[(&str, &str)]) -> Reply {
        let secret: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
        let request = form(uri).header(header::AUTHORIZATION, basic);
        self.send(request.body(Body::from(encode(fields))).unwrap())
            .await
    }

    pub async fn authorize(&mut self, changes: &[(&str, Option<&str>)]) -> Reply {
        self.get(&authorize_uri(changes)).await
    }

    /// Opens the sign-in page and submits the username. Returns the sign-in ID and the response.
    pub async fn identify(
        &mut self,
        username: &str,
        changes: &[(&str, Option<&str>)],
    ) -> (String, Reply) {
        let start = self.authorize(changes).await;
        let page = start.location();
        assert!(page.starts_with("/login?signin="), "{page}");
        let id = page.rsplit('=').next().unwrap().to_owned();
        assert_eq!(self.get(&page).await.status, StatusCode::OK);
        let answer = self
            .post("/login", &[("signin", &id), ("username", username)])
            .await;
        (id, answer)
    }

    /// Goes through all sign-in pages to the redirect with the code.
    pub async fn sign_in(&mut self, username: &str, changes: &[(&str, Option<&str>)]) -> Reply {
        let (id, answer) = self.identify(username, changes).await;
        if answer.status == StatusCode::FOUND {
            return answer;
        }
        let code = answer.shown_code();
        self.post("/login", &[("signin", &id), ("code", &code)])
            .await
    }

    pub async fn redeem(&mut self, code: &str) -> Reply {
        self.post_as_client("/oauth2/token", &redemption(code))
            .await
    }

    /// Signs in, redeems the code and returns the token response.
    pub async fn tokens(&mut self, username: &str, changes: &[(&str, Option<&str>)]) -> Value {
        let code = self.sign_in(username, changes).await.query()["code"].clone();
        let answer = self.redeem(&code).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    pub async fn refresh(&mut self, token: &Value) -> Reply {
        let token = token.as_str().unwrap();
        self.post_as_client(
            "/oauth2/token",
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
        .await
    }

    pub async fn user_info(&mut self, token: &Value) -> Reply {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let request = Request::get("/oauth2/userInfo").header(header::AUTHORIZATION, bearer);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Returns the claims of a token after verifying its signature with the published key that its header names.
    pub async fn verified(&mut self, token: &Value) -> Value {
        let token = token.as_str().unwrap();
        let jwks = self
            .get(&format!("/{POOL}/.well-known/jwks.json"))
            .await
            .json();
        assert!(signature_is_right(token, &jwks), "{token}");
        part(token, 1)
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::FOUND, "{}", self.body);
        self.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Returns the query of the redirect to the client.
    pub fn query(&self) -> BTreeMap<String, String> {
        let location = self.location();
        assert!(location.starts_with(CALLBACK), "{location}");
        Url::parse(&location)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect()
    }

    /// Returns the `error` of a redirect or of a JSON error response.
    pub fn error(&self) -> String {
        if self.status == StatusCode::FOUND {
            return self.query()["error"].clone();
        }
        assert!(
            self.status.is_client_error(),
            "{} {}",
            self.status,
            self.body
        );
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub fn shown_code(&self) -> String {
        let (_, rest) = self
            .body
            .split_once(r#"<output id="shown-code">"#)
            .expect("a code on the page");
        rest[..6].to_owned()
    }
}

pub fn authorize_uri(changes: &[(&str, Option<&str>)]) -> String {
    let challenge = challenge();
    let mut query = BTreeMap::from([
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    for (name, value) in changes {
        match value {
            Some(value) => query.insert(name, value),
            None => query.remove(name),
        };
    }
    let pairs: Vec<(&str, &str)> = query.into_iter().collect();
    format!("/oauth2/authorize?{}", encode(&pairs))
}

pub fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

pub fn redemption(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// Decodes a part of a JWS without verifying it: 0 is the header, 1 the claims.
pub fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub fn signature_is_right(token: &str, jwks: &Value) -> bool {
    let kid = &part(token, 0)["kid"];
    jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["kid"] == *kid)
        .any(|key| verifies(token, key))
}

pub fn verifies(token: &str, jwk: &Value) -> bool {
    let number = |name: &str| {
        BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap())
    };
    let key = VerifyingKey::<Sha256>::new(RsaPublicKey::new(number("n"), number("e")).unwrap());
    let (input, signature) = token.rsplit_once('.').unwrap();
    Signature::try_from(URL_SAFE_NO_PAD.decode(signature).unwrap().as_slice())
        .is_ok_and(|signature| key.verify(input.as_bytes(), &signature).is_ok())
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn form(uri: &str) -> http::request::Builder {
    Request::post(uri).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

fn pool() -> Pool {
    Pool {
        id: POOL.to_owned(),
        region: "eu-central-1".to_owned(),
        name: "test".to_owned(),
        mfa: MfaConfiguration::Optional,
        client: PoolClient {
            client_id: CLIENT.to_owned(),
            client_secret: SECRET.to_owned(),
            name: "Leastwise".to_owned(),
            callback_urls: vec![CALLBACK.to_owned()],
            logout_urls: vec![GOODBYE.to_owned()],
            write_attributes: None,
        },
        identity_providers: Vec::new(),
        custom_attributes: Vec::new(),
        groups: vec![PoolGroup {
            name: "administrators".to_owned(),
            description: String::new(),
        }],
        users: vec![
            user("alice", Mfa::Totp, &["administrators", "approvers"]),
            user("sam", Mfa::Sms, &["approvers"]),
            user("pat", Mfa::Passkey, &[]),
            user("bob", Mfa::None, &[]),
            PoolUser {
                enabled: false,
                ..user("carol", Mfa::Totp, &["administrators"])
            },
            PoolUser {
                federated: true,
                ..user("Okta_dave", Mfa::None, &["approvers"])
            },
        ],
        created_ms: START_MS,
    }
}

fn user(username: &str, mfa: Mfa, groups: &[&str]) -> PoolUser {
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
        created_ms: START_MS,
        updated_ms: START_MS,
    }
}
