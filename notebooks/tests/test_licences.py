"""What the course is made of may be used by anybody: permissive licences, few packages shipped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import pytest

from tools import frontend
from tools.frontend import FRONTEND
from tools.lab import ROOT

PERMISSIVE = {"0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
# They help to build or to test the client, and no line of them is in what is built.
OTHERS = {"axe-core": "MPL-2.0", "caniuse-lite": "CC-BY-4.0", "lightningcss": "MPL-2.0"}
# Used as they are, in tests and by whoever names a PostgreSQL: no line of them is in the course.
OTHERS_IN_PYTHON = {"hypothesis": "MPL-2.0", "psycopg": "LGPL-3.0-only"}
# What a browser loads is of these; see "For CI" in the README.
SHIPPED = {
    "@angular/cdk",
    "@angular/common",
    "@angular/core",
    "@angular/localize",
    "@angular/platform-browser",
    "rxjs",
}
MOST_NEEDED = 15  # npm packages that are no development dependency, indirect ones included
Lock = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def lock() -> Lock:
    """The packages of the lock file by folder, such as node_modules/rxjs, without our own."""
    frontend.build()
    packages: dict[str, Any] = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))
    return {path: package for path, package in packages["packages"].items() if path}


def is_permissive(licence: str) -> bool:
    """Say whether a licence, or each part of an "A AND B", asks for no more than its notice."""
    return all(part in PERMISSIVE for part in licence.strip("()").split(" AND "))


def not_permissive(packages: Lock) -> list[str]:
    """Return "path: licence" of the packages that are not permissive and no known exception."""
    found = []
    for path, package in packages.items():
        name, licence = path.rpartition("node_modules/")[2], package.get("license", "none")
        # A package with a binary has one more package for each system.
        family = next((key for key in OTHERS if re.match(rf"{key}(?:-|$)", name)), "")
        if not is_permissive(licence) and OTHERS.get(family) != licence:
            found.append(f"{path}: {licence}")
    return found


def test_every_npm_package_has_a_permissive_licence(lock: Lock) -> None:
    assert len(lock) > 50
    assert not_permissive(lock) == []


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "(MIT AND AGPL-3.0)", "MPL-2.0"])
def test_another_licence_is_seen(licence: str) -> None:
    path = "node_modules/somebody/node_modules/else"
    assert not_permissive({path: {"license": licence}}) == [f"{path}: {licence}"]


def test_the_lock_file_and_the_packages_name_the_same_licences(lock: Lock) -> None:
    installed = {path for path in lock if (FRONTEND / path / "package.json").is_file()}
    assert len(installed) > 50
    for path in installed:
        told = json.loads((FRONTEND / path / "package.json").read_text("utf-8")).get("license")
        assert told == lock[path]["license"], path


def test_few_packages_are_needed_and_fewer_reach_a_browser(lock: Lock) -> None:
    needed = {path.rpartition("node_modules/")[2] for path in lock if not lock[path].get("dev")}
    notices = (FRONTEND / "dist" / "3rdpartylicenses.txt").read_text("utf-8")
    shipped = set(re.findall(r"^Package: (\S+)$", notices, re.MULTILINE))
    assert shipped == SHIPPED
    assert len(needed) <= MOST_NEEDED, sorted(needed)


def python_licence(package: str) -> str:
    """Return what an installed package says of its licence, in whichever field it does."""
    told = metadata.metadata(package).json
    named = [each for each in told.get("classifier", []) if each.startswith("License ::")]
    return str(told.get("license_expression") or "; ".join(named) or told.get("license"))


def test_every_python_package_that_is_asked_for_has_a_permissive_licence() -> None:
    names = re.findall(
        r"^([\w-]+)(?:\[\w+\])?==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    assert len(names) > 20
    for name in names:
        licence = python_licence(name)
        if OTHERS_IN_PYTHON.get(name) == licence:
            continue
        # The last two: how the text of the MIT licence begins, and the licence of Python itself.
        wanted = r"MIT|BSD|Apache|Permission is hereby granted|Python Software Foundation License"
        assert re.search(wanted, licence), (name, licence)
        assert not re.search(r"GPL|General Public", licence), (name, licence)
