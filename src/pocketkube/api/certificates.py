"""The certificate authority that an installation makes for itself, and the server's certificate under it."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pocketkube.kit.files import write_atomically

SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
SERVER_ADDRESS = "127.0.0.1"
_LIFETIME = timedelta(days=3650)
_RENEWED_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where they are: the authority's certificate for clients; the server's own with its key."""

    authority: Path
    server: Path
    server_key: Path


def certificates_in(folder: Path, now: datetime) -> Certificates:
    """Those of the installation; made at first start, and again when they are about to expire."""
    found = Certificates(folder / "ca.crt", folder / "tls" / "server.crt", folder / "tls" / "server.key")
    if not _is_usable(found, now):
        _make(found, now)
    return found


def _is_usable(found: Certificates, now: datetime) -> bool:
    paths = (found.authority, found.server, found.server_key)
    if not all(path.is_file() for path in paths):
        return False
    server = x509.load_pem_x509_certificate(found.server.read_bytes())
    return server.not_valid_after_utc - now > _RENEWED_BEFORE


def _make(found: Certificates, now: datetime) -> None:
    """The authority's key is not kept: it signs this one certificate, and a new pair is made when that expires."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _named("pocketkube authority")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in SERVER_NAMES]
    alternatives.append(x509.IPAddress(ipaddress.ip_address(SERVER_ADDRESS)))
    server = (
        _builder(_named("pocketkube"), authority_name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    found.server.parent.mkdir(parents=True, exist_ok=True)
    found.server.parent.chmod(0o700)
    write_atomically(found.server_key, secret.decode(), mode=0o600)
    write_atomically(found.server, server.public_bytes(serialization.Encoding.PEM).decode())
    write_atomically(found.authority, authority.public_bytes(serialization.Encoding.PEM).decode())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
