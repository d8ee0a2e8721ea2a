//! Rounds of random calls, whose answers HBase and mini-hbase have to give alike: made by a seed, so
//! that the same calls can be made again anywhere.

pub(crate) mod answers;
pub(crate) mod calls;
pub(crate) mod filters;
pub(crate) mod names;
mod regexes;

use fastrand::Rng;
use hbase_thrift_api::ColumnDescriptor;

use calls::Call;
use names::{FAMILIES, TIME_TO_LIVE_SECONDS};

/// The calls of a round: writes to a few rows, and reads of them.
pub(crate) fn round(seed: u64, round: u64) -> Vec<Call> {
    let rng = &mut Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(round));
    let writes = rng.usize(2..14);
    let mut calls: Vec<_> = (0..writes).map(|_| Call::random_write(rng)).collect();
    calls.extend((0..rng.usize(3..6)).map(|_| Call::random_read(rng)));
    calls
}

/// The families of the table that the calls are about.
pub(crate) fn families() -> Vec<ColumnDescriptor> {
    let options = [(1, None), (3, None), (2, Some(TIME_TO_LIVE_SECONDS))];
    let families = FAMILIES.iter().zip(options);
    families
        .map(|(name, (max_versions, time_to_live))| ColumnDescriptor {
            name: Some(name.as_bytes().to_vec()),
            max_versions: Some(max_versions),
            compression: None,
            in_memory: None,
            bloom_filter_type: None,
            bloom_filter_vector_size: None,
            bloom_filter_nb_hashes: None,
            block_cache_enabled: None,
            time_to_live,
        })
        .collect()
}

/// A number that stands for the answers of a round (FNV-1a), the same wherever it is computed.
pub(crate) fn digest(answers: &[String]) -> u64 {
    let bytes = answers.iter().flat_map(|answer| answer.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
