"""Evaluates every policy of a folder with parliament and with cloudsplaining, and prints the seconds of each as JSON."""

import json
import sys
import time
from pathlib import Path

from cloudsplaining.command.scan_policy_file import scan_policy
from parliament import analyze_policy_string

texts = [path.read_text() for path in sorted(Path(sys.argv[1]).glob("*.json"))]


def parliament(text):
    return analyze_policy_string(text).findings


def cloudsplaining(text):
    return scan_policy(json.loads(text))


def measure(evaluate):
    evaluate(texts[0])  # loads the data of the tool
    failed = 0
    start = time.perf_counter()
    for text in texts:
        try:
            evaluate(text)
        except Exception:
            failed += 1
    return {"seconds": time.perf_counter() - start, "failed": failed}


tools = {"parliament": parliament, "cloudsplaining": cloudsplaining}
print(json.dumps({name: measure(one) for name, one in tools.items()}))
