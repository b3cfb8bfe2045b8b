//! Known answers of the standards, through every backend that imports keys.

use hsm::{Decryption, Encryption, Error, Input, encoding, public};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Padding, Signing},
};

use crate::{backends, import};

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// One encryption with everything fixed.
struct Case {
    of: &'static str,
    cipher: Cipher,
    key: &'static str,
    iv: &'static str,
    associated: &'static str,
    plain: &'static str,
    data: &'static str,
    tag: &'static str,
}

const CASE: Case = Case {
    of: "",
    cipher: Cipher::AesCtr,
    key: "",
    iv: "",
    associated: "",
    plain: "",
    data: "",
    tag: "",
};

const GCM: Cipher = Cipher::AesGcm { tag_bytes: 16 };
const FIPS_197: &str = "00112233445566778899aabbccddeeff";
const SP_800_38A: &str = "6bc1bee22e409f96e93d7e117393172a";
const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const KEY_256: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
const GCM_KEY: &str = "feffe9928665731c6d6a8f9467308308";
const GCM_PLAIN: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const GCM_ASSOCIATED: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const ZEROS_128: &str = "00000000000000000000000000000000";
const ZEROS_192: &str = "000000000000000000000000000000000000000000000000";
const ZEROS_256: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const ZEROS_IV: &str = "000000000000000000000000";

fn cases() -> impl Iterator<Item = &'static Case> {
    BLOCK_MODES.iter().chain(GCM_CASES).chain(KEY_WRAPS)
}

const BLOCK_MODES: &[Case] = &[
    Case {
        of: "FIPS 197 C.1",
        cipher: Cipher::AesEcb(Padding::None),
        key: "000102030405060708090a0b0c0d0e0f",
        plain: FIPS_197,
        data: "69c4e0d86a7b0430d8cdb78070b4c55a",
        ..CASE
    },
    Case {
        of: "FIPS 197 C.2",
        cipher: Cipher::AesEcb(Padding::None),
        key: "000102030405060708090a0b0c0d0e0f1011121314151617",
        plain: FIPS_197,
        data: "dda97ca4864cdfe06eaf70a0ec0d7191",
        ..CASE
    },
    Case {
        of: "FIPS 197 C.3",
        cipher: Cipher::AesEcb(Padding::None),
        key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        plain: FIPS_197,
        data: "8ea2b7ca516745bfeafc49904b496089",
        ..CASE
    },
    Case {
        of: "SP 800-38A F.2.1",
        cipher: Cipher::AesCbc(Padding::None),
        key: KEY_128,
        iv: "000102030405060708090a0b0c0d0e0f",
        plain: SP_800_38A,
        data: "7649abac8119b246cee98e9b12e9197d",
        ..CASE
    },
    Case {
        of: "SP 800-38A F.2.5",
        cipher: Cipher::AesCbc(Padding::None),
        key: KEY_256,
        iv: "000102030405060708090a0b0c0d0e0f",
        plain: SP_800_38A,
        data: "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
        ..CASE
    },
    Case {
        of: "SP 800-38A F.5.1",
        cipher: Cipher::AesCtr,
        key: KEY_128,
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        plain: SP_800_38A,
        data: "874d6191b620e3261bef6864990db6ce",
        ..CASE
    },
    Case {
        of: "SP 800-38A F.5.5",
        cipher: Cipher::AesCtr,
        key: KEY_256,
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        plain: SP_800_38A,
        data: "601ec313775789a5b7a7f504bbf3d228",
        ..CASE
    },
    Case {
        of: "RFC 3602 §4 case 1",
        cipher: Cipher::AesCbc(Padding::None),
        key: "06a9214036b8a15b512e03d534120006",
        iv: "3dafba429d9eb430b422da802c9fac41",
        plain: "53696e676c6520626c6f636b206d7367",
        data: "e353779c1079aeb82708942dbe77181a",
        ..CASE
    },
];

