//! Digests, which need nobody, and random bytes, which come from the daemon.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{CONFIG, alone, api::plain, keys::sha256};

#[test]
fn digests_need_nobody() {
    alone(
        "operations::digests::digests_need_nobody",
        CONFIG,
        |fake, api| {
            fake.stop();
            api.initialise();
            let session = api.open(false);
            let mut sha = plain(ck::CKM_SHA256);
            assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
            let message = b"message";
            let digest = api.two_calls(|out, length| {
                call!(
                    api,
                    C_Digest(session, message.as_ptr().cast_mut(), 7, out, length)
                )
            });
            assert_eq!(digest.unwrap(), sha256(&[message]));
            assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
            assert_eq!(
                call!(api, C_DigestUpdate(session, message.as_ptr().cast_mut(), 3)),
                ck::CKR_OK
            );
            assert_eq!(
                call!(
                    api,
                    C_DigestUpdate(session, message[3..].as_ptr().cast_mut(), 4)
                ),
                ck::CKR_OK
            );
            let digest =
                api.two_calls(|out, length| call!(api, C_DigestFinal(session, out, length)));
            assert_eq!(digest.unwrap(), sha256(&[message]));
        },
    );
}

#[test]
fn random_bytes_come_from_the_daemon() {
    alone(
        "operations::digests::random_bytes_come_from_the_daemon",
        CONFIG,
        |fake, api| {
            api.initialise();
            let session = api.open(false);
            let (mut one, mut other) = ([0; 5000], [0; 5000]);
            assert_eq!(
                call!(api, C_GenerateRandom(session, one.as_mut_ptr(), 5000)),
                ck::CKR_OK
            );
            assert_eq!(fake.take_requests().len(), 2);
            assert_eq!(
                call!(api, C_GenerateRandom(session, other.as_mut_ptr(), 5000)),
                ck::CKR_OK
            );
            assert_ne!(one, other);
            assert_eq!(
                call!(api, C_SeedRandom(session, one.as_mut_ptr(), 8)),
                ck::CKR_RANDOM_SEED_NOT_SUPPORTED
            );
            assert_eq!(
                call!(api, C_GenerateRandom(session, null_mut(), 0)),
                ck::CKR_OK
            );
        },
    );
}
