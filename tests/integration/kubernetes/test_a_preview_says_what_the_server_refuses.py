import pytest

from remediator.errors import PermanentError

REFUSALS = [
    (403, "", "RBAC"),
    (
        403,
        'pods "web-1" is forbidden: exceeded quota: shop, requested: limits.memory=2Gi, used: limits.memory=7Gi, '
        "limited: limits.memory=8Gi",
        "a quota",
    ),
    (403, 'pods "web-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi', "a limit range"),
    (400, 'admission webhook "policy.example.com" denied the request: no latest tags', r"admission control \(a webhook\)"),
    (
        422,
        "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'b' denied request: no",
        r"admission control \(a policy\)",
    ),
    (403, 'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": privileged', r"admission control \(pod security\)"),
]


@pytest.mark.parametrize(("status", "message", "by"), REFUSALS)
@pytest.mark.parametrize("name", ["set_image", "rollout_restart"])
async def test_who_refused(server, context, actions, made, web, status, message, by, name):
    made(sidecar=False)
    server.fail("patch", "deployments", status=status, message=message)
    action = actions[name]
    p = action.parameters(**web, **({"image": "example/web:latest"} if name == "set_image" else {}))
    with pytest.raises(PermanentError, match=f"{status} refused by {by}: ") as caught:
        await action.preview(p, context)
    assert server.of("PATCH")[0].query["dryRun"] == "All"
    assert message in str(caught.value)


async def test_what_the_words_do_not_tell_is_not_guessed(server, context, actions, made, web):
    made(sidecar=False)
    server.fail("patch", "deployments", status=403, message="no")
    with pytest.raises(PermanentError, match="403 no"):
        await actions["set_image"].preview(actions["set_image"].parameters(**web, image="a:1"), context)
