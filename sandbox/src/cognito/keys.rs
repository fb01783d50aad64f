//! The pool's RSA signing key: generated from the operating system's randomness and kept in a file if one is
//! configured. It must never overwrite a key file that it cannot read, and never sign with the standby key, whose
//! private half does not exist.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

const KEY_BITS: usize = 2048;

/// The modulus of the standby key. Cognito publishes two keys and signs with one. The factors of this one were
/// discarded.
const STANDBY_MODULUS: &str = "wCK-xurtfIIhzUFbgRDq_fKbL5_8aZO8og5a6lBgj0U3AfBg9dxRbvNAY4tatLD3WaIuhTk5OQPrDWHtk-tjdJLF86ojfhqF53TUGREcyJRrmkUJBaESUvWWEMWjwDKvOmKbNfZLVGzy2z_4eYMnZq2iaKzkWnCPzi5TUH-WZ-Y19Bzmi5Uo7ih1oW_Y0s8OcJpj-vm16ZFmno9UJk1LkdWHNNm42q4V8VODD0d2z01rNHqmaSIL2gbAV5jrc1IVzfXgp2t9spq9jqwXThcyBwNhlMp6XdCp9PmOQj27LfgQPzAtkf9iqEs6Kc6KZCb0MRdFBnuddhzwEesiPYGhIw";

/// The signing key and its public half.
pub(super) struct PoolKeys {
    signer: SigningKey<Sha256>,
    public: RsaPublicKey,
    kid: String,
}

impl PoolKeys {
    /// Reads the key at `file`, or generates one and writes it there. A file that is not a key is left unchanged, and a
    /// key for this run only is used with a warning, because the sandbox must start.
    pub(super) fn open(file: Option<&Path>) -> Self {
        let Some(path) = file else {
            return Self::new(generate());
        };
        match fs::read_to_string(path) {
            Ok(pem) => Self::new(RsaPrivateKey::from_pkcs8_pem(&pem).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "not a valid key file: using a key for this run only");
                generate()
            })),
            Err(error) => {
                let private = generate();
                let kept = if error.kind() == io::ErrorKind::NotFound {
                    keep(&private, path)
                } else {
                    Err(error)
                };
                if let Err(error) = kept {
                    tracing::warn!(path = %path.display(), %error, "cannot save the pool's signing key: using it for this run only");
                }
                Self::new(private)
            }
        }
    }

    /// Returns a key that this pool does not publish, to sign forged tokens.
    pub(super) fn foreign() -> Self {
        Self::new(generate())
    }

    fn new(private: RsaPrivateKey) -> Self {
        let public = private.to_public_key();
        let kid = thumbprint(&URL_SAFE_NO_PAD.encode(public.n().to_bytes_be()));
        Self {
            signer: SigningKey::new(private),
            public,
            kid,
        }
    }

    /// Returns the JWS header of the pool: `alg` and `kid` only.
    pub(super) fn header(&self) -> Value {
        json!({ "kid": self.kid, "alg": "RS256" })
    }

    /// Returns a compact JWS (RFC 7515 7.1) with the pool's header.
    pub(super) fn sign(&self, claims: &Claims) -> String {
        self.sign_with_header(&self.header(), claims)
    }

    pub(super) fn sign_with_header(&self, header: &Value, claims: &Claims) -> String {
        let input = signing_input(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.signer.sign(input.as_bytes()).to_bytes());
        format!("{input}.{signature}")
    }

    /// Returns the claims of a token signed with this key, or `None` for any other text.
    pub(super) fn verify(&self, token: &str) -> Option<Claims> {
        let (input, signature) = token.rsplit_once('.')?;
        let signature =
            Signature::try_from(URL_SAFE_NO_PAD.decode(signature).ok()?.as_slice()).ok()?;
        VerifyingKey::<Sha256>::new(self.public.clone())
            .verify(input.as_bytes(), &signature)
            .ok()?;
        let (_, claims) = input.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    /// Returns the public key as a JWK (RFC 7517).
    pub(super) fn jwk(&self) -> Value {
        let exponent = URL_SAFE_NO_PAD.encode(self.public.e().to_bytes_be());
        jwk(
            &self.kid,
            &URL_SAFE_NO_PAD.encode(self.public.n().to_bytes_be()),
            &exponent,
        )
    }

    /// Returns the document at `jwks_uri`.
    pub(super) fn jwks(&self) -> Value {
        json!({ "keys": [jwk(&thumbprint(STANDBY_MODULUS), STANDBY_MODULUS, "AQAB"), self.jwk()] })
    }

    /// Returns the public key as SubjectPublicKeyInfo PEM, which an algorithm confusion attack uses as the HMAC secret.
    pub(super) fn public_pem(&self) -> String {
        self.public
            .to_public_key_pem(LineEnding::LF)
            .expect("an RSA public key always encodes")
    }
}

