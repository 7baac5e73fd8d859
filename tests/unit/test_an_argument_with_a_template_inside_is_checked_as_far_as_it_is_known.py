import pytest
from fakes.small_site import table_of

from remediator.errors import RemediatorError

RULES = """
rules:
  - {{name: page, match: alertname = "X", guide: page}}
guides:
  page:
    summary: a page
    target: kubernetes/default/shop
    diagnose:
      - id: pods
        kubernetes.pods: {{namespace: shop}}
    remedies:
      - name: apply
        steps:
          - kubernetes.apply: {{namespace: shop, manifest: {manifest}}}
"""


def load(folder, manifest):
    return table_of(RULES.format(manifest=manifest), folder)


@pytest.mark.parametrize(
    "metadata",
    ['{name: "{{ labels.pod }}"}', '{name: "note-{{ steps.pods.worst[0].name }}-x"}', '{name: a, annotations: {by: "{{ labels.pod }}"}}'],
)
def test_a_templated_name_is_checked_when_it_is_known(tmp_path, metadata):
    load(tmp_path, f"{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}}}")


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ('{apiVersion: v1, kind: Secret, metadata: {name: "{{ labels.pod }}"}}', "a Secret's values"),
        ('{apiVersion: v1, kind: ConfigMap, metadata: {name: "A_{{ labels.pod }}"}}', r"has metadata\.name, of lower-case"),
        ('{apiVersion: v1, kind: ConfigMap, metadata: {name: A_B}, data: {by: "{{ labels.pod }}"}}', r"has metadata\.name, of lower-case"),
        ('{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ steps.pod.name }}"}}', 'there is no step "pod"'),
    ],
)
def test_what_is_wrong_whatever_the_template_brings_is_wrong_at_load(tmp_path, manifest, why):
    with pytest.raises(RemediatorError, match=why):
        load(tmp_path, manifest)
