//! JSON as telemetry writes it: any value where one value is meant, lists that may be missing.
//!
//! Invariant: a value of another type than expected is "not said", never the end of a document; numbers may stand in strings
//! (64-bit numbers do, in JSON of protocol buffers). Depth is bounded by the parser.

use crate::value::Any;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One value; lists and maps are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Leaf<'a>(pub Any<'a>);

impl<'a> Leaf<'a> {
    pub fn str(&self) -> &str {
        match &self.0 {
            Any::Text(text) => text,
            Any::None | Any::Bool(_) | Any::Int(_) | Any::Double(_) => "",
        }
    }

    /// Its text, numbers and truth values included.
    pub fn said(&self) -> Cow<'_, str> {
        match &self.0 {
            Any::Text(text) => Cow::Borrowed(text),
            other => {
                let mut room = String::new();
                Cow::Owned(other.text(&mut room).unwrap_or("").to_owned())
            }
        }
    }

    pub fn unsigned(&self) -> u64 {
        match &self.0 {
            Any::Int(n) => u64::try_from(*n).unwrap_or(0),
            Any::Double(n) => *n as u64,
            Any::Text(text) => text.trim().parse().unwrap_or(0),
            Any::Bool(_) | Any::None => 0,
        }
    }

    pub fn signed(&self) -> Option<i64> {
        match &self.0 {
            Any::Int(n) => Some(*n),
            Any::Double(n) => Some(*n as i64),
            Any::Text(text) => text.trim().parse().ok(),
            Any::Bool(_) | Any::None => None,
        }
    }

    /// A number; `"NaN"` and `"Infinity"` are written as strings.
    pub fn double(&self) -> Option<f64> {
        match &self.0 {
            Any::Int(n) => Some(*n as f64),
            Any::Double(n) => Some(*n),
            Any::Text(text) => text.trim().parse().ok(),
            Any::Bool(_) | Any::None => None,
        }
    }

    pub fn is_none(&self) -> bool {
        self.0 == Any::None
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Leaf<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LeafVisitor).map(Leaf)
    }
}

struct LeafVisitor;

impl<'de> Visitor<'de> for LeafVisitor {
    type Value = Any<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Any<'de>, E> {
        Ok(Any::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Any<'de>, E> {
        Ok(Any::Int(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Any<'de>, E> {
        Ok(i64::try_from(value).map_or(Any::Double(value as f64), Any::Int))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Any<'de>, E> {
        Ok(Any::Double(value))
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_string<E>(self, value: String) -> Result<Any<'de>, E> {
        Ok(Any::Text(Cow::Owned(value)))
    }
    fn visit_unit<E>(self) -> Result<Any<'de>, E> {
        Ok(Any::None)
    }
    fn visit_none<E>(self) -> Result<Any<'de>, E> {
        Ok(Any::None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Any::None)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Any::None)
    }
}

/// A list; anything else is an empty one.
#[derive(Clone, Debug)]
pub(crate) struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(Maybe(item)) = seq.next_element::<Maybe<T>>()? {
            list.extend(item);
        }
        Ok(List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::default())
    }
    fn visit_unit<E>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }
    fn visit_bool<E>(self, _: bool) -> Result<List<T>, E> {
        Ok(List::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<List<T>, E> {
        Ok(List::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<List<T>, E> {
        Ok(List::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<List<T>, E> {
        Ok(List::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<List<T>, E> {
        Ok(List::default())
    }
}

/// An item of a list that may be `null`.
struct Maybe<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(Maybe)
    }
}

/// A map whose values are single ones, in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs<'a>(pub Vec<(Cow<'a, str>, Leaf<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(Leaf(key)) = map.next_key::<Leaf<'de>>()? {
            let value = map.next_value::<Leaf<'de>>()?;
            if let Any::Text(key) = key {
                pairs.push((key, value));
            }
        }
        Ok(Pairs(pairs))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pairs<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Pairs::default())
    }
    fn visit_unit<E>(self) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }
    fn visit_bool<E>(self, _: bool) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }
}

/// Calls `each` for every item of a document that is a list, or for the document itself, one at a time, so that a large
/// export costs no more than its text and its largest item. Says how far it came when the document is broken.
pub(crate) fn items<'a, T: Deserialize<'a>>(text: &'a str, each: impl FnMut(T)) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let list = text.trim_start().starts_with('[');
    let mut each = each;
    match list {
        true => Each { each: &mut each, item: PhantomData::<T> }.deserialize(&mut reader),
        false => T::deserialize(&mut reader).map(each),
    }
}

/// The items of a list, handed over while it is read.
pub(crate) struct Each<'f, F, T> {
    pub each: &'f mut F,
    pub item: PhantomData<T>,
}

impl<'de, F: FnMut(T), T: Deserialize<'de>> DeserializeSeed<'de> for Each<'_, F, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(T), T: Deserialize<'de>> Visitor<'de> for Each<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element::<T>()? {
            (self.each)(item);
        }
        Ok(())
    }
}
