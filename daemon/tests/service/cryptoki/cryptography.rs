//! Ciphers, signatures, MACs, digests and random bytes, whole and in parts.

use cryptoki_sys as ck;
use kmip::{PKCS11Function as F, PKCS11ReturnCode as Rv};

use super::{Application, In, P256};

/// The handles of a public and a private key.
type Pair = (ck::CK_ULONG, ck::CK_ULONG);

/// A mechanism, its parameter, the data, and what else a test needs.
type Case<'a, T> = (ck::CK_ULONG, Option<&'a [u8]>, &'a [u8], T);

#[test]
fn ciphers_go_there_and_back_and_are_recorded_as_what_they_are() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let iv = In::default().bytes(&[7; 16]).0;
    let gcm = In::default()
        .bytes(&[9; 12])
        .ulong(96)
        .bytes(b"additional")
        .ulong(128)
        .0;
    let cases: [Case<'_, usize>; 3] = [
        (ck::CKM_AES_ECB, None, &[1; 32], 32),
        (ck::CKM_AES_CBC_PAD, Some(&iv), b"any length", 16),
        (ck::CKM_AES_GCM, Some(&gcm), b"secret", 6 + 16),
    ];
    for (mechanism, parameter, plain, length) in cases {
        let mechanism = (mechanism, parameter);
        assert_eq!(own.init(F::CEncryptInit, session, mechanism, key), Rv::OK);
        let cipher = own.whole(F::CEncrypt, session, plain).unwrap();
        assert_eq!(cipher.len(), length);
        assert_eq!(own.last_event().0, "Encrypt");
        assert_eq!(own.init(F::CDecryptInit, session, mechanism, key), Rv::OK);
        assert_eq!(own.whole(F::CDecrypt, session, &cipher).unwrap(), plain);
        assert_eq!(own.last_event().0, "Decrypt");
        // An operation ends with its result.
        assert_eq!(
            own.whole(F::CDecrypt, session, &cipher).err(),
            Some(Rv::OPERATIONNOTINITIALIZED)
        );
    }
    // What was changed on the way is refused, and that ends the operation too.
    let mechanism = (ck::CKM_AES_GCM, Some(gcm.as_slice()));
    own.init(F::CDecryptInit, session, mechanism, key);
    assert_eq!(
        own.whole(F::CDecrypt, session, &[0; 32]).err(),
        Some(Rv::ENCRYPTEDDATAINVALID)
    );
    assert_eq!(own.last_event().2, "CryptoFailed");
    assert_eq!(own.init(F::CDecryptInit, session, mechanism, key), Rv::OK);
    assert_eq!(
        own.whole(F::CDecrypt, session, &[0; 3]).err(),
        Some(Rv::ENCRYPTEDDATALENRANGE)
    );
}

#[test]
fn parts_are_as_good_as_the_whole() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let iv = In::default().bytes(&[7; 16]).0;
    let mechanism = (ck::CKM_AES_CBC_PAD, Some(iv.as_slice()));
    own.init(F::CEncryptInit, session, mechanism, key);
    let whole = own.whole(F::CEncrypt, session, b"some parts").unwrap();
    own.init(F::CEncryptInit, session, mechanism, key);
    for part in [&b"some"[..], b" ", b"parts"] {
        let input = In::default().ulong(session).bytes(part).room(Some(64));
        let (given, length) = own.call(F::CEncryptUpdate, &input).unwrap().buffer();
        assert_eq!((given, length), (Some(vec![]), 0));
    }
    let end = In::default().ulong(session).room(Some(64));
    let (given, _) = own.call(F::CEncryptFinal, &end).unwrap().buffer();
    assert_eq!(given.unwrap(), whole);
}

