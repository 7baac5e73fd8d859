"""A server on loopback shows a certificate of three days; renewal is asked of cert-manager, and a new one is served."""

import contextlib

from aiohttp import web
from cryptography import x509
from fakes.authority import Authority
from fakes.kubernetes_looks import certificate

ROWS = ("AP-8",)
BACKENDS = {"tls": "real", "kubernetes": "fake"}
ALERT = {"alertname": "AICertificateExpiring", "platform": "ai", "severity": "warning"}


@contextlib.asynccontextmanager
async def serving(context, port=0):
    runner = web.ServerRunner(web.Server(lambda _request: answer()), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def answer():
    return web.Response(text="ok")


def asked_for(platform):
    return [path for method, path in platform.writes() if method == "PATCH" and path.endswith("/certificates/api-gateway/status")]


async def test_it_is_renewed_once_and_the_new_one_is_served(platform, tmp_path):
    authority = Authority(tmp_path)
    expiring, fresh = authority.server("127.0.0.1", days=3), authority.server("127.0.0.1", days=89)
    certificate(platform.kubernetes.world, "api-gateway", days=3)
    async with serving(expiring) as port:
        platform.connections["network"]["public"] = {"host": "127.0.0.1", "port": port, "ca_file": str(authority.file)}
        async with platform.up() as daemon:
            run = await daemon.alert(**ALERT)
            await daemon.reaches(run, "verifying")
            assert len(asked_for(platform)) == 1
            expiring.load_cert_chain(max(tmp_path.glob("server-*.pem"), key=lambda file: days(file)))
            await daemon.ends(run, "succeeded")
            assert "renew the certificate" in await daemon.report(run)
    assert len(asked_for(platform)) == 1
    assert fresh


def days(file):
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


async def test_one_that_is_being_issued_is_waited_for_by_people(platform, tmp_path):
    authority = Authority(tmp_path)
    certificate(platform.kubernetes.world, "api-gateway", days=3, ready="False", issuing="True")
    async with serving(authority.server("127.0.0.1", days=3)) as port:
        platform.connections["network"]["public"] = {"host": "127.0.0.1", "port": port, "ca_file": str(authority.file)}
        async with platform.up() as daemon:
            run = await daemon.alert(**ALERT)
            await daemon.ends(run, "escalated")
    assert asked_for(platform) == []
