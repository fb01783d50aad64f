//! Log lines that cannot be forged: whatever a client sends, one event is one line and cannot manipulate a terminal.
//!
//! The JSON formatter escapes what JSON requires (C0 controls). This writer also escapes DEL, C1 controls, line and
//! paragraph separators, and bidirectional marks. JSON allows every character as `\uXXXX`, so the value does not
//! change.

use std::io::{self, Write};

use tracing_subscriber::{EnvFilter, Layer, fmt::MakeWriter, registry::LookupSpan};

/// Returns the layer that writes JSON lines to `writer`.
pub fn json<S, W>(writer: W) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_ansi(false)
        .with_writer(Escaped(writer))
}

/// Returns the filter of `LEASTWISE_LOG`, or `otherwise`, such as `info`.
pub fn filter(otherwise: &str) -> EnvFilter {
    EnvFilter::try_from_env("LEASTWISE_LOG").unwrap_or_else(|_| EnvFilter::new(otherwise))
}

/// Starts logging to standard error. A second call has no effect.
pub fn start(otherwise: &str) {
    use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};
    // Only a second call fails, and then a subscriber already exists.
    let _ = tracing_subscriber::registry()
        .with(filter(otherwise))
        .with(json(io::stderr))
        .try_init();
}

struct Escaped<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaped<W> {
    type Writer = EscapingWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(self.0.make_writer())
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        EscapingWriter(self.0.make_writer_for(meta))
    }
}

struct EscapingWriter<W>(W);

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The formatter writes one whole event at a time.
        self.0
            .write_all(escape(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escape(line: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if misleads(c) {
            write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
        } else {
            out.push(c);
        }
    }
    out
}

fn misleads(c: char) -> bool {
    let control = c.is_control() && c != '\n';
    control
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        )
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn s38_what_a_stranger_sends_stays_one_line_and_one_value() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::registry().with(json(move || writer.clone()));
        let nasty = "a\n{\"level\":\"ERROR\"}\r\x1b[2J\u{202e}\u{2028}\u{9b}\u{7f}z";
        tracing::subscriber::with_default(subscriber, || tracing::info!(path = nasty, "answered"));
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.chars().all(|c| c == '\n' || !misleads(c)));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["path"], nasty);
    }
}
