"""An independent implementation: answers one line of JSON with another, byte strings in hexadecimal."""
import hashlib
import hmac as hmac_module
import json
import os
import sys

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac, hashes, keywrap, padding as block_padding, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, mlkem, padding, rsa, utils, x448, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.decrepit.ciphers.modes import CFB, OFB

HASHES = {
    "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256, "sha384": hashes.SHA384,
    "sha512": hashes.SHA512, "sha512_224": hashes.SHA512_224, "sha512_256": hashes.SHA512_256,
    "sha3_224": hashes.SHA3_224, "sha3_256": hashes.SHA3_256, "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}
CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "secp256k1": ec.SECP256K1,
          "p224": ec.SECP224R1, "p192": ec.SECP192R1, "bp256": ec.BrainpoolP256R1}


def unhex(ask, name):
    return bytes.fromhex(ask.get(name, ""))


def three_keys(key):
    """Triple DES, of which the third key is the first where there are two."""
    return TripleDES(key + key[:24 - len(key)])


def block_cipher(ask):
    key, iv = unhex(ask, "key"), unhex(ask, "iv")
    algorithm = three_keys(key) if ask.get("block") == "des3" else algorithms.AES(key)
    mode = {"ecb": lambda: modes.ECB(), "cbc": lambda: modes.CBC(iv), "ctr": lambda: modes.CTR(iv),
            "ofb": lambda: OFB(iv), "cfb": lambda: CFB(iv), "xts": lambda: modes.XTS(iv)}[ask["mode"]]()
    return Cipher(algorithm, mode), algorithm.block_size


def encrypt(ask):
    data, key, iv, additional = unhex(ask, "data"), unhex(ask, "key"), unhex(ask, "iv"), unhex(ask, "aad")
    mode = ask["mode"]
    if mode == "gcm":
        encryptor = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
        encryptor.authenticate_additional_data(additional)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag[:ask["tag"]]
    if mode == "ccm":
        return aead.AESCCM(key, ask["tag"]).encrypt(iv, data, additional)
    if mode == "poly1305":
        return aead.ChaCha20Poly1305(key).encrypt(iv, data, additional)
    if mode == "chacha20":
        return Cipher(algorithms.ChaCha20(key, iv), None).encryptor().update(data)
    cipher, block_bits = block_cipher(ask)
    if ask.get("pad"):
        padder = block_padding.PKCS7(block_bits).padder()
        data = padder.update(data) + padder.finalize()
    encryptor = cipher.encryptor()
    return encryptor.update(data) + encryptor.finalize()


def mac(ask):
    key, data = unhex(ask, "key"), unhex(ask, "data")
    if ask["mac"] == "hmac":
        return hmac_module.new(key, data, ask["hash"]).digest()
    if ask["mac"] == "gmac":
        encryptor = Cipher(algorithms.AES(key), modes.GCM(unhex(ask, "iv"))).encryptor()
        encryptor.authenticate_additional_data(data)
        encryptor.finalize()
        return encryptor.tag
    algorithm = three_keys(key) if ask.get("block") == "des3" else algorithms.AES(key)
    if ask["mac"] == "cbcmac":
        size = algorithm.block_size // 8
        encryptor = Cipher(algorithm, modes.CBC(bytes(size))).encryptor()
        return encryptor.update(data + bytes(-len(data) % size))[-size:]
    own = cmac.CMAC(algorithm)
    own.update(data)
    return own.finalize()


def digest(ask):
    own = hashlib.new(ask["hash"])
    own.update(unhex(ask, "data"))
    return own.digest(ask["bytes"]) if ask["hash"].startswith("shake") else own.digest()


def private_key(ask):
    return serialization.load_der_private_key(unhex(ask, "private"), None)


def public_key(ask):
    return serialization.load_der_public_key(unhex(ask, "public"))


def rsa_padding(ask):
    if ask["padding"] == "pkcs1":
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(HASHES[ask["mask"]]()), ask["salt"])


def mask_of(hash_name, seed, length):
    """MGF1 (RFC 8017 §B.2.1)."""
    blocks = (hashlib.new(hash_name, seed + at.to_bytes(4, "big")).digest() for at in range(length))
    mask = b""
    while len(mask) < length:
        mask += next(blocks)
    return mask[:length]


def mixed(data, mask):
    return bytes(left ^ right for left, right in zip(data, mask))


def oaep_encrypt(ask, key, data):
    """RSAES-OAEP (RFC 8017 §7.1.1) by hand, for the hash functions that the library does not combine."""
    size, label = key.key_size // 8, hashlib.new(ask["hash"], unhex(ask, "label")).digest()
    block = label + bytes(size - len(data) - 2 * len(label) - 2) + b"\1" + data
    seed = os.urandom(len(label))
    block = mixed(block, mask_of(ask["mask"], seed, len(block)))
    seed = mixed(seed, mask_of(ask["mask"], block, len(seed)))
    own = key.public_numbers()
    return pow(int.from_bytes(seed + block, "big"), own.e, own.n).to_bytes(size, "big")


