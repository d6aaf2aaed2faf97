//! A table as one Parquet file: columns in, columns out.
//!
//! Invariant: any bytes give a table or an error: what the library does with a broken file, a panic included, ends here. Only
//! plain types are used (64- and 32-bit numbers, floats, texts), so that any reader of Parquet understands them.

use crate::Error;
use parquet::basic::{Compression, Encoding};
use parquet::column::reader::{ColumnReader, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// One column, as it is written.
pub(crate) enum Data {
    /// Numbers that differ much: identifiers.
    Wide(Vec<i64>),
    /// Numbers near each other: instants, durations.
    Near(Vec<i64>),
    Small(Vec<i32>),
    Float(Vec<f64>),
    Text(Vec<ByteArray>),
    /// Values of some rows: `1` for a row that has one.
    Some(Vec<ByteArray>, Vec<i16>),
}

/// Writes a table; every column has as many rows as the others.
pub(crate) fn write(path: &Path, columns: Vec<(&str, Data)>) -> Result<(), Error> {
    let mut schema = String::from("message table {");
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for (name, data) in &columns {
        let column = ColumnPath::new(vec![(*name).to_owned()]);
        schema.push_str(&match data {
            Data::Wide(_) | Data::Near(_) => format!(" required int64 {name};"),
            Data::Small(_) => format!(" required int32 {name};"),
            Data::Float(_) => format!(" required double {name};"),
            Data::Text(_) => format!(" required binary {name} (STRING);"),
            Data::Some(..) => format!(" optional binary {name} (STRING);"),
        });
        properties = match data {
            Data::Wide(_) | Data::Float(_) => properties.set_column_dictionary_enabled(column, false),
            Data::Near(_) => properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED),
            Data::Small(_) | Data::Text(_) | Data::Some(..) => properties,
        };
    }
    schema.push_str(" }");
    let broken = |e: parquet::errors::ParquetError| Error::table(path, e);
    let schema = Arc::new(parse_message_type(&schema).map_err(broken)?);
    let file = File::create(path).map_err(|e| Error::file("create", path, e))?;
    let buffered = std::io::BufWriter::with_capacity(1 << 18, file);
    let mut writer = SerializedFileWriter::new(buffered, schema, Arc::new(properties.build())).map_err(broken)?;
    let mut group = writer.next_row_group().map_err(broken)?;
    for (_, data) in &columns {
        let Some(mut column) = group.next_column().map_err(broken)? else { break };
        match data {
            Data::Wide(v) | Data::Near(v) => column.typed::<Int64Type>().write_batch(v, None, None),
            Data::Small(v) => column.typed::<Int32Type>().write_batch(v, None, None),
            Data::Float(v) => column.typed::<DoubleType>().write_batch(v, None, None),
            Data::Text(v) => column.typed::<ByteArrayType>().write_batch(v, None, None),
            Data::Some(v, present) => column.typed::<ByteArrayType>().write_batch(v, Some(present), None),
        }
        .map_err(broken)?;
        column.close().map_err(broken)?;
    }
    group.close().map_err(broken)?;
    let buffered = writer.into_inner().map_err(broken)?;
    let file = buffered.into_inner().map_err(|e| Error::file("write", path, e.into_error()))?;
    file.sync_data().map_err(|e| Error::file("sync", path, e))
}

/// A table that is open.
pub(crate) struct Table<'p> {
    reader: SerializedFileReader<File>,
    path: &'p Path,
    pub rows: usize,
}

/// More rows than any segment has.
const MOST_ROWS: i64 = 1 << 26;

