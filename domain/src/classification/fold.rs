//! Combines the readings of an account into one classification: the strictest wins.
//!
//! A further reading never makes less strict what the others say.

use super::{
    Classification, Environment, Pci, Source,
    declared::{Basis, Reported},
    reading::{Assertion, Reading, ReadingSource},
};

/// Combines readings. A half about which no reading says anything is assumed to be the strictest: production, in scope.
pub fn fold(readings: &[Reading]) -> Classification {
    let environments = readings
        .iter()
        .map(|reading| (reading.environment, &reading.source));
    let scopes = readings
        .iter()
        .map(|reading| (reading.pci, &reading.source));
    let environment = half(environments, Environment::Production);
    let pci = half(scopes, Pci::In);
    Classification {
        environment: environment.value,
        environment_source: environment.source,
        pci: pci.value,
        pci_source: pci.source,
        contradictory: environment.contradictory || pci.contradictory,
        waiting: None,
        basis: Basis::of(Reported {
            environment: (environment.value, environment.source),
            pci: (pci.value, pci.source),
            roles: (environment.role, pci.role),
        }),
    }
}

struct Half<T> {
    value: T,
    source: Source,
    /// The strictest of what roles say.
    role: Option<T>,
    contradictory: bool,
}

fn half<'a, T: Copy + Ord + 'a>(
    readings: impl Iterator<Item = (Assertion<T>, &'a ReadingSource)>,
    assumed: T,
) -> Half<T> {
    let mut strictest: Option<(T, Source)> = None;
    // The strictest and the least strict of what tags and OUs say, and the least upper limit.
    let (mut highest, mut lowest, mut limit) = (None::<T>, None::<T>, None::<T>);
    let mut role = None::<T>;
    for (assertion, source) in readings {
        let (value, source) = match assertion {
            Assertion::Nothing => continue,
            Assertion::NotUnderstood => (assumed, Source::NotUnderstood),
            Assertion::Value(value) | Assertion::AtMost(value) => (value, kind(source)),
        };
        // What is read counts before what is assumed, and an earlier source before a later one.
        let stricter = strictest.is_none_or(|(known, from)| {
            value > known || (value == known && from == Source::NotUnderstood)
        });
        if stricter {
            strictest = Some((value, source));
        }
        match assertion {
            Assertion::Value(value) if source == Source::Role => role = role.max(Some(value)),
            Assertion::Value(value) => {
                highest = highest.max(Some(value));
                lowest = Some(lowest.map_or(value, |known| known.min(value)));
            }
            Assertion::AtMost(value) => limit = Some(limit.map_or(value, |known| known.min(value))),
            Assertion::Nothing | Assertion::NotUnderstood => {}
        }
    }
    let (value, source) = strictest.unwrap_or((assumed, Source::Nothing));
    Half {
        value,
        source,
        role,
        contradictory: highest != lowest || limit.is_some_and(|limit| highest > Some(limit)),
    }
}

fn kind(source: &ReadingSource) -> Source {
    match source {
        ReadingSource::Management
        | ReadingSource::DelegatedAdministrator(_)
        | ReadingSource::OwnAccount => Source::Role,
        ReadingSource::Tag { .. } => Source::Tag,
        ReadingSource::Ou(_) | ReadingSource::UnreadOu(_) | ReadingSource::NoPath => Source::Ou,
    }
}
