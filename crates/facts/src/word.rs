//! The kebab-case word of a closed enum's variant, taken from its serde name so that text and JSON never differ.

use serde::Serialize;
use serde::ser::{Impossible, Serializer};
use std::fmt;

/// The variant's word; empty for anything that is not a plain variant.
pub fn of(value: &impl Serialize) -> String {
    value.serialize(Word).unwrap_or_default()
}

struct Word;

#[derive(Debug)]
struct NotAWord;

impl fmt::Display for NotAWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a plain variant")
    }
}

impl std::error::Error for NotAWord {}

impl serde::ser::Error for NotAWord {
    fn custom<T: fmt::Display>(_: T) -> Self {
        NotAWord
    }
}

macro_rules! refuse {
    ($($method:ident($ty:ty)),*) => { $(fn $method(self, _: $ty) -> Result<String, NotAWord> { Err(NotAWord) })* };
}

impl Serializer for Word {
    type Ok = String;
    type Error = NotAWord;
    type SerializeSeq = Impossible<String, NotAWord>;
    type SerializeTuple = Impossible<String, NotAWord>;
    type SerializeTupleStruct = Impossible<String, NotAWord>;
    type SerializeTupleVariant = Impossible<String, NotAWord>;
    type SerializeMap = Impossible<String, NotAWord>;
    type SerializeStruct = Impossible<String, NotAWord>;
    type SerializeStructVariant = Impossible<String, NotAWord>;

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<String, NotAWord> {
        Ok(variant.to_owned())
    }

    refuse!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str)
    );

    fn serialize_none(self) -> Result<String, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<String, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_unit(self) -> Result<String, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<String, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, NotAWord> {
        Err(NotAWord)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotAWord> {
        Err(NotAWord)
    }
}
