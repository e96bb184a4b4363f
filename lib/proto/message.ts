/**
 * Messages of protobuf 3 as tables of fields: what is sent of a message, and
 * how its fields are called here.
 *
 * A table has a line for each field, such as `attrs: map(2, TEXT)`: the field 2
 * is a map from text to text.
 *
 * Reading is as protobuf demands: fields that are not in the table, or whose
 * wire type is another one, are skipped; a field that is missing has its zero
 * value; of a field that comes several times the last one counts, and embedded
 * messages are merged. Bytes that are no message are a
 * {@linkcode ProtobufError}, and no other error is thrown.
 *
 * @module
 */

import { BYTES, ProtobufReader, tagOf, VARINT } from "./wire_reader.ts";
import { ProtobufWriter } from "./wire_writer.ts";

/** The type of a field's value, and of each value of a list or of a map. */
export interface Kind<T> {
  /** The wire type. */
  readonly wire: number;
  /** The value of a field that is not sent. */
  zero(): T;
  /** Reads the value that comes next; `before` is what was there. */
  read(reader: ProtobufReader, before: T): T;
  /** Writes a field, even if it has its zero value. */
  write(writer: ProtobufWriter, field: number, value: T): void;
}

/** One line of a table. */
export interface Field<T> {
  /** The field's number. */
  readonly number: number;
  /** The wire type. */
  readonly wire: number;
  /** The value of a field that is not sent. */
  zero(): T;
  /** Reads the value that comes next; `before` is what was there. */
  read(reader: ProtobufReader, before: T): T;
  /** Writes the field, if there is something to be written. */
  write(writer: ProtobufWriter, value: T): void;
}

/** All fields of a message, by their names here. */
export type Table<T> = { readonly [Name in keyof T]-?: Field<T[Name]> };

/** What is written of a message: any of its fields. */
export type Written<T> = {
  readonly [Name in keyof T]?: T[Name] | undefined;
};

/** Reads and writes one kind of message, alone or embedded in another. */
export interface Message<T> extends Kind<T> {
  /**
   * Reads a message. Bytes in it are views of the given ones.
   *
   * @throws {ProtobufError} If it is none.
   */
  decode(bytes: Uint8Array): T;
  /** Writes a message; fields that are not given are not sent. */
  encode(value: Written<T>): Uint8Array<ArrayBuffer>;
}

/** Text, in UTF-8. Bytes that are none become U+FFFD. */
export const TEXT: Kind<string> = {
  wire: BYTES,
  zero: () => "",
  read: (reader) => reader.text(),
  write: (writer, field, value) => writer.item(field, encoder.encode(value)),
};

/** Bytes, as a view of the message. */
export const RAW: Kind<Uint8Array> = {
  wire: BYTES,
  zero: () => NO_BYTES,
  read: (reader) => reader.bytes(),
  write: (writer, field, value) => writer.item(field, value),
};

/** `bool`. */
export const FLAG: Kind<boolean> = {
  wire: VARINT,
  zero: () => false,
  read: (reader) => reader.int64() !== 0,
  write: (writer, field, value) => writer.numberItem(field, value ? 1 : 0),
};

/** `int32`, and every enumeration. */
export const INT32: Kind<number> = {
  wire: VARINT,
  zero: () => 0,
  read: (reader) => reader.int64() | 0,
  write: (writer, field, value) => writer.numberItem(field, value),
};

/** `int64`. Beyond 2^53 it is rounded. */
export const INT64: Kind<number> = {
  ...INT32,
  read: (reader) => reader.int64(),
};

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array();

/** A field with one value, which is not sent if it is zero. */
export function one<T>(number: number, kind: Kind<T>): Field<T> {
  const { wire, zero, read } = kind;
  return {
    number,
    wire,
    zero,
    read,
    write(writer, value) {
      const length = (value as { readonly length?: number }).length;
      if (value !== zero() && length !== 0) kind.write(writer, number, value);
    },
  };
}

