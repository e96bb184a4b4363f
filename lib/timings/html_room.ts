/** How much of a build a page shows. */
export interface PageRoom {
  /** How many characters of a name or of a line of the Dockerfile. */
  readonly name: number;
  /** Whether a step's whole words are told where the mouse rests on its name. */
  readonly hasTitles: boolean;
  /** How many transfers of a step; the others are counted. */
  readonly transfers: number;
  /** How many of the steps that a step waited for; the others are counted. */
  readonly inputs: number;
  /** How many periods of a step; the others are one bar. */
  readonly periods: number;
  /** How many characters of a step's error; with 0 that there is one. */
  readonly error: number;
  /** How many characters of the ids of a step's secrets; with 0 how many there are. */
  readonly secrets: number;
  /** How many characters of a sentence above the steps, or of a warning. */
  readonly sentence: number;
  /** How many warnings; the others are counted. */
  readonly warnings: number;
  /** How many changes against an earlier build; the others are counted. */
  readonly changes: number;
  /** How many lines around the failed ones. */
  readonly excerpt: number;
  /** Which lines of the Dockerfile: all, those with steps, or none. */
  readonly lines: "all" | "steps" | "none";
}

const WHOLE: PageRoom = {
  name: 240,
  hasTitles: true,
  transfers: 12,
  inputs: 8,
  periods: 20,
  error: 1000,
  secrets: 240,
  sentence: 400,
  warnings: 200,
  changes: 40,
  excerpt: 100,
  lines: "all",
};

/** What goes first, in this order, where a page gets too large. */
const LESS: readonly Partial<PageRoom>[] = [
  // The ends of long names; the words that are told under the mouse alone.
  { name: 120, secrets: 120 },
  { name: 80, secrets: 80, hasTitles: false },
  // Of what one step has much of, the rest.
  { transfers: 3, periods: 5, error: 200, sentence: 200, warnings: 50 },
  // Comments, empty lines, and instructions without a step.
  { lines: "steps" },
  { name: 60, secrets: 60, inputs: 4, excerpt: 40 },
  { name: 40, secrets: 40, transfers: 1, error: 80 },
  { name: 24, secrets: 24, inputs: 2, periods: 2, warnings: 20, changes: 20 },
  // The least: any build of 500 steps has room with this.
  {
    name: 12,
    secrets: 0,
    transfers: 0,
    inputs: 1,
    periods: 0,
    error: 0,
    sentence: 120,
    warnings: 5,
    changes: 10,
    excerpt: 10,
    lines: "none",
  },
];

/** From all that a page can show to the least, each with less than the one before it. */
export const PAGE_ROOMS: readonly PageRoom[] = LESS.reduce<PageRoom[]>(
  (rooms, less) => [...rooms, { ...rooms.at(-1)!, ...less }],
  [WHOLE],
);
