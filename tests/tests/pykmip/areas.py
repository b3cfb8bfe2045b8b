"""PyKMIP 0.11, as it is, against a running appliance: areas.py AREA VERSION PORT CERTIFICATE KEY AUTHORITY.

Every area asserts what it got, and the last line printed names the area: whoever runs this looks for it.
"""

import sys

from cryptography.hazmat.primitives import hashes, hmac, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.kdf import pbkdf2
from kmip.core import attributes as core_attributes, enums, exceptions as core_exceptions, objects as core_objects
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.factories.payloads.response import ResponsePayloadFactory
from kmip.core.messages import payloads
from kmip.pie import client as pie, exceptions, objects

A = enums.CryptographicAlgorithm
M = enums.CryptographicUsageMask
AREA, VERSION, PORT, CERTIFICATE, KEY, AUTHORITY = sys.argv[1:7]
KMIP_VERSION = enums.KMIPVersion(float(VERSION))
IS_2 = KMIP_VERSION == enums.KMIPVersion.KMIP_2_0
FACTORY = AttributeFactory()


def connect(**more):
    return pie.ProxyKmipClient(
        "127.0.0.1", int(PORT), cert=CERTIFICATE, key=KEY, ca=AUTHORITY,
        kmip_version=KMIP_VERSION, **more
    )


def refused(call, *reasons):
    try:
        call()
    except exceptions.KmipOperationFailure as failure:
        assert failure.reason in reasons, (failure.reason, reasons)
        return failure
    raise AssertionError("it was served and should have been refused")


def attribute(name, value):
    return FACTORY.create_attribute(name, value)


def named(text):
    return attribute(enums.AttributeType.NAME, text)


def name_2(text):
    """A name as 2.0 has it, under its own tag."""
    return core_attributes.Name.create(text, enums.NameType.UNINTERPRETED_TEXT_STRING)


ITEM_NOT_FOUND = (enums.ResultReason.ITEM_NOT_FOUND, enums.ResultReason.OBJECT_NOT_FOUND)
WRONG_STATE = (enums.ResultReason.PERMISSION_DENIED, enums.ResultReason.WRONG_KEY_LIFECYCLE_STATE)


def keys(c):
    for bits in (128, 192, 256):
        uid = c.create(A.AES, bits, name=f"aes {bits} {VERSION}", cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT])
        key = c.get(uid)
        assert isinstance(key, objects.SymmetricKey) and len(key.value) * 8 == bits
        assert key.cryptographic_length == bits
        assert c.locate(attributes=[named(f"aes {bits} {VERSION}")]) == [uid]
        c.activate(uid)
        refused(lambda: c.destroy(uid), *WRONG_STATE)
        c.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid, "done")
        c.destroy(uid)
        refused(lambda: c.get(uid), enums.ResultReason.ITEM_NOT_FOUND, enums.ResultReason.OBJECT_DESTROYED)
    refused(lambda: c.get("no-such-object"), *ITEM_NOT_FOUND)


def register(c):
    secret = objects.SecretData(b"a password", enums.SecretDataType.PASSWORD, masks=[M.VERIFY], name=f"secret {VERSION}")
    opaque = objects.OpaqueObject(b"opaque bytes", enums.OpaqueDataType.NONE, name=f"opaque {VERSION}")
    key = objects.SymmetricKey(A.AES, 256, bytes(range(32)), masks=[M.ENCRYPT, M.DECRYPT], name=f"key {VERSION}")
    private = rsa.generate_private_key(65537, 2048)
    pkcs8 = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    rsa_private = objects.PrivateKey(A.RSA, 2048, pkcs8, enums.KeyFormatType.PKCS_8, masks=[M.SIGN])
    rsa_public = objects.PublicKey(A.RSA, 2048, spki, enums.KeyFormatType.X_509, masks=[M.VERIFY])
    for made in (secret, opaque, key, rsa_private, rsa_public):
        uid = c.register(made)
        got = c.get(uid)
        assert type(got) is type(made) and got.value == made.value, type(made)
        c.destroy(uid)


