//! Keys handled with keys: wrapped, unwrapped and agreed on, checked by OpenSSL.

use keyhold_tests::{Appliance, Backend, programs::fail};

use crate::Tool;

fn on_tool(test: fn(&Tool)) {
    let appliance = Appliance::start(Backend::Embedded);
    test(&Tool::local(&appliance));
}

#[test]
fn keys_go_under_keys_that_were_made_for_it() {
    on_tool(|tool| {
        tool.run("--keygen --key-type aes:32 --id 01 --label kek --usage-wrap --sensitive");
        tool.run("--keygen --key-type aes:32 --id 02 --label leaves --extractable --sensitive");
        tool.run("--keygen --key-type aes:32 --id 03 --label stays --sensitive");
        let wrap = "--wrap --mechanism AES-KEY-WRAP --id 01 -o wrapped --application-id";
        tool.run(&format!("{wrap} 02"));
        // RFC 3394 §2.2.1: eight bytes more.
        assert_eq!(tool.read("wrapped").len(), 40);
        let said = fail(&mut tool.logged_in(&format!("{wrap} 03")));
        assert!(said.contains("CKR_KEY_UNEXTRACTABLE"), "{said}");
        // Without --sensitive the tool asks for a key that can be read, which the wrapped one could not.
        let back = "--unwrap --mechanism AES-KEY-WRAP --id 01 -i wrapped --key-type AES: \
             --application-id 04 --application-label back";
        let said = fail(&mut tool.logged_in(back));
        assert!(said.contains("CKR_TEMPLATE_INCONSISTENT"), "{said}");
        let back = &format!("{back} --sensitive");
        tool.run(back);
        let listed = tool.run("--list-objects --type secrkey --label back");
        assert!(listed.contains("AES length 32"), "{listed}");
        // The key that came back is the one that left: what the one encrypts, the other decrypts.
        tool.write("plain", b"sixteen bytes of");
        let iv = "--iv 000102030405060708090a0b0c0d0e0f";
        tool.run(&format!(
            "--encrypt --mechanism AES-CBC {iv} --id 02 -i plain -o cipher"
        ));
        tool.run(&format!(
            "--decrypt --mechanism AES-CBC {iv} --id 04 -i cipher -o decrypted"
        ));
        assert_eq!(tool.read("decrypted"), b"sixteen bytes of");
        let mut wrapped = tool.read("wrapped");
        wrapped[0] ^= 1;
        tool.write("wrapped", &wrapped);
        let said = fail(&mut tool.logged_in(back));
        assert!(said.contains("CKR_WRAPPED_KEY_INVALID"), "{said}");
    });
}

#[test]
fn what_openssl_encrypts_for_an_rsa_key_comes_in() {
    on_tool(|tool| {
        tool.run(
            "--keypairgen --key-type rsa:2048 --id 05 --label rsa --usage-wrap --usage-decrypt",
        );
        tool.run("--read-object --type pubkey --id 05 -o public.der");
        tool.write("key", b"0123456789abcdef");
        tool.openssl(
            "pkeyutl -encrypt -pubin -keyform DER -inkey public.der -pkeyopt rsa_padding_mode:pkcs1 \
             -in key -out wrapped",
        );
        tool.run(
            "--unwrap --mechanism RSA-PKCS --id 05 -i wrapped --key-type AES: --application-id 06 \
             --application-label back",
        );
        tool.write("plain", b"sixteen bytes of");
        let iv = "000102030405060708090a0b0c0d0e0f";
        tool.run(&format!(
            "--encrypt --mechanism AES-CBC --iv {iv} --id 06 -i plain -o cipher"
        ));
        let key = hex::encode(tool.read("key"));
        tool.openssl(&format!(
            "enc -d -aes-128-cbc -nopad -K {key} -iv {iv} -in cipher -out decrypted"
        ));
        assert_eq!(tool.read("decrypted"), b"sixteen bytes of");
    });
}

#[test]
fn both_sides_of_an_agreement_have_one_secret() {
    on_tool(|tool| {
        tool.run("--keypairgen --key-type EC:prime256v1 --id 07 --usage-derive");
        tool.run("--read-object --type pubkey --id 07 -o ours.der");
        tool.openssl("ecparam -name prime256v1 -genkey -noout -out other.pem");
        tool.openssl("ec -in other.pem -pubout -outform DER -out theirs.der");
        tool.run("--derive --mechanism ECDH1-DERIVE --id 07 --input-file theirs.der -o secret");
        tool.openssl(
            "pkeyutl -derive -inkey other.pem -peerform DER -peerkey ours.der -out their-secret",
        );
        assert_eq!(tool.read("secret"), tool.read("their-secret"));
    });
}
