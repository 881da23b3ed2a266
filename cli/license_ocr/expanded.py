"""Prints template.yaml as CloudFormation gets it, for checkov: what the SAM transform adds is judged as well.

`make audit` runs this file by the SAM CLI's own interpreter, which is the one that has the transform. What is skipped
at a function, with its reason, is skipped at what the transform makes of it.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

_CODE = ("CodeUri", "ContentUri")


class NoManagedPolicies:
    """Stands in for the list of AWS's managed policies: no role here uses one."""

    def load(self) -> dict[str, str]:
        """No policies."""
        return {}


def expanded(path: Path) -> dict[str, Any]:
    """The template after the transform, its code said to be in a bucket."""
    template: dict[str, Any] = import_module("samcli.yamlhelper").yaml_parse(path.read_text(encoding="utf-8"))
    reasons = {name: each["Metadata"] for name, each in template["Resources"].items() if "Metadata" in each}
    for resource in template["Resources"].values():
        for member in _CODE:
            if member in resource["Properties"]:
                resource["Properties"][member] = "s3://bucket/key"
    transform = import_module("samtranslator.translator.transform").transform
    out: dict[str, Any] = transform(template, {}, NoManagedPolicies())
    for name, resource in out["Resources"].items():
        source = next((each for each in reasons if name.startswith(each)), None)
        if source:
            resource.setdefault("Metadata", reasons[source])
    return out


if __name__ == "__main__":
    print(json.dumps(expanded(Path(sys.argv[1])), indent=2, ensure_ascii=False))
