import { shortened } from "./visible.ts";

/** Longer keys are cut in the same way in both builds. */
const MAX_CHARACTERS = 80;
/** As many bytes as that may take: a page has the keys of all steps. */
const MAX_BYTES = 100;
/** The bytes of `…`. */
const CUT_BYTES = 3;

const encoder = new TextEncoder();

/**
 * What tells a step from others in a comparison, cut where it is long. The size
 * counts as it stands in a page's JSON, where `<` takes six bytes.
 */
export function stepKey(words: string): string {
  const key = shortened(words, MAX_CHARACTERS);
  if (sizeOf(key) <= MAX_BYTES) return key;
  let cut = "";
  let size = 0;
  for (const character of key) {
    size += sizeOf(character);
    if (size > MAX_BYTES - CUT_BYTES) break;
    cut += character;
  }
  return `${cut}…`;
}

function sizeOf(text: string): number {
  const json = JSON.stringify(text).replaceAll("<", "\\u003c");
  // Without the quotes around it.
  return encoder.encode(json).length - 2;
}
