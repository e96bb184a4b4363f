/** `@std/encoding/base64` with its types, for every test. */
// @ts-types="../../lib/std/base64.d.ts"
export { decodeBase64, encodeBase64 } from "@std/encoding/base64";