/**
 * A field that may be missing: an embedded message, or a field that is
 * `optional`. It is sent whenever there is a value, also a zero one.
 */
export function maybe<T>(number: number, kind: Kind<T>): Field<T | undefined> {
  return {
    number,
    wire: kind.wire,
    zero: () => undefined,
    read: (reader, before) => kind.read(reader, before ?? kind.zero()),
    write(writer, value) {
      if (value !== undefined) kind.write(writer, number, value);
    },
  };
}

/** A list, as `repeated` has it; of numbers that are not packed. */
export function many<T>(number: number, kind: Kind<T>): Field<readonly T[]> {
  return {
    number,
    wire: kind.wire,
    zero: () => [],
    read(reader, before) {
      // The list was made by `zero` for this message alone.
      (before as T[]).push(kind.read(reader, kind.zero()));
      return before;
    },
    write(writer, values) {
      for (const value of values) kind.write(writer, number, value);
    },
  };
}

/** A map by text. */
export function map<T>(
  number: number,
  kind: Kind<T>,
): Field<ReadonlyMap<string, T>> {
  const entry = message<{ key: string; value: T }>({
    key: one(1, TEXT),
    value: one(2, kind),
  });
  return {
    number,
    wire: BYTES,
    zero: () => new Map(),
    read(reader, before) {
      const { key, value } = entry.read(reader, entry.zero());
      (before as Map<string, T>).set(key, value);
      return before;
    },
    write(writer, values) {
      for (const [key, value] of values) {
        writer.message(number, () => {
          // Both are sent even if they are zero, as Go and others do.
          TEXT.write(writer, 1, key);
          kind.write(writer, 2, value);
        });
      }
    },
  };
}

/** Reads one kind of message, and writes another: a side of a method. */
export interface MethodCodec<Read, Sent> {
  /** @throws {ProtobufError} If the bytes are no such message. */
  decode(bytes: Uint8Array): Read;
  /** Fields that are not given are not sent. */
  encode(value: Written<Sent>): Uint8Array<ArrayBuffer>;
}

/** The side of a method that reads the one and writes the other. */
export function reading<Read, Sent>(
  read: Message<Read>,
  sent: Message<Sent>,
): MethodCodec<Read, Sent> {
  return { decode: read.decode, encode: sent.encode };
}

/** A message with these fields. */
export function message<T>(table: Table<T>): Message<T> {
  const fields = Object.entries(table) as [keyof T, Field<T[keyof T]>][];
  const byTag = new Map(
    fields.map((entry) => [tagOf(entry[1].number, entry[1].wire), entry]),
  );
  const zero = (): T => {
    const value: Partial<T> = {};
    for (const [name, field] of fields) value[name] = field.zero();
    return value as T;
  };
  const readFields = (reader: ProtobufReader, value: T): T => {
    while (reader.at < reader.end) {
      const tag = reader.uint32();
      const entry = byTag.get(tag);
      if (entry === undefined) reader.skip(tag);
      else value[entry[0]] = entry[1].read(reader, value[entry[0]]);
    }
    return value;
  };
  const writeFields = (writer: ProtobufWriter, value: Written<T>): void => {
    for (const [name, field] of fields) {
      const one = value[name];
      if (one !== undefined) field.write(writer, one);
    }
  };
  return {
    wire: BYTES,
    zero,
    read(reader, before) {
      const outer = reader.enter();
      readFields(reader, before);
      reader.leave(outer);
      return before;
    },
    write(writer, number, value) {
      writer.message(number, () => writeFields(writer, value));
    },
    decode(bytes) {
      // No caller has bytes that are shared with a worker.
      const own = bytes as Uint8Array<ArrayBuffer>;
      return readFields(new ProtobufReader(own), zero());
    },
    encode(value) {
      const writer = new ProtobufWriter();
      writeFields(writer, value);
      return writer.result();
    },
  };
}
