//! A walk along the record's chain, from its beginning to its head, that names the first thing that is not as it was written.
//! Pure.

use std::collections::BTreeMap;

use super::Entry;
use super::chain::{Hash, Link, canonical};

/// A row of the chain as it was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its place, and the hash that it says it has.
    pub link: Link,
    /// The hash before it, where it says so itself.
    pub previous: Option<Hash>,
    /// Its record.
    pub record: &'a str,
}

/// The first thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row is not there.
    #[error("record {seq} is missing{}", if *.until > *.seq { format!(", and all up to {until}") } else { String::new() })]
    Missing {
        /// The first that is missing.
        seq: u64,
        /// The last that is missing beside it.
        until: u64,
    },
    /// A row stands where another one stood before.
    #[error("record {seq} stands twice, or out of its order")]
    OutOfOrder {
        /// Its place.
        seq: u64,
    },
    /// A row is not what its hash was made of.
    #[error(
        "record {seq} was changed, or the one before it: its hash is not that of what it says and of the hash before it"
    )]
    Changed {
        /// Its place.
        seq: u64,
    },
    /// A row does not follow on the one before it.
    #[error("record {seq} does not follow on the record before it: that one was changed, or this one was put here")]
    DoesNotFollow {
        /// Its place.
        seq: u64,
    },
    /// What is searched by says something else than the record.
    #[error("record {seq} was changed: what it is found by ({column}) is not what it says")]
    Column {
        /// Its place.
        seq: u64,
        /// Which column.
        column: &'static str,
    },
    /// A record cannot be read.
    #[error("record {seq} cannot be read: {why}")]
    Unreadable {
        /// Its place.
        seq: u64,
        /// What is wrong.
        why: String,
    },
    /// The rows end before the chain's head.
    #[error("the end is cut off: the chain goes up to record {head}, and the last that is there is {last}")]
    Cut {
        /// The last row that is there.
        last: u64,
        /// The place that the head says.
        head: u64,
    },
    /// The chain's head is not its last row.
    #[error("the chain's head ({head}) is not its last record ({last})")]
    Head {
        /// What the head says.
        head: Link,
        /// The last row.
        last: Link,
    },
    /// The beginning is not there, and no record says that it was deleted because of its age.
    #[error("records up to {} are missing, and no record says that they were deleted because of their age", .from.seq)]
    Unpruned {
        /// Where the rest begins.
        from: Link,
    },
    /// A head that was noted before is not in the chain.
    #[error("the noted head {noted} is not in the chain: {}", match .found {
        Some(found) => format!("record {} has the hash {}", found.seq, found.hash),
        None => "the chain ends before it".to_owned(),
    })]
    Noted {
        /// What was noted.
        noted: Link,
        /// What stands there, if anything does.
        found: Option<Link>,
    },
}

/// What was found whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// How many rows there are.
    pub rows: u64,
    /// Up to where rows were deleted because of their age; nought if none were.
    pub from: Link,
    /// The last row.
    pub head: Link,
    /// Heads that were noted before, and belong to rows that were deleted since: nothing can be said of them.
    pub too_old: Vec<Link>,
}

/// Walks a chain from its beginning. Feed it the rows in their order.
#[derive(Clone, Debug)]
pub struct Walk {
    from: Link,
    last: Link,
    rows: u64,
    noted: BTreeMap<u64, Vec<Link>>,
    attested: bool,
}