def attributes(c):
    uid = c.create(A.AES, 256, name=f"first {VERSION}", cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT])
    names = c.get_attribute_list(uid)
    for name in ("Name", "State", "Cryptographic Length", "Cryptographic Usage Mask", "Unique Identifier"):
        assert name in names, names
    got_uid, values = c.get_attributes(uid, ["State", "Cryptographic Length", "Name"])
    assert got_uid == uid
    found = {value.attribute_name.value: value.attribute_value for value in values}
    assert found["State"].value == enums.State.PRE_ACTIVE, found
    assert found["Cryptographic Length"].value == 256
    assert found["Name"].name_value.value == f"first {VERSION}"
    if KMIP_VERSION in (enums.KMIPVersion.KMIP_1_1, enums.KMIPVersion.KMIP_1_2):
        # Of 1.0 PyKMIP reads no Digest (it expects 1.1's field in it), of 1.3 and later not every attribute there is.
        _, everything = c.get_attributes(uid)
        assert {value.attribute_name.value for value in everything} == set(names)
    if IS_2:
        changed = core_objects.NewAttribute(attribute=name_2(f"second {VERSION}"))
        current = core_objects.CurrentAttribute(attribute=name_2(f"first {VERSION}"))
        c.modify_attribute(uid, current_attribute=current, new_attribute=changed)
    else:
        _, echoed = c.modify_attribute(uid, attribute=named(f"second {VERSION}"))
        assert echoed.attribute_value.name_value.value == f"second {VERSION}"
    assert c.locate(attributes=[named(f"second {VERSION}")]) == [uid]
    assert c.locate(attributes=[named(f"first {VERSION}")]) == []
    if IS_2:
        current = core_objects.CurrentAttribute(attribute=name_2(f"second {VERSION}"))
        c.delete_attribute(uid, current_attribute=current)
    else:
        _, deleted = c.delete_attribute(uid, attribute_name="Name", attribute_index=0)
        assert deleted.attribute_value.name_value.value == f"second {VERSION}"
    assert c.locate(attributes=[named(f"second {VERSION}")]) == []
    c.destroy(uid)


def locate(c):
    made = [c.create(A.AES, 128, cryptographic_usage_mask=[M.ENCRYPT]) for _ in range(5)]
    made.append(c.create(A.HMAC_SHA256, 256, cryptographic_usage_mask=[M.MAC_GENERATE]))
    found = c.locate()
    assert [uid for uid in found if uid in made] == list(reversed(made)), "the newest first"
    aes = [attribute(enums.AttributeType.CRYPTOGRAPHIC_ALGORITHM, A.AES)]
    assert set(made[:5]) <= set(c.locate(attributes=aes)) and made[5] not in c.locate(attributes=aes)
    both = [attribute(enums.AttributeType.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY),
            attribute(enums.AttributeType.CRYPTOGRAPHIC_USAGE_MASK, [M.MAC_GENERATE])]
    assert made[5] in c.locate(attributes=both) and made[0] not in c.locate(attributes=both)
    assert c.locate(maximum_items=2) == found[:2]
    assert c.locate(maximum_items=2, offset_items=1) == found[1:3]
    for uid in made:
        c.destroy(uid)


