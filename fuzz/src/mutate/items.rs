//! Changes of a tree of items.

use kmip::{OperationCode, Tag, Version};

use super::{
    super::{
        Dice,
        tree::{Node, STRUCTURE, around, count, each},
    },
    values,
};

/// One change of the tree.
type Change = fn(&mut Vec<Node>, &mut Dice);

/// The changes; what stands twice happens twice as often.
const CHANGES: &[Change] = &[
    remove,
    repeat,
    swap,
    shuffle,
    nest,
    unnest,
    copy,
    insert,
    insert,
    retag,
    retype,
    revalue,
    revalue,
    revalue,
    revalue,
    claim,
    |nodes, dice| version(nodes, dice),
    |nodes, dice| operation(nodes, dice),
    |nodes, _| truth(nodes),
];

/// Makes one change.
pub(super) fn change(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if nodes.is_empty() {
        nodes.push(values::leaf(dice));
    }
    dice.one_of(CHANGES)(nodes, dice);
}

/// The items around any item, and its position among them.
fn any<'a>(nodes: &'a mut Vec<Node>, dice: &mut Dice) -> Option<(&'a mut Vec<Node>, usize)> {
    let place = dice.below(count(nodes));
    around(nodes, place)
}

/// Does something to any item.
fn to_any(nodes: &mut Vec<Node>, dice: &mut Dice, act: impl FnOnce(&mut Node, &mut Dice)) {
    if let Some((around, at)) = any(nodes, dice) {
        act(&mut around[at], dice);
    }
}

fn remove(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if let Some((around, at)) = any(nodes, dice) {
        around.remove(at);
    }
}

fn repeat(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if let Some((around, at)) = any(nodes, dice) {
        let again = around[at].clone();
        for _ in 0..=dice.below(3) {
            around.insert(at, again.clone());
        }
    }
}

fn swap(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if let Some((around, at)) = any(nodes, dice) {
        let other = dice.below(around.len());
        around.swap(at, other);
    }
}

fn shuffle(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if let Some((around, at)) = any(nodes, dice) {
        around.rotate_left(at);
    }
}

fn nest(nodes: &mut Vec<Node>, dice: &mut Dice) {
    to_any(nodes, dice, |node, dice| {
        let levels = if dice.once_in(8) {
            1 + dice.below(40)
        } else {
            1
        };
        for _ in 0..levels {
            let inner = std::mem::take(node);
            *node = Node {
                tag: if dice.once_in(2) {
                    inner.tag
                } else {
                    values::tag(dice)
                },
                item_type: STRUCTURE,
                items: vec![inner],
                ..Node::default()
            };
        }
    });
}

fn unnest(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if let Some((around, at)) = any(nodes, dice) {
        let inner = std::mem::take(&mut around[at].items);
        around.splice(at..=at, inner);
    }
}

fn copy(nodes: &mut Vec<Node>, dice: &mut Dice) {
    if let Some((around, at)) = any(nodes, dice) {
        let node = around[at].clone();
        graft(nodes, vec![node], dice);
    }
}

/// Puts any item of other nodes beside, inside or in the place of any own one.
pub(super) fn graft(nodes: &mut Vec<Node>, mut other: Vec<Node>, dice: &mut Dice) {
    let Some((theirs, their_at)) = any(&mut other, dice) else {
        return;
    };
    let node = theirs.swap_remove(their_at);
    let Some((around, at)) = any(nodes, dice) else {
        nodes.push(node);
        return;
    };
    match dice.below(3) {
        0 if around[at].item_type == STRUCTURE => around[at].items.push(node),
        1 => around[at] = node,
        _ => around.insert(at, node),
    }
}

fn insert(nodes: &mut Vec<Node>, dice: &mut Dice) {
    let leaf = values::leaf(dice);
    graft(nodes, vec![leaf], dice);
}

fn retag(nodes: &mut Vec<Node>, dice: &mut Dice) {
    to_any(nodes, dice, |node, dice| node.tag = values::tag(dice));
}

fn retype(nodes: &mut Vec<Node>, dice: &mut Dice) {
    to_any(nodes, dice, |node, dice| {
        node.item_type = values::item_type(dice);
        // Half of them only pretend.
        if node.items.is_empty() && dice.once_in(2) {
            node.value = values::value(node.item_type, dice);
        }
    });
}

fn revalue(nodes: &mut Vec<Node>, dice: &mut Dice) {
    to_any(nodes, dice, |node, dice| {
        if !node.items.is_empty() {
            return;
        }
        if node.value.is_empty() || dice.once_in(2) {
            node.value = values::value(node.item_type, dice);
        } else {
            values::edit(&mut node.value, dice);
        }
    });
}

fn version(nodes: &mut [Node], dice: &mut Dice) {
    let version = dice.one_of(Version::SPOKEN);
    each(nodes, &mut |node| match Tag(node.tag) {
        Tag::ProtocolVersionMajor => node.value = i32::from(version.major).to_be_bytes().to_vec(),
        Tag::ProtocolVersionMinor => node.value = i32::from(version.minor).to_be_bytes().to_vec(),
        _ => {}
    });
}

fn operation(nodes: &mut [Node], dice: &mut Dice) {
    let code = dice.one_of(OperationCode::ALL);
    each(nodes, &mut |node| {
        if Tag(node.tag) == Tag::Operation {
            node.value = code.0.to_be_bytes().to_vec();
        }
    });
}

fn claim(nodes: &mut Vec<Node>, dice: &mut Dice) {
    to_any(nodes, dice, |node, dice| {
        node.claim = u32::try_from(if dice.once_in(4) {
            dice.number() >> 32
        } else {
            dice.number() % 64
        })
        .ok();
    });
}

/// Every item has its own length again, and the count of a batch fits.
fn truth(nodes: &mut [Node]) {
    let mut batch = 0_i32;
    each(nodes, &mut |node| {
        node.claim = None;
        batch += i32::from(Tag(node.tag) == Tag::BatchItem);
    });
    each(nodes, &mut |node| {
        if Tag(node.tag) == Tag::BatchCount {
            node.value = batch.to_be_bytes().to_vec();
        }
    });
}