/// Returns the signing input of a JWS: header and claims.
pub(super) fn signing_input(header: &Value, claims: &Claims) -> String {
    let claims = serde_json::to_vec(claims).expect("a JSON map always serialises");
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

fn generate() -> RsaPrivateKey {
    RsaPrivateKey::new(&mut rand::rngs::OsRng, KEY_BITS).expect("2048 bits is a size RSA accepts")
}

/// Writes a new key file that only its owner can read.
fn keep(private: &RsaPrivateKey, path: &Path) -> io::Result<()> {
    let pem = private
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(pem.as_bytes())
}

fn jwk(kid: &str, modulus: &str, exponent: &str) -> Value {
    json!({ "alg": "RS256", "e": exponent, "kid": kid, "kty": "RSA", "n": modulus, "use": "sig" })
}

/// Returns the RFC 7638 thumbprint of a key whose exponent is 65537.
fn thumbprint(modulus: &str) -> String {
    let canonical = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{modulus}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/test_key.pem");

    fn claims() -> Claims {
        json!({ "sub": "s" }).as_object().unwrap().clone()
    }

    #[test]
    fn a_token_verifies_until_one_character_of_it_changes() {
        let keys = PoolKeys::open(Some(Path::new(TEST_KEY)));
        let token = keys.sign(&claims());
        assert_eq!(keys.verify(&token), Some(claims()));
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode(r#"{"sub":"t"}"#);
        assert_eq!(keys.verify(&format!("{head}.{other}.{signature}")), None);
    }

    #[test]
    fn without_a_file_every_start_makes_a_key_of_its_own() {
        assert_ne!(PoolKeys::open(None).kid, PoolKeys::open(None).kid);
    }

    #[test]
    fn the_standby_key_is_published_beside_the_signing_key() {
        let jwks = PoolKeys::open(Some(Path::new(TEST_KEY))).jwks();
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        assert_ne!(keys[0]["kid"], keys[1]["kid"]);
        assert_eq!(
            URL_SAFE_NO_PAD
                .decode(keys[0]["n"].as_str().unwrap())
                .unwrap()
                .len(),
            KEY_BITS / 8
        );
    }

    #[test]
    fn a_key_that_was_kept_is_read_again_and_is_the_owners_alone() {
        let folder = std::env::temp_dir().join(format!(
            "leastwise-keys-{}",
            super::super::sessions::random_uuid()
        ));
        let file = folder.join("pool/key.pem");
        let private =
            RsaPrivateKey::from_pkcs8_pem(&fs::read_to_string(TEST_KEY).unwrap()).unwrap();
        keep(&private, &file).unwrap();
        assert_eq!(
            PoolKeys::open(Some(&file)).kid,
            PoolKeys::new(private.clone()).kid
        );
        assert!(
            keep(&private, &file).is_err(),
            "an existing file is never overwritten"
        );
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &fs::metadata(&file).unwrap().permissions(),
            );
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
