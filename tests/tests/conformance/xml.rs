//! XML as test cases are written: elements and attributes; text, comments and declarations mean nothing.

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Self>,
}

impl Element {
    /// Reads a document.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut open = vec![Self::default()];
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            rest = &rest[at..];
            let line = || 1 + text[..text.len() - rest.len()].matches('\n').count();
            if let Some(after) = rest.strip_prefix("<!--") {
                rest = after.split_once("-->").ok_or("a comment has no end")?.1;
                continue;
            }
            let (tag, after) = rest[1..]
                .split_once('>')
                .ok_or_else(|| format!("line {}: a tag has no end", line()))?;
            if let Some(name) = tag.strip_prefix('/') {
                let done = open.pop().ok_or("an end without a beginning")?;
                if done.name != name.trim() || open.is_empty() {
                    return Err(format!("line {}: </{name}> ends <{}>", line(), done.name));
                }
                open.last_mut().unwrap().children.push(done);
            } else if !tag.starts_with(['?', '!']) {
                let element = Self::tag(tag.trim_end_matches('/'))
                    .map_err(|error| format!("line {}: {error}", line()))?;
                if tag.ends_with('/') {
                    open.last_mut().unwrap().children.push(element);
                } else {
                    open.push(element);
                }
            }
            rest = after;
        }
        let document = open.pop().ok_or("an empty document")?;
        match <[Self; 1]>::try_from(document.children) {
            Ok([root]) if open.is_empty() => Ok(root),
            _ => Err("a document is one element".to_owned()),
        }
    }

    fn tag(text: &str) -> Result<Self, String> {
        let name = text.split_whitespace().next().unwrap_or_default();
        let mut rest = text[name.len()..].trim();
        let mut attributes = Vec::new();
        while !rest.is_empty() {
            let parts = rest.split_once('=').and_then(|(key, value)| {
                let quote = value.trim_start().chars().next()?;
                let (value, rest) = value.trim_start()[1..].split_once(quote)?;
                Some((key, value, rest))
            });
            let (key, value, after) = parts.ok_or_else(|| format!("<{text}> is not understood"))?;
            attributes.push((key.trim().to_owned(), unescaped(value)));
            rest = after.trim_start();
        }
        Ok(Self {
            name: name.to_owned(),
            attributes,
            children: Vec::new(),
        })
    }

    /// An element that says one thing.
    pub(crate) fn leaf(name: &str, kind: &str, value: &str) -> Self {
        let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            name: name.to_owned(),
            attributes: vec![attribute("type", kind), attribute("value", value)],
            children: Vec::new(),
        }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// What a leaf says.
    pub(crate) fn value(&self) -> &str {
        self.attribute("value").unwrap_or_default()
    }

    pub(crate) fn is_structure(&self) -> bool {
        matches!(self.attribute("type"), None | Some("Structure"))
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Itself and everything below.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let below = self.children.iter().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let Some((entity, after)) = rest[at + 1..].split_once(';') else {
            rest = &rest[at..];
            break;
        };
        let numbered = entity.strip_prefix('#').and_then(|number| {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        });
        match (entity, numbered) {
            ("amp", _) => out.push('&'),
            ("lt", _) => out.push('<'),
            ("gt", _) => out.push('>'),
            ("quot", _) => out.push('"'),
            ("apos", _) => out.push('\''),
            (_, Some(character)) => out.push(character),
            _ => out.push_str(&format!("&{entity};")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A text as an attribute's value.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push_str(&format!("&#{};", u32::from(character))),
            other => out.push(other),
        }
    }
    out
}
