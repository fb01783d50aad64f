//! Analyses every AWS managed policy, each as the only policy of a set, and prints how long that takes. Part of
//! `cargo xtask bench analysis`.
//!
//! `analyse_managed_policies` prints one line of JSON. `analyse_managed_policies findings` prints every analysis instead,
//! for a comparison before and after an edit. `analyse_managed_policies documents DIR` writes each policy to a file, for
//! other tools.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and prints for a program"
)]

use std::{error::Error, fs, path::Path, time::Instant};

use catalogue::Catalogue;
use domain::permission_set::{
    Content,
    analysis::{Catalogue as _, analyse},
};
use serde_json::json;

/// How often all policies are analysed. The fastest round counts, because other work on the machine only slows down.
const ROUNDS: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let catalogue = Catalogue::embedded()?;
    let sets: Vec<(String, Content)> = catalogue
        .policies
        .arns()
        .map(|arn| (arn.to_owned(), of_one_policy(arn)))
        .collect();
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [] => println!("{}", measure(&catalogue, &sets)),
        [word] if word == "findings" => {
            for (arn, content) in &sets {
                let analysis = analyse(content, &catalogue);
                println!("{arn} {}", serde_json::to_string(&analysis)?);
            }
        }
        [word, folder] if word == "documents" => write_documents(&catalogue, Path::new(folder))?,
        _ => return Err("expected nothing, `findings` or `documents DIR`".into()),
    }
    Ok(())
}

fn of_one_policy(arn: &str) -> Content {
    Content {
        managed: [arn.to_owned()].into(),
        session_seconds: 3_600,
        ..Content::default()
    }
}

fn measure(catalogue: &Catalogue, sets: &[(String, Content)]) -> serde_json::Value {
    let mut fastest = f64::INFINITY;
    let mut by_set = vec![f64::INFINITY; sets.len()];
    let mut findings = 0;
    for _ in 0..ROUNDS {
        findings = 0;
        let start = Instant::now();
        for ((_, content), best) in sets.iter().zip(&mut by_set) {
            let start = Instant::now();
            findings += analyse(content, catalogue).findings.len();
            *best = best.min(start.elapsed().as_secs_f64());
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    let slowest = by_set
        .iter()
        .zip(sets)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(seconds, (arn, _))| json!({ "arn": arn, "seconds": seconds }));
    json!({
        "policies": sets.len(),
        "findings": findings,
        "seconds": fastest,
        "slowest": slowest,
    })
}

fn write_documents(catalogue: &Catalogue, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (number, arn) in catalogue.policies.arns().enumerate() {
        let document = catalogue.document(arn).unwrap_or_default();
        fs::write(folder.join(format!("{number}.json")), document)?;
    }
    Ok(())
}
