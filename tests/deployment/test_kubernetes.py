"""The manifests of `deploy/kubernetes` are valid by the schemas of Kubernetes, and consistent."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.provision_secrets import STORAGE_USERS, provision
from tests import ROOT
from tests.support.compose_environment import variables_set_by_compose

FOLDER = ROOT / "deploy/kubernetes"
VERSIONS = ("1.30", "1.34")
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())

MANIFESTS: list[Any] = [
    manifest
    for name in KUSTOMIZATION["resources"]
    if name.endswith(".yaml")
    for manifest in yaml.safe_load_all((FOLDER / name).read_text())
]


def manifests_of_kind(kind: str) -> dict[str, Any]:
    """Return the manifests of a kind, by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in MANIFESTS if manifest["kind"] == kind}


def pods() -> dict[str, Any]:
    """Return the specifications of pods, by the name of the workload."""
    found = {
        name: one["spec"]["template"]["spec"]
        for kind in ("Deployment", "StatefulSet")
        for name, one in manifests_of_kind(kind).items()
    }
    jobs = {
        name: one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for name, one in manifests_of_kind("CronJob").items()
    }
    return found | jobs


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_manifest_is_valid(manifest: Any, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_validator_rejects_an_invalid_manifest() -> None:
    invalid = {**manifests_of_kind("Deployment")["data"], "spec": {"replicas": "two"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(invalid, VERSIONS[0], strict=True)


def test_every_file_is_in_the_kustomization() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == {name for name in KUSTOMIZATION["resources"] if name.endswith(".yaml")}
    assert (ROOT / "gateway/kustomization.yaml").exists()


def test_every_service_has_its_resources() -> None:
    names = {*SERVICE_SCOPES, "gateway"}
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert set(manifests_of_kind(kind)) == names
    assert names <= set(manifests_of_kind("Service"))
    assert set(manifests_of_kind("HorizontalPodAutoscaler")) == {"data"}
    assert "replicas" not in manifests_of_kind("Deployment")["data"]["spec"]
    for name in SERVICE_SCOPES:
        [secrets] = [volume["secret"] for volume in pods()[name]["volumes"] if "secret" in volume]
        assert secrets["secretName"] == f"{name}-secrets"
        assert name in STORAGE_USERS


def variables(container: Any) -> dict[str, str]:
    """Return the environment variables of a container, except for secrets."""
    maps = [
        manifests_of_kind("ConfigMap")[one["configMapRef"]["name"]]["data"]
        for one in container.get("envFrom", [])
    ]
    own = {one["name"]: one["value"] for one in container.get("env", [])}
    return {name: value for given in (*maps, own) for name, value in given.items()}


@pytest.mark.parametrize("service", [*SERVICE_SCOPES, "gc-worker"])
def test_pods_get_the_variables_that_compose_sets(service: str) -> None:
    [container] = pods()[service]["containers"]
    assert variables_set_by_compose(service) - variables(container).keys() == set()


@pytest.mark.parametrize("service", SERVICE_SCOPES)
def test_services_accept_their_settings_and_have_the_urls_of_each_other(service: str, tmp_path: Path) -> None:
    provision(tmp_path)
    secrets = {path.name: path.read_text() for path in (tmp_path / service).iterdir()}
    [container] = pods()[service]["containers"]
    settings = import_module(f"bokeh_{service}.settings").Settings.from_env(
        {**variables(container), **secrets}
    )
    assert settings.service_token == secrets["BOKEH_CLOUD_SERVICE_TOKEN"]
    assert settings.proxied
    login = secrets["BOKEH_CLOUD_REDIS_LOGIN"]
    assert login.startswith(f"redis://{service}:")
    assert settings.redis_url == f"{login}/0"
    for name in SERVICE_SCOPES:
        if url := getattr(settings, f"{name}_url", None):
            [port] = manifests_of_kind("Service")[name]["spec"]["ports"]
            assert url == f"http://{name}:{port['port']}"


def test_redis_reads_its_users_from_a_secret(tmp_path: Path) -> None:
    provision(tmp_path)
    pod = pods()["redis"]
    [container] = pod["containers"]
    assert [volume["secret"]["secretName"] for volume in pod["volumes"]] == ["redis-secrets"]
    [mount] = [mount for mount in container["volumeMounts"] if mount["name"] == "secrets"]
    probe = container["readinessProbe"]["exec"]["command"][-1]
    users = container["args"][container["args"].index("--aclfile") + 1]
    read = [users, *re.findall(r"\S*REDISCLI_AUTH(?=\))", probe)]
    assert {path.removeprefix(f"{mount['mountPath']}/") for path in read} == {
        path.name for path in (tmp_path / "redis-secrets").iterdir()
    }


def test_the_gateway_has_the_address_of_every_service() -> None:
    [container] = pods()["gateway"]["containers"]
    for name in SERVICE_SCOPES:
        [port] = manifests_of_kind("Service")[name]["spec"]["ports"]
        upstreams = variables(container)[f"BOKEH_CLOUD_{name.upper()}_UPSTREAMS"]
        assert re.findall(r"(name|port) (\S+)", upstreams) == [("name", name), ("port", str(port["port"]))]


def test_selectors_match_the_labels_of_their_pods() -> None:
    for name, one in {**manifests_of_kind("Deployment"), **manifests_of_kind("StatefulSet")}.items():
        labels = one["spec"]["template"]["metadata"]["labels"]
        selectors = [
            one["spec"]["selector"]["matchLabels"],
            manifests_of_kind("Service")[name]["spec"]["selector"],
        ]
        if name in manifests_of_kind("PodDisruptionBudget"):
            selectors.append(
                manifests_of_kind("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"]
            )
        assert all(selector.items() <= labels.items() for selector in selectors), name


def test_pods_are_hardened_and_have_time_to_finish_requests() -> None:
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"], name
        assert "memory" in container["resources"]["limits"], name
        if name in SERVICE_SCOPES:
            assert pod["terminationGracePeriodSeconds"] > 60
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


def test_manifests_have_no_secrets() -> None:
    text = "".join(path.read_text() for path in FOLDER.glob("*.yaml"))
    assert not re.search(r"\bbk[clops]_|AccountKey|password", text, re.IGNORECASE)
    assert not manifests_of_kind("Secret")