def oaep_decrypt(ask, key, data):
    own, size = key.private_numbers(), key.key_size // 8
    whole = pow(int.from_bytes(data, "big"), own.d, own.public_numbers.n).to_bytes(size, "big")
    label = hashlib.new(ask["hash"], unhex(ask, "label")).digest()
    seed, block = whole[1:1 + len(label)], whole[1 + len(label):]
    seed = mixed(seed, mask_of(ask["mask"], block, len(seed)))
    block = mixed(block, mask_of(ask["mask"], seed, len(block)))
    if whole[0] or not block.startswith(label):
        raise ValueError("no OAEP encoding")
    rest = block[len(label):].lstrip(b"\0")
    if rest[:1] != b"\1":
        raise ValueError("no OAEP encoding")
    return rest[1:]


def rsa_encrypt(ask):
    key, data = public_key(ask), unhex(ask, "data")
    return oaep_encrypt(ask, key, data) if ask["padding"] == "oaep" else key.encrypt(data, rsa_padding(ask))


def rsa_decrypt(ask):
    key, data = private_key(ask), unhex(ask, "data")
    return oaep_decrypt(ask, key, data) if ask["padding"] == "oaep" else key.decrypt(data, rsa_padding(ask))


def hashed(ask):
    own = HASHES[ask["hash"]]()
    return utils.Prehashed(own) if ask.get("prehashed") else own


def sign(ask):
    """Signs; ECDSA's signature is r and s side by side, as PKCS #11 has it."""
    key, data = private_key(ask), unhex(ask, "data")
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, rsa_padding(ask), hashed(ask))
    if isinstance(key, (ec.EllipticCurvePrivateKey, dsa.DSAPrivateKey)):
        is_dsa = isinstance(key, dsa.DSAPrivateKey)
        order = key.private_numbers().public_numbers.parameter_numbers.q.bit_length() if is_dsa else key.curve.key_size
        how = hashed(ask) if is_dsa else ec.ECDSA(hashed(ask))
        r, s = utils.decode_dss_signature(key.sign(data, how))
        half = (order + 7) // 8
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")
    if "context" in ask:
        return key.sign(data, unhex(ask, "context"))
    return key.sign(data)


def verify(ask):
    key, data, signature = public_key(ask), unhex(ask, "data"), unhex(ask, "signature")
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, rsa_padding(ask), hashed(ask))
    elif isinstance(key, (ec.EllipticCurvePublicKey, dsa.DSAPublicKey)):
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        how = hashed(ask) if isinstance(key, dsa.DSAPublicKey) else ec.ECDSA(hashed(ask))
        key.verify(utils.encode_dss_signature(r, s), data, how)
    elif "context" in ask:
        key.verify(signature, data, unhex(ask, "context"))
    else:
        key.verify(signature, data)
    return b""


def generate(ask):
    """A key pair, as PKCS #8, SubjectPublicKeyInfo, and the numbers of RSA or the value and point of a curve."""
    kind = ask["kind"]
    if kind == "rsa":
        key = rsa.generate_private_key(65537, ask["bits"])
    elif kind == "dsa":
        key = dsa.generate_private_key(ask["bits"])
    elif kind in CURVES:
        key = ec.generate_private_key(CURVES[kind]())
    else:
        key = {"ed25519": ed25519.Ed25519PrivateKey, "ed448": ed448.Ed448PrivateKey, "x25519": x25519.X25519PrivateKey,
               "x448": x448.X448PrivateKey, "ml-dsa-44": mldsa.MLDSA44PrivateKey, "ml-dsa-65": mldsa.MLDSA65PrivateKey,
               "ml-dsa-87": mldsa.MLDSA87PrivateKey, "ml-kem-768": mlkem.MLKEM768PrivateKey,
               "ml-kem-1024": mlkem.MLKEM1024PrivateKey}[kind].generate()
    return described(key)


