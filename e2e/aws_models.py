"""Writes sandbox/data/aws_models.json: what AWS's own service models require of the requests that the sandbox serves.

    aws_models.py            writes the file again
    aws_models.py --check    exits with an error if the file differs from the models of the installed botocore

The models are those of the botocore that e2e/requirements.txt pins. The operations are those of the `OPERATIONS` tables
in sandbox/src/aws. Nothing in the file is typed by hand.
"""

import json
import re
import sys
from functools import cache
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sandbox/src/aws"
TARGET = ROOT / "sandbox/data/aws_models.json"

# Each service with the file that has its table of operations.
SERVICES = {
    "sso-admin": "sso_admin/mod.rs",
    "identitystore": "identity_store/mod.rs",
    "organizations": "organizations.rs",
    "cloudtrail": "cloudtrail.rs",
    "cognito-idp": "cognito_idp.rs",
    "sts": "sts.rs",
}

# Classes that are ASCII in Java and Unicode in Rust.
CLASSES = {
    "w": "[0-9A-Za-z_]",
    "d": "[0-9]",
    "s": r"[\t\n\x0B\f\r ]",
    "S": r"[^\t\n\x0B\f\r ]",
    "b": r"(?-u:\b)",
    " ": r"\x20",
}


def operations(service):
    """Returns the names in the `OPERATIONS` table of a service, sorted."""
    source = (SOURCES / SERVICES[service]).read_text(encoding="utf-8")
    table = source[source.index("OPERATIONS: &[") :]
    return sorted(re.findall(r'"(\w+)"', table[: table.index("];")]))


@cache
def model(service):
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def rust(pattern):
    """Returns the regular expressions for Rust that must all match the whole text, as in Java."""
    translated, at = "", 0
    while at < len(pattern):
        if pattern[at] == "\\" and pattern[at + 1] in CLASSES:
            translated += CLASSES[pattern[at + 1]]
            at += 2
        else:
            step = 2 if pattern[at] == "\\" else 1
            translated += pattern[at : at + step]
            at += step
    before, ahead, rest = translated.partition("(?=")
    if not ahead:
        return [translated]
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(rest[end], 0)
        end += 1
    condition, after = rest[: end - 1], rest[end:]
    if "(?" in before or before.count("(") != before.count(")"):
        raise ValueError(f"a lookahead inside a group: {pattern}")
    return [before + after, f"{before}(?:{condition})(?s:.)*"]


def described(shape, found):
    """Adds a shape, and those that it refers to, to `found`. Returns its name."""
    if shape.name in found:
        return shape.name
    kept = found[shape.name] = {"type": shape.type_name}
    raw = shape.metadata
    if shape.type_name == "structure" and getattr(shape, "is_document_type", False):
        kept["type"] = "document"
        return shape.name
    for limit in ("min", "max", "sensitive"):
        if raw.get(limit) is not None:
            kept[limit] = raw[limit]
    if raw.get("pattern") is not None:
        kept["pattern"] = raw["pattern"]
        if rust(raw["pattern"]) != [raw["pattern"]]:
            kept["regexes"] = rust(raw["pattern"])
    if shape.type_name == "string" and shape.enum:
        kept["enum"] = list(shape.enum)
    if shape.type_name == "structure":
        kept["required"] = list(shape.required_members)
        if getattr(shape, "is_tagged_union", False):
            kept["union"] = True
        kept["members"] = {name: described(member, found) for name, member in shape.members.items()}
    elif shape.type_name == "list":
        kept["member"] = described(shape.member, found)
    elif shape.type_name == "map":
        kept["key"], kept["value"] = described(shape.key, found), described(shape.value, found)
    return shape.name


def generated():
    """Returns the text of the file, one line for each operation and shape."""
    services = []
    for service in SERVICES:
        inputs, found = {}, {}
        shapes = model(service)
        for name in operations(service):
            asked = shapes.operation_model(name).input_shape
            inputs[name] = described(asked, found) if asked else None
        parts = [
            f' "{part}": {{\n' + ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(lines.items())) + "\n }"
            for part, lines in (("operations", inputs), ("shapes", found))
        ]
        services.append(f'"{service}": {{\n' + ",\n".join(parts) + "\n}")
    return f'{{\n"botocore": "{botocore.__version__}",\n"services": {{\n' + ",\n".join(services) + "\n}\n}\n"


def main():
    if "--check" not in sys.argv:
        TARGET.write_text(generated(), encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != generated():
        sys.exit(f"{TARGET.relative_to(ROOT)} is not current: run python3 e2e/aws_models.py with the pinned botocore")


if __name__ == "__main__":
    main()
