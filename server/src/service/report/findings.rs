//! What policies find of a row of the report, as its members. Never evaluates.

use app::backend::FindingKind;
use domain::{policies::Rules, verdict::Hit};

/// The policies that find something of a row, in the order of the policy text.
pub(super) struct Findings {
    pub ids: Vec<String>,
    pub titles: Vec<String>,
    pub controls: Vec<String>,
    pub kinds: Vec<FindingKind>,
}

impl Findings {
    pub(super) fn of(rules: &Rules, hits: &[Hit]) -> Self {
        Self {
            ids: hits.iter().map(|hit| hit.rule.clone()).collect(),
            titles: hits.iter().map(|hit| rules.title(&hit.rule)).collect(),
            controls: hits.iter().map(|hit| hit.control.clone()).collect(),
            kinds: hits
                .iter()
                .map(|hit| FindingKind::of(hit.outcome()))
                .collect(),
        }
    }
}
