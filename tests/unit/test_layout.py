"""The rules of the house, read off the source: imports run one way, names say what things are, codes are in tables."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from license_reader.flags import SEVERITY

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
# Where each top-level package or flat module is found from.
ROOTS = (
    "layers/license_reader",
    "layers/license_engine",
    "functions/read_upload",
    "functions/backfill",
    "functions/ocr_api",
    "cli",
)

# The reader's modules, from the handler's side down: a module imports what stands below it, never beside or above.
# A new module is given its place here.
READER_LAYERS = (
    "reader",
    "chain",
    "notices backfill",
    "settings ledger spending",
    "vendors table",
    "checks columns opinions upload image",
    "values lexicon signing",
    "license",
    "flags errors days pacer breaker keys meter",
)
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
NO_CLOUD = {"boto3", "botocore", "requests", "aws_lambda_powertools"}


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, its tree, and the root that it is imported from."""

    name: str
    path: Path
    root: str
    tree: ast.Module

    def imports(self) -> set[str]:
        """Every module that this one imports anywhere, for types only too, ours by their full names."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative import"
                assert node.module is not None
                found |= {_resolved(node.module, alias.name) for alias in node.names}
        return found


def _resolved(module: str, name: str) -> str:
    return f"{module}.{name}" if f"{module}.{name}" in _names() else module


@cache
def _paths() -> dict[Path, tuple[str, str]]:
    """Each source file with its dotted name and its root."""
    found = {}
    for root in ROOTS:
        for path in sorted((ROOT / root).rglob("*.py")):
            parts = path.relative_to(ROOT / root).with_suffix("").parts
            found[path] = (".".join(part for part in parts if part != "__init__"), root)
    return found


@cache
def _names() -> frozenset[str]:
    return frozenset(name for name, _ in _paths().values())


@cache
def modules() -> tuple[Module, ...]:
    return tuple(
        Module(name, path, root, ast.parse(path.read_text(encoding="utf-8"), str(path)))
        for path, (name, root) in _paths().items()
    )


def of(prefix: str) -> list[Module]:
    found = [module for module in modules() if module.name == prefix or module.name.startswith(f"{prefix}.")]
    assert found, prefix
    return found


def _layer(name: str) -> int:
    part = name.split(".")[1]
    places = [number for number, layer in enumerate(READER_LAYERS) if part in layer.split()]
    assert places, f"{name} has no place in READER_LAYERS"
    return places[0]


def test_no_import_runs_in_a_circle() -> None:
    ours = {module.name: module.imports() & _names() - {module.name} for module in modules()}
    TopologicalSorter(ours).prepare()


def test_the_readers_imports_run_one_way() -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in of("license_reader")
        if module.name != "license_reader"
        for imported in module.imports()
        if imported.startswith("license_reader.")
        and imported.split(".")[1] != module.name.split(".")[1]
        and _layer(imported) <= _layer(module.name)
    ]
    assert wrong == []


def test_the_reader_knows_no_handler_no_engine_and_no_command() -> None:
    ours = {module.name.split(".")[0] for module in modules()} - {"license_reader"}
    wrong = [
        f"{module.name} imports {imported}"
        for module in of("license_reader")
        for imported in module.imports()
        if imported.split(".")[0] in ours
    ]
    assert wrong == []


def test_only_the_handler_imports_the_story_of_an_upload() -> None:
    importers = {module.name for module in modules() if "license_reader.reader" in module.imports()}
    assert importers == {"read_upload"}


def test_a_vendor_imports_no_other_vendor() -> None:
    wrong = [
        f"{module.name} imports {imported}"
        for module in of("license_reader.vendors")
        for imported in module.imports()
        if imported.startswith("license_reader.vendors.") and not imported.split(".")[2].startswith("_")
    ]
    assert wrong == []


def test_the_engine_knows_pixels_and_the_record_and_nothing_else_of_ours() -> None:
    allowed = {"license_reader.license", "license_reader.flags"}
    wrong = [
        f"{module.name} imports {imported}"
        for module in of("license_engine")
        for imported in module.imports() - allowed
        if imported.split(".")[0] in {"license_reader", "license_ocr", *NO_CLOUD}
    ]
    assert wrong == []


def test_the_api_reads_no_uploads_and_the_reader_serves_no_api() -> None:
    api = {module.name.split(".")[0] for module in modules() if module.root == "functions/ocr_api"}
    steps = {f"license_reader.{step}" for step in ("reader", "chain", "ledger", "notices", "settings", "upload")}
    wrong = [
        f"{module.name} imports {imported}"
        for module in modules()
        for imported in module.imports()
        if (module.root == "functions/ocr_api" and imported in steps)
        or (module.root == "functions/read_upload" and imported.split(".")[0] in api | {"license_engine"})
    ]
    assert wrong == []


def test_no_function_imports_the_command_line() -> None:
    wrong = [
        module.name
        for module in modules()
        if module.root != "cli" and any(name.split(".")[0] == "license_ocr" for name in module.imports())
    ]
    assert wrong == []


def test_no_module_is_named_for_having_no_subject() -> None:
    wrong = [module.name for module in modules() if BANNED_NAMES & {part.strip("_") for part in module.name.split(".")}]
    assert wrong == []


def test_a_module_opens_with_a_sentence() -> None:
    wrong = []
    for module in modules():
        opening = (ast.get_docstring(module.tree) or "").split("\n\n", maxsplit=1)[0]
        if module.tree.body and (opening[:1].islower() or not opening.rstrip().endswith((".", ":"))):
            wrong.append(str(module.path.relative_to(ROOT)))
    assert wrong == []


def public(node: ast.AST, *, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """The public functions and classes of a module, those of public classes too, by their dotted names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield inside + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public(child, inside=f"{inside}{child.name}.")


def test_what_is_public_says_in_its_first_line_what_it_is_or_does() -> None:
    wrong = []
    for module in modules():
        for name, node in public(module.tree):
            first = (ast.get_docstring(node) or "").split("\n", maxsplit=1)[0]
            overrides = "." in name and not first  # a method that fills in its base's is told there
            if not overrides and not first.endswith((".", ":")):
                wrong.append(f"{module.name}.{name}")
    assert wrong == []


def test_every_path_of_a_shared_flag_code_ends_in_the_table() -> None:
    unknown = [f"{module.name}: {code}" for module in modules() for code in codes(module.tree) if code not in SEVERITY]
    assert unknown == []


# Which argument of a call is a flag's code.
CODE_AT = {"Flag.of": 0, "ImageRejected": 0, "_flag": 0, "_rejected": 1, "Action": 1}


def codes(tree: ast.AST) -> Iterator[str]:
    """The flag codes that a tree writes out."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        place = CODE_AT.get(ast.unparse(node.func))
        given = [] if place is None else node.args[place : place + 1]
        given += [keyword.value for keyword in node.keywords if keyword.arg == "flag"]
        yield from (value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str))


def test_the_search_for_codes_finds_them() -> None:
    written = 'Flag.of("a", s)\nraise ImageRejected("b", r)\nAction(E, "c")\nAction(E, flag="d")\nFlag.of(code, "no")'
    assert sorted(codes(ast.parse(written))) == ["a", "b", "c", "d"]
    assert len({code for module in modules() for code in codes(module.tree)}) > 20


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: path.name)
def test_tests_pass_fakes_in_and_patch_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }
    assert not {"unittest.mock", "mock", "MagicMock"} & imported
    patched = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert "monkeypatch.setattr" not in {ast.unparse(node) for node in patched}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.arg) and node.arg == "mocker"]
