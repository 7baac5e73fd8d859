"""A certificate authority of the test's own, and TLS servers with what it signs."""

import contextlib
import datetime as dt
import ssl
from ipaddress import ip_address

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fakes.small_server import serve


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates; ``file`` is what a client would trust."""

    def __init__(self, folder, name="test authority"):
        self.folder, self.name, self.key = folder, common_name(name), ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        self.certificate = self._signed(self.name, self.key, dt.timedelta(days=900), names=(), authority=True)
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _signed(self, subject, key, left, *, names, authority=False):
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 -- the certificates are really of today
        made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=90)).not_valid_after(now + left)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )  # fmt: skip
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def server(self, *names, days=60.0, with_chain=False):
        """A server's TLS context with a new certificate for these names."""
        made, private = self._issued(names, days)
        file = self.folder / f"server-{made.serial_number:x}.pem"
        chain = [made, self.certificate] if with_chain else [made]
        file.write_bytes(private + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def client(self, name):
        """A client's new certificate and its private key, both PEM."""
        made, private = self._issued((name,), days=1)
        return made.public_bytes(serialization.Encoding.PEM), private

    def _issued(self, names, days):
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._signed(common_name(names[0] if names else "nobody"), key, dt.timedelta(days=days), names=names)
        return made, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _general(name):
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@contextlib.asynccontextmanager
async def serving(tls):
    """An HTTPS server on loopback; gives its port."""
    async with serve(web.Response(text="ok"), tls=tls) as server:
        yield int(server.url.rpartition(":")[2])
