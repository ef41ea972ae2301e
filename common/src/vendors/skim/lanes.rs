//! Sixteen bytes at a time: which of them are a given one.

#[cfg(target_arch = "x86_64")]
use sse2 as imp;

#[cfg(not(target_arch = "x86_64"))]
use plain as imp;

/// Sixteen bytes that are looked at together.
#[derive(Clone, Copy)]
pub(super) struct Lanes(imp::Sixteen);

impl Lanes {
    pub(super) const COUNT: usize = 16;

    pub(super) fn of(bytes: &[u8; Self::COUNT]) -> Self {
        Self(imp::of(bytes))
    }

    /// With these bits set in each.
    pub(super) fn with(self, bits: u8) -> Self {
        Self(imp::with(self.0, bits))
    }

    /// A bit for each that is this byte.
    pub(super) fn equal(self, byte: u8) -> u64 {
        imp::equal(self.0, byte)
    }
}

/// With what every processor of this kind has.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use safe_arch::{
        bitor_m128i, cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };

    pub(super) type Sixteen = m128i;

    pub(super) fn of(bytes: &[u8; 16]) -> Sixteen {
        load_unaligned_m128i(bytes)
    }

    pub(super) fn with(bytes: Sixteen, bits: u8) -> Sixteen {
        bitor_m128i(bytes, set_splat_i8_m128i(bits.cast_signed()))
    }

    pub(super) fn equal(bytes: Sixteen, byte: u8) -> u64 {
        let equal = cmp_eq_mask_i8_m128i(bytes, set_splat_i8_m128i(byte.cast_signed()));
        u64::from(move_mask_i8_m128i(equal).cast_unsigned())
    }
}

/// In plain words, where the processor is another.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod plain {
    pub(super) type Sixteen = u128;

    pub(super) fn of(bytes: &[u8; 16]) -> Sixteen {
        u128::from_le_bytes(*bytes)
    }

    pub(super) fn with(bytes: Sixteen, bits: u8) -> Sixteen {
        bytes | each(bits)
    }

    pub(super) fn equal(bytes: Sixteen, byte: u8) -> u64 {
        let (differ, low) = (bytes ^ each(byte), each(0x7f));
        let equal = !(((differ & low) + low) | differ | low) >> 7;
        // The low bits of sixteen bytes, side by side.
        let side = |eight: u64| eight.wrapping_mul(0x0102_0408_1020_4080) >> 56;
        side(equal as u64) | side((equal >> 64) as u64) << 8
    }

    const fn each(byte: u8) -> u128 {
        u128::from_ne_bytes([byte; 16])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_kinds_of_lanes_see_the_same(bytes in any::<[u8; 16]>(), byte in any::<u8>()) {
            let folded = plain::with(plain::of(&bytes), 0x20);
            let (bits, folded) = (plain::equal(plain::of(&bytes), byte), plain::equal(folded, byte));
            let lanes = Lanes::of(&bytes);
            prop_assert_eq!((bits, folded), (lanes.equal(byte), lanes.with(0x20).equal(byte)));
            let seen = (0..16).filter(|at| bits >> at & 1 == 1).map(|at| bytes[at]);
            prop_assert!(seen.clone().all(|seen| seen == byte));
            prop_assert_eq!(seen.count(), bytes.iter().filter(|one| **one == byte).count());
        }
    }
}
