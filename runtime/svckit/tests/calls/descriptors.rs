//! The descriptors of the sample are those of its `.proto`.

use prost::Message as _;

const PROTO: &str = include_str!("../generated_shape/sample.proto");
const SET: &[u8] = include_bytes!("../generated_shape/sample.binpb");

/// `BLESS=1` writes them anew.
#[test]
fn the_descriptor_set_is_that_of_the_proto() {
    let file = protox::file::File::from_source("sample.proto", PROTO).unwrap();
    let set = prost_types::FileDescriptorSet { file: vec![file.file_descriptor_proto().clone()] };
    let bytes = set.encode_to_vec();
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated_shape/sample.binpb");
        std::fs::write(path, &bytes).unwrap();
        return;
    }
    assert!(bytes == SET, "sample.binpb is not that of sample.proto; run with BLESS=1");
}
