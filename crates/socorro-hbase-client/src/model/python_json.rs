//! JSON text as Python's `json.dumps` writes it.
//!
//! For metadata that we put into text ourselves: stored beside what Socorro's Python client
//! wrote, it shouldn't look different. Reading is left to `serde_json`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes `value` with `", "` and `": "` between things and nothing but ASCII.
pub(crate) fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut text, PythonFormatter))?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for character in fragment.chars() {
            match character {
                ' '..='~' => out.write_all(&[character as u8])?,
                _ => {
                    for unit in character.encode_utf16(&mut units) {
                        write!(out, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        out.write_all(python_float(value).as_bytes())
    }
}

fn separate(out: &mut (impl ?Sized + Write), first: bool) -> io::Result<()> {
    if first { Ok(()) } else { out.write_all(b", ") }
}

/// The shortest digits that read back as the same number, like `repr`: with an exponent of two
/// digits and a sign below 1e-4 and from 1e16 on.
fn python_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent @ (..-4 | 16..)) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn things_are_separated_as_json_dumps_separates_them() {
        let value = json!({"a": [1, "2", null], "b": {}, "c": true});
        assert_eq!(to_string(&value).unwrap(), r#"{"a": [1, "2", null], "b": {}, "c": true}"#);
    }

    #[test]
    fn all_but_printable_ascii_is_escaped() {
        let value = json!("a\"\\/\n\t\u{1}\u{7f}é\u{1f98a}");
        assert_eq!(to_string(&value).unwrap(), r#""a\"\\/\n\t\u0001\u007f\u00e9\ud83e\udd8a""#);
    }

    #[test]
    fn floats_are_written_as_repr_writes_them() {
        for (value, expected) in [
            (1_336_510_250.123_456, "1336510250.123456"),
            (2.0, "2.0"),
            (-0.5, "-0.5"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e15, "1000000000000000.0"),
            (1.5e16, "1.5e+16"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(to_string(&json!(value)).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in any::<String>()) {
            let written = to_string(&json!(text)).unwrap();
            prop_assert!(written.is_ascii());
            prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), json!(text));
        }

        #[test]
        fn every_number_reads_back(number in proptest::num::f64::NORMAL) {
            let written = to_string(&json!(number)).unwrap();
            let read: f64 = written.parse().unwrap();
            prop_assert_eq!(read.to_bits(), number.to_bits());
        }
    }
}
