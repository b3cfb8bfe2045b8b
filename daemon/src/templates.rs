//! Templates of 1.x: attributes that a request names, and that new objects begin with (KMIP 1.4 §2.2.6, §2.1.8).

use kmip::{
    ObjectType, OperationCode, V1_4,
    attribute::{
        Attribute, AttributeKind, AttributeList, Attributes, Name, SetBy, UniqueIdentifier,
        VendorAttribute,
    },
};
use store::{Filter, Page};

use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    template,
};

impl Context<'_> {
    /// Adds a request's attributes, and those of the templates that it names, to a new object's record.
    pub(crate) fn fold(&mut self, into: &mut Attributes, list: &AttributeList) -> Result<()> {
        let own = list.iter().cloned();
        let own = own.map(|attribute| self.resolve_links(attribute));
        let own: AttributeList = own.collect::<Result<_>>()?;
        template::fold(into, &own)?;
        // KMIP 1.4 §4.2: attributes given one by one go before templates, and the last template before the others.
        for name in list.templates.iter().rev() {
            let content = self.template(name)?;
            for (_, attribute) in content.items {
                let is_new = attribute
                    .kind()
                    .is_none_or(|kind| kind.rule().multiple || into.of(kind).is_empty());
                if is_new {
                    // An instance that is there already is there once.
                    let _ = into.add(attribute);
                }
            }
        }
        Ok(())
    }

    /// What the template with this name holds for others.
    fn template(&mut self, name: &Name) -> Result<AttributeList> {
        let missing = || Error::new(Fault::NoSuchObject, "there is no such template");
        let filter = Filter {
            attributes: vec![
                Attribute::Name(name.clone()),
                Attribute::ObjectType(ObjectType::Template),
            ],
            ..Filter::default()
        };
        let found = self.locate(&filter, Page::default())?;
        let id = found.ids.first().ok_or_else(missing)?;
        let id = UniqueIdentifier::Text(id.0.clone());
        let object = self.another_object(&id, OperationCode::GetAttributes, Access::Read)?;
        let mut content = content(&object.record().attributes);
        content
            .items
            .retain(|(_, attribute)| attribute.kind() != Some(AttributeKind::Name));
        Ok(content)
    }
}

/// The attributes that a client gave to a template.
pub(crate) fn content(attributes: &Attributes) -> AttributeList {
    let mut all = attributes.each(V1_4);
    all.items.retain(|(_, attribute)| match attribute {
        Attribute::Vendor(vendor) => vendor.vendor_identification != VendorAttribute::SERVER,
        own => own.kind().is_some_and(|kind| {
            kind != AttributeKind::ObjectType
                && (kind.rule().set_by != SetBy::Server || template::describes(kind))
        }),
    });
    all
}

/// Takes from a template's record what only objects with a value have.
pub(crate) fn trim(attributes: &mut Attributes) {
    attributes.state = None;
    attributes.fresh = None;
    attributes.lease_time = None;
    attributes.protection_storage_mask = None;
}
