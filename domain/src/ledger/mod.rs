//! The tamper-evident ledger: its format, and how a third party verifies it.
//!
//! The format is permanent: entries written under it must verify under every later version of Leastwise, and with
//! programs that the authors of Leastwise did not write. Version 1 therefore never changes its meaning; a new meaning
//! takes `"v":2`. This module must never read a clock, draw a salt or touch a file.
//!
//! # Specification of version 1
//!
//! `SHA-256(a || b)` hashes the bytes of a followed by those of b. Hex is lowercase.
//!
//! ## 1. Leaf
//!
//! An entry is a *leaf*: the UTF-8 bytes of one JSON object, at most 65,535 of them, without a byte-order mark and
//! without a trailing line feed. The object is in the canonical form of RFC 8785, with further limits:
//!
//! - every number is an integer from -(2^53 - 1) to 2^53 - 1, written without a point, exponent, leading zero or `-0`;
//! - objects and arrays are nested at most 32 levels deep, the leaf itself being the first level;
//! - no key occurs twice in an object.
//!
//! A field without a value is an absent key, never `null`, except inside `data`. All members of the envelope are
//! required:
//!
//! | key | value |
//! |---|---|
//! | `v` | the integer 1 |
//! | `log` | the log's name: 1 to 128 bytes 0x21 to 0x7E without `+`, `"` and `\` |
//! | `seq` | the entry's number, **counted from 0**. It equals the leaf's index in the Merkle tree, the tree's size before the entry, and the number in an inclusion proof. A checkpoint of size n covers exactly the entries with `seq` < n |
//! | `prev` | the leaf hash (section 3) of entry `seq - 1` as 64 hex digits; 64 zeros if `seq` is 0 |
//!
//! The members of the content are listed below; there are no others. `H` is 64 hex digits; `P` is a private value
//! (section 2); `T` is a time `YYYY-MM-DDThh:mm:ss.sssZ`, UTC, always with three decimals, years 1970 to 9999; `S` is a
//! string; `?` marks a key that may be absent:
//!
//! | key | value |
//! |---|---|
//! | `type` | S: two or more words of `[a-z][a-z0-9_]*` joined by `.`, at most 64 bytes; the meaning of a type never changes |
//! | `occurred_at`, `recorded_at` | T |
//! | `outcome` | `success`, `failure`, `denied` or `pending` |
//! | `actor` | object: `kind` (`human`, `service`, `system`), `person_id`? S, `identity_store_user_id`? S, `iss`? S, `sub`? S, `roles`? array of S, `session`? H of the session's identifier, `mfa`?, `on_behalf_of`? S (a person), `name`? P |
//! | `actor.mfa` | object, present if there was evidence of a second factor: `evidence` (`amr`, `acr`, `pool`), `amr`? array of S, `acr`? S, `auth_time`? T, `step_up_at`? T |
//! | `origin`? | object: `request_id`? S, `src_ip`? P, `forwarded_for`? P, `user_agent`? P, `instance`? S, `version`? S, `clock_offset_ms`? integer |
//! | `target`? | object: `type` S, `id`? S, `account_id`? S, `environment`? S, `pci`? S, `permission_set_arn`? S, `principal_type`? S, `principal_id`? S, `principal_name`? P, `name`? P |
//! | `reason`?, `error_code`?, `api`?, `ticket`?, `approval_id`? | S |
//! | `change_id`?, `operation_id`?, `aws_request_id`? | S |
//! | `rules`? | H of the policies that were evaluated |
//! | `before`?, `after`? | H of payloads that are stored elsewhere: SHA-256 of their bytes without a prefix |
//! | `justification`? | P |
//! | `data`? | an object of further facts, as its `type` defines them |
//! | `private`? | an object of further P, by name |
//!
//! Severity and OCSF classes derive from `type` and are therefore not in the leaf.
//!
//! ## 2. Private values
//!
//! A P is the object `{"h":"<64 hex digits>"}`, where h is SHA-256(`leastwise-private-v1` || 0x00 || salt || value): 20
//! ASCII bytes, one zero byte, 32 random bytes of salt, new for each value, and the value in UTF-8. Salt and value are
//! stored outside the log and may be erased; the leaf does not change.
//!
//! ## 3. Hashes and tree
//!
//! As in RFC 6962, 2.1: the leaf hash is SHA-256(0x00 || leaf), the node hash is SHA-256(0x01 || left || right), and
//! the left subtree of a tree of n leaves holds k leaves, where k is the largest power of two smaller than n. The root
//! of zero leaves is SHA-256 of the empty string. Inclusion and consistency proofs are those of RFC 6962, 2.1.1 and
//! 2.1.2. Hashes are stored under the dense index of Crosby and Wallach, as in Go's `tlog.StoredHashIndex`.
//!
//! ## 4. Checkpoint
//!
//! A checkpoint is a C2SP signed note (`c2sp.org/signed-note`) whose text is a C2SP checkpoint
//! (`c2sp.org/tlog-checkpoint`) without extension lines: the log's name, the size in decimal and the root in base64,
//! each ended by a line feed. It is signed with Ed25519 (signature type 0x01) by a key whose name is the log's name.
//! Further signatures, such as those of witnesses, may follow. A verifier key is the line `name+id+base64`. The id is
//! the first four bytes, in hex, of SHA-256(name || 0x0A || 0x01 || public key); the base64 encodes 0x01 || public key.
//!
//! ## 5. Bundle
//!
//! An exported log is a folder of UTF-8 files in which each line ends with one line feed:
//!
//! - `manifest.json`: `format` = `leastwise-ledger-bundle/1`, `log`, `exported_at` (T), `entries` (their number),
//!   `tree_size` and `root` (hex) of the largest checkpoint, `files`: for the name of each other file, its `bytes` and
//!   `sha256` (hex). `first_not_authentic`, which is absent if there is none: the number of the first entry without a valid
//!   MAC when the ledger was exported. It and those after it do not count.
//! - `entries.jsonl`: each line is a leaf, byte for byte (a leaf contains no line feed); line n, counted from 1, is
//!   entry n - 1.
//! - `checkpoints.jsonl`: each line is one signed note as a JSON string.
//! - `vkeys.txt`: each line is a verifier key. Only trust a key that you obtained elsewhere.
//! - `private.jsonl`, which may be absent: each line is an object with `seq`, `path` (a JSON Pointer to the P in the
//!   leaf, or to the P in an item beside it, section 7), `salt` (hex) and `value`, in ascending order of `seq`.
//! - `items.jsonl`, which is absent if no entry needs it: each line is an object with `seq`, `number`, `version` and
//!   `document` (a string), in ascending order of `seq` and `number`. It contains the items of each entry that states
//!   their digest (section 7) and not the items themselves.
//!
//! ## 6. Verification
//!
//! For each leaf in order: it is canonical, `v` is 1, `log` is the log's name, `seq` is its position counted from 0,
//! and `prev` is the hash of the preceding leaf. At the size of each checkpoint, the root of the leaves so far equals
//! the signed root. No checkpoint is larger than the number of leaves. Each checkpoint, from the bundle or kept
//! elsewhere, has a valid signature by a trusted key. Each given private value hashes to its P. Only a checkpoint that
//! was kept elsewhere shows that the log was not rewritten as a whole by a holder of the signing key. Entries beyond
//! the largest checkpoint are chained but not signed. The items of each entry that states their digest hash to it.
//!
//! ## 7. Items of a change
//!
//! The items of a change are stored outside the log. `data.items` of `change.submitted` and `change.refused` is an object
//! with `count`, `digest` (H), `kinds` (how many items there are of each kind), and `first` (the first item) unless
//! `data.operations` holds all of them. Each item has a `number`, counted from 0, a `version` and a `document`, a text that
//! is never written again. With ASCII decimals for numbers, the digest is SHA-256(`leastwise-items-v1` || 0x00 || item 0 ||
//! item 1 || ...), where an item is `number` || 0x20 || `version` || 0x20 || the length of the document in bytes || 0x0A ||
//! document || 0x0A. Entries without `data.items` hold all items in `data.operations`.
//!
//! A text that somebody typed is a P in the document. Its path is `/data/operations/`, the number of the item and the JSON
//! Pointer in the document if the leaf holds the items, otherwise `/items/`, the number and the pointer. A text that occurs
//! several times has one path; its P is the same in each place.

pub mod bundle;
mod canonical;
mod checkpoint;
mod entry;
mod events;
mod given_private;
mod hash;
mod instant;
pub mod items;
mod leaf;
mod name;
pub mod projection;
mod report;
mod seal;
pub mod tree;
mod verify;

pub use canonical::{Flaw, MAX_DEPTH, MAX_INTEGER};
pub use checkpoint::{Checkpoint, CheckpointError, SigningKey, Vkeys};
pub use entry::{Actor, ActorKind, Entry, EntryTarget, Mfa, MfaEvidence, Origin, Outcome};
pub use events::{
    Agency, Audience, Category, EventKind, EventMeaning, OcsfActivity, OcsfMapping, Part, Severity,
    Slot, parts,
};
pub use name::{EntryType, InvalidName, LogName};
pub use report::{Reason, Report};
pub use seal::{MAX_LEAF, ParseError, Position, SealError, Sealed, VERSION};
pub use tree::Frontier;
pub use verify::{Item, Verifier, verify};

pub use crate::{
    hash::Hash,
    private::{Private, PrivateValue, Salt},
};
