//! How old the data about AWS is that the analysis looks up.
//!
//! AWS adds actions and changes its managed policies every week: what is older than that is not known.

use serde::Serialize;

use crate::time::{Date, Timestamp};

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
        let age = match self.days {
            ..0 => "a date in the future".to_owned(),
            0 => "today".to_owned(),
            1 => "1 day old".to_owned(),
            days => format!("{days} days old"),
        };
        format!("{} ({age})", self.date)
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

    /// Says which data is too old, or of an unknown age.
    pub fn warning(self) -> Option<String> {
        let named = [
            ("the actions of AWS", self.actions),
            ("the AWS managed policies", self.policies),
        ];
        let outdated: Vec<String> = named
            .into_iter()
            .filter(|(_, age)| age.is_outdated())
            .map(|(what, age)| format!("{what} are of {}", age.words()))
            .collect();
        (!outdated.is_empty()).then(|| {
            format!(
                "What Leastwise knows about AWS is older than {FRESH_DAYS} days, or of a wrong date: {}. A permission set may allow more than is shown, because what \
                 AWS has added since is missing. Install a newer version of Leastwise.",
                outdated.join(", ")
            )
        })
    }
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
            warning.contains("the AWS managed policies are of 2026-09-25 (91 days old).")
                && !warning.contains("actions"),
            "{warning}"
        );
    }
}
