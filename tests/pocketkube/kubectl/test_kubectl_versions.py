"""What people type, on a whole pocketkube, for every kubectl at hand: the old ones read, the new ones do it all."""

import json
import re
from typing import Any


def test_the_commands_of_the_document_read_what_is_there(kubectl: Any, pocketkube: Any, shop: Any) -> None:
    gateway = kubectl.ok("get", "svc", "istio-ingressgateway", "-n", "istio-system")
    deployments = kubectl.ok("get", "deployments", "-n", shop.name)
    pods = kubectl.ok("get", "pods", "-n", shop.name, "-l", "app=web")
    deployment = kubectl.ok("describe", "deployment", "web", "-n", shop.name)
    route = kubectl.ok("describe", "virtualService", "-n", shop.name)

    assert gateway.split()[:6] == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert gateway.split()[6:8] == ["istio-ingressgateway", "LoadBalancer"]
    assert f"80:{pocketkube.gateway_port}/TCP" in gateway.split()
    assert deployments.split()[:6] == ["NAME", "DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert deployments.split()[6:11] == ["web", "1", "1", "1", "1"]
    assert re.search(r"^web-\S+ +1/1 +Running +0 +\S+$", pods, re.MULTILINE), pods
    assert re.search(r"^Pod Template:\n  Labels: +app=web\n", deployment, re.MULTILINE), deployment
    assert re.search(r"^    Image: +web:1$", deployment, re.MULTILINE), deployment
    assert (
        "\n    Route:\n      Destination:\n        Host:    web\n        Subset:  all\n      Weight:    100\n" in route
    )
    assert kubectl.ok("logs", "deployment/web", "-n", shop.name).startswith("version one\n")
    assert "successfully rolled out" in kubectl.ok("rollout", "status", "deployment/web", "-n", shop.name)


def test_every_kind_is_listed_and_described(kubectl: Any, shop: Any) -> None:
    for kind in ("deployment", "rs", "pod", "svc", "cm", "pvc", "job", "gateway", "vs", "dr"):
        listed = json.loads(kubectl.ok("get", kind, "-n", shop.name, "-o", "json"))["items"]
        names = {each["metadata"]["name"] for each in listed}
        assert names, kind
        assert re.findall(r"^Name: +(\S+)$", kubectl.ok("describe", kind, "-n", shop.name), re.MULTILINE) == sorted(
            names
        )
    assert "Scaled up replica set web-" in kubectl.ok("get", "events", "-n", shop.name)


def test_apply_says_what_it_changed_and_diff_says_it_before(full: Any, shop: Any) -> None:
    changed = shop.manifest.replace("value: one", "value: two")

    again = full.ok("apply", "-f", "-", stdin=shop.manifest)
    same = full.run("diff", "-f", "-", stdin=shop.manifest)
    other = full.run("diff", "-f", "-", stdin=changed)
    applied = full.ok("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=changed)

    assert [line.split()[1] for line in again.splitlines()] == ["unchanged"] * 8
    assert (same.code, same.said) == (0, "")
    assert other.code == 1
    assert re.search(r"^- +value: one\n\+ +value: two$", other.said, re.MULTILINE), other.said
    assert [line.split()[1] for line in applied.splitlines()] == ["serverside-applied"] * 8
    assert full.run("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=changed).code == 0


def test_a_version_rolls_out_to_the_users_goes_back_and_is_started_anew(full: Any, pocketkube: Any, shop: Any) -> None:
    def rollout(verb: str, *words: str) -> Any:
        return full.ok("rollout", verb, "deployment/web", "-n", shop.name, *words)

    pocketkube.until(lambda: pocketkube.get(shop.host) == "one", "version one at the gateway")
    full.ok("set", "env", "deployment/web", "VERSION=two", "-n", shop.name)
    full.ok("set", "image", "deployment/web", "web=web:2", "-n", shop.name)
    assert rollout("status").endswith('deployment "web" successfully rolled out\n')
    pocketkube.until(lambda: pocketkube.get(shop.host) == "two", "version two at the gateway")

    assert re.findall(r"^\d+", rollout("history"), re.MULTILINE)[0] == "1"
    assert "rolled back" in rollout("undo", "--to-revision=1")
    rollout("status")
    pocketkube.until(lambda: pocketkube.get(shop.host) == "one", "version one at the gateway again")
    assert full.ok("get", "deployment/web", "-n", shop.name, "-o", "jsonpath={..image}") == "web:1"

    before = full.ok("get", "pods", "-l", "app=web", "-n", shop.name, "-o", "name")
    rollout("restart")
    rollout("status")
    assert full.ok("get", "pods", "-l", "app=web", "-n", shop.name, "-o", "name") != before


def test_patches_of_every_kind_labels_and_scale_change_what_they_say(full: Any, shop: Any) -> None:
    where = ("-n", shop.name)
    full.ok("patch", "deployment", "web", "-p", '{"spec":{"template":{"spec":{"dnsPolicy":"Default"}}}}', *where)
    full.ok("patch", "vs", "web", "--type=merge", "-p", '{"metadata":{"labels":{"x":"y"}}}', *where)
    operation = '[{"op":"replace","path":"/data/a","value":"9"}]'
    full.ok("patch", "cm", "settings", "--type=json", "-p", operation, *where)
    full.ok(
        "patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":3}}', *where
    )
    assert full.ok("get", "deployment/web", *where, "-o", "jsonpath={.spec.replicas}") == "3"
    full.ok("scale", "deployment/web", "--replicas=2", *where)
    full.ok("label", "deployment/web", "tier=front", *where)
    full.ok("annotate", "deployment/web", "note=hello", *where)
    full.ok("edit", "cm", "settings", *where, EDITOR="sed -i '/^  b:/s/2/3/'")
    full.ok("rollout", "status", "deployment/web", *where)

    web = json.loads(full.ok("get", "deployment/web", *where, "-o", "json"))
    misspelt = full.run("patch", "vs", "web", "--type=merge", "-p", '{"spec":{"htpt":[]}}', *where)
    assert web["status"]["availableReplicas"] == 2
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert web["spec"]["template"]["spec"]["dnsPolicy"] == "Default"
    assert web["metadata"]["labels"] == {"app": "web", "tier": "front"}
    assert web["metadata"]["annotations"]["note"] == "hello"
    assert full.ok("get", "vs", "web", *where, "-o", "jsonpath={.metadata.labels.x}") == "y"
    assert json.loads(full.ok("get", "cm", "settings", *where, "-o", "jsonpath={.data}")) == {"a": "9", "b": "3"}
    assert (misspelt.code, 'unknown field "spec.htpt"' in misspelt.said) == (1, True), misspelt.said


def test_a_log_and_a_list_are_followed_as_they_grow(full: Any, pocketkube: Any, shop: Any) -> None:
    where = ("-n", shop.name)
    with full.start("logs", "-f", "deployment/web", *where) as log:
        assert log.stdout.readline() == "version one\n"
        pocketkube.until(lambda: pocketkube.get(shop.host) == "one", "an answer")
        assert "asked for /\n" in iter(log.stdout.readline, "")
        log.terminate()
    first = full.ok("get", "pods", "-l", "app=web", *where, "-o", "name").strip().removeprefix("pod/")
    with full.start("get", "pods", "-w", "-l", "app=web", *where) as watch:
        assert watch.stdout.readline().startswith("NAME ")
        assert watch.stdout.readline().split()[:3] == [first, "1/1", "Running"]
        full.ok("delete", "pod", first, "--wait=false", *where)
        rows = (line.split()[:3] for line in iter(watch.stdout.readline, ""))
        assert [first, "1/1", "Terminating"] in rows
        assert any(name != first and state == ["1/1", "Running"] for name, *state in rows)
        watch.terminate()


def test_one_waits_for_jobs_volumes_and_the_end_of_things(full: Any, shop: Any) -> None:
    where, patience = ("-n", shop.name), "--timeout=60s"
    full.ok("wait", "--for=condition=Available", "deployment/web", patience, *where)
    full.ok("wait", "--for=condition=complete", "job/check", patience, *where)
    full.ok("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/files", patience, *where)
    assert full.ok("logs", "job/check", *where) == "checked\n"
    pod = full.ok("get", "pods", "-l", "app=web", *where, "-o", "name").strip()

    assert full.ok("delete", "-f", "-", "--wait=false", stdin=shop.manifest).count(" deleted") == 8
    full.ok("wait", "--for=delete", pod, patience, *where)
    assert full.ok("get", "deploy,rs,svc,gateway,vs,dr", *where) == f"No resources found in {shop.name} namespace.\n"


def test_an_image_that_nobody_knows_is_shown_in_the_list_of_pods_and_in_the_events(
    full: Any, pocketkube: Any, shop: Any
) -> None:
    full.ok("run", "strange", "--image=nothing:2", "-n", shop.name)

    pocketkube.until(lambda: "ErrImagePull" in full.ok("get", "pod", "strange", "-n", shop.name), "ErrImagePull")
    said = full.ok("events", "--for=pod/strange", "-n", shop.name)
    described = full.ok("describe", "pod", "strange", "-n", shop.name)
    advice = 'image "nothing:2" is not in the catalogue: add an [[image]] with repository = "nothing"'
    assert advice in said
    assert advice in described


def test_serving_writes_no_line_a_second_into_its_log(pocketkube: Any, shop: Any) -> None:
    pocketkube.until(lambda: pocketkube.get(shop.host) == "one", "an answer")

    assert "HTTP Request" not in (pocketkube.folder / "serve.log").read_text()
