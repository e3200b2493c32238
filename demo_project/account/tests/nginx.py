"""A real nginx for the tests, with the configuration of deploy/ and a certificate of its own."""

import ipaddress
import shutil
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from account.tests import deployment, live

# Around the site, in place of Debian's own nginx.conf: in the foreground, all files in one folder.
_MAIN = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/board.conf;
}}
"""


def program() -> str | None:
    """nginx; None where it is not installed. Debian puts it on the PATH of root alone."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Nginx(live.LiveServer):
    """nginx before the server processes of one host; its clients speak https."""

    ready = "start worker process "

    def __init__(
        self, folder: Path, host: str, ports: Sequence[int], *, http: int = 80, https: int = 443
    ) -> None:
        super().__init__({})
        self._folder, self._host = folder, host
        self._port, self.http_port = https, http
        make_certificate(folder, host)
        self.tls = ssl.create_default_context(cafile=folder / "fullchain.pem")
        site = deployment.site(host, ports, http, https, folder)
        (folder / "board.conf").write_text(site)
        user = "user root;" if folder.owner() == "root" else ""
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))

    def argv(self) -> list[str]:
        """The command line of the process."""
        found = program()
        assert found, "nginx is not installed"
        return [found, "-c", str(self._folder / "nginx.conf"), "-e", "stderr"]

    def kill(self) -> None:
        """End it with `kill -9`, its worker as well."""
        workers = psutil.Process(self.pid).children()
        self._process.kill()  # first: it would start another worker
        for worker in workers:
            worker.kill()
        self.__exit__()

    def listens(self, line: str) -> None:
        """It takes connections, where it was told to."""

    @property
    def address(self) -> str:
        """Host and port, as a browser would write them."""
        return self._host if self._port == 443 else f"{self._host}:{self._port}"


def make_certificate(folder: Path, host: str) -> None:
    """Write a certificate for an address, signed by itself, and its key, as certbot names them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(private)
