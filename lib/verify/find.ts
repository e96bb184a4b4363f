import type { Match, Matcher } from "../redact/automaton.ts";
import type { Finder } from "../redact/finder.ts";
import type { Form } from "../redact/forms.ts";
import type { Packing } from "./packing.ts";
import { WrappedSearch } from "./wrapped_search.ts";

/**
 * The part of an image or export in which a secret was found.
 *
 * - `file`: the content of a file, in a layer or an export.
 * - `name`: the headers of a file: its name, the target of a link, extended
 *   attributes; and the bytes that fill its last block.
 * - `config`: an image's configuration: environment, labels, commands.
 * - `history`: the instructions that made the image.
 * - `attestation`: a builder's statement about the image: provenance, or a
 *   list of packages.
 * - `manifest`: a manifest, an index, or another file of the archive.
 */
export type SecretPart =
  | "file"
  | "name"
  | "config"
  | "history"
  | "attestation"
  | "manifest";

/** A place where a secret was found. No field holds its value. */
export interface SecretFind {
  /** The secret's id. */
  readonly id: string;
  /** The form in which the value is written there. */
  readonly form: Form;
  /**
   * The output, such as `tar "out.tar"`; undefined where the build has one
   * output.
   */
  readonly output?: string;
  /** The part of the image or export. */
  readonly part: SecretPart;
  /**
   * The layer's digest, `sha256:…`: that of its tar if the configuration has
   * it, otherwise that of the blob; undefined outside of layers.
   */
  readonly layer?: string;
  /** Number of the layer; the lowest is 1. */
  readonly layerNumber?: number;
  /** The instruction that made the layer, with secrets masked. */
  readonly instruction?: string;
  /**
   * Path of the file in its layer or export, with secrets masked; `a.zip!/b` is
   * a file in an archive. For a configuration it is the name of a field, such
   * as `config.Env[2]`. Empty for what follows after the end of an archive.
   */
  readonly path: string;
  /**
   * Index of the value's first byte in the file (unpacked as `packed` says), in
   * the field, or in the header.
   */
  readonly offset: number;
  /**
   * How the content was compressed; `offset` counts in the unpacked content.
   * Undefined if it was not compressed.
   */
  readonly packed?: Packing;
  /** How often the value is there, at least. */
  readonly count: number;
}

/** The place of the bytes that are searched. */
export interface FindPlace {
  /** Name of the archive's entry with these bytes; empty in an export. */
  readonly blob: string;
  /** The part of the image or export. */
  readonly part: SecretPart;
  /** Path in the blob; secrets in it are not masked yet. */
  readonly path: string;
  /** How the bytes were compressed. */
  readonly packed?: Packing;
}

/** A find whose place has not been assigned to a layer yet. */
export interface RawFind extends FindPlace {
  readonly value: number;
  readonly form: Form;
  readonly offset: number;
  readonly count: number;
}

/** A run of bytes in which a value was found in one form. */
interface Run {
  readonly value: number;
  readonly form: Form;
  offset: number;
  end: number;
  count: number;
  /**
   * Whether it is more than the beginning of a long value, which other texts
   * may have, too.
   */
  sure: boolean;
  /** Whether it consists of blocks of a long value. */
  readonly isCut: boolean;
}

/** Forms that are not reported if the same place has the value as it is. */
const PLAINER: ReadonlySet<Form> = new Set([
  "line",
  "field",
  "json",
  "percent",
  "html",
  "escape",
  "quoted-printable",
  "mixed",
]);

/**
 * Searches pieces of content and collects the finds: one for each secret, form
 * and place.
 */
export class FindCollector {
  /** The finds, in the order in which they were made. */
  readonly finds: RawFind[] = [];
  /** How many finds were not kept because there were too many. */
  lost = 0;
  /** How many bytes were searched; unpacked content counts again. */
  bytes = 0;
  readonly #finder: Finder;
  readonly #idle: ContentSearch[] = [];
  readonly #max: number;

  /** @param max How many finds are kept. */
  constructor(finder: Finder, max: number) {
    this.#finder = finder;
    this.#max = max;
  }

  /**
   * Begins the search of one piece of content; several may be open at the same
   * time.
   */
  scan(place: FindPlace): ContentScan {
    const search = this.#idle.pop() ?? newSearch(this.#finder);
    return new ContentScan(search, (runs) => {
      this.bytes += search.matcher.offset;
      search.matcher.reset();
      this.#idle.push(search);
      for (const run of runs) this.#add(place, run);
    });
  }

