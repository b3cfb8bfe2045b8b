//! A message as a tree of items that can be taken apart, and whose types and lengths may be wrong.

/// Deeper than any reader follows.
const DEPTH_MAX: usize = 64;

/// The type byte of a structure.
pub(crate) const STRUCTURE: u8 = 1;

/// One item.
#[derive(Clone, Default)]
pub(crate) struct Node {
    pub(crate) tag: u32,
    pub(crate) item_type: u8,
    /// The length it claims, where that is not its own.
    pub(crate) claim: Option<u32>,
    /// What is inside, whatever the type says.
    pub(crate) items: Vec<Self>,
    /// The value, where nothing is inside.
    pub(crate) value: Vec<u8>,
}

impl Node {
    /// How many items it is.
    pub(crate) fn count(&self) -> usize {
        1 + count(&self.items)
    }
}

/// How many items they are, with all inside.
pub(crate) fn count(nodes: &[Node]) -> usize {
    nodes.iter().map(Node::count).sum()
}

/// The items around the one at this place, counted from the front and from the outside, and its position among them.
pub(crate) fn around(nodes: &mut Vec<Node>, mut place: usize) -> Option<(&mut Vec<Node>, usize)> {
    for at in 0..nodes.len() {
        let size = nodes[at].count();
        if place == 0 {
            return Some((nodes, at));
        }
        if place < size {
            return around(&mut nodes[at].items, place - 1);
        }
        place -= size;
    }
    None
}

/// Does something to each item.
pub(crate) fn each(nodes: &mut [Node], visit: &mut impl FnMut(&mut Node)) {
    for node in nodes {
        visit(node);
        each(&mut node.items, visit);
    }
}

/// Reads any bytes as items, as far as they can be.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Node> {
    nodes(bytes, 0)
}

fn nodes(mut rest: &[u8], depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(([t0, t1, t2, item_type, l0, l1, l2, l3], behind)) = rest.split_first_chunk() {
        let claimed = u32::from_be_bytes([*l0, *l1, *l2, *l3]);
        let length = usize::try_from(claimed).map_or(behind.len(), |own| own.min(behind.len()));
        let (value, behind_value) = behind.split_at(length);
        let padding = length.next_multiple_of(8) - length;
        rest = behind_value.get(padding..).unwrap_or_default();
        let inside = match *item_type {
            STRUCTURE if depth < DEPTH_MAX => self::nodes(value, depth + 1),
            _ => Vec::new(),
        };
        nodes.push(Node {
            tag: u32::from_be_bytes([0, *t0, *t1, *t2]),
            item_type: *item_type,
            claim: (u32::try_from(length) != Ok(claimed)).then_some(claimed),
            value: if inside.is_empty() {
                value.to_vec()
            } else {
                Vec::new()
            },
            items: inside,
        });
    }
    nodes
}

/// Writes the items with their lengths and padding, but for those that claim others.
pub(crate) fn write(nodes: &[Node], bytes: &mut Vec<u8>) {
    for node in nodes {
        let begin = bytes.len();
        let [_, tag @ ..] = node.tag.to_be_bytes();
        bytes.extend_from_slice(&tag);
        bytes.push(node.item_type);
        bytes.extend_from_slice(&[0; 4]);
        if node.items.is_empty() {
            bytes.extend_from_slice(&node.value);
        } else {
            write(&node.items, bytes);
        }
        let length = bytes.len() - begin - 8;
        let length = node
            .claim
            .unwrap_or_else(|| u32::try_from(length).unwrap_or(u32::MAX));
        bytes[begin + 4..begin + 8].copy_from_slice(&length.to_be_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
}
