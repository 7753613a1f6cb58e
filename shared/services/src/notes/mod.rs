//! Notes: taken by Bianca, read by caregivers and by later calls.

mod take;

pub use take::take;
