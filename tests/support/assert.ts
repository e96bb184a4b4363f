/** `@std/assert` with its types, for every test. */
// @ts-types="./assert.d.ts"
export * from "@std/assert";
