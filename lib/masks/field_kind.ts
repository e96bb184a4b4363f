/** What a field of an answer is to a mask. */
export type FieldKind =
  /** A kind, an id, a digest, a number, a moment: it passes as it is. */
  | "kept"
  /** What a person or a program wrote, as text or bytes: masked wherever a value stands in it. */
  | "text"
  /** The engine's own words: masked, but for the digests that it names in them. */
  | "sentence"
  /** A slice of what a step prints: masked together with the next slices of the same step. */
  | "output"
  /** A newer engine's: nobody knows which part of it is text, so it is left out if it holds a value. */
  | "unknown";

/** A kind, or what a field is made of. */
export type FieldNode = FieldKind | ListOf | MapOf | Choice | FieldTable;

/** The fields of an object by their names; one that is not there counts as unknown. */
export interface FieldTable {
  readonly [name: string]: FieldNode;
}

/** A table that leaves no field of a type out. */
export type FieldsOf<T> = {
  readonly [Name in keyof T as string extends Name ? never : Name]-?: FieldNode;
};

/** A list. */
export class ListOf {
  /** What each of its items is. */
  readonly item: FieldNode;

  /** Says what each item is. */
  constructor(item: FieldNode) {
    this.item = item;
  }
}

/**
 * An object whose keys are a client's words, as labels are. No key is changed:
 * an entry whose key holds a value is left out.
 */
export class MapOf {
  /** What each of its values is. */
  readonly value: FieldNode;

  /** Says what each value is. */
  constructor(value: FieldNode) {
    this.value = value;
  }
}

/** A field that is one thing or another, as the id beside it says. */
export class Choice {
  /** By the text of `id`; `""` where there is none. */
  readonly cases: Readonly<Record<string, FieldNode>>;

  /** Says what it is in each case; unknown in every other. */
  constructor(cases: Readonly<Record<string, FieldNode>>) {
    this.cases = cases;
  }
}
