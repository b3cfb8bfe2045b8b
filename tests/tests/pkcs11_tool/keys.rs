//! Keys: generated, used, checked by OpenSSL, deleted.

use keyhold_tests::{
    Appliance, Backend,
    objects::{attributes, bytes, get, locate},
    programs::{fail, succeed, succeed_saying},
};
use kmip::{
    KeyFormatType, ObjectType, V2_1,
    attribute::{Attribute, AttributeKind},
    payload::get::{Get, GetRequest},
};

use crate::{Tool, on_each_way};

#[test]
fn rsa_keys_sign_and_decrypt() {
    on_each_way(|appliance, tool| {
        tool.run("--keypairgen --key-type rsa:2048 --id 0a --label rsa");
        let listed = tool.run("--list-objects --type privkey");
        assert!(
            listed.contains("never extractable") && listed.contains("sensitive"),
            "{listed}"
        );
        tool.run("--read-object --type pubkey --id 0a -o public.der");
        rsa_signs(tool);
        rsa_decrypts(tool);
        newest_private_key_is_locked(appliance);
        tool.run("--delete-object --type privkey --id 0a");
        tool.run("--delete-object --type pubkey --id 0a");
        assert_eq!(tool.run("--list-objects").trim(), "");
    });
}

fn rsa_signs(tool: &Tool) {
    tool.write("message", b"a message that is signed");
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32";
    for (mechanism, digest, options) in [
        ("SHA256-RSA-PKCS", "-sha256", ""),
        ("SHA512-RSA-PKCS", "-sha512", ""),
        ("SHA256-RSA-PKCS-PSS", "-sha256", pss),
    ] {
        tool.run(&format!(
            "--sign --mechanism {mechanism} --id 0a -i message -o signature"
        ));
        let verify = format!(
            "dgst {digest} -keyform DER -verify public.der -signature signature {options} message"
        );
        assert!(tool.openssl(&verify).contains("Verified OK"), "{mechanism}");
        let verify = format!(
            "--verify --mechanism {mechanism} --id 0a -i message --signature-file signature"
        );
        let said = succeed_saying(&mut tool.logged_in(&verify));
        assert!(said.contains("Signature is valid"), "{mechanism}: {said}");
    }
}

fn rsa_decrypts(tool: &Tool) {
    tool.write("plain", b"a session key");
    let oaep = "--hash-algorithm SHA-1 --mgf MGF1-SHA1";
    for (mechanism, padding, options) in
        [("RSA-PKCS", "pkcs1", ""), ("RSA-PKCS-OAEP", "oaep", oaep)]
    {
        tool.openssl(&format!(
            "pkeyutl -encrypt -pubin -keyform DER -inkey public.der -pkeyopt rsa_padding_mode:{padding} \
             -in plain -out encrypted"
        ));
        tool.run(&format!(
            "--decrypt --mechanism {mechanism} {options} --id 0a -i encrypted -o decrypted"
        ));
        assert_eq!(tool.read("decrypted"), b"a session key", "{mechanism}");
    }
}

/// Keys made through PKCS#11 are locked, for KMIP as well.
fn newest_private_key_is_locked(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let found = locate(client, [Attribute::ObjectType(ObjectType::PrivateKey)]);
    let marks = [AttributeKind::Sensitive, AttributeKind::Extractable];
    assert_eq!(
        attributes(client, &found[0], &marks),
        [Attribute::Sensitive(true), Attribute::Extractable(false)]
    );
    assert!(client.try_call::<Get>(&get(&found[0])).is_err());
}

#[test]
fn curves_sign() {
    on_each_way(|appliance, tool| {
        tool.write("message", b"a message that is signed");
        for (kind, mechanism, digest) in [
            ("EC:prime256v1", "ECDSA-SHA256", "-sha256"),
            ("EC:secp384r1", "ECDSA-SHA384", "-sha384"),
            ("EC:secp521r1", "ECDSA-SHA512", "-sha512"),
            ("EC:secp256k1", "ECDSA-SHA256", "-sha256"),
        ] {
            tool.run(&format!(
                "--keypairgen --key-type {kind} --id 0b --label {kind}"
            ));
            tool.write("public.der", &newest_public_key(appliance));
            tool.run(&format!(
                "--sign --mechanism {mechanism} --id 0b -i message -o signature -f openssl"
            ));
            let verify = format!(
                "dgst {digest} -keyform DER -verify public.der -signature signature message"
            );
            assert!(tool.openssl(&verify).contains("Verified OK"), "{kind}");
            tool.run("--delete-object --type privkey --id 0b");
            tool.run("--delete-object --type pubkey --id 0b");
        }
    });
}

#[test]
fn ed25519_signs() {
    on_each_way(|appliance, tool| {
        tool.write("message", b"a message that is signed");
        tool.run("--keypairgen --key-type EC:edwards25519 --id 0e --label edwards");
        tool.write("public.der", &newest_public_key(appliance));
        tool.run("--sign --mechanism EDDSA --id 0e -i message -o signature");
        let said = tool.openssl(
            "pkeyutl -verify -pubin -keyform DER -inkey public.der -rawin -in message -sigfile signature",
        );
        assert!(said.contains("Verified Successfully"), "{said}");
        tool.run("--delete-object --type privkey --id 0e");
        tool.run("--delete-object --type pubkey --id 0e");
    });
}

/// pkcs11-tool 0.23 cannot read a public key on P-384 from any module: it gives its point back before OpenSSL has read it,
/// and what OpenSSL gets there are zeros. So KMIP tells what was made.
fn newest_public_key(appliance: &Appliance) -> Vec<u8> {
    let client = &mut appliance.client(V2_1);
    let found = locate(client, [Attribute::ObjectType(ObjectType::PublicKey)]);
    let request = GetRequest {
        key_format_type: Some(KeyFormatType::X509),
        ..get(&found[0])
    };
    bytes(&client.call::<Get>(&request).object)
}

#[test]
fn symmetric_keys_encrypt() {
    on_each_way(|_, tool| {
        tool.run("--keygen --key-type aes:32 --id 0c --label aes --sensitive");
        tool.write("plain", b"text of no special length");
        let cbc = "--mechanism AES-CBC-PAD --iv 000102030405060708090a0b0c0d0e0f --id 0c";
        tool.run(&format!("--encrypt -i plain -o encrypted {cbc}"));
        assert_eq!(tool.read("encrypted").len(), 32);
        tool.run(&format!("--decrypt -i encrypted -o decrypted {cbc}"));
        assert_eq!(tool.read("decrypted"), b"text of no special length");
        fail(&mut tool.logged_in("--read-object --type secrkey --id 0c"));
        tool.run("--delete-object --type secrkey --id 0c");
    });
}

#[test]
fn keys_in_softhsm_are_not_extractable_there_either() {
    let appliance = Appliance::start(Backend::SoftHsm);
    let tool = Tool::local(&appliance);
    tool.run("--keypairgen --key-type rsa:2048 --id 0f --label inside");
    tool.run("--keygen --key-type aes:32 --id 1f --label inside-too");
    let behind = succeed(&mut appliance.token().tool(&["--list-objects"]));
    for kind in ["Private Key Object; RSA", "Secret Key Object; AES"] {
        let object = behind
            .split(kind)
            .nth(1)
            .unwrap_or_else(|| panic!("no {kind} in\n{behind}"));
        let own = object.split("Object;").next().unwrap();
        assert!(
            own.contains("never extractable") && own.contains("always sensitive"),
            "{own}"
        );
    }
}