const GCM_CASES: &[Case] = &[
    Case {
        of: "GCM case 1",
        cipher: GCM,
        key: ZEROS_128,
        iv: ZEROS_IV,
        tag: "58e2fccefa7e3061367f1d57a4e7455a",
        ..CASE
    },
    Case {
        of: "GCM case 2",
        cipher: GCM,
        key: ZEROS_128,
        iv: ZEROS_IV,
        plain: ZEROS_128,
        data: "0388dace60b6a392f328c2b971b2fe78",
        tag: "ab6e47d42cec13bdf53a67b21257bddf",
        ..CASE
    },
    Case {
        of: "GCM case 4",
        cipher: GCM,
        key: GCM_KEY,
        iv: "cafebabefacedbaddecaf888",
        associated: GCM_ASSOCIATED,
        plain: GCM_PLAIN,
        data: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        tag: "5bc94fbc3221a5db94fae95ae7121a47",
    },
    Case {
        of: "GCM case 4, the tag cut to 12 bytes",
        cipher: Cipher::AesGcm { tag_bytes: 12 },
        key: GCM_KEY,
        iv: "cafebabefacedbaddecaf888",
        associated: GCM_ASSOCIATED,
        plain: GCM_PLAIN,
        data: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        tag: "5bc94fbc3221a5db94fae95a",
    },
    Case {
        of: "GCM case 5, an IV of 8 bytes",
        cipher: GCM,
        key: GCM_KEY,
        iv: "cafebabefacedbad",
        associated: GCM_ASSOCIATED,
        plain: GCM_PLAIN,
        data: "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
        tag: "3612d2e79e3b0785561be14aaca2fccb",
    },
    Case {
        of: "GCM case 8",
        cipher: GCM,
        key: ZEROS_192,
        iv: ZEROS_IV,
        plain: ZEROS_128,
        data: "98e7247c07f0fe411c267e4384b0f600",
        tag: "2ff58d80033927ab8ef4d4587514f0fb",
        ..CASE
    },
    Case {
        of: "GCM case 14",
        cipher: GCM,
        key: ZEROS_256,
        iv: ZEROS_IV,
        plain: ZEROS_128,
        data: "cea7403d4d606b6e074ec5d3baf39d18",
        tag: "d0d1c8a799996bf0265b98b5d48ab919",
        ..CASE
    },
];

const KEY_WRAPS: &[Case] = &[
    Case {
        of: "RFC 3394 §4.1",
        cipher: Cipher::AesKeyWrap,
        key: "000102030405060708090a0b0c0d0e0f",
        plain: FIPS_197,
        data: "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
        ..CASE
    },
    Case {
        of: "RFC 3394 §4.3",
        cipher: Cipher::AesKeyWrap,
        key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        plain: FIPS_197,
        data: "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
        ..CASE
    },
    Case {
        of: "RFC 3394 §4.6",
        cipher: Cipher::AesKeyWrap,
        key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        plain: "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
        data: "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
        ..CASE
    },
    Case {
        of: "RFC 5649 §6, 20 bytes",
        cipher: Cipher::AesKeyWrapPadded,
        key: "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
        plain: "c37b7e6492584340bed12207808941155068f738",
        data: "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
        ..CASE
    },
    Case {
        of: "RFC 5649 §6, 7 bytes",
        cipher: Cipher::AesKeyWrapPadded,
        key: "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
        plain: "466f7250617369",
        data: "afbeb0f07dfbf5419200f2ccb50bb24f",
        ..CASE
    },
];

#[test]
fn ciphers() {
    for (name, hsm) in backends() {
        for case in cases() {
            let at = format!("{name} {}", case.of);
            let key = unhex(case.key);
            let spec = KeySpec::Aes {
                bits: u16::try_from(key.len() * 8).unwrap(),
            };
            let Some(key) = import(hsm.as_ref(), spec, &key) else {
                continue;
            };
            let (iv, associated) = (unhex(case.iv), unhex(case.associated));
            let iv = (!iv.is_empty()).then_some(iv.as_slice());
            let (plain, data, tag) = (unhex(case.plain), unhex(case.data), unhex(case.tag));
            let input = Encryption {
                iv,
                associated: &associated,
                plain: &plain,
            };
            let made = match hsm.encrypt(&key, &case.cipher, input) {
                Err(Error::Unsupported) if !hsm.capabilities().cipher.contains(&case.cipher) => {
                    continue;
                }
                made => made.unwrap_or_else(|error| panic!("{at}: {error}")),
            };
            assert_eq!(hex::encode(&made.data), case.data, "{at}");
            assert_eq!(made.tag.unwrap_or_default(), tag, "{at}");
            let input = Decryption {
                iv,
                associated: &associated,
                tag: (!tag.is_empty()).then_some(tag.as_slice()),
                data: &data,
            };
            let back = hsm.decrypt(&key, &case.cipher, input).unwrap();
            assert_eq!(back.expose(), plain, "{at}");
        }
    }
}

