//! Locate.

use std::collections::HashSet;

use kmip::{
    ObjectClass, ObjectClassMask, ObjectGroupMember, ObjectType,
    attribute::{Attribute, Link, VendorAttribute},
    payload::locate::{Locate, LocateRequest, LocateResponse},
};
use store::{Filter, Located, Page, is_account};

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    marks,
    policy::{Access, is_usually_public},
    service::Service,
};

impl Handler for Locate {
    const ACCESS: Access = Access::Read;

    fn is_light(_: &Service, request: &LocateRequest) -> bool {
        // A name is found in memory, and what one attribute tells apart at one place of an index.
        let names = |attribute| matches!(attribute, &Attribute::Name(_));
        let is_short = request
            .maximum_items
            .is_some_and(|most| most <= LIGHT_ITEMS_MAX);
        let is_short = is_short && request.object_group_member.is_none();
        request.attributes.iter().any(names) || (is_short && request.attributes.iter().count() < 2)
    }

    fn is_brief(_: &Service, request: &LocateRequest) -> bool {
        // The same of what few objects share, although nobody makes sure of that.
        request.attributes.iter().any(names_in_pkcs11) && request.attributes.iter().count() <= 2
    }

    fn handle(context: &mut Context<'_>, request: LocateRequest) -> Result<LocateResponse> {
        let unsigned = |items: i32| {
            u64::try_from(items).map_err(|_| {
                Error::invalid_field("Maximum Items and Offset Items are not negative")
            })
        };
        let asked = request.maximum_items.map(unsigned).transpose()?;
        let offset = request.offset_items.map(unsigned).transpose()?;
        let most = context.service.limits.locate_items_max;
        let page = Page {
            offset: offset.unwrap_or(0),
            items_max: Some(asked.map_or(most, |asked| asked.min(most))),
            // Who pages is told how many there are, and who must page because the server holds some back.
            is_counted: offset.is_some() || asked.is_none_or(|asked| asked > most),
        };
        let mut attributes: Vec<_> = request
            .attributes
            .items
            .into_iter()
            .map(|(_, attribute)| attribute)
            .collect();
        let class = request.object_class_mask.and_then(only_class);
        attributes.extend(class.map(Attribute::ObjectClass));
        let filter = Filter {
            accounts: context.version.is_3()
                && context.principal.role.administers()
                && attributes.iter().any(asks_accounts),
            attributes,
            storage_status: request.storage_status_mask,
            object_group_member: request.object_group_member,
        };
        let found = if filter.object_group_member == Some(ObjectGroupMember::GroupMemberDefault) {
            default_member(context, &filter, page)?
        } else {
            matching(context, &filter, page)?
        };
        // KMIP 1.4 §4.9: exactly one match becomes the placeholder, and more than one clears it.
        let placeholder = match found.ids.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        context.set_placeholder(placeholder);
        let is_cut =
            asked.is_none_or(|asked| asked > most) && found.total.is_none_or(|total| total > most);
        let told = found.total.filter(|_| offset.is_some() || is_cut);
        Ok(LocateResponse {
            located_items: told.and_then(|total| i32::try_from(total).ok()),
            unique_identifier: found.ids.into_iter().map(|id| id.0.into()).collect(),
        })
    }
}

/// What matches of all that the client may know of.
fn matching(context: &mut Context<'_>, filter: &Filter, page: Page) -> Result<Located> {
    if context.principal.public_only {
        public(context, filter, page)
    } else {
        context.locate(filter, page)
    }
}

/// The default member of a group. The standard leaves to the server which one that is (KMIP 2.1 §6.1.28), and clients look
/// for another each time (Test Cases 1.1, §15.3): the members take turns, the oldest first.
fn default_member(context: &mut Context<'_>, filter: &Filter, page: Page) -> Result<Located> {
    let all = Page {
        items_max: Some(context.service.limits.locate_items_max),
        ..Page::default()
    };
    let mut members = matching(context, filter, all)?.ids;
    members.reverse();
    let mut groups = filter.attributes.iter().filter_map(|asked| match asked {
        Attribute::ObjectGroup(group) => Some(group.as_str()),
        _ => None,
    });
    let group = groups.next().unwrap_or_default();
    let member = if page.shows(0) {
        let vault = &context.principal.vault;
        context.service.turns.next(vault, group, &members)
    } else {
        None
    };
    Ok(Located {
        ids: member.into_iter().collect(),
        total: Some(u64::from(!members.is_empty())),
    })
}

/// Answers with more identifiers than these are not light.
const LIGHT_ITEMS_MAX: i32 = 64;

/// Whether an attribute is the label or the identifier that an application of PKCS #11 has given.
fn names_in_pkcs11(attribute: &Attribute) -> bool {
    match attribute {
        Attribute::Vendor(own) => {
            let name = own.attribute_name.as_str();
            own.vendor_identification == VendorAttribute::CLIENT
                && ["pkcs11-label", "pkcs11-id"].contains(&name)
        }
        _ => false,
    }
}

/// The class, where a mask has one only.
fn only_class(mask: ObjectClassMask) -> Option<ObjectClass> {
    match (
        mask.contains(ObjectClassMask::User),
        mask.contains(ObjectClassMask::System),
    ) {
        (true, false) => Some(ObjectClass::User),
        (false, true) => Some(ObjectClass::System),
        _ => None,
    }
}

/// Whether users, groups and credentials are meant too. Who asks for keys in general does not want them.
fn asks_accounts(attribute: &Attribute) -> bool {
    match attribute {
        Attribute::ObjectType(object_type) => is_account(*object_type),
        Attribute::Name(_) | Attribute::UniqueIdentifier(_) | Attribute::CredentialType(_) => true,
        Attribute::Link(link) => link.link_type == Link::CREDENTIAL,
        _ => false,
    }
}

/// The public objects among those that match, for who has not given the PIN.
fn public(context: &mut Context<'_>, filter: &Filter, page: Page) -> Result<Located> {
    let mut found = |conditions: &[Attribute]| {
        let mut filter = filter.clone();
        filter.attributes.extend_from_slice(conditions);
        Ok::<_, Error>(context.locate(&filter, Page::default())?.ids)
    };
    let hidden: HashSet<_> = found(&[marks::private(true)])?.into_iter().collect();
    let shown = found(&[marks::private(false)])?;
    let mut ids = Vec::new();
    let usual = ObjectType::ALL.iter().copied();
    for object_type in usual.filter(|object_type| is_usually_public(*object_type)) {
        ids.extend(found(&[Attribute::ObjectType(object_type)])?);
    }
    ids.retain(|id| !hidden.contains(id) && !shown.contains(id));
    ids.extend(shown);
    let total = u64::try_from(ids.len()).ok();
    let number = |items: u64| usize::try_from(items).unwrap_or(usize::MAX);
    let ids = ids
        .into_iter()
        .skip(number(page.offset))
        .take(page.items_max.map_or(usize::MAX, number));
    Ok(Located {
        ids: ids.collect(),
        total,
    })
}
