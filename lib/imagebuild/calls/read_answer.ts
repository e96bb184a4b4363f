// Reads the answers of BuildKit's frontend, whose JSON is in
// `frontend/subrequests/{lint,outline,targets}/types.go`.

import {
  type AnswerShape,
  checkAnswer,
  checkFields,
  type FieldKinds,
} from "../../engine/fields.ts";
import { ProtocolError, UnsupportedError } from "../../errors.ts";
import type {
  DockerfileCheck,
  DockerfileMount,
  DockerfileOutline,
  DockerfilePlace,
  DockerfileTarget,
} from "./answers.ts";
import type { FrontendAnswer } from "./frontend_call.ts";
import { type FileNames, placesIn, type Source } from "./read_places.ts";

/** Fields of whatever has a name and a place. */
const NAMED: FieldKinds = {
  name: "text",
  ID: "text",
  description: "text",
  value: "text",
  required: "flag",
  default: "flag",
  base: "text",
  platform: "text",
  location: "object",
};

/** What has a name and a place, as the answers have it. */
interface Named {
  readonly name?: string;
  readonly ID?: string;
  readonly description?: string;
  readonly value?: string;
  readonly required?: boolean;
  readonly default?: boolean;
  readonly base?: string;
  readonly platform?: string;
  readonly location?: object;
}

/**
 * The check in an answer to `lint`.
 *
 * @throws {UnsupportedError} If the answer has a newer form.
 * @throws {ProtocolError} If the answer can't be read.
 */
export function readCheck(
  answer: FrontendAnswer,
  nameOf: FileNames,
): DockerfileCheck {
  const what = "The answer of BuildKit's check";
  const { warnings, sources, buildError } = parsed<{
    readonly warnings?: readonly object[] | null;
    readonly sources?: readonly object[] | null;
    readonly buildError?: object | null;
  }>(answer, {
    type: "object",
    fields: { warnings: "objects", sources: "objects", buildError: "object" },
  }, what);
  const places = placesIn(
    (sources ?? []).map((source) => {
      const { filename = "", data = "" } = checkFields<
        { readonly filename?: string; readonly data?: string }
      >(source, { filename: "text", data: "text" }, what);
      return { file: filename, text: textOf(data, what) };
    }),
    nameOf,
    what,
  );
  const violations = (warnings ?? []).map((warning) => {
    const given = checkFields<{
      readonly ruleName?: string;
      readonly description?: string;
      readonly url?: string;
      readonly detail?: string;
      readonly location?: object;
    }>(warning, {
      ruleName: "text",
      description: "text",
      url: "text",
      detail: "text",
      location: "object",
    }, what);
    return {
      rule: given.ruleName ?? "",
      description: given.description ?? "",
      url: given.url ?? "",
      detail: given.detail ?? "",
      place: places(given.location),
    };
  });
  const error = buildError && checkFields<
    { readonly message?: string; readonly location?: object }
  >(buildError, { message: "text", location: "object" }, what);
  return {
    violations: violations.toSorted((a, b) =>
      firstLine(a.place) - firstLine(b.place) ||
      (a.place === undefined ? compareText(a.rule, b.rule) : 0)
    ),
    error: error
      ? { message: error.message ?? "", place: places(error.location) }
      : undefined,
  };
}

/**
 * The outline in an answer to `outline`.
 *
 * @throws {ProtocolError} If the answer has another form.
 */
