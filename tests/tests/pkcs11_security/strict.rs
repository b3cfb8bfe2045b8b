//! A vault of profile `strict`: nonces that nobody chooses, and agreed secrets that nobody reads.

use cryptoki_sys as ck;
use keyhold_tests::{
    Appliance, Backend,
    api::{
        Act, Api, Attribute, Gcm, Mechanism, Parameter, Ulong, bytes, flag, number, with_module,
    },
    programs::succeed,
};

use crate::keys::{flags, made, pair};

/// The same as elsewhere, in a strict vault.
fn on_strict<F: FnOnce(&Api)>(body: F) {
    let start = || {
        let appliance = Appliance::start(Backend::Embedded);
        succeed(&mut appliance.keyhold(&["vault", "set", "dev", "--profile", "strict"]));
        appliance
    };
    with_module(start, body);
}

const BY_MESSAGE: [Ulong; 2] = [ck::CKG_GENERATE, ck::CKG_GENERATE_RANDOM];

/// Who gives a nonce twice gives the key of the tag away: here nobody can.
#[test]
fn no_program_chooses_a_nonce() {
    on_strict(|api| {
        let session = api.ready();
        let uses = flags(&[ck::CKA_ENCRYPT, ck::CKA_DECRYPT]);
        let key = made(api, session, &uses).unwrap();
        let gcm = Parameter::Gcm(vec![1; 12], vec![], 128);
        for mechanism in [
            Mechanism::new(ck::CKM_AES_GCM, gcm),
            Mechanism::iv(ck::CKM_AES_CBC, &[1; 16]),
            Mechanism::iv(ck::CKM_AES_CBC_PAD, &[1; 16]),
            Mechanism::new(ck::CKM_AES_CTR, Parameter::Counter(128, [1; 16])),
            Mechanism::from(ck::CKM_AES_ECB),
        ] {
            let refused = api.once(Act::Encrypt, session, &mechanism, key, &[5; 16]);
            assert!(refused.is_err(), "{mechanism:?}");
        }
        api.message_init(true, session, key).unwrap();
        api.message_init(false, session, key).unwrap();
        let given = |generator, fixed_bits| Gcm {
            generator,
            fixed_bits,
            ..Gcm::given(&[1; 12])
        };
        for mut gcm in [
            given(ck::CKG_NO_GENERATE, 0),
            given(ck::CKG_GENERATE, 32),
            given(ck::CKG_GENERATE_COUNTER, 0),
            given(ck::CKG_GENERATE_COUNTER_XOR, 32),
            Gcm {
                generator: ck::CKG_GENERATE,
                ..Gcm::given(&[1; 13])
            },
        ] {
            let refused = api.message(true, session, &mut gcm, b"", b"message");
            assert!(refused.is_err(), "{gcm:?}");
        }
        let mut nonces = Vec::new();
        for generator in BY_MESSAGE {
            let mut gcm = Gcm::made(generator);
            let sealed = api.message(true, session, &mut gcm, b"with", b"message");
            let opened = api.message(false, session, &mut gcm, b"with", &sealed.unwrap());
            assert_eq!(opened.as_deref(), Ok(&b"message"[..]));
            nonces.push(gcm.nonce);
        }
        assert_ne!(nonces[0], nonces[1]);
        assert!(!nonces.contains(&vec![0; 12]));
    });
}

fn generic(more: &[Attribute]) -> Vec<Attribute> {
    let own = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
        number(ck::CKA_VALUE_LEN, 32),
    ];
    [&own, more].concat()
}

/// Templates for secrets that could be read, at once or later.
fn free() -> [Vec<Attribute>; 3] {
    let (shown, leaves) = (
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    );
    [
        generic(&[shown.clone(), leaves.clone()]),
        generic(&[shown]),
        generic(&[leaves]),
    ]
}

fn is_kept(api: &Api, session: Ulong, key: Ulong) {
    assert_eq!(api.flag(session, key, ck::CKA_SENSITIVE), Ok(true));
    assert_eq!(api.flag(session, key, ck::CKA_EXTRACTABLE), Ok(false));
    let told = api.get(session, key, ck::CKA_VALUE);
    assert_eq!(told, Err(ck::CKR_ATTRIBUTE_SENSITIVE));
}

