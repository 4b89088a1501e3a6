//! Which trace a message belongs to, as its sender and the host say it.

pub(crate) mod x_ray;