export function readOutline(
  answer: FrontendAnswer,
  nameOf: FileNames,
): DockerfileOutline {
  const what = "The outline of BuildKit's frontend";
  const given = parsed<{
    readonly name?: string;
    readonly description?: string;
    readonly args?: readonly object[] | null;
    readonly secrets?: readonly object[] | null;
    readonly ssh?: readonly object[] | null;
    readonly cache?: readonly object[] | null;
    readonly sources?: readonly string[] | null;
  }>(answer, {
    type: "object",
    fields: {
      name: "text",
      description: "text",
      args: "objects",
      secrets: "objects",
      ssh: "objects",
      cache: "objects",
      sources: "texts",
    },
  }, what);
  const places = placesIn(
    (given.sources ?? []).map((data) => sourceOf(data, what)),
    nameOf,
    what,
  );
  const mounts = (list: readonly object[] | null | undefined) =>
    (list ?? []).map((entry): DockerfileMount => {
      const { name = "", required = false, location } = named(entry, what);
      return { id: name, required, place: places(location) };
    });
  return {
    name: given.name ?? "",
    description: given.description ?? "",
    args: (given.args ?? []).map((entry) => {
      const { name = "", value, description = "", location } = named(
        entry,
        what,
      );
      return { name, value, description, place: places(location) };
    }),
    secrets: mounts(given.secrets),
    ssh: mounts(given.ssh),
    caches: (given.cache ?? []).map((entry) => {
      const { ID = "", location } = named(entry, what);
      return { id: ID, place: places(location) };
    }),
  };
}

/**
 * The stages in an answer to `targets`.
 *
 * @throws {ProtocolError} If the answer has another form.
 */
export function readTargets(
  answer: FrontendAnswer,
  nameOf: FileNames,
): DockerfileTarget[] {
  const what = "The targets of BuildKit's frontend";
  const given = parsed<{
    readonly targets?: readonly object[] | null;
    readonly sources?: readonly string[] | null;
  }>(answer, {
    type: "object",
    fields: { targets: "objects", sources: "texts" },
  }, what);
  const places = placesIn(
    (given.sources ?? []).map((data) => sourceOf(data, what)),
    nameOf,
    what,
  );
  return (given.targets ?? []).map((entry) => {
    const target = named(entry, what);
    return {
      name: target.name ?? "",
      default: target.default ?? false,
      description: target.description ?? "",
      base: target.base ?? "",
      platform: target.platform ?? "",
      place: places(target.location),
    };
  });
}

/**
 * The text of the Dockerfile in an answer to `outline` or `targets`; undefined
 * if it is not in it.
 *
 * @throws {ProtocolError} If the answer has another form.
 */
export function sourceIn(answer: FrontendAnswer): string | undefined {
  const what = "The answer of BuildKit's frontend";
  const { sources } = parsed<{ readonly sources?: readonly string[] | null }>(
    answer,
    { type: "object", fields: { sources: "texts" } },
    what,
  );
  const [data] = sources ?? [];
  return data === undefined ? undefined : textOf(data, what);
}

function named(entry: object, what: string): Named {
  return checkFields<Named>(entry, NAMED, what);
}

/**
 * Whether an answer has a form that is read here: 1.0.0, or what is added to it.
 */
export function isKnownForm({ version = "1" }: FrontendAnswer): boolean {
  return /^1(?:\.|$)/.test(version);
}

function parsed<T>(
  answer: FrontendAnswer,
  shape: AnswerShape,
  what: string,
): T {
  const { version, json } = answer;
  if (!isKnownForm(answer)) {
    throw new UnsupportedError(
      `form ${version}`,
      `${what} has the form ${version}, and davit knows 1: dockerfileCall() gives it as it came`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(json ?? "");
  } catch {
    // The parser's error is not kept as `cause`: its message quotes the text.
    throw new ProtocolError(`${what} is no JSON document`);
  }
  return checkAnswer<T>(value, shape, what);
}

/** A file of an answer that does not name its files: the Dockerfile. */
function sourceOf(data: string, what: string): Source {
  return { file: "Dockerfile", text: textOf(data, what) };
}

function textOf(data: string, what: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(data));
  } catch (cause) {
    throw new ProtocolError(`${what} has a source that is not in base64`, {
      cause,
    });
  }
}

/** What has no place comes first. */
function firstLine(place: DockerfilePlace | undefined): number {
  return place?.ranges[0]?.start ?? 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
