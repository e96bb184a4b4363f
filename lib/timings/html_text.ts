import { shortened } from "./visible.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

/**
 * A text between tags, of at most so many characters. Quotes stay as they are,
 * because they are many in a Dockerfile: in an attribute it takes `escaped`.
 */
export function betweenTags(text: string, most: number): string {
  return shortened(text, most).replace(
    /[&<>]/g,
    (character) => ENTITIES[character]!,
  );
}
