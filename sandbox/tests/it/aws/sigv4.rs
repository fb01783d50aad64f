//! Signs requests as an AWS client does (Signature Version 4), independently of the code that verifies signatures.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The parts of a request and the credentials to sign it with.
pub struct Signing<'a> {
    pub access_key: &'a str,
    pub secret: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    /// Sorted by name, names in lower case. Contains `host` and `x-amz-date`.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a str,
}

/// The time of every signature: the sandbox does not check the age of one.
pub const AMZ_DATE: &str = "20260528T120000Z";

impl Signing<'_> {
    /// Returns the `Authorization` header.
    pub fn authorization(&self) -> String {
        let day = &AMZ_DATE[..8];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let headers = self.headers.iter();
        let lines: Vec<String> = headers
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let lines = lines.concat();
        let payload = hex::encode(Sha256::digest(self.body));
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{payload}");
        let digest = hex::encode(Sha256::digest(canonical));
        let text = format!("AWS4-HMAC-SHA256\n{AMZ_DATE}\n{scope}\n{digest}");
        let key = [day, self.region, self.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| {
                hmac(&key, part)
            });
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.access_key,
            hex::encode(hmac(&key, &text))
        )
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
