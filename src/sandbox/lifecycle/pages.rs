//! Cursors: each pins the moment that the first page showed, until it expires.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lifecycle::contract::{Connector, ConnectorPage};

/// How many moments are kept at once; the oldest go first.
const KEPT: usize = 64;

#[derive(Debug)]
struct Snapshot {
    tag: String,
    items: Arc<Vec<Connector>>,
    limit: usize,
    at_ms: i64,
}

/// The moments that readers are paging through.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    by_id: BTreeMap<u64, Snapshot>,
    count: u64,
}

/// A place in a moment, as the text of a cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cursor<'a> {
    /// Which run of the service it is from.
    pub(super) boot: &'a str,
    snapshot: u64,
    offset: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('.');
        let cursor =
            Self { boot: parts.next()?, snapshot: parts.next()?.parse().ok()?, offset: parts.next()?.parse().ok()? };
        let hex = |text: &str| text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
        (parts.next().is_none() && hex(cursor.boot)).then_some(cursor)
    }
}

impl Snapshots {
    /// The first page of a moment, which is kept if there are more.
    pub(super) fn first(
        &mut self,
        boot: &str,
        now_ms: i64,
        tag: &str,
        items: Vec<Connector>,
        limit: usize,
    ) -> ConnectorPage {
        if items.len() <= limit {
            return ConnectorPage { items, next_cursor: None, snapshot: tag.to_owned() };
        }
        let known = self.by_id.iter_mut().find(|(_, snapshot)| snapshot.tag == tag && snapshot.limit == limit);
        let id = match known {
            Some((id, snapshot)) => {
                snapshot.at_ms = now_ms;
                *id
            }
            None => {
                self.count += 1;
                let snapshot = Snapshot { tag: tag.to_owned(), items: Arc::new(items), limit, at_ms: now_ms };
                self.by_id.insert(self.count, snapshot);
                while self.by_id.len() > KEPT {
                    self.by_id.pop_first();
                }
                self.count
            }
        };
        let cursor = Cursor { boot, snapshot: id, offset: 0 };
        self.page(&cursor, now_ms, i64::MAX).unwrap_or_else(|| ConnectorPage {
            items: Vec::new(),
            next_cursor: None,
            snapshot: tag.to_owned(),
        })
    }

    /// The page at a cursor; none when its moment is no longer kept.
    pub(super) fn page(&mut self, cursor: &Cursor<'_>, now_ms: i64, ttl_ms: i64) -> Option<ConnectorPage> {
        self.by_id.retain(|_, snapshot| now_ms.saturating_sub(snapshot.at_ms) < ttl_ms);
        let snapshot = self.by_id.get(&cursor.snapshot)?;
        let rest = snapshot.items.get(cursor.offset..)?;
        let items: Vec<_> = rest.iter().take(snapshot.limit).cloned().collect();
        let next = cursor.offset + items.len();
        let more = next < snapshot.items.len();
        Some(ConnectorPage {
            next_cursor: more.then(|| format!("{}.{}.{next}", cursor.boot, cursor.snapshot)),
            items,
            snapshot: snapshot.tag.clone(),
        })
    }
}
