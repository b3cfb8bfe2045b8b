//! The PKCS#11 module backend on SoftHSM2.

mod softhsm;

use hsm::Hsm;

use self::softhsm::with_token;

#[test]
fn shows_what_it_can_do() {
    with_token("shows_what_it_can_do", |token| {
        let hsm = token.open();
        eprintln!("{:#?}", hsm.capabilities());
        panic!("look");
    });
}
