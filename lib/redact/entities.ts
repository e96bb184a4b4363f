/**
 * The entities of HTML that stand for a character of ASCII or Latin-1.
 *
 * @module
 */

/** Names of the characters from U+00A0 on, in their order (HTML 4, ISO 8859-1). */
const LATIN1 =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr " +
  "deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest " +
  "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml " +
  "ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig " +
  "agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml " +
  "eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/** Names of the characters of ASCII (the HTML Standard, "Named character references"). */
const ASCII: Readonly<Record<string, string>> = {
  "\t": "Tab",
  "\n": "NewLine",
  "!": "excl",
  '"': "quot QUOT",
  "#": "num",
  "$": "dollar",
  "%": "percnt",
  "&": "amp AMP",
  "'": "apos",
  "(": "lpar",
  ")": "rpar",
  "*": "ast midast",
  "+": "plus",
  ",": "comma",
  ".": "period",
  "/": "sol",
  ":": "colon",
  ";": "semi",
  "<": "lt LT",
  "=": "equals",
  ">": "gt GT",
  "?": "quest",
  "@": "commat",
  "[": "lsqb lbrack",
  "\\": "bsol",
  "]": "rsqb rbrack",
  "^": "Hat",
  "_": "lowbar UnderBar",
  "`": "grave DiacriticalGrave",
  "{": "lcub lbrace",
  "|": "verbar vert VerticalLine",
  "}": "rcub rbrace",
};

/** The code point of each name. */
export const ENTITIES: ReadonlyMap<string, number> = new Map([
  ...Object.entries(ASCII).flatMap(([char, names]) =>
    names.split(" ").map((name): [string, number] => [name, char.charCodeAt(0)])
  ),
  ...LATIN1.split(" ").map((name, index): [string, number] => [
    name,
    0xa0 + index,
  ]),
]);

/** The longest name, in letters. */
export const MAX_NAME: number = Math.max(
  ...ENTITIES.keys().map((name) => name.length),
);