#[test]
fn what_two_agree_on_is_kept() {
    on_strict(|api| {
        let session = api.ready();
        let derives = [flag(ck::CKA_DERIVE, true)];
        let (public, private) = pair(api, session, &[], &derives).unwrap();
        let point = api.get(session, public, ck::CKA_EC_POINT).unwrap();
        for kdf in [ck::CKD_NULL, ck::CKD_SHA256_KDF] {
            let how = Parameter::Ecdh(kdf, Vec::new(), point.clone());
            let how = Mechanism::new(ck::CKM_ECDH1_DERIVE, how);
            let key = api.derive(session, &how, private, &generic(&[])).unwrap();
            is_kept(api, session, key);
            for template in free() {
                let refused = api.derive(session, &how, private, &template);
                assert!(refused.is_err(), "{template:x?}");
            }
        }
        // SHA-1 is no more approved here than elsewhere.
        let old = Parameter::Ecdh(ck::CKD_SHA1_KDF, Vec::new(), point);
        let old = Mechanism::new(ck::CKM_ECDH1_DERIVE, old);
        assert!(api.derive(session, &old, private, &generic(&[])).is_err());
    });
}

#[test]
fn what_is_encapsulated_is_kept() {
    on_strict(|api| {
        let session = api.ready();
        let makes = Mechanism::from(ck::CKM_ML_KEM_KEY_PAIR_GEN);
        let set = [
            number(ck::CKA_PARAMETER_SET, ck::CKP_ML_KEM_768),
            flag(ck::CKA_ENCAPSULATE, true),
        ];
        let opens = [flag(ck::CKA_DECAPSULATE, true)];
        let (public, private) = api.generate_pair(session, &makes, &set, &opens).unwrap();
        let how = Mechanism::from(ck::CKM_ML_KEM);
        let made = api.encapsulate(session, &how, public, &generic(&[]));
        let (ciphertext, ours) = made.unwrap();
        is_kept(api, session, ours);
        let open =
            |template: &[Attribute]| api.decapsulate(session, &how, private, &ciphertext, template);
        is_kept(api, session, open(&generic(&[])).unwrap());
        for template in free() {
            let refused = api.encapsulate(session, &how, public, &template);
            assert!(refused.is_err(), "{template:x?}");
            assert!(open(&template).is_err(), "{template:x?}");
        }
    });
}

/// What wraps keys does nothing else, and by a nonce of the daemon's.
#[test]
fn keys_are_wrapped_by_keys_that_do_nothing_else() {
    on_strict(|api| {
        let session = api.ready();
        for other in [ck::CKA_ENCRYPT, ck::CKA_DECRYPT] {
            for handles in [ck::CKA_WRAP, ck::CKA_UNWRAP] {
                let refused = made(api, session, &flags(&[other, handles]));
                assert!(refused.is_err(), "{other:#x} and {handles:#x}");
            }
        }
        let by = made(api, session, &flags(&[ck::CKA_WRAP, ck::CKA_UNWRAP])).unwrap();
        let of = made(api, session, &flags(&[ck::CKA_EXTRACTABLE])).unwrap();
        let wrap =
            |gcm: &mut Gcm| api.wrap_authenticated(session, gcm, (by, of), b"with", Some(64));
        let chosen = wrap(&mut Gcm::given(&[1; 12]));
        assert!(chosen.rv().is_err(), "{chosen:?}");
        let mut gcm = Gcm::made(ck::CKG_GENERATE);
        let wrapped = wrap(&mut gcm);
        assert_eq!((wrapped.rv(), wrapped.length), (Ok(()), 32));
        let template = [
            number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
            number(ck::CKA_KEY_TYPE, ck::CKK_AES),
            bytes(ck::CKA_LABEL, b"back"),
        ];
        let both = (&wrapped.bytes[..], &b"with"[..]);
        let back = api.unwrap_authenticated(session, &mut gcm, by, both, &template);
        assert_eq!(
            api.flag(session, back.unwrap(), ck::CKA_SENSITIVE),
            Ok(true)
        );
        let cbc = Mechanism::iv(ck::CKM_AES_CBC_PAD, &[1; 16]);
        assert!(api.wrap(session, &cbc, by, of).is_err());
    });
}
