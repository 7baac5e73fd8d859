"""Names that no file has: the pod that diagnosis has found, and an object that a label names."""

import yaml

RULES = """
rules:
  - name: bad pod
    match: alertname = "BadPod"
    guide: bad-pod
    mode: auto
guides:
  bad-pod:
    summary: one pod is bad
    target: kubernetes/default/shop/deployment/web
    diagnose:
      - id: pods
        kubernetes.pods: {kind: deployment, name: web, namespace: shop}
    remedies:
      - name: note it and delete it
        when: steps.pods.worst | length > 0
        steps:
          - kubernetes.apply:
              namespace: shop
              manifest:
                {apiVersion: v1, kind: ConfigMap, metadata: {name: "bad-{{ labels.day }}"}, data: {day: "{{ labels.day }}"}}
          - kubernetes.delete_pod: {kind: deployment, name: web, namespace: shop, pod: "{{ steps.pods.worst[0].name }}"}
    verify:
      all:
        - kubernetes.rollout_status: {kind: deployment, name: web, namespace: shop}
"""


async def test_by_its_templated_name(site, kubernetes):
    world = kubernetes.world
    world.workload("deployment", "web", replicas=2)
    bad = world.of("pods", "shop")[1]["metadata"]["name"]
    pod = world.objects["pods", "shop", bad]
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]
    world.objects["deployments", "shop", "web"]["status"] |= {"readyReplicas": 1, "availableReplicas": 1}
    async with site.running(yaml.safe_load(RULES), connections={"kubernetes": {"default": kubernetes.connection}}) as daemon:
        run = await daemon.alert(alertname="BadPod", day="monday")
        await daemon.reaches(run, "succeeded")
    assert bad not in {pod["metadata"]["name"] for pod in world.of("pods", "shop")}
    assert world.objects["configmaps", "shop", "bad-monday"]["data"] == {"day": "monday"}
