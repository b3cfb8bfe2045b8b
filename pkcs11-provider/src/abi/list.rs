//! Lists in the caller's memory, by the standard's rule for lists: their count first, then they themselves.

use pkcs11::{Result, Rv, Ulong, size, ulong};

/// Writes a list of numbers by the rule for lists: their count first, then they themselves when there is room.
///
/// # Safety
/// Unless null, `count` leads to a number, and `list` to memory for as many values as that says.
pub(crate) unsafe fn give_list<T: Copy>(
    list: *mut T,
    count: *mut Ulong,
    values: &[T],
) -> Result<()> {
    if count.is_null() {
        return Err(Rv::ARGUMENTS_BAD);
    }
    // SAFETY: not null, and the caller vouches for any other pointer.
    let room = size(unsafe { count.read_unaligned() });
    // SAFETY: as above.
    unsafe { count.write_unaligned(ulong(values.len())) };
    if list.is_null() {
        return Ok(());
    }
    if room < values.len() {
        return Err(Rv::BUFFER_TOO_SMALL);
    }
    // SAFETY: the caller vouches for room for as many values as `count` said, which is enough.
    unsafe { place_all(values, list) };
    Ok(())
}

/// Fills at most `count` values in and tells how many.
///
/// # Safety
/// Unless null, `list` leads to memory for `room` values and `count` to a number.
pub(crate) unsafe fn give_some<T: Copy>(
    list: *mut T,
    room: Ulong,
    count: *mut Ulong,
    take: impl FnOnce(usize) -> Result<Vec<T>>,
) -> Result<()> {
    if count.is_null() || (list.is_null() && room > 0) {
        return Err(Rv::ARGUMENTS_BAD);
    }
    let values = take(size(room))?;
    // SAFETY: `take` returns no more than it was asked for, and the caller vouches for both pointers.
    unsafe {
        place_all(&values, list);
        count.write_unaligned(ulong(values.len()));
    }
    Ok(())
}

/// Writes values one after the other.
///
/// # Safety
/// The pointer leads to memory for all of them; where there are none, it may be null.
unsafe fn place_all<T: Copy>(values: &[T], list: *mut T) {
    for (position, value) in values.iter().enumerate() {
        // SAFETY: the caller vouches for memory that goes beyond this position.
        unsafe { list.add(position).write_unaligned(*value) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_follows_the_two_call_rule_and_need_not_be_aligned() {
        let mut memory = [0_u64; 4];
        let count = memory
            .as_mut_ptr()
            .cast::<u8>()
            .wrapping_add(1)
            .cast::<Ulong>();
        let list = count.wrapping_add(1);
        // SAFETY: the memory of this test has room for three numbers from its second byte on.
        unsafe {
            assert_eq!(
                give_list(list, std::ptr::null_mut(), &[7, 8]),
                Err(Rv::ARGUMENTS_BAD)
            );
            assert_eq!(give_list(std::ptr::null_mut(), count, &[7, 8]), Ok(()));
            assert_eq!(count.read_unaligned(), 2);
            count.write_unaligned(1);
            assert_eq!(give_list(list, count, &[7, 8]), Err(Rv::BUFFER_TOO_SMALL));
            assert_eq!(count.read_unaligned(), 2);
            assert_eq!(list.read_unaligned(), 0);
            assert_eq!(give_list(list, count, &[7, 8]), Ok(()));
            assert_eq!(list.add(1).read_unaligned(), 8);
            assert_eq!(give_some(list, 1, count, |room| Ok(vec![9; room])), Ok(()));
            assert_eq!((count.read_unaligned(), list.read_unaligned()), (1, 9));
        }
    }
}