def pairs(c):
    public, private = c.create_key_pair(
        A.RSA, 2048, public_name=f"public {VERSION}", private_name=f"private {VERSION}",
        public_usage_mask=[M.VERIFY, M.ENCRYPT], private_usage_mask=[M.SIGN, M.DECRYPT],
    )
    assert c.locate(attributes=[named(f"public {VERSION}")]) == [public]
    assert isinstance(c.get(public), objects.PublicKey)
    assert isinstance(c.get(private), objects.PrivateKey)
    c.activate(public)
    c.activate(private)
    if KMIP_VERSION >= enums.KMIPVersion.KMIP_1_2:
        how = {
            "padding_method": enums.PaddingMethod.PKCS1v15,
            "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
            "cryptographic_algorithm": A.RSA,
        }
        signature = c.sign(b"a message", private, how)
        key = c.get(public)
        load = {
            enums.KeyFormatType.PKCS_1: lambda der: serialization.load_der_public_key(der),
            enums.KeyFormatType.X_509: lambda der: serialization.load_der_public_key(der),
        }[key.key_format_type](key.value)
        load.verify(signature, b"a message", padding.PKCS1v15(), hashes.SHA256())
        valid = enums.ValidityIndicator.VALID
        assert c.signature_verify(b"a message", signature, public, how) == valid
        assert c.signature_verify(b"another", signature, public, how) == enums.ValidityIndicator.INVALID
    for uid in (public, private):
        c.revoke(enums.RevocationReasonCode.SUPERSEDED, uid)
        c.destroy(uid)


def cryptography(c):
    uid = c.create(A.AES, 256, cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT])
    c.activate(uid)
    cbc = {
        "cryptographic_algorithm": A.AES,
        "block_cipher_mode": enums.BlockCipherMode.CBC,
        "padding_method": enums.PaddingMethod.PKCS5,
    }
    data, iv = c.encrypt(b"plain text", uid, cbc, b"\x01" * 16)
    assert data != b"plain text" and len(data) == 16
    assert c.decrypt(data, uid, cbc, b"\x01" * 16) == b"plain text"
    data, iv = c.encrypt(b"plain text", uid, dict(cbc, random_iv=True))
    assert len(iv) == 16
    assert c.decrypt(data, uid, cbc, iv) == b"plain text"
    mac_key = c.create(A.HMAC_SHA256, 256, cryptographic_usage_mask=[M.MAC_GENERATE, M.MAC_VERIFY])
    c.activate(mac_key)
    _, first = c.mac(b"message", mac_key, A.HMAC_SHA256)
    _, second = c.mac(b"message", mac_key, A.HMAC_SHA256)
    _, other = c.mac(b"massage", mac_key, A.HMAC_SHA256)
    assert len(first) == 32 and first == second != other


def wrapping(c):
    kek_value = bytes(range(32))
    kek = c.register(objects.SymmetricKey(A.AES, 256, kek_value, masks=[M.WRAP_KEY, M.UNWRAP_KEY], name=f"kek {VERSION}"))
    c.activate(kek)
    value = bytes(range(100, 132))
    uid = c.register(objects.SymmetricKey(A.AES, 256, value, masks=[M.ENCRYPT, M.DECRYPT], name=f"wrapped {VERSION}"))
    wrapped = c.get(uid, {
        "wrapping_method": enums.WrappingMethod.ENCRYPT,
        "encryption_key_information": {
            "unique_identifier": kek,
            "cryptographic_parameters": {"block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP},
        },
        "encoding_option": enums.EncodingOption.NO_ENCODING,
    })
    assert wrapped.key_wrapping_data, "it says how it is wrapped"
    assert keywrap.aes_key_unwrap(kek_value, wrapped.value) == value
    assert not c.get(uid).key_wrapping_data, "never wrapped unasked"


def checks(c):
    uid = c.create(A.AES, 256, cryptographic_usage_mask=[M.ENCRYPT])
    assert c.check(uid, cryptographic_usage_mask=[M.ENCRYPT]) == uid
    try:
        c.check(uid, cryptographic_usage_mask=[M.SIGN])
        raise AssertionError("a key for encryption passed a check for signatures")
    except (AttributeError, exceptions.KmipOperationFailure):
        pass  # Of a refusal PyKMIP 0.11 wants a payload, which the standard does not have.
    c.destroy(uid)


def rekeying(c):
    uid = c.create(A.AES, 256, name=f"rotated {VERSION}", cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT])
    c.activate(uid)
    new = c.rekey(uid, offset=0)
    assert new != uid and c.get(new).value != c.get(uid).value
    # PyKMIP 0.11 reads no Link, by which both keys know each other.
    assert c.locate(attributes=[named(f"rotated {VERSION}")]) == [new], "the name moves"
    public, private = c.create_key_pair(A.RSA, 2048, public_usage_mask=[M.VERIFY], private_usage_mask=[M.SIGN])
    if KMIP_VERSION >= enums.KMIPVersion.KMIP_1_1 and not IS_2:
        result = c.proxy.rekey_key_pair(private_key_uuid=core_attributes.PrivateKeyUniqueIdentifier(private))
        assert result.result_status.value == enums.ResultStatus.SUCCESS, result.result_message
        assert result.private_key_uuid not in (None, private) and result.public_key_uuid not in (None, public)


