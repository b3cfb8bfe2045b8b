"""Records what PyKMIP's client writes in each of its versions: a socket that never answers stands in for the server's.

pip install PyKMIP==0.11.0
python record.py .
"""

import os
import sys

from kmip.services.kmip_protocol import KMIPProtocol
from kmip.core import primitives
from kmip.core import enums, objects
from kmip.services.kmip_client import KMIPProxy
from kmip.pie import client as pie, objects as pobj
from kmip.core.factories.attributes import AttributeFactory

out = sys.argv[1]


class Recorder:
    def __init__(self):
        self.sent = b""

    def sendall(self, data):
        self.sent += bytes(data)

    def recv(self, n):
        return b""

    def close(self):
        pass


V = enums.KMIPVersion
VERSIONS = {
    "1.0": V.KMIP_1_0,
    "1.1": V.KMIP_1_1,
    "1.2": V.KMIP_1_2,
    "1.3": V.KMIP_1_3,
    "1.4": V.KMIP_1_4,
    "2.0": V.KMIP_2_0,
}
AES = enums.CryptographicAlgorithm.AES
RSA = enums.CryptographicAlgorithm.RSA
ENC = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
SIG = [enums.CryptographicUsageMask.SIGN, enums.CryptographicUsageMask.VERIFY]
af = AttributeFactory()


def attr(kind, value):
    return af.create_attribute(kind, value)


A = enums.AttributeType
UID = "1703250b-4d40-4de2-93a0-c494a1d4ae40"


