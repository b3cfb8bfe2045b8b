//! Clients whose certificate is none, expired, foreign, self-signed or revoked are not served.

use keyhold_tests::{
    Appliance, Backend, Batch, Client,
    objects::*,
    pki::{self, Identity},
    programs::{fail, succeed},
};
use kmip::{
    ResultReason, ResultStatus, V2_1,
    message::Response,
    payload::locate::{Locate, LocateRequest},
};

/// Whether a client with this identity is served; refused, it is by TLS or by the first answer.
fn is_served(appliance: &Appliance, identity: Option<&Identity>) -> bool {
    // In TLS 1.3 a client learns of its refusal only after its own part of the handshake.
    match appliance.client_as(identity, V2_1) {
        Ok(mut client) => answers(&mut client),
        Err(_) => false,
    }
}

fn answers(client: &mut Client) -> bool {
    let mut batch = Batch::new(V2_1);
    batch.add::<Locate>(&LocateRequest::default());
    let Ok(bytes) = client.exchange(&batch.encode()) else {
        return false;
    };
    let item = Response::read(&bytes).unwrap().items.remove(0);
    if item.result_status == ResultStatus::Success {
        return true;
    }
    assert_eq!(
        item.result_reason,
        Some(ResultReason::AuthenticationNotSuccessful)
    );
    assert!(item.payload.is_none());
    false
}

#[test]
fn strangers_are_not_served() {
    let mut appliance = Appliance::start(Backend::Embedded);
    assert!(is_served(&appliance, Some(&appliance.identity())));
    let expired = pki::expired(&appliance.file("ca.pem"), &appliance.file("ca.key"), "dev");
    for (identity, what) in [
        (None, "no certificate"),
        (Some(pki::self_signed("dev")), "a self-signed certificate"),
        (Some(pki::foreign("dev")), "another authority's certificate"),
        (Some(expired), "an expired certificate"),
    ] {
        assert!(
            !is_served(&appliance, identity.as_ref()),
            "{what} is served"
        );
    }
    appliance.assert_alive();
    assert!(is_served(&appliance, Some(&appliance.identity())));
}

#[test]
fn a_certificate_of_our_authority_must_be_enrolled() {
    let appliance = Appliance::start(Backend::Embedded);
    // Signed by the right key, for the right name, and never enrolled: a name alone lets nobody in.
    let unknown = pki::unenrolled(&appliance.file("ca.pem"), &appliance.file("ca.key"), "dev");
    assert!(!is_served(&appliance, Some(&unknown)));
}

#[test]
fn a_revoked_client_is_refused_with_its_next_message() {
    let appliance = Appliance::start(Backend::Embedded);
    let folder = appliance.scratch();
    let out = folder.display().to_string();
    succeed(&mut appliance.keyhold(&["client", "issue", "app", "--vault", "dev", "--out", &out]));
    let identity = Identity::read(&folder.join("app.pem"), &folder.join("app.key"));
    let mut connected = appliance.client_as(Some(&identity), V2_1).unwrap();
    assert!(answers(&mut connected));
    let key = create(&mut connected, aes(128, CIPHER));
    succeed(&mut appliance.keyhold(&["client", "revoke", "app", "--vault", "dev"]));
    assert!(!answers(&mut connected), "the connection that stands");
    assert!(!is_served(&appliance, Some(&identity)), "a new connection");
    assert!(
        locate(&mut appliance.client(V2_1), []).contains(&key),
        "its keys stay"
    );
    let again = fail(&mut appliance.keyhold(&["client", "revoke", "nobody", "--vault", "dev"]));
    assert!(again.contains("nobody"), "{again}");
}

#[test]
fn another_vaults_objects_do_not_exist() {
    let appliance = Appliance::start(Backend::Embedded);
    let out = appliance.scratch().display().to_string();
    succeed(&mut appliance.keyhold(&["vault", "create", "other", "--backend", "embedded"]));
    succeed(
        &mut appliance.keyhold(&["client", "issue", "them", "--vault", "other", "--out", &out]),
    );
    let identity = Identity::read(
        &appliance.scratch().join("them.pem"),
        &appliance.scratch().join("them.key"),
    );
    let ours = create(
        &mut appliance.client(V2_1),
        aes(128, CIPHER).into_iter().chain([name("same")]),
    );
    let mut them = appliance.client_as(Some(&identity), V2_1).unwrap();
    assert_eq!(locate(&mut them, []), [""; 0]);
    let refused = them.refused::<kmip::payload::get::Get>(&get(&ours));
    assert_eq!(
        refused,
        ResultReason::ObjectNotFound,
        "not even its existence is told"
    );
    let theirs = create(
        &mut them,
        aes(128, CIPHER).into_iter().chain([name("same")]),
    );
    assert_eq!(
        locate(&mut them, [name("same")]),
        [theirs],
        "names are each vault's own"
    );
    assert_eq!(locate(&mut appliance.client(V2_1), [name("same")]), [ours]);
}
