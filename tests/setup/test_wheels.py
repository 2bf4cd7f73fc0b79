"""The set-up without a network: the packages come from `wheels/` where somebody has brought them along."""

from authlab import bootstrap
from tests.setup.test_bootstrap import _without_venv_module


def test_packages_in_wheels_are_installed_from_there_alone(clone):
    (clone.root / "wheels").mkdir()
    (clone.root / "wheels/fake-1.2-py3-none-any.whl").touch()

    assert clone.run("serve").returncode == 7
    packages, itself = (line for line in clone.log.read_text().splitlines() if line.startswith("uv pip"))
    for installed in (packages, itself):
        assert f"--no-index --find-links {clone.root / 'wheels'}" in installed
    assert "--require-hashes" in packages
    assert f"--editable {clone.root}" in itself


def test_without_wheels_the_index_is_asked(clone):
    (clone.root / "wheels").mkdir()  # an empty folder is none

    assert clone.run("serve").returncode == 7
    assert "--no-index" not in clone.log.read_text()


def test_wheels_for_another_machine_are_told_and_the_network_is_tried(clone):
    (clone.root / "wheels").mkdir()
    (clone.root / "wheels/fake-1.2-cp399-cp399-amiga.whl").touch()
    _without_venv_module(clone)
    done = clone.run("serve", FAKE_UV_SAYS="error: fake has no wheels with a matching tag")

    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert any(
        "with the packages in wheels/ it did not work (a package has no ready-made build" in line
        for line in said
    )
    assert said[-1].startswith("authlab: the set-up stopped: ")
    tried = [line for line in clone.log.read_text().splitlines() if line.startswith("uv pip")]
    assert ["--no-index" in line for line in tried] == [True, False]


def test_developers_packages_are_not_in_wheels(clone):
    """They are the learner's lock's: whoever works on the kit has a network."""
    (clone.root / "wheels").mkdir()
    (clone.root / "wheels/fake-1.2-py3-none-any.whl").touch()
    clone.run("dev", "setup")

    assert "--no-index" not in clone.log.read_text()
    assert not bootstrap.fault(bootstrap.Clone(clone.root), dev=True)
