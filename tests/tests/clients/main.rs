//! What the field's clients send, one after the other as they send it, and what each of them needs to get.

mod appliances;
mod arrays;
mod https;
mod libkmip;
mod services;

use keyhold_tests::{Appliance, Backend};
use kmip::{Tag, ttlv::Writer};

fn appliance() -> Appliance {
    Appliance::start(Backend::Embedded)
}

fn attribute_item(writer: &mut Writer, name: &str, value: impl FnOnce(&mut Writer)) {
    writer.structure(Tag::Attribute, |writer| {
        writer.text(Tag::AttributeName, name);
        value(writer);
    });
}

fn name_item(writer: &mut Writer, name: &str) {
    attribute_item(writer, "Name", |writer| {
        writer.structure(Tag::AttributeValue, |writer| {
            writer.text(Tag::NameValue, name);
            writer.enumeration(Tag::NameType, 1);
        });
    });
}
