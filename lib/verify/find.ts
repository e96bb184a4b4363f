import type { Match, Matcher } from "../redact/automaton.ts";
import type { Finder } from "../redact/finder.ts";
import type { Form } from "../redact/forms.ts";
import type { Packing } from "./packing.ts";
import { WrappedSearch } from "./wrapped_search.ts";

/**
 * The part of an image or export that a secret was found in.
 *
 * - `file`: the content of a file, in a layer or an export.
 * - `name`: the headers of a file: its name, the target of a link, extended
 *   attributes; and what fills its last block.
 * - `config`: an image's configuration: environment, labels, commands.
 * - `history`: the instructions that made the image.
 * - `attestation`: what a builder states of the image: provenance, a list of
 *   packages.
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
  /** How it is written there. */
  readonly form: Form;
  /** What it stands in. */
  readonly part: SecretPart;
  /**
   * The layer's digest, `sha256:…`: that of its tar where a configuration tells
   * it, else that of the blob; undefined outside of layers.
   */
  readonly layer?: string;
  /** Number of the layer, from 1 for the lowest. */
  readonly layerNumber?: number;
  /** The instruction that made the layer, secrets masked. */
  readonly instruction?: string;
  /**
   * Path of the file in its layer or export, secrets masked: `a.zip!/b` is a
   * file in an archive. A field's name for a configuration, such as `config.Env[2]`.
   * Empty for what lies behind the end of an archive.
   */
  readonly path: string;
  /** Where its first byte is, in the file as `packed` tells, in a field, or in a header. */
  readonly offset: number;
  /** How the content is packed that `offset` counts in, unpacked; undefined if it is not. */
  readonly packed?: Packing;
  /** How often it is there, at least. */
  readonly count: number;
}

/** Where bytes come from that are looked through. */
export interface FindPlace {
  /** Name of the archive's entry that they are in; empty in an export. */
  readonly blob: string;
  /** What they are. */
  readonly part: SecretPart;
  /** Path in the blob; not masked yet. */
  readonly path: string;
  /** How they were packed. */
  readonly packed?: Packing;
}

/** A find before it is known what its place belongs to. */
export interface RawFind extends FindPlace {
  readonly value: number;
  readonly form: Form;
  readonly offset: number;
  readonly count: number;
}

/** A run of bytes that show a value in one form. */
interface Run {
  readonly value: number;
  readonly form: Form;
  offset: number;
  end: number;
  count: number;
  /** Whether it is more than the beginning of a long value, which others may share. */
  sure: boolean;
  /** Whether it is made of blocks of a long value. */
  readonly isCut: boolean;
}

/** Forms that say no more than that the value is there as it is. */
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
 * Looks through pieces of content one after the other, and collects what it
 * finds: one entry for each secret, form and place.
 */
export class FindCollector {
  /** What was found, in its order. */
  readonly finds: RawFind[] = [];
  /** Finds that are not in the list any more. */
  lost = 0;
  /** Bytes that were looked through, unpacked ones again. */
  bytes = 0;
  readonly #finder: Finder;
  readonly #idle: ContentSearch[] = [];
  readonly #max: number;

  /** @param max How many finds are kept. */
  constructor(finder: Finder, max: number) {
    this.#finder = finder;
    this.#max = max;
  }

  /** Begins one piece of content; several may be open at a time. */
  scan(place: FindPlace): ContentScan {
    const search = this.#idle.pop() ?? newSearch(this.#finder);
    return new ContentScan(search, (runs) => {
      this.bytes += search.matcher.offset;
      search.matcher.reset();
      this.#idle.push(search);
      for (const run of runs) this.#add(place, run);
    });
  }

  /** Looks through one piece of content that is at hand. */
  scanBytes(place: FindPlace, bytes: Uint8Array): void {
    const scan = this.scan(place);
    scan.push(bytes);
    scan.end();
  }

  /** Drops some of the finds from an index on. */
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

/** What looks through content: as it is, and across the ends of its lines. */
interface ContentSearch {
  readonly matcher: Matcher;
  /** Undefined where no value has a form that is written in lines. */
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

/** One piece of content, chunk by chunk. */
export class ContentScan {
  readonly #search: ContentSearch;
  readonly #onEnd: (runs: readonly Run[]) => void;
  readonly #runs = new RunList();
  /** Those across the ends of lines, which come in an order of their own. */
  readonly #wrapped = new RunList();

  /** @param onEnd Told what was found, at the end. */
  constructor(search: ContentSearch, onEnd: (runs: readonly Run[]) => void) {
    this.#search = search;
    this.#onEnd = onEnd;
  }

  /** Takes the next bytes. */
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
        // Within a line a long value shows some of its blocks, one by one.
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

/** Matches, gathered: one run for each value and form. */
class RunList {
  #runs: Run[] | undefined;

  /** The runs that are more than what a value may share with others. */
  sure(): Run[] {
    return (this.#runs ?? []).filter(({ sure }) => sure);
  }

  /** Takes a match; they come in the order of their ends. */
  readonly take = ({ start, end, pattern, weak }: Match): void => {
    const { value, form, length, at } = pattern;
    this.#runs ??= [];
    // Alone, the first block of a longer value may be what it shares with others:
    // the head of a token, say.
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
      // Blocks of one long value lie side by side.
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
