//! Nothing: the figures are in `benches`.
