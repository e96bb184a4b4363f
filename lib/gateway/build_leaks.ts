import { inFairSlices } from "../streams/slices.ts";
import { malformed } from "./refusal.ts";
import type { Target } from "./target.ts";

/** How many characters are searched together. */
const BATCH_LENGTH = 32 * 1024;

/**
 * The parameters of `/build` that end up in the image, in its history, or in
 * the build's log.
 */
const STORED = new Set([
  "buildargs",
  "cachefrom",
  "extrahosts",
  "labels",
  "outputs",
  "remote",
  "t",
]);

/**
 * Refuses a build that would make a secret public: one that has a secret's
 * value in a build argument, a label or a name.
 *
 * @param holds Whether a text holds one of this build's values.
 * @param signal Ends the search.
 * @throws {Refusal} If a parameter does; the sentence names the parameter.
 */
export async function refuseStoredSecrets(
  query: Target["query"],
  holds: (text: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  await inFairSlices(searchStored(query, holds), signal);
}

function* searchStored(
  query: Target["query"],
  holds: (text: string) => boolean,
): Generator<void, void> {
  for (const [name, value] of query) {
    if (!STORED.has(name)) continue;
    for (const text of inBatches(textsOf(value))) {
      if (holds(text)) {
        throw malformed(
          `the parameter ${name} holds the value of a secret, and is stored with the image or its log; mount the secret where it is used`,
        );
      }
      yield;
    }
  }
}

/**
 * A value itself and, where it is JSON, each key and text in it: escapes could
 * hide a secret in the JSON.
 */
function* textsOf(value: string): Generator<string> {
  yield value;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return; // then no engine reads it as JSON either
  }
  const open = [parsed];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string") yield one;
    else if (typeof one === "object" && one !== null) {
      for (const [key, inner] of Object.entries(one)) {
        yield key;
        open.push(inner);
      }
    }
  }
}

/**
 * Joins several texts with a NUL between them: one search is cheaper than many.
 */
function* inBatches(texts: Iterable<string>): Generator<string> {
  let batch: string[] = [];
  let length = 0;
  for (const text of texts) {
    batch.push(text);
    length += text.length;
    if (length < BATCH_LENGTH) continue;
    yield batch.join("\0");
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield batch.join("\0");
}
