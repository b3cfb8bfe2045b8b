//! Secrets for two: what one side encapsulates, the other has.

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, KeyType, MlKemParameterSetType},
};

use super::{alone, open, secret, value};

#[test]
fn both_sides_have_one_secret() {
    alone("kem::both_sides_have_one_secret", &[], |session| {
        for (set, bytes) in [
            (MlKemParameterSetType::ML_KEM_512, 768),
            (MlKemParameterSetType::ML_KEM_768, 1088),
            (MlKemParameterSetType::ML_KEM_1024, 1568),
        ] {
            let (public, private) = session
                .generate_key_pair(
                    &Mechanism::MlKemKeyPairGen,
                    &[
                        Attribute::ParameterSet(set.into()),
                        Attribute::Encapsulate(true),
                    ],
                    &[Attribute::Decapsulate(true)],
                )
                .unwrap();
            let template = open(secret(KeyType::AES, None));
            let (ciphertext, ours) = session
                .encapsulate_key(&Mechanism::MlKem, public, &template)
                .unwrap();
            assert_eq!(ciphertext.len(), bytes);
            let theirs = session
                .decapsulate_key(&Mechanism::MlKem, private, &template, &ciphertext)
                .unwrap();
            assert_eq!(value(session, ours), value(session, theirs));
            assert_eq!(value(session, ours).len(), 32);
        }
    });
}
