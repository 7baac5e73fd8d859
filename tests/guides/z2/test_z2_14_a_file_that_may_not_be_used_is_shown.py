"""Permission denied: the log's lines, the user that the container runs as and what it may do are shown; nothing is changed."""

ROWS = ("Z2-14",)
BACKENDS = {"kubernetes": "fake"}


async def test_file_and_user(z2):
    z2.log("PermissionError: [Errno 13] Permission denied: '/data/cache'")
    z2.programs["id"] = lambda _argv: (0, "uid=1000(app) gid=1000(app)\n")
    z2.container()["securityContext"] = {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    z2.workload()["spec"]["template"]["spec"]["securityContext"] = {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 2000}
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2PermissionDenied", **z2.alert)
        await daemon.ends(run, "observed")
        said = await daemon.report(run)
    assert "/data/cache" in said
    assert "uid=1000" in said
    assert "app: user 1000, never root, volumes' group 2000, root file system read-only, drops ALL" in said
    assert z2.writes() == []
