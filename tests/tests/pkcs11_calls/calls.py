"""What the test beside this file runs: one part, on one token, by the module's C functions."""

import ctypes
import os
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

OK = 0
AEAD_DECRYPT_FAILED = 0x42
FORK_SAFE = 1
CKO_SECRET_KEY, CKK_AES, CKU_USER = 4, 0x1F, 1
CKA = {"class": 0, "token": 1, "value": 0x11, "key_type": 0x100, "encrypt": 0x104, "decrypt": 0x105,
       "sensitive": 0x103, "extractable": 0x162, "value_len": 0x161, "label": 3}
AES_KEY_GEN, AES_ECB, AES_GCM, AES_CCM = 0x1080, 0x1081, 0x1087, 0x1088
CHACHA20_POLY1305, CKK_CHACHA20 = 0x4021, 0x33
NO_GENERATE, GENERATE, COUNTER, RANDOM, COUNTER_XOR = range(5)
END_OF_MESSAGE = 1

number = ctypes.c_ulong
pointer = ctypes.c_void_p


class Attribute(ctypes.Structure):
    _fields_ = [("kind", number), ("value", pointer), ("length", number)]


class Mechanism(ctypes.Structure):
    _fields_ = [("kind", number), ("parameter", pointer), ("length", number)]


class Gcm(ctypes.Structure):
    _fields_ = [("iv", pointer), ("iv_length", number), ("fixed_bits", number), ("generator", number),
                ("tag", pointer), ("tag_bits", number)]


class Ccm(ctypes.Structure):
    _fields_ = [("data_length", number), ("nonce", pointer), ("nonce_length", number), ("fixed_bits", number),
                ("generator", number), ("tag", pointer), ("tag_length", number)]


class Poly1305(ctypes.Structure):
    _fields_ = [("nonce", pointer), ("nonce_length", number), ("tag", pointer)]


