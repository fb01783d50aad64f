//! The stored form of gains and losses. Each list of users is written once.
//!
//! Changes that were stored by earlier versions contain one row for each person and path; these are still read. The
//! stored text is hashed as it is and never written again.

use std::{collections::HashMap, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::{Gainers, Step, Steps, steps::StepsBuilder};
use crate::{
    access::Path,
    grant::Term,
    ids::{Pair, UserId},
};

#[derive(Serialize, Deserialize)]
struct StoredPath {
    pair: Pair,
    path: Path,
    term: Term,
    /// The number of the list of users; none for the future members of the group on the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    users: Option<usize>,
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let lists: Vec<&Arc<[UserId]>> = self.lists().collect();
        let numbers: HashMap<*const UserId, usize> = lists
            .iter()
            .enumerate()
            .map(|(number, list)| (list.as_ptr(), number))
            .collect();
        let paths: Vec<StoredPath> = self
            .paths()
            .iter()
            .map(|path| StoredPath {
                pair: path.pair.clone(),
                path: path.path.clone(),
                term: path.term,
                users: match &path.gainers {
                    Gainers::Users(users) => numbers.get(&users.as_ptr()).copied(),
                    Gainers::FutureMembers(_) => None,
                },
            })
            .collect();
        let mut stored = serializer.serialize_struct("Steps", 2)?;
        stored.serialize_field("users", &lists)?;
        stored.serialize_field("paths", &paths)?;
        stored.end()
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Stored;
        impl<'de> Visitor<'de> for Stored {
            type Value = Steps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lists of users and paths, or one row for each person and path")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rows: A) -> Result<Steps, A::Error> {
                let rows = Vec::<Step>::deserialize(de::value::SeqAccessDeserializer::new(rows))?;
                Ok(rows.into_iter().collect())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Steps, A::Error> {
                #[derive(Deserialize)]
                struct Document {
                    users: Vec<Arc<[UserId]>>,
                    paths: Vec<StoredPath>,
                }
                let stored = Document::deserialize(de::value::MapAccessDeserializer::new(map))?;
                restored(stored.users, stored.paths).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Stored)
    }
}

fn restored(lists: Vec<Arc<[UserId]>>, paths: Vec<StoredPath>) -> Result<Steps, &'static str> {
    if lists
        .iter()
        .any(|users| users.is_empty() || !users.is_sorted_by(|a, b| a < b))
    {
        return Err("a list of users is empty or not sorted");
    }
    let mut builder = StepsBuilder::default();
    for StoredPath {
        pair,
        path,
        term,
        users,
    } in paths
    {
        let gainers = match (users, &path) {
            (Some(number), _) => {
                let users = lists
                    .get(number)
                    .ok_or("a path names a list that is missing")?;
                Gainers::Users(Arc::clone(users))
            }
            (None, Path::Group(group)) => Gainers::FutureMembers(group.clone()),
            (None, Path::Direct) => return Err("a direct path has no users"),
        };
        builder.add(pair, path, term, gainers);
    }
    Ok(builder.build())
}
