//! The organizational units of a generated organisation: one for each line of business, with one for each environment.

use std::sync::Arc;

use super::{ENVIRONMENTS, LINES, ROOT};
use crate::org::Unit;

pub(super) fn units() -> Vec<Unit> {
    let unit = |key: &str, name: &str, parent: Arc<str>| Unit {
        id: unit_id(key),
        name: name.to_owned(),
        parent,
    };
    let mut units = vec![unit("platform", "Platform", ROOT.into())];
    for line in LINES {
        units.push(unit(line, line, ROOT.into()));
        for environment in ENVIRONMENTS {
            let key = format!("{line}{environment}");
            units.push(unit(&key, environment, unit_id(line)));
        }
    }
    units
}

pub(super) fn unit_id(key: &str) -> Arc<str> {
    format!("ou-gen1-{key:0<10}").into()
}
