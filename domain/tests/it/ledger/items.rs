//! Tests of the items beside the ledger: what the entry of a request records of them.

use std::convert::Infallible;

use domain::{
    change::{Operation, StoredItem},
    classification::{Environment, Pci},
    ids::AccountId,
    ledger::{
        Actor, ActorKind, Entry, EntryType, Hash, Outcome, Position, PrivateValue,
        bundle::{self, BundleError},
        items::{ItemRows, ItemsDigest, RecordedItems, WHOLE_BYTES, facts, stored_beside, texts},
    },
    private::{Private, Salt},
    subject::account_classification::{Declaration, content},
    time::Timestamp,
};
use serde_json::{Value, json};

use super::support::name;

fn item(number: i64, document: &str) -> StoredItem {
    StoredItem {
        number,
        version: 1,
        document: document.to_owned(),
    }
}

fn rows(items: &[StoredItem]) -> ItemRows {
    ItemRows {
        inline: None,
        rows: items.to_vec(),
    }
}

fn request(facts: Vec<(&'static str, Value)>) -> Entry {
    let kind = EntryType::parse("change.submitted").unwrap();
    let actor = Actor::new(ActorKind::Human);
    let mut entry = Entry::new(kind, Timestamp(1_795_425_245_007), Outcome::Success, actor);
    let facts = facts
        .into_iter()
        .map(|(name, fact)| (name.to_owned(), fact));
    entry.data.extend(facts);
    entry
}

fn small() -> Vec<StoredItem> {
    vec![item(0, r#"{"kind":"a","n":1}"#), item(1, r#"{"kind":"b"}"#)]
}

fn large() -> Vec<StoredItem> {
    (0..400)
        .map(|n| {
            item(
                n,
                &format!(r#"{{"kind":"a","n":{n},"text":"{}"}}"#, "x".repeat(20)),
            )
        })
        .collect()
}

#[test]
fn the_digest_is_the_specified_one() {
    let text = b"leastwise-items-v1\0\
        0 1 18\n{\"kind\":\"a\",\"n\":1}\n1 1 12\n{\"kind\":\"b\"}\n";
    let digest = ItemsDigest::of(&small());
    assert_eq!((digest.count, digest.digest), (2, Hash::of(text)));
}

#[test]
fn an_entry_proves_exactly_the_stored_texts() {
    let items = small();
    let recorded = RecordedItems::of(&request(facts(&items))).unwrap();
    assert!(recorded.proves(&rows(&items)));
    let altered = |alter: fn(&mut Vec<StoredItem>)| {
        let mut items = small();
        alter(&mut items);
        rows(&items)
    };
    for forged in [
        altered(|items| items[0].document = r#"{"n":1,"kind":"a"}"#.into()),
        altered(|items| items[1].version = 2),
        altered(|items| items[1].number = 2),
        altered(|items| items.push(item(2, "{}"))),
        altered(|items| drop(items.pop())),
        altered(Vec::clear),
        altered(|items| {
            let (first, second) = (items[0].document.clone(), items[1].document.clone());
            (items[0].document, items[1].document) = (second, first);
        }),
        ItemRows {
            inline: Some(Vec::new()),
            rows: items.clone(),
        },
    ] {
        assert!(!recorded.proves(&forged), "{forged:?}");
    }
}

#[test]
fn two_items_cannot_be_told_as_one() {
    let two = [item(0, "a"), item(1, "b")];
    let one = [item(0, "a\n1 1 1\nb")];
    assert_ne!(ItemsDigest::of(&two).digest, ItemsDigest::of(&one).digest);
}

#[test]
fn an_entry_of_an_earlier_version_is_compared_by_value() {
    let operations = json!([{ "kind": "a", "n": 1 }, { "kind": "b" }]);
    let recorded = RecordedItems::of(&request(vec![("operations", operations)])).unwrap();
    let inline = |text: &str| ItemRows {
        inline: serde_json::from_str(text).unwrap(),
        rows: Vec::new(),
    };
    // Another order of members and other spaces.
    assert!(recorded.proves(&inline(r#"[ {"n":1, "kind":"a"}, {"kind":"b"} ]"#)));
    assert!(!recorded.proves(&inline(r#"[{"n":2,"kind":"a"},{"kind":"b"}]"#)));
    assert!(!recorded.proves(&inline(r#"[{"n":1,"kind":"a"}]"#)));
    assert!(
        !recorded.proves(&rows(&small())),
        "a row is no item of such a change"
    );
}

#[test]
fn an_entry_that_states_nothing_readable_proves_nothing() {
    for facts in [
        vec![],
        vec![("operations", json!([]))],
        vec![("operations", json!("none"))],
        vec![("items", json!({ "count": 0, "digest": Hash::ZERO.hex() }))],
        vec![
            ("items", json!({ "count": 2 })),
            ("operations", json!([{}])),
        ],
    ] {
        let recorded = RecordedItems::of(&request(facts)).unwrap();
        assert_eq!(recorded, RecordedItems::Unreadable);
        assert!(!recorded.proves(&ItemRows::default()));
        assert!(!recorded.proves(&rows(&small())));
    }
}

#[test]
fn few_items_are_in_the_entry_and_many_only_by_number_kind_and_digest() {
    let few = request(facts(&small()));
    assert_eq!(few.data["operations"].as_array().unwrap().len(), 2);
    assert_eq!(few.data["items"]["kinds"], json!({ "a": 1, "b": 1 }));
    assert_eq!(stored_beside(&few), None);
    let items = large();
    let bytes: usize = items.iter().map(|item| item.document.len()).sum();
    assert!(bytes > WHOLE_BYTES);
    let many = request(facts(&items));
    assert_eq!(many.data.get("operations"), None);
    assert_eq!(many.data["items"]["first"]["n"], json!(0));
    assert_eq!(stored_beside(&many), Some(ItemsDigest::of(&items)));
    let recorded = RecordedItems::of(&many).unwrap();
    assert_eq!(recorded.count(), Some(400));
    assert!(recorded.proves(&rows(&items)));
}

fn position(seq: u64) -> Position {
    Position {
        log: name(),
        seq,
        prev: Hash::ZERO,
    }
}

fn line(seq: u64, entry: &Entry) -> String {
    let sealed = entry.clone().seal(&position(seq)).unwrap();
    String::from_utf8(sealed.leaf).unwrap()
}

#[test]
fn the_items_of_a_bundle_are_compared_with_the_digests_of_its_entries() {
    let entries = [
        line(0, &request(facts(&small()))),
        line(1, &request(facts(&large()))),
        line(2, &request(facts(&large()[..380]))),
    ];
    let text = |seq: u64, items: &[StoredItem]| -> String {
        let lines = items
            .iter()
            .map(|item| bundle::item_line(seq, item).unwrap());
        lines.collect()
    };
    let whole = text(1, &large()) + &text(2, &large()[..380]);
    let differ = |items: &str| {
        let found = bundle::verify_items(
            entries
                .iter()
                .map(|leaf| Ok::<_, Infallible>(leaf.as_bytes())),
            items.lines().map(Ok),
            bundle::ItemTexts::default(),
        );
        found.map(|found| {
            assert_eq!(found.texts, []);
            found
                .items
                .iter()
                .map(|one| (one.seq, one.found))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(differ(&whole).unwrap(), []);
    assert_eq!(differ("").unwrap(), [(1, 0), (2, 0)]);
    let short = text(1, &large()[..399]) + &text(2, &large()[..380]);
    assert_eq!(differ(&short).unwrap(), [(1, 399)]);
    let swapped = text(1, &large()[..380]) + &text(2, &large());
    assert_eq!(differ(&swapped).unwrap(), [(1, 380), (2, 400)]);
    for (extra, why) in [
        (text(0, &small()) + &whole, "entry 0 states no digest"),
        (
            whole.clone() + &text(7, &small()),
            "entry 7 states no digest",
        ),
        (
            text(2, &large()[..380]) + &text(1, &large()),
            "ascending order",
        ),
    ] {
        match differ(&extra).unwrap_err() {
            BundleError::Malformed {
                file, why: told, ..
            } => {
                assert_eq!(file, bundle::ITEMS);
                assert!(told.contains(why), "{told}");
            }
            other @ BundleError::Read { .. } => panic!("{other}"),
        }
    }
}

fn typed(salt: u8, text: &str) -> Private {
    Private::new(Salt([salt; 32]), text)
}

fn classified(n: usize, purpose: &Private) -> Operation {
    let class = (Environment::Production, Pci::In);
    Operation::Classify {
        account: AccountId::parse(&format!("{:012}", 500_000_000_000_usize + n)).unwrap(),
        before: None,
        after: Some(Declaration {
            environment: class.0,
            pci: class.1,
            owner: None,
            purpose: purpose.clone(),
            out_of_scope: None,
            valid_until: Timestamp(1_795_425_245_007),
            against: class,
            without: class,
        }),
        seen: content(None),
    }
}

#[test]
fn the_texts_of_items_beside_an_entry_are_in_the_bundle_once_and_compared_with_them() {
    let (shared, other) = (typed(1, "the shop"), typed(2, "the bank"));
    let mut operations: Vec<_> = (0..40).map(|n| classified(n, &shared)).collect();
    operations.push(classified(40, &other));
    let stored = StoredItem::of_all(&operations);
    let known = texts(&operations, &stored);
    let places: Vec<_> = known.iter().map(|text| text.path.as_str()).collect();
    assert_eq!(
        places,
        ["/items/0/after/purpose", "/items/40/after/purpose"]
    );
    let mut entry = request(facts(&stored));
    entry.item_texts = known.clone();
    assert!(stored_beside(&entry).is_some());
    let sealed = entry.seal(&position(0)).unwrap();
    assert_eq!(sealed.private, known);
    let leaf = String::from_utf8(sealed.leaf.clone()).unwrap();
    assert!(!leaf.contains("the shop"));
    // The verifier of the leaves leaves them to the comparison with the items.
    let items: String = stored
        .iter()
        .map(|item| bundle::item_line(0, item).unwrap())
        .collect();
    let differing = |texts: &[PrivateValue]| -> Vec<String> {
        let lines = texts
            .iter()
            .map(|text| Ok::<_, Infallible>(bundle::private_line(0, text).unwrap()));
        let found = bundle::verify_items(
            [Ok::<_, Infallible>(leaf.as_bytes())],
            items.lines().map(Ok),
            bundle::ItemTexts::read(lines).unwrap(),
        );
        let found = found.unwrap();
        assert_eq!(found.items, []);
        found.texts.into_iter().map(|text| text.path).collect()
    };
    assert_eq!(differing(&known), Vec::<String>::new());
    assert_eq!(
        differing(&known[1..]),
        Vec::<String>::new(),
        "one is erased"
    );
    for (path, value) in [
        ("/items/0/after/purpose", "the bank"),
        ("/items/0/after/owner", "the shop"),
        ("/items/41/after/purpose", "the shop"),
    ] {
        let altered = PrivateValue {
            path: path.into(),
            salt: known[0].salt,
            value: value.into(),
        };
        assert_eq!(differing(&[altered]), [path]);
    }
}
