//! How old the data about AWS is that the analysis looks up.
//!
//! AWS adds actions and changes its managed policies every week: what is older than that is not known.

use serde::Serialize;

use crate::{
    permission_set::{Boundary, Content},
    time::{Date, Timestamp},
};

/// The age in days over which data is outdated.
const FRESH_DAYS: i64 = 90;

/// The date of data, and how many days that is ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Age {
    date: Date,
    /// Negative if the date is after today.
    days: i64,
}

impl Age {
    fn of(date: Date, now: Timestamp) -> Self {
        let days = date.days_until(now);
        Self { date, days }
    }

    /// Data of the future has a wrong date, or the clock is wrong: its age is not known.
    fn is_outdated(self) -> bool {
        !(0..=FRESH_DAYS).contains(&self.days)
    }

    /// Returns the date with the age, for people.
    pub fn words(self) -> String {
        format!("{} ({})", self.date, self.days_words())
    }

    fn days_words(self) -> String {
        match self.days {
            ..0 => "a date in the future".to_owned(),
            0 => "today".to_owned(),
            1 => "1 day old".to_owned(),
            days => format!("{days} days old"),
        }
    }
}

/// The ages of all data about AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DataAge {
    pub actions: Age,
    pub policies: Age,
}

impl DataAge {
    /// Returns the ages of the actions and of the AWS managed policies.
    pub fn of(actions: Date, policies: Date, now: Timestamp) -> Self {
        Self {
            actions: Age::of(actions, now),
            policies: Age::of(policies, now),
        }
    }

    /// Says which data is outdated.
    pub fn warning(self) -> Option<String> {
        warning(&[
            (DatedData::Actions, self.actions),
            (DatedData::Policies, self.policies),
        ])
    }

    /// Says which data is outdated that a permission set was evaluated with: the AWS managed policies only if it has one.
    pub fn warning_about(self, content: &Content) -> Option<String> {
        warning(&self.used_for(content))
    }

    /// Says in a few words which data is the oldest that is outdated, of the data that a permission set was evaluated with, and
    /// how old it is.
    pub fn oldest_about(self, content: &Content) -> Option<String> {
        let used = self.used_for(content).into_iter();
        let outdated = used.filter(|(_, age)| age.is_outdated());
        let (kind, oldest) = outdated.max_by_key(|(_, age)| age.days)?;
        let age = match oldest.days {
            ..0 => format!("of {}", oldest.days_words()),
            _ => oldest.days_words(),
        };
        Some(format!("{} are {age}", kind.label()))
    }

    fn used_for(self, content: &Content) -> Vec<(DatedData, Age)> {
        let has_policy =
            !content.managed.is_empty() || matches!(content.boundary, Some(Boundary::Managed(_)));
        let policies = has_policy.then_some((DatedData::Policies, self.policies));
        let actions = std::iter::once((DatedData::Actions, self.actions));
        actions.chain(policies).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DatedData {
    Actions,
    Policies,
}

impl DatedData {
    const fn label(self) -> &'static str {
        match self {
            Self::Actions => "The actions of AWS",
            Self::Policies => "The texts of AWS managed policies",
        }
    }

    /// Says of which date data is, and what that means.
    fn outdated(self, age: Age) -> String {
        let what = self.label();
        let missing = match self {
            Self::Actions => "actions that AWS has added since are missing",
            Self::Policies => "what AWS has changed in them since is missing",
        };
        let date = age.words();
        if age.days < 0 {
            format!(
                "{what} are of {date}: the clock or the date is wrong, so their age is not known."
            )
        } else {
            format!("{what} are of {date}, so {missing}.")
        }
    }
}

fn warning(data: &[(DatedData, Age)]) -> Option<String> {
    let outdated = data.iter().filter(|(_, age)| age.is_outdated());
    let texts: Vec<String> = outdated.map(|(kind, age)| kind.outdated(*age)).collect();
    (!texts.is_empty()).then(|| {
        format!(
            "{} A permission set may allow more than is shown. Install a newer version of Leastwise.",
            texts.join(" ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn data_of_more_than_ninety_days_or_of_the_future_is_outdated() {
        let date = Date::parse("2026-09-26").expect("a date");
        let older = Date::parse("2026-09-25").expect("a date");
        let start = Timestamp::parse_rfc3339("2026-09-26T00:00:00Z").expect("a time");
        let after = |days: i64| DataAge::of(date, date, start + Duration::days(days));
        for days in [0, 1, 90] {
            assert_eq!(after(days).warning(), None, "{days}");
        }
        for days in [-1, 91] {
            assert!(after(days).warning().is_some(), "{days}");
        }
        assert_eq!(after(0).actions.words(), "2026-09-26 (today)");
        assert_eq!(after(1).actions.words(), "2026-09-26 (1 day old)");
        assert_eq!(
            after(-1).policies.words(),
            "2026-09-26 (a date in the future)"
        );
        let late = start + Duration::days(90) + Duration::hours(23);
        assert_eq!(DataAge::of(date, date, late).warning(), None);
        let warning = DataAge::of(date, older, late).warning();
        let warning = warning.expect("the older one is outdated");
        assert!(
            warning
                .contains("The texts of AWS managed policies are of 2026-09-25 (91 days old), so")
                && !warning.contains("The actions of AWS"),
            "{warning}"
        );
        assert!(
            after(-1)
                .warning()
                .is_some_and(|text| text.contains("the clock or the date is wrong"))
        );
    }

    #[test]
    fn the_age_of_managed_policies_is_told_only_about_a_set_that_has_one() {
        let now = Timestamp::parse_rfc3339("2026-09-26T00:00:00Z").expect("a time");
        let (fresh, old) = (
            Date::parse("2026-09-25").expect("a date"),
            Date::parse("2026-01-01").expect("a date"),
        );
        let age = DataAge::of(fresh, old, now);
        let mut content = Content::default();
        assert_eq!(age.warning_about(&content), None);
        assert_eq!(age.oldest_about(&content), None);
        content.boundary = Some(Boundary::Managed("arn:aws:iam::aws:policy/A".to_owned()));
        assert!(age.warning_about(&content).is_some());
        assert_eq!(
            age.oldest_about(&content).as_deref(),
            Some("The texts of AWS managed policies are 268 days old")
        );
        content.boundary = None;
        content
            .managed
            .insert("arn:aws:iam::aws:policy/A".to_owned());
        assert!(age.warning_about(&content).is_some());
        // Every set is evaluated with the actions.
        assert!(
            DataAge::of(old, fresh, now)
                .warning_about(&Content::default())
                .is_some()
        );
    }
}