/// PKCS #11 3.2 §5.8.2: parts end by their own function, and every error ends the operation.
#[test]
fn the_whole_in_the_middle_of_parts_ends_them() {
    let mut own = Application::new();
    let session = own.open();
    let curve = In::default().array(ck::CKA_EC_PARAMS, P256);
    let (_, private) = own.pair(session, ck::CKM_EC_KEY_PAIR_GEN, &curve);
    let mechanism = (ck::CKM_ECDSA_SHA256, None);
    own.init(F::CSignInit, session, mechanism, private);
    let part = In::default().ulong(session).bytes(b"part");
    assert_eq!(own.code(F::CSignUpdate, &part), Rv::OK);
    let whole = own.whole(F::CSign, session, b"whole").err();
    assert_eq!(whole, Some(Rv::OPERATIONNOTINITIALIZED));
    let end = In::default().ulong(session).room(Some(64));
    assert_eq!(own.code(F::CSignFinal, &end), Rv::OPERATIONNOTINITIALIZED);
    assert_eq!(own.init(F::CSignInit, session, mechanism, private), Rv::OK);
}

#[test]
fn a_buffer_that_is_absent_or_short_costs_nothing() {
    let mut own = Application::new();
    let session = own.open();
    let (public, private) = own.pair(
        session,
        ck::CKM_EC_KEY_PAIR_GEN,
        &In::default().array(ck::CKA_EC_PARAMS, P256),
    );
    let mechanism = (ck::CKM_ECDSA_SHA256, None);
    own.init(F::CSignInit, session, mechanism, private);
    let input = |room| In::default().ulong(session).bytes(b"data").room(room);
    let (given, length) = own.call(F::CSign, &input(None)).unwrap().buffer();
    assert_eq!((given, length), (None, 64));
    let signed = own.fixture.trail.events.lock().unwrap().len();
    assert_eq!(own.code(F::CSign, &input(Some(63))), Rv::BUFFERTOOSMALL);
    let (given, _) = own.call(F::CSign, &input(Some(64))).unwrap().buffer();
    let events = own.fixture.trail.events.lock().unwrap().clone();
    let more = &events[signed..];
    assert!(more.iter().all(|(operation, ..)| operation == "PKCS_11"));
    own.init(F::CVerifyInit, session, mechanism, public);
    assert_eq!(own.verify(session, b"data", &given.unwrap()), Rv::OK);
}

#[test]
fn signatures_and_macs_are_made_and_verified() {
    let mut own = Application::new();
    let session = own.open();
    let curve = In::default().array(ck::CKA_EC_PARAMS, P256);
    let ec = own.pair(session, ck::CKM_EC_KEY_PAIR_GEN, &curve);
    let edwards = In::default().array(ck::CKA_EC_PARAMS, &[6, 3, 0x2B, 0x65, 0x70]);
    let ed = own.pair(session, ck::CKM_EC_EDWARDS_KEY_PAIR_GEN, &edwards);
    let bits = In::default().number(ck::CKA_MODULUS_BITS, 2048);
    let rsa = own.pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &bits);
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_GENERIC_SECRET_KEY_GEN, None)
        .count(1)
        .number(ck::CKA_VALUE_LEN, 32);
    let hmac = own.call(F::CGenerateKey, &generate).unwrap().ulong();
    let pss = In::default()
        .ulong(ck::CKM_SHA256)
        .ulong(ck::CKG_MGF1_SHA256)
        .ulong(32)
        .0;
    let cases: [Case<'_, (Pair, usize)>; 7] = [
        (ck::CKM_ECDSA_SHA256, None, b"data", (ec, 64)),
        (ck::CKM_ECDSA, None, &[3; 32], (ec, 64)),
        (ck::CKM_EDDSA, None, b"data", (ed, 64)),
        (ck::CKM_SHA256_RSA_PKCS, None, b"data", (rsa, 256)),
        (ck::CKM_SHA256_RSA_PKCS_PSS, Some(&pss), b"data", (rsa, 256)),
        (ck::CKM_RSA_PKCS_PSS, Some(&pss), &[3; 32], (rsa, 256)),
        (ck::CKM_SHA256_HMAC, None, b"data", ((hmac, hmac), 32)),
    ];
    for (kind, parameter, data, ((public, private), length)) in cases {
        let mechanism = (kind, parameter);
        assert_eq!(own.init(F::CSignInit, session, mechanism, private), Rv::OK);
        let signature = own.whole(F::CSign, session, data).unwrap();
        assert_eq!(signature.len(), length, "{kind:#x}");
        let operation = if length == 32 { "MAC" } else { "Sign" };
        assert_eq!(own.last_event().0, operation);
        assert_eq!(own.init(F::CVerifyInit, session, mechanism, public), Rv::OK);
        assert_eq!(own.verify(session, data, &signature), Rv::OK, "{kind:#x}");
        assert_eq!(own.init(F::CVerifyInit, session, mechanism, public), Rv::OK);
        let mut wrong = signature.clone();
        wrong[length - 1] ^= 1;
        assert_eq!(own.verify(session, data, &wrong), Rv::SIGNATUREINVALID);
    }
    own.init(F::CVerifyInit, session, (ck::CKM_ECDSA, None), ec.0);
    assert_eq!(
        own.verify(session, &[3; 32], &[1; 63]),
        Rv::SIGNATURELENRANGE
    );
}