class Module:
    """The module's functions by their names; an initialised session of the user's."""

    def __init__(self, path, pin, flags=0):
        self.library = ctypes.CDLL(path)
        interface = pointer()
        self.call("C_GetInterface", None, None, ctypes.byref(interface), number(flags))
        fields = ctypes.cast(interface, ctypes.POINTER(pointer))
        functions = ctypes.cast(fields[1], ctypes.POINTER(pointer))
        # The version stands before the functions, the first of which initialises.
        initialise = ctypes.CFUNCTYPE(number, pointer)(functions[1])
        assert initialise(None) == OK
        self.session = self.open()
        self.call("C_Login", self.session, number(CKU_USER), pin, number(len(pin)))

    def result(self, name, *arguments):
        function = getattr(self.library, name)
        function.restype = number
        return function(*arguments)

    def call(self, name, *arguments):
        result = self.result(name, *arguments)
        assert result == OK, f"{name}: {result:#x}"

    def open(self):
        session = number()
        self.call("C_OpenSession", number(0), number(6), None, None, ctypes.byref(session))
        return session

    def template(self, **attributes):
        kept, entries = [], (Attribute * len(attributes))()
        for entry, (name, value) in zip(entries, attributes.items()):
            if isinstance(value, bool):
                value = bytes([value])
            elif isinstance(value, int):
                value = bytes(number(value))
            kept.append(ctypes.create_string_buffer(value, len(value)))
            entry.kind, entry.length = CKA[name], len(value)
            entry.value = ctypes.cast(kept[-1], pointer).value
        entries.kept = kept
        return entries

    def aes(self, value):
        return self.brought(CKK_AES, value)

    def brought(self, key_type, value):
        entries = self.template(**{"class": CKO_SECRET_KEY, "key_type": key_type, "value": value, "encrypt": True,
                                   "decrypt": True})
        key = number()
        self.call("C_CreateObject", self.session, entries, number(len(entries)), ctypes.byref(key))
        return key

    def generate(self, token, session=None):
        entries = self.template(value_len=32, token=token, encrypt=True, decrypt=True)
        key, mechanism = number(), Mechanism(AES_KEY_GEN, None, 0)
        self.call("C_GenerateKey", session or self.session, ctypes.byref(mechanism), entries, number(len(entries)),
                  ctypes.byref(key))
        return key

    def block(self, key, session=None):
        """One block under the key, or the code that says why not."""
        session, mechanism = session or self.session, Mechanism(AES_ECB, None, 0)
        begun = self.result("C_EncryptInit", session, ctypes.byref(mechanism), key)
        if begun != OK:
            return begun
        out, length = ctypes.create_string_buffer(16), number(16)
        result = self.result("C_Encrypt", session, bytes(16), number(16), out, ctypes.byref(length))
        return out.raw if result == OK else result

    def begin(self, kind, key):
        mechanism = Mechanism(kind, None, 0)
        for name in ("C_MessageEncryptInit", "C_MessageDecryptInit"):
            self.call(name, self.session, ctypes.byref(mechanism), key)

    def end(self):
        self.call("C_MessageEncryptFinal", self.session)
        self.call("C_MessageDecryptFinal", self.session)

    def message(self, way, parameter, additional, data):
        out, length = ctypes.create_string_buffer(max(1, len(data))), number(len(data))
        result = self.result(f"C_{way}Message", self.session, ctypes.byref(parameter),
                             number(ctypes.sizeof(parameter)), additional, number(len(additional)), data,
                             number(len(data)), out, ctypes.byref(length))
        return out.raw[:length.value] if result == OK else result

    def parts(self, way, parameter, additional, parts):
        size = number(ctypes.sizeof(parameter))
        self.call(f"C_{way}MessageBegin", self.session, ctypes.byref(parameter), size, additional,
                  number(len(additional)))
        whole = b""
        for at, part in enumerate(parts):
            room = sum(map(len, parts))
            out, length = ctypes.create_string_buffer(max(1, room)), number(room)
            flags = END_OF_MESSAGE if at + 1 == len(parts) else 0
            self.call(f"C_{way}MessageNext", self.session, ctypes.byref(parameter), size, part, number(len(part)),
                      out, ctypes.byref(length), number(flags))
            whole += out.raw[:length.value]
        return whole


