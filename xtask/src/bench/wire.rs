//! A minimal HTTP/1.1 client that counts every received byte, including status line, headers and framing. It supports
//! what the server and the local Cognito send, and rejects anything else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::process::{ErrorContext, Failure};

/// The encodings that browsers accept over TLS; over plain HTTP they omit `br`.
const ENCODINGS: &str = "gzip, deflate, br, zstd";

pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The decompressed body.
    pub body: Vec<u8>,
    /// The number of bytes received.
    pub received: usize,
    /// The time from the first byte sent to the last byte received.
    pub took: Duration,
}

impl HttpResponse {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A keep-alive connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// Connects to this machine, with `localhost` as the host name.
    pub fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            host: format!("localhost:{port}"),
        })
    }

    pub fn get(&mut self, path: &str, cookies: &str) -> Result<HttpResponse, Failure> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: {ENCODINGS}\r\nCookie: {cookies}\r\n\r\n",
            self.host
        );
        self.ask(&request).context(format_args!("GET {path}"))
    }

    /// As [`Self::get`], for a page whose text is read: it is not compressed.
    pub fn read(&mut self, path: &str, cookies: &str) -> Result<HttpResponse, Failure> {
        let host = &self.host;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n");
        self.ask(&request).context(format_args!("GET {path}"))
    }

    pub fn post(&mut self, path: &str, form: &str, cookies: &str) -> Result<HttpResponse, Failure> {
        let (host, length) = (&self.host, form.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookies}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        );
        self.ask(&request).context(format_args!("POST {path}"))
    }

    fn ask(&mut self, request: &str) -> std::io::Result<HttpResponse> {
        let started = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut received = 0;
        let status_line = self.line(&mut received)?;
        let status = status_line.split(' ').nth(1).and_then(|s| s.parse().ok());
        let status = status.ok_or_else(|| odd("no status line"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line(&mut received)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| odd("malformed header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = HttpResponse {
            status,
            headers,
            body: Vec::new(),
            received,
            took: Duration::ZERO,
        };
        let packed = self.body(&mut answer)?;
        answer.took = started.elapsed();
        answer.body = match answer.header("content-encoding") {
            None => packed,
            Some("br") => {
                let mut plain = Vec::new();
                brotli::Decompressor::new(packed.as_slice(), 64 * 1024).read_to_end(&mut plain)?;
                plain
            }
            Some(_) => return Err(odd("an encoding other than br")),
        };
        Ok(answer)
    }

    fn body(&mut self, answer: &mut HttpResponse) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = self.line(&mut answer.received)?;
                let size =
                    usize::from_str_radix(&size, 16).map_err(|_| odd("malformed chunk size"))?;
                self.exactly(size, &mut body, &mut answer.received)?;
                self.line(&mut answer.received)?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        let length = match answer.header("content-length") {
            Some(length) => length
                .parse()
                .map_err(|_| odd("malformed content length"))?,
            None if answer.status == 204 || answer.status == 304 => 0,
            None => return Err(odd("neither a content length nor chunks")),
        };
        self.exactly(length, &mut body, &mut answer.received)?;
        Ok(body)
    }

    fn line(&mut self, received: &mut usize) -> std::io::Result<String> {
        let mut line = String::new();
        *received += self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(odd("an incomplete line")),
        }
    }

    fn exactly(
        &mut self,
        size: usize,
        body: &mut Vec<u8>,
        received: &mut usize,
    ) -> std::io::Result<()> {
        let from = body.len();
        body.resize(from + size, 0);
        self.stream.read_exact(&mut body[from..])?;
        *received += size;
        Ok(())
    }
}

fn odd(what: &str) -> std::io::Error {
    std::io::Error::other(format!("invalid response: {what}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answering(text: &'static [u8]) -> Connection {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).unwrap();
            stream.write_all(text).unwrap();
        });
        Connection::open(port).unwrap()
    }

    #[test]
    fn every_byte_of_an_answer_counts_framing_included() {
        let chunked =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        let answer = answering(chunked).get("/", "").unwrap();
        assert_eq!(
            (answer.text().as_str(), answer.received),
            ("hello", chunked.len())
        );
        let plain = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
        let answer = answering(plain).get("/", "").unwrap();
        assert_eq!((answer.status, answer.received), (404, plain.len()));
    }

    #[test]
    fn an_answer_whose_end_cannot_be_known_is_refused() {
        assert!(
            answering(b"HTTP/1.1 200 OK\r\n\r\nhello")
                .get("/", "")
                .is_err()
        );
    }
}
