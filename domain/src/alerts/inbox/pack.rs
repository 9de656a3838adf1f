//! Bodies as they are stored: packed, because JSON shrinks to a tenth. Pure.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::error::{Error, Result};
use crate::limits;

/// Bytes that a stored body can have unpacked: cutting secrets may make it a little longer than it was.
const MOST: u64 = 4 * limits::ALERT_POST_BYTES as u64;

/// The body, packed.
pub(super) fn packed(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).map_err(Error::internal)
}

/// The body as it was before it was packed.
pub(super) fn unpacked(packed: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    ZlibDecoder::new(packed).take(MOST).read_to_end(&mut body).map_err(Error::internal)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_the_same_afterwards_and_small() {
        let alert = r#"{"labels":{"alertname":"Down","instance":"https://shop.example.org/"},"status":"firing"},"#.repeat(500);
        for body in [b"".as_slice(), b"\xff\x00", alert.as_bytes()] {
            assert_eq!(unpacked(&packed(body).unwrap()).unwrap(), body);
        }
        assert!(packed(alert.as_bytes()).unwrap().len() < alert.len() / 10);
        assert!(unpacked(b"something else").is_err());
    }

    #[test]
    fn little_does_not_become_very_much() {
        let bomb = packed(&vec![0; 8 << 20]).unwrap();
        assert_eq!(unpacked(&bomb).unwrap().len() as u64, MOST);
    }
}
