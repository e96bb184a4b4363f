/**
 * Splits flags into words as a shell would, as far as buildx does (shlex):
 * quotes, and a backslash outside of single quotes; nothing is expanded.
 *
 * @returns undefined if a quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === "'" || letter === '"') {
      const end = closing(text, at);
      if (end === undefined) return undefined;
      const inside = text.slice(at + 1, end);
      word = (word ?? "") +
        (letter === "'" ? inside : inside.replace(/\\(.)/gs, "$1"));
      at = end;
    } else if (letter === "\\") {
      if (++at === text.length) return undefined;
      word = (word ?? "") + text[at];
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (letter === "#" && word === undefined) {
      // A comment, to the end of the line.
      at = text.indexOf("\n", at);
      if (at === -1) break;
    } else word = (word ?? "") + letter;
  }
  return word === undefined ? words : [...words, word];
}

/** Where the quote that begins at a place ends. */
function closing(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === text[start]) return at;
    if (text[at] === "\\" && text[start] === '"') at++;
  }
  return undefined;
}
