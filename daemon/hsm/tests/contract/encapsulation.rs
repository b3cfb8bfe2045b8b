//! Encapsulation: both sides come to the same secret, and it is kept no less than its key.

use hsm::{Derived, Error, KeyRef, Material, Target, soft};
use kmip::mechanism::KeySpec;

use crate::{backends, terms};

#[test]
fn kems_give_both_sides_one_secret() {
    use kmip::mechanism::{PostQuantum, PostQuantumUse};
    for algorithm in PostQuantum::ALL {
        if algorithm.kind() != PostQuantumUse::Kem {
            continue;
        }
        let (material, public) =
            soft::PlainKey::generate(KeySpec::PostQuantum(*algorithm)).unwrap();
        let key = soft::PlainKey::from_material(&material).unwrap();
        let (mut ciphertext, secret) = hsm::public::encapsulate(&public.unwrap()).unwrap();
        assert_eq!(ciphertext.len(), algorithm.output_bytes());
        assert!(
            key.decapsulate(&ciphertext).unwrap() == secret,
            "{algorithm:?}"
        );
        ciphertext[0] ^= 1;
        // FIPS 203 §6.3: another secret, and no word about it.
        assert!(
            key.decapsulate(&ciphertext).unwrap() != secret,
            "{algorithm:?}"
        );
        assert!(key.decapsulate(&ciphertext[1..]).is_err());
    }
}

#[test]
fn what_is_decapsulated_may_leave_where_its_terms_say_so() {
    use kmip::mechanism::PostQuantum;
    let (pair, spec) = (
        KeySpec::PostQuantum(PostQuantum::MlKem768),
        KeySpec::Aes { bits: 256 },
    );
    let (material, public) = soft::PlainKey::generate(pair).unwrap();
    let (ciphertext, secret) = hsm::public::encapsulate(&public.unwrap()).unwrap();
    for (name, hsm) in backends() {
        let listed = hsm.capabilities().decapsulate.contains(&pair);
        let locked = hsm.import(&material, &terms(false));
        assert_eq!(locked.is_ok(), listed, "{name}");
        let key = |exportable| (spec, terms(exportable));
        let decapsulate = |from: &KeyRef, (spec, terms): (KeySpec, hsm::Terms), input: &[u8]| {
            let target = Target::Key {
                spec,
                terms: &terms,
            };
            hsm.decapsulate(from, input, &target)
        };
        let open = hsm.import(&material, &terms(true)).unwrap();
        let Ok(Derived::Key(kept)) = decapsulate(&open, key(true), &ciphertext) else {
            panic!("{name} decapsulates nothing");
        };
        let expected = Material::Secret {
            spec,
            bytes: secret.clone(),
        };
        assert!(hsm.export(&kept).unwrap() == expected, "{name}");
        let short = (KeySpec::Aes { bits: 128 }, terms(true));
        let cut = decapsulate(&open, short, &ciphertext).err();
        assert!(matches!(cut, Some(Error::BadInput(_))), "{name}: {cut:?}");
        let bad = decapsulate(&open, key(true), &ciphertext[1..]).err();
        assert!(matches!(bad, Some(Error::BadInput(_))), "{name}: {bad:?}");
        let Ok(locked) = locked else { continue };
        // The other side has it as well, so that a locked key gives one that may leave, too.
        let Ok(Derived::Key(told)) = decapsulate(&locked, key(true), &ciphertext) else {
            panic!("{name} tells no secret of a locked key");
        };
        assert!(hsm.export(&told).unwrap() == expected, "{name}");
        let Ok(Derived::Key(kept)) = decapsulate(&locked, key(false), &ciphertext) else {
            panic!("{name} decapsulates no locked key");
        };
        assert_eq!(
            hsm.export(&kept).err(),
            Some(Error::NotExportable),
            "{name}"
        );
        let (other, _) = crate::generate(hsm.as_ref(), spec);
        let mismatch = decapsulate(&other, key(false), &ciphertext).err();
        assert_eq!(mismatch, Some(Error::KeyTypeMismatch), "{name}");
    }
}
