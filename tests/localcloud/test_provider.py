"""Where Terraform and its AWS provider are searched, and the error if they are missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud import provider
from localcloud.paths import LocalCloudError
from localcloud.provider import PROVIDER, terraform_binary

Mirror = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No provider anywhere, no registry."""
    for name in ("TF_PLUGIN_DIR", "TERRAFORM", "XDG_DATA_HOME", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    monkeypatch.setattr(provider, "OPT", tmp_path / "opt")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(provider, "registry_answers", lambda: False)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    """Return a function that creates an unpacked mirror in a folder."""

    def make(folder: str) -> Path:
        (tmp_path / folder / PROVIDER / "5.100.0" / provider.machine_platform()).mkdir(parents=True)
        return tmp_path / folder

    return make


def init_args() -> tuple[str, ...]:
    return provider.terraform_init_args.__wrapped__()


def test_tf_plugin_dir_wins(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror("opt/terraform")
    named = mirror("somewhere")
    monkeypatch.setenv("TF_PLUGIN_DIR", str(named))
    assert init_args() == (f"-plugin-dir={named}",)


def test_a_tf_plugin_dir_without_the_provider_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path))
    with pytest.raises(LocalCloudError, match=f"TF_PLUGIN_DIR={tmp_path} holds no registry.terraform.io/hashicorp/aws"):
        init_args()


@pytest.mark.parametrize("folder", ["home/.terraform.d/plugins", "share/terraform/plugins"])
def test_terraform_s_own_folders_need_no_argument(mirror: Mirror, folder: str) -> None:
    mirror("opt/terraform")
    mirror(folder)
    assert init_args() == ()


def test_the_registry_is_used_when_it_answers(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror("opt/terraform")
    monkeypatch.setattr(provider, "registry_answers", lambda: True)
    assert init_args() == ()


def test_a_mirror_under_opt_replaces_the_registry(mirror: Mirror) -> None:
    found = mirror("opt/terraform")
    assert init_args() == (f"-plugin-dir={found}",)


def test_a_mirror_for_another_machine_does_not(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror("opt/terraform")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(LocalCloudError, match="no unpacked mirror was found"):
        init_args()


def test_without_registry_and_mirror_one_sentence_says_what_to_do() -> None:
    with pytest.raises(LocalCloudError, match=r"does not answer.*name the folder .* in TF_PLUGIN_DIR\.$"):
        init_args()


def test_without_terraform_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LocalCloudError, match=r"Terraform is missing: install version 1\.11 or later"):
        terraform_binary()


def hang(*_: object, **__: object) -> None:
    time.sleep(3)
    raise TimeoutError


def test_a_registry_that_never_answers_costs_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.create_connection", hang)
    monkeypatch.setattr(provider, "PROBE_SECONDS", 0.2)
    started = time.monotonic()
    assert provider.registry_answers() is False
    assert time.monotonic() - started < 1.0