impl Walk {
    /// A walk that begins behind `from`, with heads that were noted before.
    pub fn new(from: Link, noted: &[Link]) -> Self {
        let mut by_place: BTreeMap<u64, Vec<Link>> = BTreeMap::new();
        noted.iter().for_each(|link| by_place.entry(link.seq).or_default().push(*link));
        Self { from, last: from, rows: 0, noted: by_place, attested: from == Link::default() }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// If it is not what was written here.
    pub fn take(&mut self, row: &Found<'_>) -> Result<(), Broken> {
        let (seq, due) = (row.link.seq, self.last.seq + 1);
        if seq > due {
            return Err(Broken::Missing { seq: due, until: seq - 1 });
        }
        if seq < due {
            return Err(Broken::OutOfOrder { seq });
        }
        let record = canonical(row.record).map_err(|error| Broken::Unreadable { seq, why: error.to_string() })?;
        if row.previous.is_some_and(|previous| previous != self.last.hash) {
            return Err(Broken::DoesNotFollow { seq });
        }
        if self.last.next(&record) != row.link {
            return Err(Broken::Changed { seq });
        }
        self.note(row.link)?;
        self.attest(row.record);
        self.last = row.link;
        self.rows += 1;
        Ok(())
    }

    /// Takes a record that has no place yet: it may be the one that says what was deleted.
    pub fn take_unsealed(&mut self, record: &str) {
        self.attest(record);
    }

    /// Ends the walk at the chain's head, where that is known.
    ///
    /// # Errors
    /// If the end or the beginning is not as it was written, or a noted head is not in the chain.
    pub fn end(mut self, head: Option<Link>) -> Result<Whole, Broken> {
        if let Some(head) = head.filter(|head| *head != self.last) {
            return Err(if head.seq > self.last.seq {
                Broken::Cut { last: self.last.seq, head: head.seq }
            } else {
                Broken::Head { head, last: self.last }
            });
        }
        if !self.attested {
            return Err(Broken::Unpruned { from: self.from });
        }
        let later = self.noted.split_off(&(self.last.seq + 1));
        if let Some(noted) = later.into_values().flatten().next() {
            return Err(Broken::Noted { noted, found: None });
        }
        let at_the_beginning = self.noted.remove(&self.from.seq).unwrap_or_default();
        if let Some(noted) = at_the_beginning.into_iter().find(|noted| *noted != self.from) {
            return Err(Broken::Noted { noted, found: Some(self.from) });
        }
        let too_old = self.noted.split_off(&0).into_values().flatten().filter(|noted| noted.seq < self.from.seq);
        Ok(Whole { rows: self.rows, from: self.from, head: self.last, too_old: too_old.collect() })
    }

    fn note(&mut self, link: Link) -> Result<(), Broken> {
        let noted = self.noted.remove(&link.seq).unwrap_or_default();
        match noted.into_iter().find(|noted| *noted != link) {
            Some(noted) => Err(Broken::Noted { noted, found: Some(link) }),
            None => Ok(()),
        }
    }

    fn attest(&mut self, record: &str) {
        if self.attested {
            return;
        }
        let entry: Option<Entry> = serde_json::from_str(record).ok();
        self.attested = entry.and_then(|entry| entry.pruned) == Some(self.from);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::audit::Verdict;
    use crate::domain::authority::Person;
    use crate::domain::ids::UserId;

    fn chain(records: &[&str]) -> Vec<(Link, String)> {
        let mut last = Link::default();
        let mut link = |record: &&str| {
            last = last.next(&canonical(record).unwrap());
            (last, (*record).to_owned())
        };
        records.iter().map(&mut link).collect()
    }

    fn walk(rows: &[(Link, String)], head: Option<Link>, noted: &[Link]) -> Result<Whole, Broken> {
        let mut walk = Walk::new(Link::default(), noted);
        for (link, record) in rows {
            walk.take(&Found { link: *link, previous: None, record })?;
        }
        walk.end(head)
    }

    #[test]
    fn a_chain_that_nobody_touched_is_whole_and_the_first_thing_that_is_not_is_named() {
        let rows = chain(&["{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}"]);
        let head = rows[3].0;
        let whole = walk(&rows, Some(head), &[rows[1].0, head]).unwrap();
        assert_eq!((whole.rows, whole.head, whole.from), (4, head, Link::default()));

        let mut changed = rows.clone();
        changed[1].1 = "{\"n\":9}".to_owned();
        assert_eq!(walk(&changed, Some(head), &[]), Err(Broken::Changed { seq: 2 }));
        // Whoever makes its hash anew breaks what follows.
        changed[1].0 = rows[0].0.next("{\"n\":9}");
        assert_eq!(walk(&changed, Some(head), &[]), Err(Broken::Changed { seq: 3 }));
        // Whoever makes all of them anew is found by a head that was noted before.
        let anew = chain(&["{\"n\":1}", "{\"n\":9}", "{\"n\":3}", "{\"n\":4}"]);
        assert!(walk(&anew, Some(anew[3].0), &[]).is_ok());
        let noted = Broken::Noted { noted: rows[2].0, found: Some(anew[2].0) };
        assert_eq!(walk(&anew, Some(anew[3].0), &[rows[2].0]), Err(noted));

        let gone: Vec<_> = [&rows[..1], &rows[3..]].concat();
        assert_eq!(walk(&gone, Some(head), &[]), Err(Broken::Missing { seq: 2, until: 3 }));
        let mut swapped = rows.clone();
        (swapped[1].1, swapped[2].1) = (rows[2].1.clone(), rows[1].1.clone());
        assert_eq!(walk(&swapped, Some(head), &[]), Err(Broken::Changed { seq: 2 }));
        let twice: Vec<_> = [&rows[..2], &rows[1..]].concat();
        assert_eq!(walk(&twice, Some(head), &[]), Err(Broken::OutOfOrder { seq: 2 }));
        assert_eq!(walk(&rows[..3], Some(head), &[]), Err(Broken::Cut { last: 3, head: 4 }));
        let noted = Broken::Noted { noted: head, found: None };
        assert_eq!(walk(&rows[..3], Some(rows[2].0), &[head]), Err(noted));
        let behind = Broken::Head { head: rows[2].0, last: head };
        assert_eq!(walk(&rows, Some(rows[2].0), &[]), Err(behind));
    }

    #[test]
    fn a_beginning_is_gone_only_if_a_record_says_so() {
        let rows = chain(&["{\"n\":1}", "{\"n\":2}"]);
        let from = rows[1].0;
        let begin = |noted: &[Link]| Walk::new(from, noted);
        assert_eq!(begin(&[]).end(Some(from)), Err(Broken::Unpruned { from }));
        let person = Person { id: UserId(0), name: "Botswain".into() };
        let mut entry = Entry::new("x".into(), person, Verdict::Done, "", Timestamp::UNIX_EPOCH);
        entry.pruned = Some(from);
        let record = canonical(&serde_json::to_string(&entry).unwrap()).unwrap();
        let link = from.next(&record);
        let mut walk = begin(&[rows[0].0, from, link]);
        walk.take(&Found { link, previous: Some(from.hash), record: &record }).unwrap();
        assert_eq!(walk.end(Some(link)).unwrap().too_old, [rows[0].0]);
        let mut unsealed = begin(&[]);
        unsealed.take_unsealed(&record);
        assert!(unsealed.end(Some(from)).is_ok());
        // A checkpoint that was moved is not the one that is attested.
        let mut moved = Walk::new(rows[0].0, &[]);
        moved.take(&Found { link: from, previous: None, record: &rows[1].1 }).unwrap();
        moved.take(&Found { link, previous: None, record: &record }).unwrap();
        assert_eq!(moved.end(Some(link)), Err(Broken::Unpruned { from: rows[0].0 }));
    }
}
