import { assert, assertEquals } from "./assert.ts";

/** The characters that XML 1.0 allows. */
const CHARACTERS_REGEXP =
  /^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const TAG_REGEXP =
  /<(?:\/([\w:-]+)\s*|([\w:-]+)((?:\s+[\w:-]+=(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?))>/y;
const TEXT_REGEXP = /[^<]*/y;
const ENTITY_REGEXP = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/;

/**
 * Fails if a text is no well-formed XML: one element without a document type, a
 * comment or a section of CDATA, which no picture of davit has.
 */
export function assertXml(text: string): void {
  assert(CHARACTERS_REGEXP.test(text), "a character that XML does not allow");
  assert(!ENTITY_REGEXP.test(text), "an & that begins no entity");
  const open: string[] = [];
  let roots = 0;
  for (let at = 0; at < text.length;) {
    TEXT_REGEXP.lastIndex = at;
    const words = TEXT_REGEXP.exec(text)![0];
    at += words.length;
    if (open.length === 0) assertEquals(words.trim(), "", "text outside");
    if (at === text.length) break;
    TAG_REGEXP.lastIndex = at;
    const tag = TAG_REGEXP.exec(text);
    assert(tag !== null, `no tag: ${text.slice(at, at + 80)}`);
    at += tag[0].length;
    const [, closed, opened, attributes, alone] = tag;
    if (closed !== undefined) {
      assertEquals(closed, open.pop());
      continue;
    }
    const names = [...attributes!.matchAll(/\s([\w:-]+)=/g)];
    assertEquals(new Set(names.map(([, name]) => name)).size, names.length);
    if (open.length === 0) roots++;
    if (alone === "") open.push(opened!);
  }
  assertEquals([open, roots], [[], 1]);
}
