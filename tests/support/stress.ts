/**
 * How many rounds of a random test are made: all of them, or a tenth where
 * `deno task mutate` runs it once for each change.
 */
export function rounds(all: number): number {
  return Deno.env.has("DAVIT_TEST_FEW_ROUNDS") ? all / 10 : all;
}
