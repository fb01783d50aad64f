//! Encrypts stored refresh tokens. The key is derived from the session cookie, which the server does not store. A copy
//! of the database therefore reveals no token, and every replica can decrypt them, also after a restart, without a
//! configured key.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use crate::clock;

/// Seals `secret` for the holder of `cookie`. `session` is bound in, so rows cannot be swapped.
pub(super) fn seal(cookie: &str, session: &str, secret: &str) -> String {
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&clock::random()[..NONCE_LEN]);
    let mut text = secret.as_bytes().to_vec();
    key(cookie)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(session),
            &mut text,
        )
        .expect("a refresh token is far shorter than the cipher's limit");
    STANDARD_NO_PAD.encode([&nonce[..], &text].concat())
}

/// Opens a text of [`seal`]. Returns `None` for another cookie, another session or an altered text.
pub(super) fn open(cookie: &str, session: &str, sealed: &str) -> Option<String> {
    let mut bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
    if bytes.len() < NONCE_LEN {
        return None;
    }
    let mut text = bytes.split_off(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
    let plain = key(cookie)
        .open_in_place(nonce, Aad::from(session), &mut text)
        .ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

/// The cookie holds 256 random bits, so one hash is sufficient. The prefix separates this value from the plain SHA-256
/// of the cookie, which is stored.
fn key(cookie: &str) -> LessSafeKey {
    let bytes = Sha256::new()
        .chain_update("leastwise refresh token v1\n")
        .chain_update(cookie)
        .finalize();
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, &bytes).expect("SHA-256 is as long as an AES-256 key"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_cookie_and_session_open_it() {
        let sealed = seal("cookie", "session", "refresh-token");
        assert!(!sealed.contains("refresh"));
        assert_eq!(
            open("cookie", "session", &sealed).as_deref(),
            Some("refresh-token")
        );
        assert_eq!(open("another", "session", &sealed), None);
        assert_eq!(open("cookie", "another", &sealed), None);
        assert_eq!(open("cookie", "session", &sealed[..sealed.len() - 2]), None);
        assert_eq!(open("cookie", "session", ""), None);
    }
}
