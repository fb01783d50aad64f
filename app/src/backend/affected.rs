//! Who gains or loses access by a change, in numbers and in words. Future members of a group are nobody yet, so they are
//! never counted as a person.

/// Who gains, or who loses, access.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct AffectedPeople {
    /// The number of people today, each counted once.
    pub people: usize,
    /// The number of groups whose future members are affected.
    pub groups: usize,
    /// The number of rows: one for each person and path, and one for the future members of a group on each path.
    pub rows: usize,
}

/// What happens to the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Gain,
    Lose,
}

impl AffectedPeople {
    /// Returns who they are.
    fn who(self) -> String {
        let people = match self.people {
            0 => None,
            1 => Some("1 person".to_owned()),
            some => Some(format!("{some} people")),
        };
        let future = match self.groups {
            0 => None,
            1 => Some("future members of the group".to_owned()),
            some => Some(format!("future members of {some} groups")),
        };
        match (people, future) {
            (Some(people), Some(future)) => format!("{people} and {future}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "nobody".to_owned(),
        }
    }

    /// Returns the number of paths, if it is another one.
    fn by_paths(self) -> String {
        if self.rows > self.people + self.groups {
            format!(" by {} paths", self.rows)
        } else {
            String::new()
        }
    }

    fn words(self, verb: Verb) -> String {
        let is_plural = self.people > 1 || self.groups > 0;
        let verb = match (verb, is_plural) {
            (Verb::Gain, true) => "gain access",
            (Verb::Gain, false) => "gains access",
            (Verb::Lose, true) => "lose access",
            (Verb::Lose, false) => "loses access",
        };
        format!("{} {verb}{}", self.who(), self.by_paths())
    }
}

/// Returns who gains and who loses access, as the detail of a heading that says which of both happens.
pub fn gains_and_losses(gained: AffectedPeople, lost: AffectedPeople) -> String {
    let only = |people: AffectedPeople| format!("{}{}", people.who(), people.by_paths());
    match (gained.rows, lost.rows) {
        (0, 0) => "nobody gains or loses access".to_owned(),
        (_, 0) => only(gained),
        (0, _) => only(lost),
        (_, _) => format!("{}, {}", gained.words(Verb::Gain), lost.words(Verb::Lose)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn future_members_are_named_and_never_counted_as_a_person() {
        let of = |people, groups, rows| AffectedPeople {
            people,
            groups,
            rows,
        };
        let none = AffectedPeople::default();
        for (gained, lost, said) in [
            (
                of(3, 1, 4),
                none,
                "3 people and future members of the group",
            ),
            (of(0, 1, 1), none, "future members of the group"),
            (of(1, 0, 1), none, "1 person"),
            (of(1, 0, 4), none, "1 person by 4 paths"),
            (
                of(1, 1, 2),
                none,
                "1 person and future members of the group",
            ),
            (none, of(2, 2, 4), "2 people and future members of 2 groups"),
            (
                of(1, 0, 1),
                of(1, 0, 1),
                "1 person gains access, 1 person loses access",
            ),
            (
                of(0, 1, 1),
                of(1, 0, 1),
                "future members of the group gain access, 1 person loses access",
            ),
            (none, none, "nobody gains or loses access"),
        ] {
            assert_eq!(gains_and_losses(gained, lost), said);
        }
    }
}
