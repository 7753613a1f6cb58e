//! Nothing: the figures are in `benches` and `bin`.
