//! An appliance whose vault is on a group of two SoftHSM2 tokens.

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;

use crate::{Appliance, Token, programs::succeed};

impl Appliance {
    /// The label of the right member's token; the left one's is [`Token::LABEL`].
    pub const SECOND: &'static str = "second";

    /// Starts an appliance whose vault is on a group, `pair` of `left` and `right`: the left member's module fails when it is
    /// told to, and its process may take so long to answer.
    #[must_use]
    pub fn on_a_group(wait: Duration) -> Self {
        let mut appliance = Self::start_with(Some(Token::failing()), &["--wrapped"]);
        appliance.stop(Signal::TERM);
        appliance.token().initialise(Self::SECOND);
        let path = appliance.file("keyhold.toml");
        let before = fs::read_to_string(&path).unwrap();
        // The vault's authority is there already, and goes along.
        let may_move = "[[backend]]\nkeys_may_move = true\n";
        let before = before.replacen("[[backend]]\n", may_move, 1);
        let member = |name: &str, module: &Path, token: &str, wait: Duration| {
            format!(
                "[[backend]]\nname = {name:?}\nkind = \"module\"\npath = {module:?}\ntoken = {token:?}\n\
                 pin_file = \"token.pin\"\nkeys_may_move = true\nwait_seconds = {}\n\n",
                wait.as_secs()
            )
        };
        let module = appliance.token().module();
        let members = |wait| {
            let left = member("left", &module, Token::LABEL, wait);
            let right = member("right", &Token::library(), Self::SECOND, wait);
            format!("{left}{right}")
        };
        let group =
            "[[backend]]\nname = \"pair\"\nkind = \"group\"\nmembers = [\"left\", \"right\"]\n";
        // The members make their transport keys meanwhile, however busy the machine is.
        let patient = members(Duration::from_secs(30));
        fs::write(&path, format!("{before}\n{patient}{group}")).unwrap();
        appliance.restart();
        succeed(&mut appliance.keyhold(&["vault", "move", "dev", "--to", "pair"]));
        // From now on without the HSM that the vault was on.
        appliance.stop(Signal::TERM);
        let (head, rest) = before.split_once("[[backend]]").unwrap();
        let (_, rest) = rest.split_once("\n[").unwrap_or_default();
        let rest = if rest.is_empty() {
            ""
        } else {
            &format!("[{rest}")
        };
        let members = members(wait);
        fs::write(&path, format!("{head}{rest}\n{members}{group}")).unwrap();
        appliance.restart();
        appliance
    }
}