def messages(path, pin):
    module = Module(path, pin)
    for bits in (128, 192, 256):
        value = os.urandom(bits // 8)
        key = module.aes(value)
        of_gcm(module, key, AESGCM(value))
        of_ccm(module, key, value)
    value = os.urandom(32)
    of_poly1305(module, module.brought(CKK_CHACHA20, value), value)


def of_gcm(module, key, other):
    module.begin(AES_GCM, key)
    nonces = set()
    for generator, fixed_bits, iv_length in [(NO_GENERATE, 0, 12), (NO_GENERATE, 96, 16), (GENERATE, 0, 12),
                                             (GENERATE, 32, 12), (RANDOM, 0, 16), (COUNTER, 64, 12),
                                             (COUNTER, 64, 12), (COUNTER, 64, 12)]:
        for length in (0, 1, 16, 1000):
            data, additional = os.urandom(length), os.urandom(length % 37)
            given = os.urandom(iv_length)
            iv, tag = ctypes.create_string_buffer(given, iv_length), ctypes.create_string_buffer(16)
            parameter = Gcm(ctypes.cast(iv, pointer), iv_length, fixed_bits, generator, ctypes.cast(tag, pointer), 128)
            if length == 1000:
                sealed = module.parts("Encrypt", parameter, additional, [data[:300], data[300:301], data[301:]])
            else:
                sealed = module.message("Encrypt", parameter, additional, data)
            assert iv.raw[:fixed_bits // 8] == given[:fixed_bits // 8]
            assert (iv.raw == given) == (generator == NO_GENERATE)
            assert iv.raw not in nonces
            nonces.add(iv.raw)
            assert other.decrypt(iv.raw, sealed + tag.raw, additional) == data
            assert module.message("Decrypt", parameter, additional, sealed) == data
            assert module.parts("Decrypt", parameter, additional, [sealed[:7], sealed[7:]]) == data
            tag[0] = bytes([tag.raw[0] ^ 1])
            assert module.message("Decrypt", parameter, additional, sealed) == AEAD_DECRYPT_FAILED
            try:
                other.decrypt(iv.raw, sealed + tag.raw, additional)
                raise AssertionError("the other one takes it")
            except InvalidTag:
                pass
    module.end()


def of_ccm(module, key, value):
    module.begin(AES_CCM, key)
    for tag_length, nonce_length in [(8, 13), (12, 7), (16, 12)]:
        other = AESCCM(value, tag_length)
        for length in (1, 16, 333):
            data, additional = os.urandom(length), os.urandom(length % 37)
            nonce = ctypes.create_string_buffer(os.urandom(nonce_length), nonce_length)
            tag = ctypes.create_string_buffer(tag_length)
            parameter = Ccm(length, ctypes.cast(nonce, pointer), nonce_length, 0, NO_GENERATE,
                            ctypes.cast(tag, pointer), tag_length)
            sealed = module.message("Encrypt", parameter, additional, data)
            assert other.decrypt(nonce.raw, sealed + tag.raw, additional) == data
            assert module.message("Decrypt", parameter, additional, sealed) == data
            tag[0] = bytes([tag.raw[0] ^ 1])
            assert module.message("Decrypt", parameter, additional, sealed) == AEAD_DECRYPT_FAILED
    module.end()


def of_poly1305(module, key, value):
    module.begin(CHACHA20_POLY1305, key)
    other = ChaCha20Poly1305(value)
    for length in (0, 1, 64, 1000):
        data, additional = os.urandom(length), os.urandom(length % 37)
        nonce, tag = ctypes.create_string_buffer(os.urandom(12), 12), ctypes.create_string_buffer(16)
        parameter = Poly1305(ctypes.cast(nonce, pointer), 12, ctypes.cast(tag, pointer))
        if length == 1000:
            sealed = module.parts("Encrypt", parameter, additional, [data[:300], data[300:301], data[301:]])
        else:
            sealed = module.message("Encrypt", parameter, additional, data)
        assert other.decrypt(nonce.raw, sealed + tag.raw, additional) == data
        assert module.message("Decrypt", parameter, additional, sealed) == data
        assert module.parts("Decrypt", parameter, additional, [sealed[:7], sealed[7:]]) == data
        tag[0] = bytes([tag.raw[0] ^ 1])
        assert module.message("Decrypt", parameter, additional, sealed) == AEAD_DECRYPT_FAILED
    module.end()


def in_child(body):
    child = os.fork()
    if child == 0:
        try:
            body()
            os._exit(0)
        except BaseException as problem:
            print(problem, file=sys.stderr, flush=True)
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed"


def forks(path, pin):
    module = Module(path, pin, FORK_SAFE)
    token, passing = module.generate(True), module.generate(False)
    expected = module.block(token), module.block(passing)

    def go_on():
        assert (module.block(token), module.block(passing)) == expected
        own = module.open()
        made = module.generate(False, own)
        assert isinstance(module.block(made), bytes)
        module.call("C_DestroyObject", module.session, passing)
        assert isinstance(module.block(passing), int), "the handle went"
        module.call("C_CloseAllSessions", number(0))
        module.call("C_Finalize", None)

    for _ in range(3):
        in_child(go_on)
        assert (module.block(token), module.block(passing)) == expected, "the parent lost something"
    in_child(lambda: in_child(go_on))
    session = module.open()
    module.call("C_CloseSession", module.session)
    assert module.block(token, session) == expected[0]
    assert isinstance(module.block(passing, session), int), "a session's object ends with it"
    module.call("C_DestroyObject", session, token)
    module.call("C_Finalize", None)


if __name__ == "__main__":
    part, path, pin = sys.argv[1:]
    {"messages": messages, "forks": forks}[part](path, pin.encode())
    print(f"passed {part}")
