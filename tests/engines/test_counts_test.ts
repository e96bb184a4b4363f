import { assertEquals } from "../support/assert.ts";
import { countTests, describeCounts } from "./test_counts.ts";

Deno.test("countTests() reads the last summary, coloured or not", () => {
  const plain =
    "ok | 9 passed | 0 failed (1ms)\n\nok | 5 passed (2 steps) | 0 failed | 1 ignored (3ms)\n";
  assertEquals(countTests(plain), { passed: 5, failed: 0, skipped: 1 });
  const coloured =
    "\x1b[0m\x1b[31mFAILED\x1b[0m | 1 passed | 12 failed (3 steps) | 2 filtered out (5ms)\n";
  assertEquals(countTests(coloured), { passed: 1, failed: 12, skipped: 0 });
  assertEquals(countTests("error: No test modules found\n"), undefined);
});

Deno.test("describeCounts() names skipped tests only if there are any", () => {
  assertEquals(
    describeCounts({ passed: 5, failed: 0, skipped: 0 }),
    "5 passed, 0 failed",
  );
  assertEquals(
    describeCounts({ passed: 5, failed: 1, skipped: 2 }),
    "5 passed, 1 failed, 2 skipped",
  );
});