  /** Searches one piece of content that is in memory. */
  scanBytes(place: FindPlace, bytes: Uint8Array): void {
    const scan = this.scan(place);
    scan.push(bytes);
    scan.end();
  }

  /** Removes the finds from this index on that are not wanted. */
  keepFrom(index: number, wanted: (find: RawFind) => boolean): void {
    for (const find of this.finds.splice(index)) {
      if (wanted(find)) this.finds.push(find);
    }
  }

  #add(place: FindPlace, { value, form, offset, count }: Run): void {
    if (this.finds.length >= this.#max) this.lost++;
    else this.finds.push({ ...place, value, form, offset, count });
  }
}

/**
 * The searches of one piece of content: of its bytes as they are, and across
 * line ends.
 */
interface ContentSearch {
  readonly matcher: Matcher;
  /**
   * The search across line ends; undefined if no value has a form that is
   * written in lines.
   */
  readonly wrapped: WrappedSearch | undefined;
}

function newSearch(finder: Finder): ContentSearch {
  const { unwrapped } = finder;
  return {
    matcher: finder.matcher(),
    wrapped: unwrapped.empty
      ? undefined
      : new WrappedSearch(unwrapped.matcher(), unwrapped.reach),
  };
}

/** The search of one piece of content, chunk by chunk. */
export class ContentScan {
  readonly #search: ContentSearch;
  readonly #onEnd: (runs: readonly Run[]) => void;
  readonly #runs = new RunList();
  /** The finds across line ends, which come in an order of their own. */
  readonly #wrapped = new RunList();

  /** @param onEnd Called at the end with what was found. */
  constructor(search: ContentSearch, onEnd: (runs: readonly Run[]) => void) {
    this.#search = search;
    this.#onEnd = onEnd;
  }

  /** Searches the next bytes. */
  push(bytes: Uint8Array): void {
    this.#search.matcher.scan(bytes, this.#runs.take);
    this.#search.wrapped?.push(bytes, this.#wrapped.take);
  }

  /** Ends the content. */
  end(): void {
    this.#search.matcher.finishScan(this.#runs.take);
    this.#search.wrapped?.end(this.#wrapped.take);
    const runs = this.#runs.sure();
    for (const run of this.#wrapped.sure()) {
      const same = runs.find(({ value, form }) =>
        value === run.value && form === run.form
      );
      if (same === undefined) runs.push(run);
      else {
        same.offset = Math.min(same.offset, run.offset);
        // Within single lines only some blocks of a long value were found, each
        // counted by itself: the count across lines is the right one.
        same.count = run.isCut ? run.count : same.count + run.count;
      }
    }
    const has = (wanted: Form, value: number) =>
      runs.some((run) => run.form === wanted && run.value === value);
    this.#onEnd(
      runs.filter(({ form, value }) =>
        !(PLAINER.has(form) && has("plain", value)) &&
        !(form === "field" && has("line", value))
      ),
    );
  }
}

/** Collects matches: one run for each value and form. */
class RunList {
  #runs: Run[] | undefined;

  /**
   * The runs that are more than a beginning which other values may have, too.
   */
  sure(): Run[] {
    return (this.#runs ?? []).filter(({ sure }) => sure);
  }

  /** Adds a match; matches come in the order of their ends. */
  readonly take = ({ start, end, pattern, weak }: Match): void => {
    const { value, form, length, at } = pattern;
    this.#runs ??= [];
    // The first block of a long value is not enough: other values may begin in
    // the same way, as tokens do.
    const isCut = end - start !== length;
    const sure = !isCut || at > 0;
    const run = this.#runs.find((run) =>
      run.value === value && run.form === form
    );
    if (run === undefined) {
      if (weak) return;
      const run = { value, form, offset: start, end, count: 1, sure, isCut };
      this.#runs.push(run);
    } else if (start <= run.end) {
      // The blocks of a long value follow each other without a gap.
      run.end = Math.max(run.end, end);
      run.sure ||= sure && !weak;
    } else if (!weak) {
      if (run.sure && sure) run.count++;
      else if (!run.sure) run.offset = start;
      run.sure ||= sure;
      run.end = end;
    }
  };
}