#[test]
fn digests_and_random_bytes_need_no_key() {
    let mut own = Application::new();
    let session = own.open();
    let init = In::default().ulong(session).mechanism(ck::CKM_SHA256, None);
    own.call(F::CDigestInit, &init).unwrap();
    let whole = own.whole(F::CDigest, session, b"abc").unwrap();
    assert_eq!(&whole[..4], [0xBA, 0x78, 0x16, 0xBF]);
    own.call(F::CDigestInit, &init).unwrap();
    for part in [b"a", b"b", b"c"] {
        let input = In::default().ulong(session).bytes(part);
        own.call(F::CDigestUpdate, &input).unwrap();
    }
    let end = In::default().ulong(session).room(Some(32));
    let (given, _) = own.call(F::CDigestFinal, &end).unwrap().buffer();
    assert_eq!(given.unwrap(), whole);
    let random = In::default().ulong(session).count(24);
    assert_eq!(own.call(F::CGenerateRandom, &random).unwrap().0.len(), 24);
    assert_eq!(own.last_event().0, "RNGRetrieve");
}

/// The counters of 3.0 tell what a key did through these functions too: each operation once, whatever it took to ask for it.
#[test]
fn uses_are_counted_as_those_of_any_client() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let iv = In::default().bytes(&[7; 16]).0;
    let cbc = (ck::CKM_AES_CBC_PAD, Some(iv.as_slice()));
    own.init(F::CEncryptInit, session, cbc, key);
    let cipher = own.whole(F::CEncrypt, session, b"some parts").unwrap();
    own.init(F::CEncryptInit, session, cbc, key);
    for part in [&b"some"[..], b" parts"] {
        let input = In::default().ulong(session).bytes(part).room(Some(64));
        own.call(F::CEncryptUpdate, &input).unwrap();
    }
    let end = In::default().ulong(session).room(Some(64));
    own.call(F::CEncryptFinal, &end).unwrap();
    own.init(F::CDecryptInit, session, cbc, key);
    own.whole(F::CDecrypt, session, &cipher).unwrap();
    let secret = own.last_event().1.unwrap();
    // What fails is no use.
    own.init(F::CDecryptInit, session, cbc, key);
    assert!(own.whole(F::CDecrypt, session, &[0; 15]).is_err());

    let (public, private) = own.pair(
        session,
        ck::CKM_EC_KEY_PAIR_GEN,
        &In::default().array(ck::CKA_EC_PARAMS, P256),
    );
    let ecdsa = (ck::CKM_ECDSA_SHA256, None);
    own.init(F::CSignInit, session, ecdsa, private);
    let input = |room| In::default().ulong(session).bytes(b"data").room(room);
    own.call(F::CSign, &input(None)).unwrap();
    let signer = own.last_event().1.unwrap();
    let (signature, _) = own.call(F::CSign, &input(Some(64))).unwrap().buffer();
    own.init(F::CVerifyInit, session, ecdsa, public);
    own.verify(session, b"data", &signature.unwrap());
    let verifier = own.last_event().1.unwrap();

    own.fixture.service.write_uses();
    let of = |id: &str| own.fixture.store_record(id);
    let counted = of(&secret).attributes.clone();
    assert_eq!(counted.encrypt_counter, Some(2));
    assert_eq!(counted.decrypt_counter, Some(1));
    assert_eq!(of(&signer).attributes.sign_counter, Some(1));
    let counted = of(&verifier).attributes.signature_verify_counter;
    assert_eq!(counted, Some(1));
}