/// RFC 2202 and RFC 4231 case 1 and 6, and the same with SHA-3; then FIPS 180-4's and FIPS 202's "abc".
const HASHES: &[(Hash, &str, &str, &str)] = &[
    (
        Hash::Sha1,
        "b617318655057264e28bc0b6fb378c8ef146be00",
        "90d0dace1c1bdc957339307803160335bde6df2b",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    ),
    (
        Hash::Sha224,
        "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
        "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e",
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    ),
    (
        Hash::Sha256,
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        Hash::Sha384,
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
        "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    ),
    (
        Hash::Sha512,
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    (
        Hash::Sha3_224,
        "3b16546bbc7be2706a031dcafd56373d9884367641d8c59af3c860f7",
        "b4a1f04c00287a9b7f6075b313d279b833bc8f75124352d05fb9995f",
        "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
    ),
    (
        Hash::Sha3_256,
        "ba85192310dffa96e2a3a40e69774351140bb7185e1202cdcc917589f95e16bb",
        "ed73a374b96c005235f948032f09674a58c0ce555cfc1f223b02356560312c3b",
        "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    ),
    (
        Hash::Sha3_384,
        "68d2dcf7fd4ddd0a2240c8a437305f61fb7334cfb5d0226e1bc27dc10a2e723a20d370b47743130e26ac7e3d532886bd",
        "0fc19513bf6bd878037016706a0e57bc528139836b9a42c3d419e498e0e1fb9616fd669138d33a1105e07c72b6953bcc",
        "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
    ),
    (
        Hash::Sha3_512,
        "eb3fbd4b2eaab8f5c504bd3a41465aacec15770a7cabac531e482f860b5ec7ba47ccb2c6f2afce8f88d22b6dc61380f23a668fd3888bb80537c0a0b86407689e",
        "00f751a9e50695b090ed6911a4b65524951cdc15a73a5d58bb55215ea2cd839ac79d2b44a39bafab27e83fde9e11f6340b11d991b1b91bf2eee7fc872426c3a4",
        "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    ),
];

#[test]
fn hashes_and_hmac() {
    for (hash, short_key, long_key, abc) in HASHES {
        assert_eq!(
            hex::encode(public::hash(*hash, b"abc").unwrap()),
            *abc,
            "{hash:?}"
        );
        for (name, hsm) in backends() {
            let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
            for (key, message, tag) in [
                (vec![0x0b; 20], &b"Hi There"[..], short_key),
                (vec![0xaa; 131], &long[..], long_key),
            ] {
                let spec = KeySpec::Hmac {
                    hash: *hash,
                    bits: u16::try_from(key.len() * 8).unwrap(),
                };
                let Some(key) = import(hsm.as_ref(), spec, &key) else {
                    continue;
                };
                let made = hsm.mac(&key, Mac::Hmac(*hash), message).unwrap();
                assert_eq!(hex::encode(made), **tag, "{name} {hash:?}");
            }
        }
    }
}

#[test]
fn ed25519_signs_as_rfc_8032_prints_it() {
    // RFC 8032 §7.1, tests 1 and 2.
    for (seed, public, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ] {
        let pkcs8 = encoding::scalar_to_pkcs8(Curve::Ed25519, &Secret::new(unhex(seed))).unwrap();
        let spki = encoding::pkcs8_to_spki(&pkcs8).unwrap();
        assert_eq!(encoding::spki_to_point(&spki).unwrap().1, unhex(public));
        let message = unhex(message);
        let input = Input::Message(&message);
        for (name, hsm) in backends() {
            let spec = KeySpec::Ec(Curve::Ed25519);
            let Some(key) = import(hsm.as_ref(), spec, pkcs8.expose()) else {
                continue;
            };
            let made = hsm.sign(&key, Signing::Eddsa, input).unwrap();
            assert_eq!(hex::encode(made), signature, "{name}");
        }
        assert_eq!(
            public::verify(&spki, Signing::Eddsa, input, &unhex(signature)),
            Ok(true)
        );
        let other = Input::Message(b"other");
        assert_eq!(
            public::verify(&spki, Signing::Eddsa, other, &unhex(signature)),
            Ok(false)
        );
    }
}

#[test]
fn ecdsa_verifies_what_rfc_6979_prints() {
    // RFC 6979 §A.2.5: P-256, "sample"; digests shorter and longer than the order among them.
    let point = unhex(
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    );
    let spki = encoding::point_to_spki(Curve::P256, &point).unwrap();
    for (hash, r, s) in [
        (
            Hash::Sha1,
            "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32",
            "6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb",
        ),
        (
            Hash::Sha256,
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        (
            Hash::Sha512,
            "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00",
            "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
        ),
    ] {
        let signature = unhex(&format!("{r}{s}"));
        let mechanism = Signing::Ecdsa(Some(hash));
        let verify = |message: &[u8], signature: &[u8]| {
            public::verify(&spki, mechanism, Input::Message(message), signature)
        };
        assert_eq!(verify(b"sample", &signature), Ok(true), "{hash:?}");
        assert_eq!(verify(b"simple", &signature), Ok(false), "{hash:?}");
        for length in [0, 1, 32, 63] {
            assert_eq!(verify(b"sample", &signature[..length]), Ok(false));
        }
        assert_eq!(verify(b"sample", &[0; 64]), Ok(false));
    }
}
