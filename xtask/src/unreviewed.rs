//! `cargo xtask unreviewed [SERVICE]`: the actions of the catalogue that have no line in the review, with their access
//! levels. They count as dangerous until somebody writes a line.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;

use crate::process::{self, ErrorContext as _, Failure};

/// Prints the actions of a service, or the number for each service.
pub fn unreviewed(args: &[String]) -> Result<(), Failure> {
    let data = process::root().join("catalogue/data");
    let file = data.join("actions.tsv.br");
    let packed = fs::read(&file).context(file.display())?;
    let mut text = String::new();
    brotli::Decompressor::new(packed.as_slice(), 64 * 1024)
        .read_to_string(&mut text)
        .context(file.display())?;
    let wanted = args.first();
    let mut total = 0;
    for (service, actions) in services(&text) {
        let review = data.join(format!("capabilities/{service}.txt"));
        let review = fs::read_to_string(review).unwrap_or_default();
        let missing = missing(&actions, &review);
        total += missing.len();
        if wanted == Some(&service.to_owned()) {
            for (name, level) in &missing {
                println!("{name}  ({level})");
            }
        } else if wanted.is_none() && !missing.is_empty() {
            println!("{:>5} of {:>5}  {service}", missing.len(), actions.len());
        }
    }
    println!("{total} actions have no review");
    Ok(())
}

/// An action with its access level.
type Named<'a> = (&'a str, &'a str);

/// Returns the services of a catalogue with their actions.
fn services(text: &str) -> Vec<(&str, Vec<Named<'_>>)> {
    let mut services: Vec<(&str, Vec<Named>)> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next(), fields.next()) {
            (Some("S"), Some(prefix), _) => services.push((prefix, Vec::new())),
            (Some("A"), Some(name), Some(level)) => {
                if let Some((_, actions)) = services.last_mut() {
                    actions.push((name, level));
                }
            }
            _ => {}
        }
    }
    services
}

/// Returns the actions that a review does not name.
fn missing<'a>(actions: &[Named<'a>], review: &str) -> Vec<Named<'a>> {
    let reviewed: BTreeSet<&str> = review
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let without = actions.iter().filter(|(name, _)| !reviewed.contains(name));
    without.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_without_a_line_is_unreviewed() {
        let text = "npm x\t1\t2026-01-01\nS\tec2\nK\tec2:x\nA\tRun\tW\t\nA\tStop\tW\t0\nS\ts3\nA\tGet\tR\t\n";
        let services = services(text);
        assert_eq!(services[0].0, "ec2");
        let review = "# EC2\nRun runs_code  # Stop.\n";
        assert_eq!(missing(&services[0].1, review), [("Stop", "W")]);
        assert_eq!(missing(&services[1].1, ""), [("Get", "R")]);
    }
}
