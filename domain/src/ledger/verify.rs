//! The offline verifier: reads entries in order and reports the first invalid one.
//!
//! It must trust only the verifier keys and the checkpoints that were kept elsewhere. It streams: apart from the
//! checkpoints it holds the right edge of at most two trees, for any length of the log.
//!
//! If the `prev` of entry k is not the hash of entry k-1, either entry may have been altered. If entry k+1 confirms k,
//! it was k-1. At the ends, a second tree that is built from the `prev` values decides: if a signed root equals its
//! root, the `prev` values are the recorded ones.

use super::{
    Frontier, Hash, LogName, MAX_LEAF, PrivateValue, Reason, Report, VERSION, Vkeys,
    canonical::{self, Envelope},
    given_private::differing_private,
};

/// An entry from the store or a bundle.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The number under which it is stored.
    pub seq: u64,
    pub leaf: &'a [u8],
    /// The leaf hash that is stored with it, if any. Verification does not rely on it; it locates an altered entry
    /// where the chain has no later link.
    pub stored_hash: Option<Hash>,
    /// The private values that are given and not erased. Those of items beside the entry are compared with the items.
    pub private: &'a [PrivateValue],
}

impl<'a> Item<'a> {
    /// Creates an item without a stored hash and private values.
    pub fn new(seq: u64, leaf: &'a [u8]) -> Self {
        Self {
            seq,
            leaf,
            stored_hash: None,
            private: &[],
        }
    }
}

/// Signed tree heads in ascending order of size, and the progress of comparing them.
#[derive(Debug)]
struct Heads {
    signed: Vec<(u64, Hash)>,
    next: usize,
    agreed: Option<(u64, Hash)>,
    /// The size of the first head that differed, and the largest size that matched before it.
    mismatch: Option<(u64, u64)>,
}

impl Heads {
    fn new(mut signed: Vec<(u64, Hash)>) -> Self {
        signed.sort_unstable();
        Self {
            signed,
            next: 0,
            agreed: None,
            mismatch: None,
        }
    }

    fn due(&self, size: u64) -> bool {
        self.signed
            .get(self.next)
            .is_some_and(|head| head.0 <= size)
    }

    /// Compares every head of this size. Returns whether `claimed` is the root of one of them.
    fn compare(&mut self, size: u64, root: Hash, claimed: Option<Hash>) -> bool {
        let mut confirmed = false;
        while let Some(&(at, head)) = self.signed.get(self.next).filter(|head| head.0 <= size) {
            self.next += 1;
            if head == root {
                self.agreed = Some((at, head));
            } else if self.mismatch.is_none() {
                self.mismatch = Some((at, self.agreed_size()));
            }
            confirmed |= claimed == Some(head);
        }
        confirmed
    }

    fn agreed_size(&self) -> u64 {
        self.agreed.map_or(0, |head| head.0)
    }

    fn largest(&self) -> u64 {
        self.signed.last().map_or(0, |head| head.0)
    }
}

/// The first entry whose `prev` is not the hash of the preceding entry.
#[derive(Debug)]
struct BrokenLink {
    at: u64,
    /// The tree that is built from the `prev` values, without the last entry.
    claimed: Frontier,
    /// Whether the next entry's `prev` confirms the entry at the break.
    confirmed: Option<bool>,
    /// Whether a signed root equals the root of the claimed tree.
    proven: bool,
}

/// A verification in progress.
#[derive(Debug)]
pub struct Verifier {
    log: String,
    own: Heads,
    kept: Heads,
    bad_checkpoint: Option<Reason>,
    entries: u64,
    /// The tree of all leaves but the last, whose hash is in `last`. The second tree starts from it.
    settled: Frontier,
    last: Option<Hash>,
    link: Option<BrokenLink>,
    found: Option<(u64, Reason)>,
    /// The first entry whose stored hash differs. Its links are still followed.
    stored: Option<u64>,
    private: Option<(u64, Reason)>,
}