def described(key):
    answer = {
        "private": key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()).hex(),
        "public": key.public_key().public_bytes(serialization.Encoding.DER,
                                                serialization.PublicFormat.SubjectPublicKeyInfo).hex(),
    }
    if isinstance(key, rsa.RSAPrivateKey):
        own = key.private_numbers()
        numbers = {"n": own.public_numbers.n, "e": own.public_numbers.e, "d": own.d, "p": own.p, "q": own.q,
                   "dp": own.dmp1, "dq": own.dmq1, "qi": own.iqmp}
        answer |= {name: value.to_bytes((value.bit_length() + 7) // 8, "big").hex() for name, value in numbers.items()}
    elif isinstance(key, dsa.DSAPrivateKey):
        own = key.private_numbers()
        domain = own.public_numbers.parameter_numbers
        numbers = {"p": domain.p, "q": domain.q, "g": domain.g, "value": own.x, "point": own.public_numbers.y}
        answer |= {name: value.to_bytes((value.bit_length() + 7) // 8, "big").hex() for name, value in numbers.items()}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        half = (key.curve.key_size + 7) // 8
        answer["value"] = key.private_numbers().private_value.to_bytes(half, "big").hex()
        answer["point"] = key.public_key().public_bytes(serialization.Encoding.X962,
                                                        serialization.PublicFormat.UncompressedPoint).hex()
    else:
        raw = (serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
        answer["value"] = key.private_bytes(*raw).hex()
        answer["point"] = key.public_key().public_bytes(serialization.Encoding.Raw,
                                                        serialization.PublicFormat.Raw).hex()
    return answer


def inspect(ask):
    """What a SubjectPublicKeyInfo is: its kind and its bits."""
    key = public_key(ask)
    kind = type(key).__name__
    return {"kind": kind, "bits": getattr(key, "key_size", 0), "curve": getattr(getattr(key, "curve", None), "name", "")}


def agree(ask):
    private, public = private_key(ask), public_key(ask)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        secret = private.exchange(ec.ECDH(), public)
    else:
        secret = private.exchange(public)
    if "hash" not in ask:
        return secret[:ask["bytes"]]
    own = ConcatKDFHash if ask.get("one_step") else X963KDF
    return own(HASHES[ask["hash"]](), ask["bytes"], unhex(ask, "shared") or None).derive(secret)


def hkdf(ask):
    hash_, salt, info, key = HASHES[ask["hash"]](), unhex(ask, "salt") or None, unhex(ask, "info"), unhex(ask, "key")
    if ask.get("half") == "extract":
        return hmac_module.new(salt or bytes(hash_.digest_size), key, ask["hash"]).digest()
    if ask.get("half") == "expand":
        return HKDFExpand(hash_, ask["bytes"], info).derive(key)
    return HKDF(hash_, ask["bytes"], salt, info).derive(key)


def kdf(ask):
    """SP 800-108 of parts that are named or fixed; without any, a counter of 32 bits in front of the fixed data."""
    key, iv = unhex(ask, "key"), unhex(ask, "iv")
    usual = ["iteration", ask.get("fixed")] if ask["mode"] == "counter" else ["iteration", "counter", ask.get("fixed")]
    parts = ask.get("parts") or usual

    def block(iteration, counter):
        named = {"iteration": iteration, "counter": counter}
        return b"".join(named[part] if part in named else bytes.fromhex(part) for part in parts)

    def prf(data):
        if ask["prf"] == "cmac":
            own = cmac.CMAC(algorithms.AES(key))
            own.update(data)
            return own.finalize()
        return hmac_module.new(key, data, ask["prf"]).digest()

    output, previous, pipeline, at = b"", iv, block(b"", b""), 1
    while len(output) < ask["bytes"]:
        counter = at.to_bytes(ask.get("width", 4), ask.get("order", "big"))
        if ask["mode"] == "counter":
            previous = prf(block(counter, b""))
        elif ask["mode"] == "feedback":
            previous = prf(block(previous, counter))
        else:
            pipeline = prf(pipeline)
            previous = prf(block(pipeline, counter))
        output, at = output + previous, at + 1
    return output[:ask["bytes"]]


def wrap(ask):
    key, data = unhex(ask, "key"), unhex(ask, "data")
    return keywrap.aes_key_wrap_with_padding(key, data) if ask.get("pad") else keywrap.aes_key_wrap(key, data)


def unwrap(ask):
    key, data = unhex(ask, "key"), unhex(ask, "data")
    return keywrap.aes_key_unwrap_with_padding(key, data) if ask.get("pad") else keywrap.aes_key_unwrap(key, data)


def encapsulate(ask):
    secret, ciphertext = public_key(ask).encapsulate()
    return {"secret": secret.hex(), "ciphertext": ciphertext.hex()}


ANSWERS = {
    "encrypt": encrypt, "mac": mac, "digest": digest, "sign": sign, "verify": verify, "generate": generate,
    "inspect": inspect, "agree": agree, "hkdf": hkdf, "kdf": kdf, "wrap": wrap, "unwrap": unwrap,
    "rsa_encrypt": rsa_encrypt, "rsa_decrypt": rsa_decrypt, "encapsulate": encapsulate,
    "decapsulate": lambda ask: private_key(ask).decapsulate(unhex(ask, "data")),
    "pbkdf2": lambda ask: PBKDF2HMAC(HASHES[ask["hash"]](), ask["bytes"], unhex(ask, "salt"),
                                     ask["iterations"]).derive(unhex(ask, "key")),
}

for line in sys.stdin:
    ask = json.loads(line)
    try:
        answer = ANSWERS[ask["do"]](ask)
        answer = {"bytes": answer.hex()} if isinstance(answer, bytes) else answer
    except Exception as error:  # Whatever it was, the test is told.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
