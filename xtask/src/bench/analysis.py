"""Evaluates every policy of a folder with parliament and with cloudsplaining, and prints the seconds of each as JSON."""

import json
import sys
import time
from pathlib import Path

from cloudsplaining.scan.policy_document import PolicyDocument
from parliament import analyze_policy_string

texts = [path.read_text() for path in sorted(Path(sys.argv[1]).glob("*.json"))]


def parliament(text):
    return analyze_policy_string(text).findings


def cloudsplaining(text):
    policy = PolicyDocument(json.loads(text))
    return (
        policy.allows_privilege_escalation,
        policy.permissions_management_without_constraints,
        policy.write_actions_without_constraints,
        policy.allows_data_exfiltration_actions,
        policy.credentials_exposure,
        policy.service_wildcard,
    )


def seconds(evaluate):
    evaluate(texts[0])  # loads the data of the tool
    start = time.perf_counter()
    for text in texts:
        evaluate(text)
    return time.perf_counter() - start


tools = {"parliament": parliament, "cloudsplaining": cloudsplaining}
print(json.dumps({name: seconds(one) for name, one in tools.items()}))
