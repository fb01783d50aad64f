//! The actions of the catalogue that nobody has reviewed, each with the capability that it counts as until somebody writes a
//! line: `unreviewed SERVICE`. Without a service, the number for each service. `cargo xtask unreviewed` runs it.

#![expect(clippy::print_stdout, reason = "it prints for people")]

use std::{collections::BTreeMap, error::Error};

use domain::permission_set::analysis::{ActionCatalogue, Capability};

fn main() -> Result<(), Box<dyn Error>> {
    let catalogue = catalogue::actions::embedded()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [] => print_numbers(&catalogue),
        [service] if catalogue.knows_service(service) => print_actions(&catalogue, service),
        [service] => return Err(format!("{service} is no service of the catalogue").into()),
        _ => return Err("expected at most one service, such as `ec2`".into()),
    }
    Ok(())
}

fn service_of(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

fn print_numbers(catalogue: &ActionCatalogue) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for action in catalogue.unreviewed() {
        *counts.entry(service_of(action)).or_default() += 1;
    }
    for (service, count) in &counts {
        println!("{count:>5}  {service}");
    }
    let all: usize = counts.values().sum();
    println!("{all} of {} actions have no review", catalogue.actions());
}

fn print_actions(catalogue: &ActionCatalogue, service: &str) {
    let unreviewed = catalogue.unreviewed();
    let actions: Vec<&str> = unreviewed
        .filter(|action| service_of(action) == service)
        .collect();
    for action in &actions {
        let capabilities = catalogue.capabilities_named(action);
        let words: Vec<&str> = capabilities.into_iter().map(Capability::as_str).collect();
        println!("{action}  {}", words.join("+"));
    }
    println!("{} actions of {service} have no review", actions.len());
}
