import { malformed } from "./refusal.ts";
import type { Target } from "./target.ts";

/** The parameters of `/build` that an image, its history or the log of its build keeps. */
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
 * Refuses what everybody would see: a secret's value in a build argument, a
 * label, a name.
 *
 * @param holds Whether a text holds one of this build's values.
 * @throws {Refusal} If a parameter does; the sentence names the parameter.
 */
export function refuseStoredSecrets(
  query: Target["query"],
  holds: (text: string) => boolean,
): void {
  for (const [name, value] of query) {
    if (!STORED.has(name) || !textsOf(value).some(holds)) continue;
    throw malformed(
      `the parameter ${name} holds the value of a secret, and is stored with the image or its log; mount the secret where it is used`,
    );
  }
}

/** A value as it is and, where it is JSON, each key and text in it: they may be escaped. */
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
