//! Server-sent events, read as their bytes come in, by the standard, in bounded memory. Pure. (Libraries that read them keep
//! a line however long it is, and who sends it is not us.)
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>
use std::time::Duration;

/// The longest line, and the longest data of one event, in bytes. Of what is longer, nothing more is kept.
pub const LONGEST: usize = 256 << 10;
/// The longest id that is kept, in bytes: it has to fit into a header.
const LONGEST_ID: usize = 512;

/// An event, as the standard dispatches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its type; empty if it has none.
    pub name: String,
    /// Its data. `None` if it was longer than [`LONGEST`].
    pub data: Option<String>,
}

/// Reads one stream from its beginning.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    /// More of the line came than is kept.
    is_cut: bool,
    /// A line ended with a CR just now: an LF right after it belongs to it.
    after_cr: bool,
    lines: u64,
    name: String,
    data: String,
    is_spoilt: bool,
    id: Option<String>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    /// Takes in the next bytes, and gives the events that end with them.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            self.keep(line);
            frames.extend(self.end_line());
            self.after_cr = rest == b"\r";
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => rest,
            };
        }
        self.keep(bytes);
        frames
    }

    /// How many lines ended so far, comments included: a stream in which none ends is as good as silent.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The id that the last event left, for `Last-Event-ID`; empty if it took it back, `None` if none had any.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How long the service would have us wait until we come again.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn keep(&mut self, bytes: &[u8]) {
        let (kept, left) = bytes.split_at(bytes.len().min(LONGEST - self.line.len()));
        self.line.extend_from_slice(kept);
        self.is_cut |= !left.is_empty();
    }

    fn end_line(&mut self) -> Option<Frame> {
        self.lines += 1;
        let mut line = std::mem::take(&mut self.line);
        let is_cut = std::mem::take(&mut self.is_cut);
        // A byte order mark may stand before everything.
        let bytes = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| self.lines == 1).unwrap_or(&line);
        let ended = if bytes.is_empty() {
            self.dispatch()
        } else {
            self.field(&String::from_utf8_lossy(bytes), is_cut);
            None
        };
        line.clear();
        self.line = line;
        ended
    }

    fn field(&mut self, line: &str, is_cut: bool) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" | "data" if is_cut => self.is_spoilt = true,
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.len() + value.len() > LONGEST => self.is_spoilt = true,
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if value.contains('\0') => {}
            // One that we could not give back is none: we could not go on from there.
            "id" => self.id = Some(if value.len() > LONGEST_ID { String::new() } else { value.to_owned() }),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
            }
            // Comments, and what the standard has a reader overlook.
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Frame> {
        self.last_id.clone_from(&self.id);
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.is_spoilt) {
            return Some(Frame { name, data: None });
        }
        // Every line of data brought its LF; the last one is not part of it.
        data.pop()?;
        Some(Frame { name, data: Some(data) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&[u8]]) -> (Vec<(String, Option<String>)>, Parser) {
        let mut parser = Parser::default();
        let frames: Vec<_> = chunks.iter().flat_map(|chunk| parser.feed(chunk)).collect();
        (frames.into_iter().map(|frame| (frame.name, frame.data)).collect(), parser)
    }

    fn frame(name: &str, data: &str) -> (String, Option<String>) {
        (name.to_owned(), Some(data.to_owned()))
    }

    #[test]
    fn the_standards_examples_are_read_as_it_says() {
        let (frames, _) = read(&[b"data: YHOO\ndata: +2\ndata: 10\n\n"]);
        assert_eq!(frames, [frame("", "YHOO\n+2\n10")]);
        let (frames, parser) =
            read(&[b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"]);
        assert_eq!(frames, [frame("", "first event"), frame("", "second event"), frame("", " third event")]);
        assert_eq!(parser.last_id(), Some(""));
        let (frames, _) = read(&[b"data\n\ndata\ndata\n\ndata:"]);
        assert_eq!(frames, [frame("", ""), frame("", "\n")], "what the stream ends within is no event");
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut_nor_how_lines_end() {
        let text = "\u{feff}event: a\u{fc}\r\ndata: 1\rdata: 2\n\r\nid: \u{20ac}7\n\n:\r\rdata: 3\r\n\r\n".as_bytes();
        let whole = read(&[text]);
        assert_eq!(whole.0, [frame("a\u{fc}", "1\n2"), frame("", "3")]);
        assert_eq!(whole.1.last_id(), Some("\u{20ac}7"));
        for cut in 0..=text.len() {
            let (before, after) = text.split_at(cut);
            let (frames, parser) = read(&[before, b"", after]);
            assert_eq!((frames, parser.last_id(), parser.lines()), (whole.0.clone(), Some("\u{20ac}7"), 10), "{cut}");
        }
    }

    #[test]
    fn an_id_counts_once_its_event_is_whole() {
        assert_eq!(read(&[b"id: 1\ndata: x\n\nid: 2\ndata: y\n"]).1.last_id(), Some("1"));
        assert_eq!(read(&[b"id: 1\n\nid: a\0b\ndata: y\n\n"]).1.last_id(), Some("1"));
        assert_eq!(read(&[b"data: x\n\n"]).1.last_id(), None);
        let long = format!("id: 1\n\nid: {}\n\n", "x".repeat(LONGEST_ID + 1));
        assert_eq!(read(&[long.as_bytes()]).1.last_id(), Some(""));
    }

    #[test]
    fn only_digits_are_a_time_to_wait() {
        let waits = |text: &str| read(&[text.as_bytes()]).1.retry();
        assert_eq!(waits("retry: 2500\n"), Some(Duration::from_millis(2500)));
        assert_eq!(waits("retry: 99999999999999999999999\n"), Some(Duration::from_millis(u64::MAX)));
        for text in ["retry\n", "retry: -1\n", "retry: 1s\n", "retry:  1\n", "retry: 7"] {
            assert_eq!(waits(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_told_as_such_and_hides_no_other_event() {
        let long = "x".repeat(LONGEST);
        let lines = "data: y\n".repeat(LONGEST / 8);
        for bad in [format!("data: {long}\n"), format!("event: {long}\ndata: 1\n"), lines.repeat(8)] {
            let text = format!("id: 7\n{bad}\ndata: next\n\n");
            let mut parser = Parser::default();
            let mut frames = Vec::new();
            for chunk in text.as_bytes().chunks(1000) {
                frames.extend(parser.feed(chunk));
                assert!(parser.line.capacity() + parser.data.capacity() <= 6 * LONGEST);
            }
            assert_eq!(frames[0].data, None);
            assert_eq!(frames[1..], [Frame { name: String::new(), data: Some("next".into()) }]);
            assert_eq!(parser.last_id(), Some("7"), "it does not come again");
        }
        let (frames, _) = read(&[format!(": {long}\ndata: 1\n\n").as_bytes()]);
        assert_eq!(frames, [frame("", "1")], "a comment may be as long as it likes");
    }
}
