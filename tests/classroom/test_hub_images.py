"""Binder, dev container and Kubernetes: one image, of the same lock as the hub that is tested."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from authlab import bootstrap
from authlab.classroom import hub, seat
from authlab.cli.lab import LESSON, SETTINGS
from authlab.course.places import ROOT

DOCKERFILE = (ROOT / ".binder/Dockerfile").read_text("utf-8")
PAGE = (ROOT / "docs/hub.md").read_text("utf-8")


def test_the_hubs_lock_is_the_learners_with_jupyterhub_added() -> None:
    """What a learner gets on a hub is what was tested without one, to the last package."""
    learners, hubs = bootstrap.pins(), bootstrap.pins_of(ROOT / hub.LOCK)

    assert learners.items() <= hubs.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (wanted,) = project["dependency-groups"]["hub"]
    name, bounds = re.fullmatch(r"(\w+)(.*)", wanted).groups()
    assert all(bootstrap.allowed(version, bounds) for version in hubs[name])


def test_the_image_installs_that_lock_and_nothing_else() -> None:
    assert re.findall(r"pip install (.*)", DOCKERFILE) == [
        f"--no-cache-dir --require-hashes --only-binary :all: -r /srv/{hub.LOCK}"
    ]
    assert f"COPY {hub.LOCK} /srv/" in DOCKERFILE
    assert not re.search(r"USER root|--allow-root", DOCKERFILE)


def test_the_image_has_a_python_that_the_kit_is_tested_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (version,) = re.findall(r"^FROM python:(3\.\d+)-slim$", DOCKERFILE, re.MULTILINE)
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_what_the_image_names_is_there() -> None:
    assert f"/srv/authlab/{hub.FILES.relative_to(ROOT).as_posix()}/jupyter " in DOCKERFILE
    assert DOCKERFILE.count(f"python3 -m {seat.__name__}") == 2
    ignored = (ROOT / ".binder/Dockerfile.dockerignore").read_text("utf-8").split()
    assert {".git", ".venv", ".authlab", ".env"} <= set(ignored), "an instructor's own would be in the image"


def test_the_dev_container_is_that_image() -> None:
    folder = ROOT / ".devcontainer"
    container = json.loads((folder / "devcontainer.json").read_text("utf-8"))

    assert (folder / container["build"]["dockerfile"]).resolve() == ROOT / ".binder/Dockerfile"
    assert (folder / container["build"]["context"]).resolve() == ROOT
    assert f"ARG NB_USER={container['remoteUser']}\n" in DOCKERFILE


def test_the_values_for_kubernetes_start_the_image_as_it_is() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    server = yaml.safe_load(block)["singleuser"]

    assert server["cmd"] is None, "KubeSpawner takes the image's own command"
    assert server["defaultUrl"] == f"/lab/tree/{LESSON}"
    assert f"{server['image']['name']}:{server['image']['tag']} ." in PAGE


def test_lab_asks_nothing_on_a_learners_first_screen() -> None:
    folder = hub.FILES / "jupyter"
    assert json.loads((folder / "labconfig/default_setting_overrides.json").read_text()) == SETTINGS
    server = json.loads((folder / "jupyter_server_config.json").read_text())
    assert server["LabApp"]["news_url"] is None
    # A login shell would take the system's PATH, and `python3 -m authlab` would set up another environment.
    assert server["ServerApp"]["terminado_settings"]["shell_command"] == ["/bin/bash"]


@pytest.mark.parametrize("file", [hub.CONFIG, "start"])
def test_what_is_copied_into_the_folder_is_python(file: str) -> None:
    tree = ast.parse((hub.FILES / file).read_text("utf-8"))
    named = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("authlab")
        for alias in node.names
    }
    for name in named:
        module, _, function = name.rpartition(".")
        path = ROOT / Path(*module.split(".")).with_suffix(".py")
        assert re.search(
            rf"^(def|class) {function}\b|^{function} = ", path.read_text("utf-8"), re.MULTILINE
        ), name
