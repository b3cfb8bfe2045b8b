//! What comes in parts comes out as if it had come whole.

use hsm::{Decryption, Encryption, Error, Hsm, KeyRef, Task};
use kmip::mechanism::{Cipher, KeySpec, Mac, Padding};

use crate::{backends, capabilities::spec_of, generate, makes};

/// Bytes, and the tag of an authenticating mode.
type Out = (Vec<u8>, Option<Vec<u8>>);

/// The parts through a stream, or `None` where the HSM wants the data whole.
fn through(
    hsm: &dyn Hsm,
    key: &KeyRef,
    task: Task<'_>,
    parts: &[&[u8]],
) -> Option<hsm::Result<Out>> {
    let mut begun = match hsm.begin(key, task) {
        Ok(begun) => begun?,
        Err(error) => return Some(Err(error)),
    };
    let mut out = Vec::new();
    for part in parts {
        match begun.stream.update(part) {
            Ok(data) => out.extend_from_slice(data.expose()),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(begun.stream.finish().map(|end| {
        out.extend_from_slice(end.data.expose());
        (out, end.tag)
    }))
}

#[test]
fn ciphers_in_parts_are_ciphers_at_once() {
    let message: Vec<u8> = (1..=96).collect();
    for (name, hsm) in backends() {
        let mut streamed = 0;
        for cipher in hsm.capabilities().cipher.clone() {
            // Short tags are only checked.
            let is_made = cipher.tag_bytes().is_none_or(|bytes| bytes >= 12);
            let Some(spec) = spec_of(&cipher).filter(|_| is_made) else {
                continue;
            };
            let (key, _) = generate(hsm.as_ref(), spec);
            for length in [0, 1, 15, 16, 17, 31, 32, 48, 95, 96] {
                let at = format!("{name} {cipher:?} {length}");
                streamed += encrypts_in_parts(hsm.as_ref(), &key, &cipher, &message[..length], &at);
            }
        }
        if name.starts_with("soft") {
            assert!(streamed > 1000, "{name} streams");
        }
    }
}

/// How many ways to cut a message gave what the whole of it gave.
fn encrypts_in_parts(
    hsm: &dyn Hsm,
    key: &KeyRef,
    cipher: &Cipher,
    plain: &[u8],
    at: &str,
) -> usize {
    // Random bytes of padding cannot be compared.
    let is_random = ["ssl3", "iso10126"]
        .iter()
        .any(|padding| cipher.to_string().ends_with(padding));
    let iv = cipher.iv_bytes().map(|bytes| vec![7; bytes]);
    let iv = iv.as_deref();
    let associated: &[u8] = cipher.tag_bytes().map_or(&[], |_| b"associated");
    let input = Encryption {
        iv,
        associated,
        plain,
    };
    let whole = hsm.encrypt(key, cipher, input);
    let mut streamed = 0;
    for cuts in [
        [0, 0],
        [1, 1],
        [1, 16],
        [15, 16],
        [16, 32],
        [5, 40],
        [48, 96],
    ] {
        let [one, other] = cuts.map(|cut| usize::min(cut, plain.len()));
        let (first, rest) = plain.split_at(one);
        let (second, third) = rest.split_at(other - one);
        let parts = [first, second, third];
        let task = Task::Encrypt {
            cipher,
            iv,
            associated,
        };
        let Some(made) = through(hsm, key, task, &parts) else {
            continue;
        };
        streamed += 1;
        match (&whole, made) {
            (Ok(whole), Ok((data, tag))) => {
                assert!(is_random || data == whole.data, "{at} {cuts:?}");
                assert_eq!(data.len(), whole.data.len(), "{at}");
                assert_eq!(tag, whole.tag, "{at} {cuts:?}");
            }
            (Err(whole), Err(parted)) => assert_eq!(*whole, parted, "{at}"),
            (whole, parted) => panic!("{at}: {whole:?} {parted:?}"),
        }
    }
    if let Ok(whole) = whole {
        decrypts_in_parts(hsm, key, (cipher, iv), (&whole.data, plain), at);
    }
    streamed
}

fn decrypts_in_parts(
    hsm: &dyn Hsm,
    key: &KeyRef,
    (cipher, iv): (&Cipher, Option<&[u8]>),
    (data, plain): (&[u8], &[u8]),
    at: &str,
) {
    let task = Task::Decrypt { cipher, iv };
    for cut in [0, 1, 8, 16, 17, 33] {
        let (one, other) = data.split_at(usize::min(cut, data.len()));
        if let Some(back) = through(hsm, key, task, &[one, other]) {
            assert_eq!(cipher.tag_bytes(), None, "{at}: unauthenticated plaintext");
            assert_eq!(back, Ok((plain.to_vec(), None)), "{at} {cut}");
        }
    }
}

#[test]
fn a_wrong_end_is_refused_as_at_once() {
    let cipher = Cipher::AesCbc(Padding::Pkcs5);
    for (name, hsm) in backends() {
        let (key, _) = generate(hsm.as_ref(), KeySpec::Aes { bits: 256 });
        let iv = Some(&[3; 16][..]);
        let zeros = Encryption {
            iv,
            associated: &[],
            plain: &[0; 32],
        };
        // Zeros are no padding; any other bytes would decrypt to some, now and then.
        let unpadded = hsm.encrypt(&key, &Cipher::AesCbc(Padding::None), zeros);
        for data in [vec![], vec![1; 15], vec![1; 17], unpadded.unwrap().data] {
            let task = Task::Decrypt {
                cipher: &cipher,
                iv,
            };
            let Some(parted) = through(hsm.as_ref(), &key, task, &[&data]) else {
                continue;
            };
            let input = Decryption {
                iv,
                associated: &[],
                tag: None,
                data: &data,
            };
            let whole = hsm.decrypt(&key, &cipher, input).err();
            assert_eq!(parted.err(), whole, "{name} {}", data.len());
            assert!(whole.is_some());
        }
        for iv in [None, Some(&[3; 8][..])] {
            let task = Task::Decrypt {
                cipher: &cipher,
                iv,
            };
            if let Some(refused) = through(hsm.as_ref(), &key, task, &[]) {
                assert!(matches!(refused, Err(Error::BadInput(_))), "{name}");
            }
        }
    }
}

#[test]
fn macs_in_parts_are_macs_at_once() {
    let message: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for (name, hsm) in backends() {
        for mac in hsm.capabilities().mac.clone() {
            let spec = match mac {
                Mac::Hmac(hash) => KeySpec::Hmac {
                    hash,
                    bits: u16::try_from(hash.digest_bytes() * 8).unwrap(),
                },
                Mac::AesCmac | Mac::AesCbcMac => KeySpec::Aes { bits: 192 },
                Mac::TripleDesCmac | Mac::TripleDesCbcMac => KeySpec::TripleDes { bits: 168 },
            };
            if !makes(hsm.as_ref(), spec) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), spec);
            for length in [0, 1, 16, 100, 70_000] {
                let message = &message[..length];
                let whole = hsm.mac(&key, mac, message).unwrap();
                for cut in [0, 1, 8, 16, 33, 66_000] {
                    let (one, other) = message.split_at(usize::min(cut, length));
                    let made = through(
                        hsm.as_ref(),
                        &key,
                        Task::Mac { mechanism: mac },
                        &[one, &[], other],
                    );
                    if let Some(made) = made {
                        assert_eq!(made, Ok((whole.clone(), None)), "{name} {mac:?} {length}");
                    }
                }
            }
        }
    }
}