def calls(c):
    key = pobj.SymmetricKey(AES, 256, bytes(range(32)), masks=ENC, name="disk key")
    yield "create", lambda: c.create(AES, 256, name="a name", cryptographic_usage_mask=ENC)
    yield "create_with_policy", lambda: c.create(
        AES, 128, operation_policy_name="default", cryptographic_usage_mask=ENC
    )
    yield "create_key_pair", lambda: c.create_key_pair(
        RSA, 2048, public_name="public", public_usage_mask=[SIG[1]], private_name="private", private_usage_mask=[SIG[0]]
    )
    yield "register_symmetric_key", lambda: c.register(key)
    yield "register_secret_data", lambda: c.register(
        pobj.SecretData(
            b"a secret", enums.SecretDataType.PASSWORD, masks=[enums.CryptographicUsageMask.VERIFY], name="password"
        )
    )
    yield "register_opaque", lambda: c.register(pobj.OpaqueObject(b"opaque", enums.OpaqueDataType.NONE, name="opaque"))
    yield "register_certificate", lambda: c.register(
        pobj.X509Certificate(b"\x30\x03\x02\x01\x01", masks=[SIG[1]], name="certificate")
    )
    yield "register_public_key", lambda: c.register(
        pobj.PublicKey(RSA, 2048, b"\x30\x03\x02\x01\x01", enums.KeyFormatType.PKCS_1, masks=[SIG[1]])
    )
    yield "register_private_key", lambda: c.register(
        pobj.PrivateKey(RSA, 2048, b"\x30\x03\x02\x01\x01", enums.KeyFormatType.PKCS_8, masks=[SIG[0]])
    )
    yield "locate", lambda: c.locate(
        maximum_items=8,
        offset_items=2,
        storage_status_mask=1,
        object_group_member=enums.ObjectGroupMember.GROUP_MEMBER_FRESH,
        attributes=[
            attr(A.NAME, "a name"),
            attr(A.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY),
            attr(A.CRYPTOGRAPHIC_USAGE_MASK, ENC),
            attr(A.INITIAL_DATE, 1700000000),
            attr(A.INITIAL_DATE, 1700009999),
            attr(A.STATE, enums.State.ACTIVE),
        ],
    )
    yield "locate_everything", lambda: c.locate()
    yield "get", lambda: c.get(UID)
    yield "get_wrapped", lambda: c.get(
        UID,
        {
            "wrapping_method": enums.WrappingMethod.ENCRYPT,
            "encryption_key_information": {
                "unique_identifier": "2",
                "cryptographic_parameters": {"block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP},
            },
            "attribute_names": [],
            "encoding_option": enums.EncodingOption.NO_ENCODING,
        },
    )
    yield "get_attributes", lambda: c.get_attributes(UID, ["State", "Cryptographic Usage Mask", "Name"])
    yield "get_attribute_list", lambda: c.get_attribute_list(UID)
    yield "activate", lambda: c.activate(UID)
    yield "revoke", lambda: c.revoke(enums.RevocationReasonCode.KEY_COMPROMISE, UID, "stolen", 1700000000)
    yield "destroy", lambda: c.destroy(UID)
    yield "mac", lambda: c.mac(bytes(range(20)), UID, enums.CryptographicAlgorithm.HMAC_SHA256)
    yield "encrypt", lambda: c.encrypt(
        bytes(range(32)),
        UID,
        {
            "cryptographic_algorithm": AES,
            "block_cipher_mode": enums.BlockCipherMode.CBC,
            "padding_method": enums.PaddingMethod.PKCS5,
            "random_iv": False,
        },
        bytes(16),
    )
    yield "decrypt", lambda: c.decrypt(
        bytes(range(32)),
        UID,
        {
            "cryptographic_algorithm": AES,
            "block_cipher_mode": enums.BlockCipherMode.CBC,
            "padding_method": enums.PaddingMethod.PKCS5,
        },
        bytes(16),
    )
    yield "sign", lambda: c.sign(
        b"a message",
        UID,
        {
            "padding_method": enums.PaddingMethod.PSS,
            "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
            "cryptographic_algorithm": RSA,
        },
    )
    yield "signature_verify", lambda: c.signature_verify(
        b"a message",
        b"s" * 256,
        UID,
        {
            "padding_method": enums.PaddingMethod.PKCS1v15,
            "digital_signature_algorithm": enums.DigitalSignatureAlgorithm.SHA256_WITH_RSA_ENCRYPTION,
        },
    )
    yield "delete_attribute_1", lambda: c.delete_attribute(UID, attribute_name="Name", attribute_index=1)
    yield "modify_attribute_1", lambda: c.modify_attribute(UID, attribute=attr(A.NAME, "another name"))
    yield "delete_attribute_2", lambda: c.delete_attribute(
        UID, attribute_reference=objects.AttributeReference(vendor_identification="x", attribute_name="Colour")
    )
    yield "modify_attribute_2", lambda: c.modify_attribute(
        UID,
        new_attribute=objects.NewAttribute(attribute=primitives.Boolean(True, enums.Tags.SENSITIVE)),
        current_attribute=objects.CurrentAttribute(attribute=primitives.Boolean(False, enums.Tags.SENSITIVE)),
    )
    yield "set_attribute", lambda: c.set_attribute(UID, attribute_name="Sensitive", attribute_value=True)
    yield "rekey", lambda: c.rekey(UID, offset=0)
    yield "derive_key", lambda: c.derive_key(
        enums.ObjectType.SYMMETRIC_KEY,
        [UID],
        enums.DerivationMethod.HMAC,
        {"cryptographic_parameters": {"hashing_algorithm": enums.HashingAlgorithm.SHA_256}, "derivation_data": b"data"},
        cryptographic_length=128,
        cryptographic_algorithm=AES,
    )
    yield "check", lambda: c.check(UID, usage_limits_count=1, cryptographic_usage_mask=ENC, lease_time=60)


def proxy_calls(p):
    from kmip.core.messages.contents import ProtocolVersion

    yield "query", lambda: p.query(
        query_functions=[
            enums.QueryFunction.QUERY_OPERATIONS,
            enums.QueryFunction.QUERY_OBJECTS,
            enums.QueryFunction.QUERY_SERVER_INFORMATION,
        ]
    )
    yield "discover_versions", lambda: p.discover_versions(
        protocol_versions=[ProtocolVersion(1, 4), ProtocolVersion(1, 2)]
    )


NAMES = [name for name, _ in calls(None)] + [name for name, _ in proxy_calls(None)]


def record(name, version):
    """The bytes that the client sent for a call; none where it refused to write it in this version."""
    credential = dict(username="alice", password="secret") if name == "get" else {}
    proxy = KMIPProxy(host="localhost", port=5696, kmip_version=VERSIONS[version], **credential)
    proxy.socket = Recorder()
    proxy.protocol = KMIPProtocol(proxy.socket)
    client = pie.ProxyKmipClient(kmip_version=VERSIONS[version])
    client.proxy = proxy
    client._is_open = True
    call = dict(list(calls(client)) + list(proxy_calls(proxy)))[name]
    try:
        call()
    except Exception:
        pass
    return proxy.socket.sent


for version in VERSIONS:
    with open(os.path.join(out, f"pykmip-0.11.0-v{version}.txt"), "w") as file:
        for name in NAMES:
            sent = record(name, version)
            if sent:
                file.write(f"{name} {sent.hex()}\n")