impl<'p> Table<'p> {
    /// Opens a table; nothing where there is no such file.
    pub fn open(path: &'p Path) -> Result<Option<Table<'p>>, Error> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::file("open", path, e)),
        };
        let reader = caught(path, || SerializedFileReader::new(file).map_err(|e| Error::table(path, e)))?;
        let rows = reader.metadata().file_metadata().num_rows();
        let fits = (0..=MOST_ROWS).contains(&rows) && reader.num_row_groups() <= 1;
        match fits {
            true => Ok(Some(Table { reader, path, rows: rows as usize })),
            false => Err(Error::table(path, format!("{rows} rows in {} groups", reader.num_row_groups()))),
        }
    }

    fn column(&self, name: &str) -> Option<Result<ColumnReader, Error>> {
        let schema = self.reader.metadata().file_metadata().schema_descr_ptr();
        let at = schema.columns().iter().position(|c| c.name() == name)?;
        let group = self.reader.get_row_group(0).map_err(|e| Error::table(self.path, e));
        Some(group.and_then(|g| g.get_column_reader(at).map_err(|e| Error::table(self.path, e))))
    }

    fn missing(&self, name: &str) -> Error {
        Error::table(self.path, format!("no column `{name}` of the right type"))
    }

    /// Numbers of 64 bits.
    pub fn wide(&self, name: &str) -> Result<Vec<i64>, Error> {
        let reader = self.column(name).ok_or_else(|| self.missing(name))??;
        let ColumnReader::Int64ColumnReader(_) = &reader else { return Err(self.missing(name)) };
        let mut out = Vec::with_capacity(self.rows);
        caught(self.path, || {
            let read = get_typed_column_reader::<Int64Type>(reader).read_records(self.rows, None, None, &mut out);
            read.map_err(|e| Error::table(self.path, e))
        })?;
        self.whole(name, out)
    }

    pub fn small(&self, name: &str) -> Result<Vec<i32>, Error> {
        let reader = self.column(name).ok_or_else(|| self.missing(name))??;
        let ColumnReader::Int32ColumnReader(_) = &reader else { return Err(self.missing(name)) };
        let mut out = Vec::with_capacity(self.rows);
        caught(self.path, || {
            let read = get_typed_column_reader::<Int32Type>(reader).read_records(self.rows, None, None, &mut out);
            read.map_err(|e| Error::table(self.path, e))
        })?;
        self.whole(name, out)
    }

    pub fn float(&self, name: &str) -> Result<Vec<f64>, Error> {
        let reader = self.column(name).ok_or_else(|| self.missing(name))??;
        let ColumnReader::DoubleColumnReader(_) = &reader else { return Err(self.missing(name)) };
        let mut out = Vec::with_capacity(self.rows);
        caught(self.path, || {
            let read = get_typed_column_reader::<DoubleType>(reader).read_records(self.rows, None, None, &mut out);
            read.map_err(|e| Error::table(self.path, e))
        })?;
        self.whole(name, out)
    }

    pub fn text(&self, name: &str) -> Result<Vec<ByteArray>, Error> {
        let (values, _) = self.some(name)?.ok_or_else(|| self.missing(name))?;
        self.whole(name, values)
    }

    /// A column of texts that may be missing, as a whole or in rows.
    #[expect(clippy::type_complexity, reason = "values, and which rows have one")]
    pub fn some(&self, name: &str) -> Result<Option<(Vec<ByteArray>, Vec<i16>)>, Error> {
        let Some(reader) = self.column(name) else { return Ok(None) };
        let reader = reader?;
        let ColumnReader::ByteArrayColumnReader(_) = &reader else { return Err(self.missing(name)) };
        let (mut values, mut present) = (Vec::new(), Vec::new());
        caught(self.path, || {
            let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
            let read = reader.read_records(self.rows, Some(&mut present), None, &mut values);
            read.map_err(|e| Error::table(self.path, e))
        })?;
        Ok(Some((values, present)))
    }

    fn whole<T>(&self, name: &str, values: Vec<T>) -> Result<Vec<T>, Error> {
        let found = values.len();
        if found == self.rows {
            Ok(values)
        } else {
            Err(Error::table(self.path, format!("`{name}` has {found} rows of {}", self.rows)))
        }
    }
}

/// Runs somebody else's decoder over bytes that anybody may have written.
fn caught<T>(path: &Path, run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(Error::table(path, "its pages make no sense")))
}