def derivation(c):
    base = c.register(objects.SymmetricKey(
        A.HMAC_SHA256, 256, bytes(range(32)), masks=[M.DERIVE_KEY], name=f"base {VERSION}"
    ))
    c.activate(base)
    derived = c.derive_key(
        enums.ObjectType.SYMMETRIC_KEY, [base], enums.DerivationMethod.HMAC,
        {"cryptographic_parameters": {"hashing_algorithm": enums.HashingAlgorithm.SHA_256}, "derivation_data": b"data"},
        cryptographic_length=256, cryptographic_algorithm=A.AES, cryptographic_usage_mask=[M.ENCRYPT],
    )
    expected = hmac.HMAC(bytes(range(32)), hashes.SHA256())
    expected.update(b"data")
    assert c.get(derived).value == expected.finalize()
    password = c.register(objects.SecretData(
        b"password", enums.SecretDataType.PASSWORD, masks=[M.DERIVE_KEY], name=f"base password {VERSION}"
    ))
    c.activate(password)
    how = {
        "cryptographic_parameters": {"hashing_algorithm": enums.HashingAlgorithm.SHA_256},
        "salt": b"salt and pepper", "iteration_count": 1000,
    }
    secret = c.derive_key(
        enums.ObjectType.SECRET_DATA, [password], enums.DerivationMethod.PBKDF2, how,
        cryptographic_length=256, cryptographic_usage_mask=[M.DERIVE_KEY],
    )
    kdf = pbkdf2.PBKDF2HMAC(hashes.SHA256(), 32, b"salt and pepper", 1000)
    assert c.get(secret).value == kdf.derive(b"password")


def setting(c):
    uid = c.create(A.AES, 256, cryptographic_usage_mask=[M.ENCRYPT])
    assert c.set_attribute(uid, attribute_name="Sensitive", attribute_value=True) == uid
    refused(lambda: c.get(uid), enums.ResultReason.SENSITIVE)


def credentials(c):
    """Every call with a user's name and password, as Barbican makes them."""
    with connect(username="user", password="1234") as right:
        uid = right.create(A.AES, 128, cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT])
        assert len(right.get(uid).value) == 16
        secret = right.register(objects.SecretData(b"a password", enums.SecretDataType.PASSWORD))
        assert right.get(secret).value == b"a password"
        pair = right.create_key_pair(A.RSA, 2048, public_usage_mask=[M.VERIFY], private_usage_mask=[M.SIGN])
        for made in (uid, secret, *pair):
            right.destroy(made)
    with connect(username="user", password="0000") as wrong:
        refused(lambda: wrong.create(A.AES, 128), enums.ResultReason.AUTHENTICATION_NOT_SUCCESSFUL)


