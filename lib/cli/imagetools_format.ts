import {
  fieldPart,
  indexedPart,
  shownJson,
  type ShownPart,
  shownShape,
} from "../imagetools/go_json.ts";
import type { ImagetoolsInspection } from "../imagetools/result.ts";
import { UsageError } from "./exit.ts";
import { inspectionText } from "./imagetools_text.ts";

/** The words of a template between `{{` and `}}`. */
const WORD_REGEXP = /\s*("(?:[^"\\]|\\.)*"|[()]|[^\s()"]+)/y;

/**
 * Fills a template of `docker buildx imagetools inspect --format`: text, and of
 * Go's templates `{{.FIELD}}`, `{{json .FIELD}}`, `{{index .FIELD "KEY"}}` and
 * texts in quotes.
 *
 * @param name The name as it was given.
 * @throws {UsageError} If the template has something else.
 */
export function formatInspection(
  name: string,
  inspection: ImagetoolsInspection,
  template: string,
): string {
  if (/^\s*\{\{\s*\.Manifest\s*\}\}\s*$/.test(template)) {
    return inspectionText(inspection);
  }
  const root = rootOf(name, inspection);
  return template.replace(
    /\{\{(.*?)(?:\}\}|$)/gs,
    (whole, expression: string) => {
      if (!whole.endsWith("}}")) throw unusable(whole, "it has no end");
      return new Expression(expression, root).text();
    },
  );
}

function rootOf(
  name: string,
  { descriptor, index, images }: ImagetoolsInspection,
): ShownPart {
  const isOne = images.length < 2;
  const byPlatform = Object.fromEntries(
    images.map(({ platform, config }) => [platform, config]),
  );
  const value = {
    name,
    manifest: index === undefined
      ? descriptor
      : { ...index, digest: descriptor.digest, size: descriptor.size },
    image: isOne ? images[0]?.config : byPlatform,
  };
  return { value, shape: shownShape(index !== undefined, isOne) };
}

/** One expression of a template. */
class Expression {
  readonly #source: string;
  readonly #words: string[];
  readonly #root: ShownPart;

  constructor(source: string, root: ShownPart) {
    this.#source = source.trim();
    this.#words = [];
    this.#root = root;
    WORD_REGEXP.lastIndex = 0;
    for (
      let match = WORD_REGEXP.exec(this.#source);
      match !== null;
      match = WORD_REGEXP.exec(this.#source)
    ) {
      this.#words.push(match[1]!);
    }
  }

  text(): string {
    const isJson = this.#words[0] === "json";
    if (isJson) this.#words.shift();
    const { value, shape } = this.#part();
    if (this.#words.length > 0) {
      throw this.#refuse(`"${this.#words[0]}" is not known`);
    }
    if (isJson) return shownJson(value, shape);
    if (value === undefined || value === null) return "";
    if (typeof value === "object") {
      throw this.#refuse("it is no text: write {{json …}}");
    }
    return String(value);
  }

  #part(): ShownPart {
    const word = this.#words.shift();
    if (word === undefined) throw this.#refuse("it is empty");
    if (word.startsWith('"')) {
      return { value: this.#quoted(word), shape: { kind: "any" } };
    }
    if (word === "(") {
      const part = this.#part();
      if (this.#words.shift() !== ")") throw this.#refuse('a ")" is missing');
      return part;
    }
    if (word === "index") {
      const part = this.#part();
      const key = this.#words.shift() ?? "";
      const found = indexedPart(
        part,
        key.startsWith('"') ? this.#quoted(key) : key,
      );
      return found ?? { value: undefined, shape: { kind: "any" } };
    }
    if (!word.startsWith(".")) throw this.#refuse(`"${word}" is not known`);
    let part = this.#root;
    for (const name of word.slice(1).split(".").filter(Boolean)) {
      const next = fieldPart(part, name);
      if (next === undefined) {
        throw this.#refuse(`there is no field ".${name}"`);
      }
      part = next;
    }
    return part;
  }

  #quoted(word: string): string {
    try {
      return JSON.parse(word);
    } catch {
      throw this.#refuse(`${word} can't be read`);
    }
  }

  #refuse(why: string): UsageError {
    return unusable(`{{${this.#source}}}`, why);
  }
}

function unusable(expression: string, why: string): UsageError {
  return new UsageError(
    `--format: ${expression} can't be used: ${why}; there are .Name, .Manifest and .Image, as in '{{json .Manifest}}' and '{{json (index .Image "linux/amd64")}}'`,
  );
}
