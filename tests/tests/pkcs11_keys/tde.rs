//! What Oracle's databases do with a token, one after the other, as it is described of them.

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, KeyType, ObjectClass},
};

use super::{alone, generated, secret};

#[test]
#[expect(clippy::too_many_lines, reason = "one sequence, told in its order")]
fn a_master_key_is_found_by_its_label_and_encrypts() {
    alone(
        "tde::a_master_key_is_found_by_its_label_and_encrypts",
        &[],
        |session| {
            let label = b"ORACLE.TDE.HSM.MK.0639F1A2".to_vec();
            let named = [Attribute::Label(label.clone())];
            assert!(session.find_objects(&named).unwrap().is_empty());
            let template = [
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Label(label),
            ];
            generated(session, 32, &template);
            // Without a class: every kind of object may have the label.
            let found = session.find_objects(&named).unwrap();
            assert_eq!(found.len(), 1);
            let table_key = [0xA5; 32];
            let how = Mechanism::AesCbcPad([3; 16]);
            let kept = session.encrypt(&how, found[0], &table_key).unwrap();
            assert_eq!(kept.len(), 48);
            assert_eq!(session.decrypt(&how, found[0], &kept).unwrap(), table_key);
            // The record of which master key is in use.
            let data = [
                Attribute::Class(ObjectClass::DATA),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Label(b"ORACLE.SECURITY.KM.ENCRYPTION.0639F1A2".to_vec()),
                Attribute::Value(b"ORACLE.TDE.HSM.MK.0639F1A2".to_vec()),
            ];
            let data = session.create_object(&data).unwrap();
            let by_label = [Attribute::Label(
                b"ORACLE.SECURITY.KM.ENCRYPTION.0639F1A2".to_vec(),
            )];
            assert_eq!(session.find_objects(&by_label).unwrap(), [data]);
            // A wrapping key, and a key that moves under it.
            let by = generated(
                session,
                32,
                &[
                    Attribute::Token(true),
                    Attribute::Wrap(true),
                    Attribute::Unwrap(true),
                    Attribute::Label(b"OKV 18.1 HSM Root Key".to_vec()),
                ],
            );
            let moves = generated(
                session,
                32,
                &[
                    Attribute::Extractable(true),
                    Attribute::Encrypt(true),
                    Attribute::Decrypt(true),
                ],
            );
            let wrapped = session
                .wrap_key(&Mechanism::AesKeyWrapPad, by, moves)
                .unwrap();
            let back = session
                .unwrap_key(
                    &Mechanism::AesKeyWrapPad,
                    by,
                    &wrapped,
                    &secret(KeyType::AES, None),
                )
                .unwrap();
            let kept = session.encrypt(&how, moves, b"rows").unwrap();
            assert_eq!(session.decrypt(&how, back, &kept).unwrap(), b"rows");
        },
    );
}