/// A structure asks for what it says, as of the module: contexts, digests, and signatures without anything random.
#[test]
fn signatures_have_contexts() {
    let mut own = Application::new();
    let session = own.open();
    let curve = In::default().array(ck::CKA_EC_PARAMS, &[6, 3, 0x2B, 0x65, 0x70]);
    let (public, private) = own.pair(session, ck::CKM_EC_EDWARDS_KEY_PAIR_GEN, &curve);
    let eddsa =
        |prehashed: bool, context: &[u8]| In::default().byte(u8::from(prehashed)).bytes(context).0;
    let ways = [
        Some(eddsa(false, b"context")),
        Some(eddsa(true, b"")),
        Some(eddsa(true, b"context")),
        None,
    ];
    let signed: Vec<_> = ways
        .iter()
        .map(|way| {
            let mechanism = (ck::CKM_EDDSA, way.as_deref());
            assert_eq!(own.init(F::CSignInit, session, mechanism, private), Rv::OK);
            own.whole(F::CSign, session, b"message").unwrap()
        })
        .collect();
    for (which, signature) in signed.iter().enumerate() {
        for (other, way) in ways.iter().enumerate() {
            let mechanism = (ck::CKM_EDDSA, way.as_deref());
            assert_eq!(own.init(F::CVerifyInit, session, mechanism, public), Rv::OK);
            let expected = if which == other {
                Rv::OK
            } else {
                Rv::SIGNATUREINVALID
            };
            assert_eq!(own.verify(session, b"message", signature), expected);
        }
    }
    // Ed25519ctx has no empty context (RFC 8032 §5.1).
    let empty = eddsa(false, b"");
    let mechanism = (ck::CKM_EDDSA, Some(empty.as_slice()));
    let refused = own.init(F::CSignInit, session, mechanism, private);
    assert_eq!(refused, Rv::MECHANISMPARAMINVALID);
}

#[test]
fn post_quantum_signatures_have_contexts_and_digests() {
    let mut own = Application::new();
    let session = own.open();
    let set = In::default().number(ck::CKA_PARAMETER_SET, ck::CKP_ML_DSA_44);
    let (public, private) = own.pair(session, ck::CKM_ML_DSA_KEY_PAIR_GEN, &set);
    let hedged = |hedge, context: &[u8]| In::default().ulong(hedge).bytes(context);
    let exact = hedged(ck::CKH_DETERMINISTIC_REQUIRED, b"context");
    let digest = exact.clone().ulong(ck::CKM_SHA256);
    let digested = [7; 32];
    for (mechanism, parameter, data) in [
        (ck::CKM_ML_DSA, exact, &b"message"[..]),
        (ck::CKM_HASH_ML_DSA, digest, &digested[..]),
    ] {
        let mechanism = (mechanism, Some(parameter.0.as_slice()));
        let [one, two] = [(); 2].map(|()| {
            assert_eq!(own.init(F::CSignInit, session, mechanism, private), Rv::OK);
            own.whole(F::CSign, session, data).unwrap()
        });
        assert_eq!(one, two, "nothing random goes in");
        assert_eq!(own.init(F::CVerifyInit, session, mechanism, public), Rv::OK);
        assert_eq!(own.verify(session, data, &one), Rv::OK);
        let other = hedged(ck::CKH_HEDGE_PREFERRED, b"another");
        let other = (ck::CKM_ML_DSA, Some(other.0.as_slice()));
        assert_eq!(own.init(F::CVerifyInit, session, other, public), Rv::OK);
        assert_eq!(own.verify(session, data, &one), Rv::SIGNATUREINVALID);
    }
    let odd = hedged(9, b"");
    let odd = (ck::CKM_ML_DSA, Some(odd.0.as_slice()));
    let refused = own.init(F::CSignInit, session, odd, private);
    assert_eq!(refused, Rv::MECHANISMPARAMINVALID);
}
