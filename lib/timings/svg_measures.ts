// All in pixels.

/** The width of the picture: that of a comment's text on a laptop. */
export const WIDTH = 900;
/** What is left free at the sides. */
export const EDGE = 20;
/** From one row to the next. */
export const ROW = 20;
/** Where the bars begin. */
export const LEFT = 380;
/** Where they end. */
export const RIGHT: number = WIDTH - EDGE;
/** The widest that a character of a name is. */
export const MONO = 7.3;
/** The widest that a character of the headline is. */
export const HEAD = 9.8;
/** The widest that a character of a sentence is, on average. */
export const SANS = 6.5;
