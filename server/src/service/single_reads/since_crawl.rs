//! The single reads since each crawl in progress began.
//!
//! A crawl lists for a long time, so what is read meanwhile is applied to its result again when it is stored. Each crawl has
//! a list of its own: a crawl that was cancelled may still be stored while the next one begins. A list is never emptied but
//! by its crawl.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::{crawl::SingleRead, time::Timestamp};

type Reads = Mutex<Vec<(SingleRead, Timestamp)>>;

/// The crawls in progress in this process.
#[derive(Default)]
pub struct CrawlsInProgress(Mutex<Vec<Weak<Reads>>>);

impl CrawlsInProgress {
    /// Begins a list of reads. Reads that were requested before the first call of a crawl cannot be newer than its listings.
    pub fn begin(&self) -> ReadsSince {
        let reads = Arc::new(Reads::default());
        let mut crawls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        crawls.retain(|crawl| crawl.strong_count() > 0);
        crawls.push(Arc::downgrade(&reads));
        ReadsSince(reads)
    }

    /// Adds a read to the list of every crawl in progress.
    pub(super) fn add(&self, read: &SingleRead, as_of: Timestamp) {
        let crawls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for reads in crawls.iter().filter_map(Weak::upgrade) {
            let mut reads = reads.lock().unwrap_or_else(PoisonError::into_inner);
            reads.push((read.clone(), as_of));
        }
    }
}

/// The reads since one crawl began. Ends with its crawl.
pub struct ReadsSince(Arc<Reads>);

impl ReadsSince {
    /// Returns the reads so far, in the order of their requests.
    pub fn in_order(&self) -> Vec<(SingleRead, Timestamp)> {
        let reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reads = reads.clone();
        reads.sort_by_key(|(_, as_of)| *as_of);
        reads
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ids::GroupId;

    use super::*;

    fn add(crawls: &CrawlsInProgress, at: i64) {
        let read = SingleRead::MembersSeen {
            group: GroupId::parse("7e5d4bae-2d28-48a2-b3d4-497376d6365a").expect("a UUID"),
            users: BTreeSet::new(),
        };
        crawls.add(&read, Timestamp(at));
    }

    fn times(reads: &ReadsSince) -> Vec<i64> {
        let reads = reads.in_order().into_iter();
        reads.map(|(_, as_of)| as_of.0).collect()
    }

    #[test]
    fn a_crawl_keeps_its_reads_when_another_begins_or_ends() {
        let crawls = CrawlsInProgress::default();
        add(&crawls, 1);
        let first = crawls.begin();
        add(&crawls, 3);
        let second = crawls.begin();
        add(&crawls, 2);
        assert_eq!((times(&first), times(&second)), (vec![2, 3], vec![2]));
        drop(second);
        assert_eq!(times(&first), [2, 3]);
        drop(first);
        assert!(times(&crawls.begin()).is_empty());
    }
}
