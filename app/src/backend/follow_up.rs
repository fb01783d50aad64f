//! What is left to request of a change that is over, as links to filled forms: to undo what was carried out, and to request
//! again what was not. A link names the change and its items; the service reads them, so that an address stays short and
//! holds no text.

use std::collections::BTreeMap;

use domain::{engine::FollowUp, ids::ChangeId, subject::NoUndo};

use super::ChangeForm;

/// The links of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct FollowUps {
    /// Links to forms, each for all items that it can hold, undo first.
    pub links: Vec<FollowUpLink>,
    /// The number of items that are in none of these links. Each has one of its own in the list of items.
    pub more: usize,
    /// Why nothing undoes an item that was carried out, if that is so.
    pub no_undo: Option<NoUndo>,
}

impl FollowUps {
    /// Returns the form that requests all that is left as a change of access; none if it takes several forms, or another one.
    pub fn only_form(&self) -> Option<&ChangeForm> {
        match self.links.as_slice() {
            [
                FollowUpLink {
                    form: FollowUpForm::Change(form),
                    ..
                },
            ] if self.more == 0 => Some(form),
            _ => None,
        }
    }
}

/// A link to a filled form.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FollowUpLink {
    pub what: FollowUp,
    /// The number of items that the form then holds.
    pub items: usize,
    pub form: FollowUpForm,
}

/// The form that a link fills.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpForm {
    Change(ChangeForm),
    Classify(ClassifyOrigin),
}

impl FollowUpForm {
    /// Returns the form that requests what both request; none if no form does.
    pub fn with(&self, other: &Self) -> Option<Self> {
        let (Self::Change(form), Self::Change(other)) = (self, other) else {
            return None;
        };
        form.with_account_of(other).map(Self::Change)
    }

    /// Returns the URL of the filled form.
    pub fn href(&self) -> String {
        match self {
            Self::Change(form) => form.href(),
            Self::Classify(origin) => origin.href(),
        }
    }
}

/// The items of a change that fill the form that classifies accounts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ClassifyOrigin {
    pub change: ChangeId,
    pub what: FollowUp,
    /// The index of an item, from 0.
    pub item: usize,
    pub reach: Reach,
}

/// Which items a link holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The named item.
    One,
    /// The named item and all with the same values.
    Alike,
}

/// The names of the parameters.
const UNDO: &str = "undo";
const REST: &str = "rest";
const ITEM: &str = "item";
const ALIKE: &str = "alike";

impl ClassifyOrigin {
    /// Reads the origin from the query of a link. None if it names no change.
    pub fn of_query(query: &BTreeMap<String, String>) -> Option<Self> {
        let parsed = |name: &str| query.get(name)?.parse::<usize>().ok()?.checked_sub(1);
        let change = |name: &str| query.get(name)?.parse::<ChangeId>().ok();
        let (what, change) = match (change(UNDO), change(REST)) {
            (Some(change), _) => (FollowUp::Undo, change),
            (None, Some(change)) => (FollowUp::Rest, change),
            (None, None) => return None,
        };
        let (item, reach) = match (parsed(ITEM), parsed(ALIKE)) {
            (Some(item), _) => (item, Reach::One),
            (None, item) => (item.unwrap_or_default(), Reach::Alike),
        };
        Some(Self {
            change,
            what,
            item,
            reach,
        })
    }

    /// Returns the URL of the filled form. People count items from 1.
    pub fn href(&self) -> String {
        let what = match self.what {
            FollowUp::Undo => UNDO,
            FollowUp::Rest => REST,
        };
        let reach = match self.reach {
            Reach::One => ITEM,
            Reach::Alike => ALIKE,
        };
        let (change, item) = (&self.change, self.item + 1);
        format!("/changes/classify?{what}={change}&{reach}={item}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let change = ChangeId::parse("00000009-0000-4000-8000-000000000001").unwrap();
        for (what, reach) in [
            (FollowUp::Undo, Reach::One),
            (FollowUp::Undo, Reach::Alike),
            (FollowUp::Rest, Reach::One),
            (FollowUp::Rest, Reach::Alike),
        ] {
            let origin = ClassifyOrigin {
                change: change.clone(),
                what,
                item: 299,
                reach,
            };
            let href = origin.href();
            let (_, query) = href.split_once('?').unwrap();
            let query = query.split('&').filter_map(|pair| pair.split_once('='));
            let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(ClassifyOrigin::of_query(&query.collect()), Some(origin));
        }
        assert_eq!(ClassifyOrigin::of_query(&BTreeMap::new()), None);
    }
}
