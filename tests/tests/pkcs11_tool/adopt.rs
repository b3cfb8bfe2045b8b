//! Keys that pkcs11-tool made in a token, adopted by a vault of that HSM.

use keyhold_tests::{
    Appliance, Token,
    objects::*,
    programs::{fail, succeed},
};
use kmip::{
    HashingAlgorithm, V2_1, ValidityIndicator,
    attribute::CryptographicParameters,
    payload::{
        encrypt::Encrypt,
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};
use serde_json::Value;

/// A token with keys of somebody else's.
fn token() -> Token {
    let token = Token::new();
    for key in [
        "--keypairgen --key-type EC:prime256v1 --id a1 --label old-signing",
        "--keygen --key-type AES:32 --id a2 --label old-files --extractable",
        "--keygen --key-type AES:16 --id a3 --label twins",
        "--keygen --key-type AES:16 --id a3 --label twins",
    ] {
        let words: Vec<_> = key.split(' ').collect();
        succeed(&mut token.tool(&words));
    }
    token
}

fn adopt(appliance: &Appliance, words: &str) -> Value {
    let words = format!("--json key adopt --vault dev {words}");
    let words: Vec<_> = words.split(' ').collect();
    serde_json::from_str(&succeed(&mut appliance.keyhold(&words))).unwrap()
}

fn refused(appliance: &Appliance, words: &str) -> String {
    let words = format!("key adopt --vault dev {words}");
    let words: Vec<_> = words.split(' ').collect();
    fail(&mut appliance.keyhold(&words))
}

fn by_id<'a>(all: &'a Value, id: &str) -> &'a Value {
    let mut all = all.as_array().unwrap().iter();
    all.find(|own| own["id"] == id).unwrap()
}

fn signs(appliance: &Appliance, private: &str, public: &str) {
    let client = &mut appliance.client(V2_1);
    let parameters = Some(CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        ..CryptographicParameters::default()
    });
    let signed = client.call::<Sign>(&SignRequest {
        unique_identifier: id(private),
        cryptographic_parameters: parameters.clone(),
        data: Some(b"signed by an old key"[..].into()),
        ..SignRequest::default()
    });
    let verified = client.call::<SignatureVerify>(&SignatureVerifyRequest {
        unique_identifier: id(public),
        cryptographic_parameters: parameters,
        data: Some(b"signed by an old key"[..].into()),
        signature_data: Some(Bytes(signed.signature_data.unwrap().0)),
        ..SignatureVerifyRequest::default()
    });
    assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Valid));
}

#[test]
fn keys_that_others_made_are_adopted_where_they_are() {
    let mut appliance = Appliance::start_with(Some(token()), &[]);
    let all = adopt(&appliance, "--list");
    assert_eq!(all.as_array().unwrap().len(), 4, "{all}");
    let old = by_id(&all, "a1");
    assert_eq!(
        (&old["kind"], &old["is_locked"]),
        (&"ec-p256".into(), &true.into())
    );
    assert_eq!(by_id(&all, "a2")["is_locked"], false, "{all}");
    let twins = by_id(&all, "a3")["trouble"].as_str().unwrap();
    assert!(twins.contains("same CKA_ID"), "{twins}");
    assert!(refused(&appliance, "--label twins").contains("same CKA_ID"));

    let pair = adopt(&appliance, "--label old-signing --active");
    let of = |place: usize| pair[place]["id"].as_str().unwrap().to_owned();
    let (private, public) = (of(0), of(1));
    signs(&appliance, &private, &public);
    let again = refused(&appliance, "--id a1");
    assert!(again.contains("adopted already"), "{again}");

    let files = adopt(&appliance, "--id a2 --name files --relabel --active");
    assert_eq!(files[0]["names"][0], "files");
    let shown = ["key", "show", "files", "--vault", "dev"];
    let shown = succeed(&mut appliance.keyhold(&shown));
    assert!(
        shown.contains("Never Extractable") && shown.contains("false"),
        "{shown}"
    );
    let file = files[0]["id"].as_str().unwrap();
    appliance
        .client(V2_1)
        .call::<Encrypt>(&encryption(file, b"of a file"));
    let none = refused(&appliance, "--all");
    assert!(none.contains("no such key"), "{none}");

    let objects = succeed(&mut appliance.token().tool(&["--list-objects"]));
    assert!(
        objects.contains("old-signing") && !objects.contains("old-files"),
        "{objects}"
    );
    appliance.restart();
    signs(&appliance, &private, &public);
}
