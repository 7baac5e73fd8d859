async def security(server, context, actions, pod, *containers, init=()):
    spec = {"containers": [{"image": "example/web:1", **item} for item in containers], "initContainers": list(init), **({"securityContext": pod} if pod else {})}
    server.world.workload("deployment", "web", template={"metadata": {"labels": {"app": "web"}}, "spec": spec})
    action = actions["security"]
    return await action.perform(action.parameters(kind="deployment", name="web", namespace="shop"), context)


async def test_the_containers_word_goes_before_its_pods(server, context, actions):
    own = {"runAsUser": 0, "runAsNonRoot": False, "privileged": True, "allowPrivilegeEscalation": True, "capabilities": {"add": ["NET_ADMIN"]}}
    found = await security(
        server, context, actions, {"runAsUser": 1000, "runAsGroup": 1001, "runAsNonRoot": True, "fsGroup": 2000},
        {"name": "app", "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
        {"name": "side", "securityContext": own}, init=[{"name": "migrate"}],
    )  # fmt: skip
    assert found.said == (
        "app: user 1000:1001, never root, volumes' group 2000, root file system read-only, gains no rights, drops ALL",
        "side: user 0:1001, volumes' group 2000, root file system writable, privileged, may gain rights, adds NET_ADMIN",
        "migrate (init): user 1000:1001, never root, volumes' group 2000, root file system writable",
    )
    app, side, migrate = found.containers
    assert (app.run_as_user, app.run_as_non_root, app.read_only_root, app.privileged, app.dropped) == (1000, True, True, False, ("ALL",))
    assert (side.run_as_user, side.run_as_non_root, side.privilege_escalation, side.added) == (0, False, True, ("NET_ADMIN",))
    assert (migrate.init, migrate.privilege_escalation) == (True, None)


async def test_what_is_not_said_is_the_images(server, context, actions):
    found = await security(server, context, actions, None, {"name": "app", "securityContext": {"runAsUser": "0", "capabilities": {"add": "ALL"}}})
    assert found.said == ("app: the image's user, root file system writable",)
    (app,) = found.containers
    assert (app.run_as_user, app.run_as_non_root, app.fs_group, app.added) == (None, None, None, ())
