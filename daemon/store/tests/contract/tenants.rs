//! Vaults and clients.

use std::slice::from_ref;

use kmip::ttlv::Timestamp;
use store::{Client, Error, Rules, Successor, Token, Vault};

use crate::{each_store, sample::NOW};

fn vault() -> Vault {
    Vault {
        name: "v".to_owned(),
        backend: "soft".to_owned(),
        locked_by_default: true,
        wrapped: true,
        strict: false,
        created: NOW,
        user_pin: None,
        so_pin: Some("verifier".to_owned()),
        token: Token {
            label: Some("shown".to_owned()),
            may_be_initialized: true,
        },
        rules: Rules {
            constraints: Some(vec![1]),
            defaults: None,
        },
    }
}

#[test]
fn vaults_and_clients_are_kept_by_name() {
    each_store(|store| {
        let mut vault = vault();
        let mut client = Client {
            name: "c".to_owned(),
            vault: "v".to_owned(),
            role: "user".to_owned(),
            spki_sha256: [9; 32],
            serial: "01ab".to_owned(),
            issued: NOW,
            expires: Timestamp(NOW.0 + 1),
            revoked: None,
            successor: None,
        };
        store.put_vault(&vault).unwrap();
        store.put_client(&client).unwrap();
        let succeed = |client: &Client| {
            let mut transaction = store.begin();
            transaction.put_successor(client.clone());
            transaction.commit()
        };
        client.successor = Some(Successor {
            spki_sha256: [8; 32],
            serial: "02".to_owned(),
            issued: NOW,
            expires: Timestamp(NOW.0 + 2),
        });
        succeed(&client).unwrap();
        assert_eq!(store.clients().unwrap(), [client.clone()]);
        let other = Client {
            spki_sha256: [7; 32],
            ..client.clone()
        };
        assert_eq!(succeed(&other), Err(Error::Conflict));
        vault.strict = true;
        client.revoked = Some(NOW);
        store.put_vault(&vault).unwrap();
        store.put_client(&client).unwrap();
        assert_eq!(succeed(&client), Err(Error::Conflict), "it is revoked");
        assert_eq!(store.vaults().unwrap(), [vault]);
        let twin = Client {
            vault: "w".to_owned(),
            ..client.clone()
        };
        store.put_client(&twin).unwrap();
        assert_eq!(store.clients().unwrap(), [client, twin]);
        assert_eq!(store.health(), Ok(()));
    });
}

/// An archived object's custody, as a new transaction sees it.
#[test]
fn a_vault_changes_with_a_transaction() {
    each_store(|store| {
        let vault = vault();
        store.put_vault(&vault).unwrap();
        let strict = Vault {
            strict: true,
            ..vault.clone()
        };
        let change = |before: &Vault, after: &Vault| {
            let mut transaction = store.begin();
            transaction.change_vault(before.clone(), after.clone());
            assert!(transaction.is_changed());
            transaction
        };
        drop(change(&vault, &strict));
        assert_eq!(store.vaults().unwrap(), *from_ref(&vault));
        change(&vault, &strict).commit().unwrap();
        assert_eq!(store.vaults().unwrap(), *from_ref(&strict));
        // Whoever read it before changes nothing by half.
        assert_eq!(change(&vault, &vault).commit(), Err(Error::Conflict));
        assert_eq!(store.vaults().unwrap(), [strict]);
    });
}
