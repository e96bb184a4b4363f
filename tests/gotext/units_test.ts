import { binarySize } from "../../lib/gotext/units.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("sizes in units of 1024 bytes have four digits at the most", () => {
  assertEquals(
    [0, 1023, 1024, 1536, 25995000000, 2 ** 50, 2 ** 61].map(binarySize),
    ["0B", "1023B", "1KiB", "1.5KiB", "24.21GiB", "1PiB", "2048PiB"],
  );
});