impl Verifier {
    /// Creates a verifier. `own` are the checkpoints of the log, `kept` those that were kept elsewhere. All are signed
    /// notes, in any order, and must be signed by a key of `vkeys`.
    pub fn new<'a>(
        log: &LogName,
        vkeys: &Vkeys,
        own: impl IntoIterator<Item = &'a str>,
        kept: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut bad_checkpoint = None;
        let mut number = 0;
        let mut open = |note: &str| {
            number += 1;
            match vkeys.open(note, log) {
                Ok(checkpoint) => Some((checkpoint.size, checkpoint.root)),
                Err(error) => {
                    bad_checkpoint.get_or_insert(Reason::BadCheckpoint {
                        number,
                        why: error.to_string(),
                    });
                    None
                }
            }
        };
        let own = Heads::new(own.into_iter().filter_map(&mut open).collect());
        let kept = Heads::new(kept.into_iter().filter_map(&mut open).collect());
        let mut verifier = Self {
            log: format!("\"{log}\""),
            own,
            kept,
            bad_checkpoint,
            entries: 0,
            settled: Frontier::default(),
            last: None,
            link: None,
            found: None,
            stored: None,
            private: None,
        };
        verifier.own.compare(0, Hash::EMPTY_TREE, None);
        verifier.kept.compare(0, Hash::EMPTY_TREE, None);
        verifier
    }

    /// Verifies the next entry.
    pub fn entry(&mut self, item: &Item<'_>) {
        self.hashed_entry(item, Hash::leaf(item.leaf));
    }

    /// Verifies the next entry, for a caller that has computed its leaf hash from the same bytes.
    pub fn hashed_entry(&mut self, item: &Item<'_>, hash: Hash) {
        let envelope = if item.leaf.len() > MAX_LEAF {
            Err(Reason::TooLong {
                bytes: item.leaf.len(),
            })
        } else {
            canonical::scan(item.leaf).map_err(|flaw| Reason::NotCanonical {
                offset: flaw.offset,
                what: flaw.what,
            })
        };
        let scanned = envelope.as_ref().ok().copied();
        let envelope = envelope.and_then(|envelope| self.place(&envelope));
        match envelope {
            Err(reason) => self.blame(self.entries, reason),
            Ok(place) => self.check_place(place, item.seq),
        }
        if item.stored_hash.is_some_and(|stored| stored != hash) {
            self.stored.get_or_insert(self.entries);
        }
        if self.private.is_none() && !item.private.is_empty() {
            self.private = differing_private(item, scanned).map(|reason| (self.entries, reason));
        }
        if let Some(last) = self.last.replace(hash) {
            self.settled.push(last);
        }
        self.entries += 1;
        if self.own.due(self.entries) || self.kept.due(self.entries) {
            self.compare_heads(hash);
        }
    }

    /// Completes the verification.
    pub fn finish(self) -> Report {
        let first = self.first_bad();
        let (tree_size, root) = self.own.agreed.unwrap_or((0, Hash::EMPTY_TREE));
        let (first_bad, reason) = match first {
            Some((seq, reason)) => (Some(seq), Some(reason)),
            None => (None, self.bad_checkpoint),
        };
        Report {
            entries: self.entries,
            first_bad,
            reason,
            tree_size,
            root,
        }
    }

    /// Parses the members of the envelope.
    fn place(&self, envelope: &Envelope<'_>) -> Result<ChainPosition, Reason> {
        let bad = |member| Reason::BadEnvelope { member };
        if envelope.version.and_then(integer) != Some(VERSION) {
            return Err(bad("v"));
        }
        if envelope.log != Some(self.log.as_bytes()) {
            return Err(bad("log"));
        }
        let seq = envelope.seq.and_then(integer).ok_or_else(|| bad("seq"))?;
        let prev = envelope
            .prev
            .and_then(|raw| raw.strip_prefix(b"\"")?.strip_suffix(b"\""))
            .and_then(Hash::parse_hex)
            .ok_or_else(|| bad("prev"))?;
        Ok(ChainPosition { seq, prev })
    }

    fn check_place(&mut self, place: ChainPosition, stored_as: u64) {
        let here = self.entries;
        if let Some((gap, reason)) = &mut self.found {
            // The missing entry occurs later, so it was moved, not deleted.
            if let Reason::Deleted { found } = *reason
                && place.seq == *gap
            {
                *reason = Reason::Reordered { found };
            }
            return;
        }
        let linked = place.prev == self.last.unwrap_or(Hash::ZERO);
        if place.seq != here || stored_as != here {
            let found = if place.seq == here {
                stored_as
            } else {
                place.seq
            };
            let reason = match (linked, found < here) {
                (true, _) => Reason::Renumbered { found },
                (false, true) => Reason::Inserted { found },
                (false, false) => Reason::Deleted { found },
            };
            self.blame(here, reason);
        } else if let Some(link) = &mut self.link {
            link.claimed.push(place.prev);
            link.confirmed.get_or_insert(linked);
        } else if !linked && here == 0 {
            self.blame(here, Reason::Altered);
        } else if !linked {
            let mut claimed = self.settled.clone();
            claimed.push(place.prev);
            self.link = Some(BrokenLink {
                at: here,
                claimed,
                confirmed: None,
                proven: false,
            });
        }
    }

    fn compare_heads(&mut self, last: Hash) {
        let root = self.settled.root_with(last);
        // After an entry failed its own checks, the claimed tree no longer grows with the log.
        let claimed = self
            .link
            .as_ref()
            .filter(|link| link.claimed.size() + 1 == self.entries)
            .map(|link| link.claimed.root_with(last));
        let by_own = self.own.compare(self.entries, root, claimed);
        let by_kept = self.kept.compare(self.entries, root, claimed);
        if let Some(link) = &mut self.link {
            link.proven |= by_own || by_kept;
        }
    }

    fn blame(&mut self, seq: u64, reason: Reason) {
        self.found.get_or_insert((seq, reason));
    }

    /// Returns the finding with the lowest entry number. On a tie, a finding in the entry itself takes precedence.
    fn first_bad(&self) -> Option<(u64, Reason)> {
        let link = self
            .link
            .as_ref()
            .map(|link| (self.door(link), Reason::Altered));
        let mut first: Option<(u64, Reason)> = None;
        let stored = self.stored.map(|seq| (seq, Reason::Altered));
        for candidate in [self.found.clone(), link, stored, self.private.clone()]
            .into_iter()
            .flatten()
        {
            if first.as_ref().is_none_or(|(seq, _)| candidate.0 < *seq) {
                first = Some(candidate);
            }
        }
        // An altered entry below a checkpoint explains why the root differs. A private value does not.
        let altered = first
            .as_ref()
            .filter(|(_, reason)| !matches!(reason, Reason::PrivateValueDiffers { .. }));
        let unexplained = |&(size, _): &(u64, u64)| altered.is_none_or(|(seq, _)| *seq >= size);
        let own = self
            .own
            .mismatch
            .filter(unexplained)
            .map(|(size, agreed)| (agreed, Reason::RootMismatch { size }));
        let kept = self
            .kept
            .mismatch
            .filter(unexplained)
            .map(|(size, agreed)| (agreed, Reason::Rewritten { size }));
        let promised = self.own.largest().max(self.kept.largest());
        let truncated =
            (promised > self.entries).then_some((self.entries, Reason::Truncated { promised }));
        for candidate in [own, kept, truncated].into_iter().flatten() {
            if first.as_ref().is_none_or(|(seq, _)| candidate.0 < *seq) {
                first = Some(candidate);
            }
        }
        first
    }

    /// Returns which side of a broken link was altered.
    fn door(&self, link: &BrokenLink) -> u64 {
        let vouched = self.own.agreed_size().max(self.kept.agreed_size());
        if vouched >= link.at {
            return link.at;
        }
        let entry_itself = match link.confirmed {
            _ if link.proven => false,
            Some(confirmed) => !confirmed,
            // The last entry. A signed root right after it would have proven a true claim.
            None => self.stored == Some(link.at) || self.compared(link.at + 1),
        };
        if entry_itself { link.at } else { link.at - 1 }
    }

    fn compared(&self, size: u64) -> bool {
        [&self.own, &self.kept]
            .into_iter()
            .any(|heads| heads.signed.iter().any(|head| head.0 == size))
    }
}

#[derive(Clone, Copy)]
struct ChainPosition {
    seq: u64,
    prev: Hash,
}

/// Parses a canonical non-negative integer.
fn integer(raw: &[u8]) -> Option<u64> {
    raw.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Verifies a complete log.
pub fn verify<'a>(mut verifier: Verifier, entries: impl IntoIterator<Item = Item<'a>>) -> Report {
    for item in entries {
        verifier.entry(&item);
    }
    verifier.finish()
}
