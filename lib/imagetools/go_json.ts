// JSON in the bytes that buildx writes: Go's encoding/json, with two blanks. A
// digest is one of bytes, so the order of the fields and the escapes count.

import { byBytes, goJson, goJsonText } from "../gotext/json.ts";
import type { Descriptor, ImageIndex } from "../registry/descriptor.ts";

/** How a value is written. */
export type Shape =
  /** As it is; the keys of its objects are sorted. */
  | { readonly kind: "any" }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "map"; readonly of: Shape }
  | { readonly kind: "fields"; readonly fields: readonly Field[] };

/** A field of an object, in the order in which it is written. */
export interface Field {
  readonly name: string;
  readonly shape: Shape;
  /** Whether it is left out where it says nothing. */
  readonly optional: boolean;
}

const ANY: Shape = { kind: "any" };

function fields(
  entries: Readonly<Record<string, Shape>>,
  required: readonly string[],
): Shape {
  return {
    kind: "fields",
    fields: Object.entries(entries).map(([name, shape]) => ({
      name,
      shape,
      optional: !required.includes(name),
    })),
  };
}

const PLATFORM = fields({
  architecture: ANY,
  os: ANY,
  "os.version": ANY,
  "os.features": ANY,
  variant: ANY,
}, ["architecture", "os"]);

const DESCRIPTOR = fields({
  mediaType: ANY,
  digest: ANY,
  size: ANY,
  urls: ANY,
  annotations: ANY,
  data: ANY,
  platform: PLATFORM,
  artifactType: ANY,
}, ["mediaType", "digest", "size"]);

const DESCRIPTORS: Shape = { kind: "list", of: DESCRIPTOR };

const INDEX = fields({
  schemaVersion: ANY,
  mediaType: ANY,
  artifactType: ANY,
  manifests: DESCRIPTORS,
  subject: DESCRIPTOR,
  annotations: ANY,
}, ["schemaVersion", "manifests"]);

/** What buildx shows of an index: with its own digest and size. */
const SHOWN_INDEX = fields({
  schemaVersion: ANY,
  mediaType: ANY,
  digest: ANY,
  size: ANY,
  manifests: DESCRIPTORS,
  annotations: ANY,
}, ["schemaVersion", "digest", "size", "manifests"]);

const IMAGE = fields({
  created: ANY,
  author: ANY,
  architecture: ANY,
  os: ANY,
  "os.version": ANY,
  "os.features": ANY,
  variant: ANY,
  config: fields({
    User: ANY,
    ExposedPorts: ANY,
    Env: ANY,
    Entrypoint: ANY,
    Cmd: ANY,
    Volumes: ANY,
    WorkingDir: ANY,
    Labels: ANY,
    StopSignal: ANY,
    ArgsEscaped: ANY,
  }, []),
  rootfs: fields({ type: ANY, diff_ids: ANY }, ["type", "diff_ids"]),
  history: {
    kind: "list",
    of: fields({
      created: ANY,
      created_by: ANY,
      author: ANY,
      comment: ANY,
      empty_layer: ANY,
    }, []),
  },
}, ["architecture", "os", "rootfs", "config"]);

/** The bytes of an index, as buildx writes them. */
export function indexBytes(index: ImageIndex): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(write(index, INDEX, ""));
}

/** What `imagetools inspect` shows: a name, what it names, and images. */
export function shownShape(isIndex: boolean, isOne: boolean): Shape {
  return fields({
    name: ANY,
    manifest: isIndex ? SHOWN_INDEX : DESCRIPTOR,
    image: isOne ? IMAGE : { kind: "map", of: IMAGE },
  }, []);
}

/** A value as JSON, in the form in which buildx shows it. */
export function shownJson(value: unknown, shape: Shape): string {
  return write(value, shape, "");
}

/** A part of a value, and how it is written. */
export interface ShownPart {
  readonly value: unknown;
  readonly shape: Shape;
}

/**
 * A field by the name that Go has for it: `MediaType` is `mediaType`, `DiffIDs`
 * is `diff_ids`.
 *
 * @returns undefined where there is no such field.
 */
export function fieldPart(
  { value, shape }: ShownPart,
  name: string,
): ShownPart | undefined {
  const known = shape.kind === "fields"
    ? shape.fields
    : Object.keys(Object(value)).map((name) => ({ name, shape: ANY }));
  const folded = (word: string) => word.toLowerCase().replace(/[._]/g, "");
  const found = known.find((each) => folded(each.name) === folded(name));
  return found && {
    value: field(Object(value), found.name),
    shape: found.shape,
  };
}

/**
 * What a map has under a key, or a list at a place.
 *
 * @returns undefined where it has nothing.
 */
export function indexedPart(
  { value, shape }: ShownPart,
  key: string,
): ShownPart | undefined {
  const found = field(Object(value), key);
  if (found === undefined) return undefined;
  const of = shape.kind === "map" || shape.kind === "list" ? shape.of : ANY;
  return { value: found, shape: of };
}

/** A descriptor with the fields of the specification alone. */
export function knownFields(descriptor: Descriptor): Descriptor {
  return JSON.parse(write(descriptor, DESCRIPTOR, ""));
}

function write(value: unknown, shape: Shape, indent: string): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return goJsonText(value);
  if (typeof value !== "object") return goJson(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const of = shape.kind === "list" ? shape.of : ANY;
    const items = value.map((item) => inner + write(item, of, inner));
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = shape.kind === "fields"
    ? shape.fields
      .filter(({ name, optional }) => !optional || !isEmpty(field(value, name)))
      .map(({ name, shape }) => [name, shape] as const)
    : Object.keys(value).sort(byBytes).map((name) =>
      [name, shape.kind === "map" ? shape.of : ANY] as const
    );
  const lines = entries.map(([name, shape]) =>
    `${inner}${goJsonText(name)}: ${write(field(value, name), shape, inner)}`
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}

function field(value: object, name: string): unknown {
  return Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** What Go's `omitempty` leaves out. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" ||
    value === 0 || value === false ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && Object.keys(value).length === 0);
}
