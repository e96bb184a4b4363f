/**
 * How many rounds of a random test are made: all of them in `deno task test`,
 * a tenth in `deno task test:unit`.
 */
export function rounds(all: number): number {
  return Deno.env.has("DAVIT_TEST_FEW_ROUNDS") ? all / 10 : all;
}
