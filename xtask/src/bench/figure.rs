//! Measured figures and their limits. Each figure is printed as soon as it is known, so that a benchmark that fails
//! part way has reported its results.

use crate::process::Failure;

/// A measured figure with an optional limit.
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    limit: Option<Limit>,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            limit: None,
        }
    }

    /// Sets the limit.
    pub fn at_most(mut self, limit: f64) -> Self {
        self.limit = Some(Limit::AtMost(limit));
        self
    }

    /// Sets the least value.
    pub fn at_least(mut self, limit: f64) -> Self {
        self.limit = Some(Limit::AtLeast(limit));
        self
    }

    fn missed(&self) -> bool {
        self.limit.is_some_and(|limit| match limit {
            Limit::AtMost(most) => self.value > most,
            Limit::AtLeast(least) => self.value < least,
        })
    }
}

/// The figures of one run.
pub struct Board {
    missed: Vec<String>,
}

impl Board {
    pub fn new() -> Self {
        Self { missed: Vec::new() }
    }

    pub fn show(&mut self, figure: Figure) {
        let limit = figure.limit.map_or_else(String::new, |limit| match limit {
            Limit::AtMost(most) => format!("of {most:.1}"),
            Limit::AtLeast(least) => format!("min {least:.0}"),
        });
        let verdict = match (figure.limit, figure.missed()) {
            (None, _) => "",
            (Some(_), false) => "ok",
            (Some(Limit::AtMost(_)), true) => "OVER",
            (Some(Limit::AtLeast(_)), true) => "UNDER",
        };
        println!(
            "{verdict:<5}{:>11.1} {:<6}{limit:<11} {}",
            figure.value, figure.unit, figure.name
        );
        if figure.missed() {
            self.missed.push(figure.name);
        }
    }

    /// Returns an error if a figure exceeds its limit.
    pub fn verdict(self) -> Result<(), Failure> {
        if self.missed.is_empty() {
            println!("\nAll figures are within their limits.");
            Ok(())
        } else {
            Err(Failure::new(format!(
                "outside the limit: {}",
                self.missed.join("; ")
            )))
        }
    }
}

/// Describes the machine and its load. Other work on the machine, such as a build, distorts every time.
pub fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unnamed processor", |(_, name)| name);
    format!("{cpus} cores of {model}, load average {}", load())
}

/// Returns the load average of the last minute.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// Returns the given percentile of the sorted values.
pub fn percentile(sorted: &[f64], hundredths: usize) -> f64 {
    let at = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values_and_never_flatters() {
        let values: Vec<f64> = (1..=200_u32).map(f64::from).collect();
        assert!((percentile(&values, 50) - 100.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 99) - 198.0).abs() < f64::EPSILON);
        assert!((percentile(&[7.0], 99) - 7.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 50).is_nan());
    }

    #[test]
    fn a_figure_at_its_limit_is_kept_and_one_that_is_no_number_is_not_shown_as_kept() {
        assert!(!Figure::new("", 20.0, "ms").at_most(20.0).missed());
        assert!(Figure::new("", 20.1, "ms").at_most(20.0).missed());
        assert!(!Figure::new("", 20.0, "/s").at_least(20.0).missed());
        assert!(Figure::new("", 19.9, "/s").at_least(20.0).missed());
    }
}
