"""Mounting: what is mounted is what runs, for everybody who already holds the part."""

import subprocess
import sys

import pytest

from authlab import accounts, forms
from authlab.course import mounting
from authlab.course.curriculum import exercises
from authlab.course.mounting import MountError, mounted, original, slot_of
from authlab.course.parts import PARTS
from authlab.lab.apps import LabApp

EMAIL = "authlab.forms:canonical_email"
DEBOUNCER = "authlab.forms:Debouncer"


def refuse_everything(raw: str) -> str | None:
    return None


class NeverDue:
    def __init__(self, wait_milliseconds: int) -> None:
        self.wait_milliseconds = wait_milliseconds

    def due(self, now: int) -> str | None:
        return None


def test_whoever_imported_the_part_by_name_gets_the_answer() -> None:
    """`accounts` did `from authlab.forms import canonical_email` long before."""
    with mounted({EMAIL: refuse_everything}):
        assert accounts.canonical_email("ada@lab.test") is None
        assert forms.canonical_email("ada@lab.test") is None


def test_a_validator_that_calls_the_part_gets_the_answer() -> None:
    good = {"name": "Ada", "email": "ada@lab.test", "password": "analytical-engine-1843"}
    with mounted({EMAIL: refuse_everything}):
        assert isinstance(forms.validate_signup(good), forms.FormState)
    assert isinstance(forms.validate_signup(good), forms.SignupForm)


def test_the_running_app_calls_the_answer() -> None:
    app = LabApp()
    before = slot_of(EMAIL).calls
    with mounted({EMAIL: refuse_everything}):
        answer = app.browser().post("/login", {"email": "ada@lab.test", "password": "analytical-engine-1843"})
    assert answer.status_code == 401
    assert slot_of(EMAIL).calls == before + 2  # for the key of the limit, and to find the account
    app.close()


def test_a_mounted_class_makes_its_own_instances_and_knows_them() -> None:
    with mounted({DEBOUNCER: NeverDue}):
        debouncer = forms.Debouncer(400)
        assert type(debouncer) is NeverDue  # type: ignore[comparison-overlap]
        assert isinstance(debouncer, forms.Debouncer)
    assert not isinstance(debouncer, forms.Debouncer)


def test_afterwards_the_package_is_back() -> None:
    with pytest.raises(ZeroDivisionError), mounted({EMAIL: refuse_everything}):
        raise ZeroDivisionError
    assert forms.canonical_email("ada@lab.test") == "ada@lab.test"


def test_mounts_can_be_nested() -> None:
    with mounted({EMAIL: refuse_everything}):
        with mounted({EMAIL: str.upper}):
            assert forms.canonical_email("ada@lab.test") == "ADA@LAB.TEST"
        assert forms.canonical_email("ada@lab.test") is None


def test_the_original_is_there_whatever_is_mounted() -> None:
    with mounted({EMAIL: refuse_everything}):
        assert original(EMAIL)("ada@lab.test") == "ada@lab.test"


def test_what_is_mounted_can_be_asked_for() -> None:
    assert not mounting.is_mounted(EMAIL)
    with mounted({EMAIL: refuse_everything}):
        assert mounting.is_mounted(EMAIL)
        assert not mounting.is_mounted(DEBOUNCER)
        assert not mounting.is_mounted("authlab.forms:no_such_part")
    assert not mounting.is_mounted(EMAIL)


def test_a_slot_keeps_name_signature_and_docstring() -> None:
    assert forms.canonical_email.__name__ == "canonical_email"
    assert str(forms.canonical_email.__doc__).startswith("Return the one spelling")
    assert str(forms.Debouncer.__doc__).startswith("Keeps the last of several values")


def test_every_exercise_with_a_home_in_the_app_is_about_a_part() -> None:
    for asked in exercises():
        if asked.kind in ("build", "fix"):
            assert asked.part in PARTS, asked.id


def test_a_module_that_is_loaded_already_is_refused() -> None:
    """Its parts would be deaf to mounting, and a check could pass while the package's code ran."""
    with pytest.raises(MountError, match=r"loaded before their parts could be mounted: authlab\.forms"):
        mounting.install(["authlab.forms:canonical_email"])


def test_a_part_without_a_slot_is_refused() -> None:
    with (
        pytest.raises(MountError, match="device_cookie has no slot"),
        mounted({"authlab.cookies:device_cookie": refuse_everything}),
    ):
        pass


def test_a_part_that_its_module_does_not_define_is_refused() -> None:
    code = (
        "from authlab.course import mounting; mounting.install(['authlab.forms:canonical_mail']); "
        "import authlab.forms"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "authlab.forms defines no canonical_mail" in done.stderr


def test_without_install_the_package_runs_as_it_is_written() -> None:
    code = (
        "from authlab import forms; assert '__slot__' not in vars(forms); print(forms.Debouncer.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "authlab.forms"
