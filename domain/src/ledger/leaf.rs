//! Reads a leaf in one pass: the members of its position and those of its entry, without a map of all members in between.
//!
//! A verification parses millions of leaves. The caller has checked that the leaf is canonical, and that it has no null.

use std::fmt;

use serde::{
    Deserialize,
    de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor},
};

use super::{Entry, Hash, LogName, Position, VERSION};

/// A leaf of the version that is written.
pub(super) struct Leaf {
    pub position: Position,
    pub entry: Entry,
}

impl<'de> Deserialize<'de> for Leaf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LeafVisitor)
    }
}

struct LeafVisitor;

impl<'de> Visitor<'de> for LeafVisitor {
    type Value = Leaf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a leaf")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Leaf, A::Error> {
        let mut place = Place::default();
        let members = EntryMembers {
            map,
            place: &mut place,
        };
        let entry = Entry::deserialize(de::value::MapAccessDeserializer::new(members))?;
        let missing = || de::Error::custom("a member of the position is missing");
        if place.version != Some(VERSION) {
            return Err(de::Error::custom("another version"));
        }
        let position = Position {
            log: place.log.ok_or_else(missing)?,
            seq: place.seq.ok_or_else(missing)?,
            prev: place.prev.ok_or_else(missing)?,
        };
        Ok(Leaf { position, entry })
    }
}

#[derive(Default)]
struct Place {
    version: Option<u64>,
    log: Option<LogName>,
    seq: Option<u64>,
    prev: Option<Hash>,
}

/// The members of the entry. Those of the position are taken out on the way.
struct EntryMembers<'p, A> {
    map: A,
    place: &'p mut Place,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for EntryMembers<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        loop {
            match self.map.next_key_seed(MemberName(&mut seed))? {
                None => return Ok(None),
                Some(Member::Version) => self.place.version = Some(self.map.next_value()?),
                Some(Member::Log) => self.place.log = Some(self.map.next_value()?),
                Some(Member::Seq) => self.place.seq = Some(self.map.next_value()?),
                Some(Member::Prev) => self.place.prev = Some(self.map.next_value()?),
                Some(Member::OfEntry(key)) => return Ok(Some(key)),
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum Member<K> {
    Version,
    Log,
    Seq,
    Prev,
    OfEntry(K),
}

/// Reads the name of a member. The seed is used up by the first one of the entry.
struct MemberName<'s, K>(&'s mut Option<K>);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for MemberName<'_, K> {
    type Value = Member<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for MemberName<'_, K> {
    type Value = Member<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match name {
            "v" => Member::Version,
            "log" => Member::Log,
            "seq" => Member::Seq,
            "prev" => Member::Prev,
            of_entry => {
                let seed = self.0.take();
                let seed = seed.ok_or_else(|| E::custom("a name after the last one"))?;
                Member::OfEntry(seed.deserialize(of_entry.into_deserializer())?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::ChangeId,
        ledger::{Actor, ActorKind, EntryTarget, EventKind, MAX_LEAF, Outcome, Private, Salt},
        time::Timestamp,
    };

    fn leaf() -> String {
        let kind = EventKind::ChangeSubmitted.entry_type();
        let mut entry = Entry::new(
            kind,
            Timestamp(5),
            Outcome::Pending,
            Actor::new(ActorKind::Human),
        );
        entry.change_id = Some(ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap());
        entry.reason = Some("a \"quoted\" reason\n".to_owned());
        entry.justification = Some(Private::new(Salt([7; 32]), "because".to_owned()));
        entry.target = Some(EntryTarget::new("account"));
        let facts = serde_json::json!([{"v": 1, "seq": -7, "deep": [true, {"log": "x"}]}]);
        entry.data.insert("operations".into(), facts);
        let position = Position {
            log: LogName::parse("leastwise.example/test").unwrap(),
            seq: 9,
            prev: Hash::of(b"prev"),
        };
        let sealed = entry.seal(&position).unwrap();
        assert!(sealed.leaf.len() < MAX_LEAF);
        String::from_utf8(sealed.leaf).unwrap()
    }

    #[test]
    fn one_pass_reads_what_is_read_member_by_member() {
        let leaf = leaf();
        let read: Leaf = serde_json::from_str(&leaf).unwrap();
        let (position, entry) = Entry::parse_members(leaf.as_bytes()).unwrap();
        assert_eq!((read.position, read.entry), (position, entry));
    }

    #[test]
    fn one_pass_refuses_what_is_no_leaf() {
        let leaf = leaf();
        for (from, to) in [
            (r#"submitted","v":1"#, r#"submitted","v":2"#),
            (r#"submitted","v":1"#, r#"submitted""#),
            (r#""seq":9"#, r#""seq":-9"#),
            (r#""seq":9,"#, ""),
            (
                r#""type":"change.submitted""#,
                r#""typo":"change.submitted""#,
            ),
            (r#""outcome":"pending""#, r#""outcome":"perhaps""#),
            (
                r#""target":{"type":"account"}"#,
                r#""target":{"more":1,"type":"account"}"#,
            ),
        ] {
            assert!(leaf.contains(from), "{from} in {leaf}");
            let other = leaf.replacen(from, to, 1);
            assert!(serde_json::from_str::<Leaf>(&other).is_err(), "{other}");
            assert!(Entry::parse_members(other.as_bytes()).is_err(), "{other}");
        }
    }
}
