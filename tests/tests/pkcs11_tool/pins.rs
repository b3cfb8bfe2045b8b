//! PINs and tokens that begin anew, as pkcs11-tool asks for it.

use keyhold_tests::{
    Appliance, Backend, PIN, Token,
    programs::{fail, succeed, succeed_saying},
};

use crate::Tool;

/// The security officer's PIN that `keyhold dev` sets.
const SO_PIN: &str = "12345678";

/// What `keyhold vault show` tells.
fn vault(appliance: &Appliance) -> serde_json::Value {
    let told = succeed(&mut appliance.keyhold(&["vault", "show", "dev", "--json"]));
    serde_json::from_str(&told).unwrap()
}

#[test]
fn pins_are_changed_and_stay_changed() {
    let mut appliance = Appliance::start(Backend::Embedded);
    let tool = Tool::local(&appliance);
    tool.run("--keygen --key-type aes:32 --id 01 --label kept");
    let change = format!("--token-label dev --login --pin {PIN} --change-pin --new-pin 314159");
    let said = succeed_saying(&mut tool.command(&change));
    assert!(said.contains("PIN successfully changed"), "{said}");
    let old = fail(&mut tool.logged_in("--list-objects"));
    assert!(old.contains("CKR_PIN_INCORRECT"), "{old}");
    appliance.kill();
    appliance.restart();
    let list = "--token-label dev --login --pin 314159 --list-objects --type secrkey";
    let listed = succeed(&mut tool.command(list));
    assert!(listed.contains("kept"), "{listed}");
    // The security officer gives the user a new one.
    let init = format!(
        "--token-label dev --login --login-type so --so-pin {SO_PIN} --init-pin --new-pin 271828"
    );
    succeed(&mut tool.command(&init));
    appliance.kill();
    appliance.restart();
    succeed(&mut tool.command(&list.replace("314159", "271828")));
    let refused = "--token-label dev --login --pin 271828 --change-pin --new-pin 1";
    let refused = fail(&mut tool.command(refused));
    assert!(refused.contains("CKR_PIN_LEN_RANGE"), "{refused}");
}

#[test]
fn a_token_begins_anew_only_where_the_operator_lets_it() {
    let init = format!("--slot-index 0 --init-token --label anew --so-pin {SO_PIN}");
    for token in [None, Some(Token::new())] {
        let mut appliance = Appliance::start_with(token, &[]);
        let tool = Tool::local(&appliance);
        tool.run("--keypairgen --key-type EC:prime256v1 --id 01 --label old");
        let refused = fail(&mut tool.command(&init));
        assert!(refused.contains("CKR_TOKEN_WRITE_PROTECTED"), "{refused}");
        assert_eq!(vault(&appliance)["init_token"], "refused");
        assert!(tool.run("--list-objects").contains("old"));

        let allow = ["vault", "set", "dev", "--init-token", "allowed"];
        succeed(&mut appliance.keyhold(&allow));
        let wrong = init.replace(SO_PIN, "87654321");
        let refused = fail(&mut tool.command(&wrong));
        assert!(refused.contains("CKR_PIN_INCORRECT"), "{refused}");
        let said = succeed_saying(&mut tool.command(&init));
        assert!(said.contains("Token successfully initialized"), "{said}");
        let told = vault(&appliance);
        assert_eq!(told["token_label"], "anew");
        assert_eq!(told["has_user_pin"], false);
        assert_eq!(told["has_so_pin"], true);
        let none = format!("--token-label anew --login --pin {PIN} --list-objects");
        let refused = fail(&mut tool.command(&none));
        assert!(
            refused.contains("CKR_USER_PIN_NOT_INITIALIZED"),
            "{refused}"
        );
        let init_pin = format!(
            "--token-label anew --login --login-type so --so-pin {SO_PIN} --init-pin --new-pin {PIN}"
        );
        succeed(&mut tool.command(&init_pin));
        appliance.kill();
        appliance.restart();
        assert_eq!(succeed(&mut tool.command(&none)).trim(), "");
        succeed(&mut appliance.keyhold(&["audit", "verify"]));
    }
}

#[test]
fn a_development_vault_can_be_made_for_tests_that_begin_anew() {
    let appliance = Appliance::start_with(None, &["--init-token", "--so-pin", "abcdef654321"]);
    let tool = Tool::local(&appliance);
    let init = "--slot-index 0 --init-token --label Test --so-pin abcdef654321";
    succeed(&mut tool.command(init));
    assert_eq!(vault(&appliance)["init_token"], "allowed");
}
