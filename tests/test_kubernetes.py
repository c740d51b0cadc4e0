"""The manifests of deploy/kubernetes: valid by Kubernetes' own schemas, and of one piece."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bokeh_auth.provision import KEEPERS, provision
from bokeh_auth.scopes import SERVICE_SCOPES
from tests.told import told_by_compose

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy/kubernetes"
VERSIONS = ("1.30", "1.34")
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())

MANIFESTS: list[Any] = [
    one
    for name in KUSTOMIZATION["resources"]
    if name.endswith(".yaml")
    for one in yaml.safe_load_all((FOLDER / name).read_text())
]


def named(kind: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in MANIFESTS if one["kind"] == kind}


def pods() -> dict[str, Any]:
    """Return what pods are made of, by who makes them."""
    found = {
        name: one["spec"]["template"]["spec"]
        for kind in ("Deployment", "StatefulSet")
        for name, one in named(kind).items()
    }
    jobs = {
        name: one["spec"]["jobTemplate"]["spec"]["template"]["spec"] for name, one in named("CronJob").items()
    }
    return found | jobs


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_manifest_is_valid(manifest: Any, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_validator_refuses_what_is_wrong() -> None:
    wrong = {**named("Deployment")["data"], "spec": {"replicas": "two"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_file_is_in_the_kustomization() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == {name for name in KUSTOMIZATION["resources"] if name.endswith(".yaml")}
    assert (ROOT / "gateway/kustomization.yaml").exists()


def test_every_service_has_what_it_needs() -> None:
    names = {*SERVICE_SCOPES, "gateway"}
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert set(named(kind)) == names
    assert names <= set(named("Service"))
    assert set(named("HorizontalPodAutoscaler")) == {"data"}
    assert "replicas" not in named("Deployment")["data"]["spec"]
    for name in SERVICE_SCOPES:
        [secrets] = [volume["secret"] for volume in pods()[name]["volumes"] if "secret" in volume]
        assert secrets["secretName"] == f"{name}-secrets"
        assert name in KEEPERS


def told(container: Any) -> dict[str, str]:
    """Return the variables that a container gets, secrets aside."""
    maps = [named("ConfigMap")[one["configMapRef"]["name"]]["data"] for one in container.get("envFrom", [])]
    own = {one["name"]: one["value"] for one in container.get("env", [])}
    return {name: value for given in (*maps, own) for name, value in given.items()}


@pytest.mark.parametrize("service", [*SERVICE_SCOPES, "gc-worker"])
def test_pods_are_told_what_containers_are(service: str) -> None:
    [container] = pods()[service]["containers"]
    assert told_by_compose(service) - told(container).keys() == set()


@pytest.mark.parametrize("service", SERVICE_SCOPES)
def test_services_take_what_they_are_told_and_find_each_other(service: str, tmp_path: Path) -> None:
    provision(tmp_path)
    secrets = {path.name: path.read_text() for path in (tmp_path / service).iterdir()}
    [container] = pods()[service]["containers"]
    settings = import_module(f"bokeh_{service}.settings").Settings.from_env({**told(container), **secrets})
    assert settings.service_token == secrets["BOKEH_CLOUD_SERVICE_TOKEN"]
    assert settings.proxied
    assert settings.redis_url == told(container)["BOKEH_CLOUD_REDIS_URL"]
    for name in SERVICE_SCOPES:
        if url := getattr(settings, f"{name}_url", None):
            [port] = named("Service")[name]["spec"]["ports"]
            assert url == f"http://{name}:{port['port']}"


def test_the_gateway_finds_every_service() -> None:
    [container] = pods()["gateway"]["containers"]
    for name in SERVICE_SCOPES:
        [port] = named("Service")[name]["spec"]["ports"]
        upstreams = told(container)[f"BOKEH_CLOUD_{name.upper()}_UPSTREAMS"]
        assert re.findall(r"(name|port) (\S+)", upstreams) == [("name", name), ("port", str(port["port"]))]


def test_labels_select_the_pods_that_they_mean() -> None:
    for name, one in {**named("Deployment"), **named("StatefulSet")}.items():
        labels = one["spec"]["template"]["metadata"]["labels"]
        selectors = [one["spec"]["selector"]["matchLabels"], named("Service")[name]["spec"]["selector"]]
        if name in named("PodDisruptionBudget"):
            selectors.append(named("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"])
        assert all(selector.items() <= labels.items() for selector in selectors), name


def test_pods_are_hardened_and_live_long_enough_to_finish() -> None:
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"], name
        assert "memory" in container["resources"]["limits"], name
        if name in SERVICE_SCOPES:
            assert pod["terminationGracePeriodSeconds"] > 60
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


def test_no_secret_is_in_them() -> None:
    text = "".join(path.read_text() for path in FOLDER.glob("*.yaml"))
    assert not re.search(r"\bbk[clops]_|AccountKey|password", text, re.IGNORECASE)
    assert not named("Secret")
