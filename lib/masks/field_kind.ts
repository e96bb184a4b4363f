/** How a field of an answer is masked. */
export type FieldKind =
  /** A kind, an id, a digest, a number or a time: never changed. */
  | "kept"
  /**
   * Text that a person or a program wrote, as a string or bytes: masked
   * wherever it contains a value.
   */
  | "text"
  /** The engine's own words: masked, except for digests in them. */
  | "sentence"
  /**
   * A part of a step's output: masked together with the next parts of the same
   * step.
   */
  | "output"
  /**
   * A field that only newer engines send: it is not known which part of it is
   * text, so it is left out if it contains a value.
   */
  | "unknown";

/** How a field is masked: by its kind, or by the parts that it consists of. */
export type FieldNode = FieldKind | ListOf | MapOf | Choice | FieldTable;

/**
 * The fields of an object by their names. A field that is not listed counts as
 * unknown.
 */
export interface FieldTable {
  readonly [name: string]: FieldNode;
}

/** A table that must list every field of a type. */
export type FieldsOf<T> = {
  readonly [Name in keyof T as string extends Name ? never : Name]-?: FieldNode;
};

/** A list whose items are all masked in the same way. */
export class ListOf {
  /** How each item is masked. */
  readonly item: FieldNode;

  /** @param item How each item is masked. */
  constructor(item: FieldNode) {
    this.item = item;
  }
}

/**
 * An object whose keys are chosen by a client, such as labels. Keys are not
 * changed: an entry whose key contains a value is left out.
 */
export class MapOf {
  /** How each value is masked. */
  readonly value: FieldNode;

  /** @param value How each value is masked. */
  constructor(value: FieldNode) {
    this.value = value;
  }
}

/** A field whose form depends on the field `id` beside it. */
export class Choice {
  /** How it is masked for each `id`; `""` stands for a missing one. */
  readonly cases: Readonly<Record<string, FieldNode>>;

  /**
   * @param cases How it is masked for each `id`; for any other one it counts as
   * unknown.
   */
  constructor(cases: Readonly<Record<string, FieldNode>>) {
    this.cases = cases;
  }
}