def others(c):
    proxy = c.proxy
    # It has these payloads, and never put them where it makes those of responses.
    for name in ("archive", "cancel", "get_usage_allocation", "obtain_lease", "recover"):
        kind = getattr(payloads, name.title().replace("_", "") + "ResponsePayload")
        setattr(ResponsePayloadFactory, f"_create_{name}_payload", lambda self, kind=kind: kind())
    # It has none for the answer to Poll; of a refusal it only looks for the tag that they all have.
    ResponsePayloadFactory._create_poll_payload = lambda self: payloads.CancelResponsePayload()
    uid = c.create(A.AES, 256, cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT])
    c.activate(uid)
    lease = proxy.send_request_payload(enums.Operation.OBTAIN_LEASE, payloads.ObtainLeaseRequestPayload(uid))
    assert lease.unique_identifier == uid and lease.lease_time > 0, lease
    archived = proxy.send_request_payload(enums.Operation.ARCHIVE, payloads.ArchiveRequestPayload(uid))
    assert archived.unique_identifier == uid
    refused(lambda: c.get(uid), enums.ResultReason.OBJECT_ARCHIVED)
    recovered = proxy.send_request_payload(enums.Operation.RECOVER, payloads.RecoverRequestPayload(uid))
    assert recovered.unique_identifier == uid and len(c.get(uid).value) == 32
    asked = payloads.GetUsageAllocationRequestPayload(uid, 1)
    fails(proxy, enums.Operation.GET_USAGE_ALLOCATION, asked, enums.ResultReason.ILLEGAL_OPERATION, enums.ResultReason.ATTRIBUTE_NOT_FOUND)
    unknown = b"\x01" * 16
    fails(proxy, enums.Operation.POLL, payloads.PollRequestPayload(unknown), enums.ResultReason.ITEM_NOT_FOUND,
          enums.ResultReason.INVALID_ASYNCHRONOUS_CORRELATION_VALUE)
    given_up = proxy.send_request_payload(enums.Operation.CANCEL, payloads.CancelRequestPayload(unknown))
    assert given_up.cancellation_result == enums.CancellationResult.UNAVAILABLE, given_up


def fails(proxy, operation, payload, *reasons):
    try:
        proxy.send_request_payload(operation, payload)
    except core_exceptions.OperationFailure as failure:
        assert failure.reason in reasons, (failure.reason, reasons)
        return
    raise AssertionError(f"{operation} was served and should have been refused")


# Where each operation that PyKMIP has a payload for is called; a newer PyKMIP that knows more has to be asked for it here.
CALLED = {
    "keys": {"Activate", "Create", "Destroy", "Get", "Locate", "Revoke"},
    "register": {"Register"},
    "attributes": {"DeleteAttribute", "GetAttributeList", "GetAttributes", "ModifyAttribute"},
    "pairs": {"CreateKeyPair", "Sign", "SignatureVerify"},
    "cryptography": {"Decrypt", "Encrypt", "MAC"},
    "checks": {"Check"},
    "rekeying": {"Rekey", "RekeyKeyPair"},
    "derivation": {"DeriveKey"},
    "setting": {"SetAttribute"},
    "others": {"Archive", "Cancel", "GetUsageAllocation", "ObtainLease", "Poll", "Recover"},
    "low_level": {"DiscoverVersions", "Query"},
}


def completeness(_):
    known = {name.removesuffix("RequestPayload") for name in dir(payloads) if name.endswith("RequestPayload")} - {""}
    assert known == set().union(*CALLED.values()), known
    assert all(callable(globals()[area]) for area in CALLED)


def low_level(c):
    proxy = c.proxy
    if KMIP_VERSION >= enums.KMIPVersion.KMIP_1_1:
        result = proxy.discover_versions()
        versions = [(v.major, v.minor) for v in result.protocol_versions]
        assert (2, 1) in versions and (1, 0) in versions, versions
    functions = [enums.QueryFunction.QUERY_OPERATIONS, enums.QueryFunction.QUERY_OBJECTS,
                 enums.QueryFunction.QUERY_SERVER_INFORMATION]
    answer = proxy.query(query_functions=functions)
    assert answer.result_status.value == enums.ResultStatus.SUCCESS, answer.result_message
    assert enums.Operation.LOCATE in answer.operations, answer.operations
    payload = payloads.LocateRequestPayload(maximum_items=1)
    found = proxy.send_request_payload(enums.Operation.LOCATE, payload)
    assert len(found.unique_identifiers) <= 1


with connect() as client:
    globals()[AREA](client)
print(f"passed {AREA} in {VERSION}")
