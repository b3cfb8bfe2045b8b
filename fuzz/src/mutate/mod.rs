//! How inputs are changed: mostly as trees of items, so that most stay messages; texts also as texts.

mod items;
mod text;
mod values;

use kmip::text::Encoding;

use super::{
    Dice, Target,
    tree::{self, Node},
};

impl Target {
    /// An input with one to four changes.
    #[must_use]
    pub fn changed(&self, input: &[u8], dice: &mut Dice) -> Vec<u8> {
        let changes = 1 + dice.below(4);
        self.as_tree(input, dice, |nodes, dice| {
            for _ in 0..changes {
                items::change(nodes, dice);
            }
        })
        .unwrap_or_else(|| {
            let mut changed = input.to_vec();
            for _ in 0..changes {
                text::change(&mut changed, dice);
            }
            changed
        })
    }

    /// An input with a part of another.
    #[must_use]
    pub fn crossed(&self, input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
        self.as_tree(input, dice, |nodes, dice| {
            let other = match self.text {
                Some(encoding) => encoding
                    .read(other)
                    .map_or_else(|_| Vec::new(), |ttlv| ttlv.to_vec()),
                None => other.to_vec(),
            };
            items::graft(nodes, tree::parse(&other), dice);
        })
        .unwrap_or_else(|| text::graft(input, other, dice))
    }

    /// The input changed as a tree; none where it is a text that is to be changed, or cannot but be changed, as such.
    fn as_tree(
        &self,
        input: &[u8],
        dice: &mut Dice,
        change: impl FnOnce(&mut Vec<Node>, &mut Dice),
    ) -> Option<Vec<u8>> {
        let Some(encoding) = self.text else {
            return Some(changed_ttlv(input, dice, change));
        };
        if dice.once_in(2) {
            return None;
        }
        let ttlv = encoding.read(input).ok()?;
        let changed = changed_ttlv(&ttlv, dice, change);
        // Sometimes in the other encoding's words, which are those of clients' mistakes.
        let encoding = match (dice.once_in(50), encoding) {
            (true, Encoding::Xml) => Encoding::Json,
            (true, Encoding::Json) => Encoding::Xml,
            (false, own) => own,
        };
        encoding.write(&changed).ok().map(|text| text.to_vec())
    }
}

fn changed_ttlv(
    input: &[u8],
    dice: &mut Dice,
    change: impl FnOnce(&mut Vec<Node>, &mut Dice),
) -> Vec<u8> {
    let mut nodes = tree::parse(input);
    change(&mut nodes, dice);
    let mut bytes = Vec::with_capacity(input.len() * 2);
    tree::write(&nodes, &mut bytes);
    bytes
}
