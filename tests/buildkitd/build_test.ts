import { assertEquals } from "../support/assert.ts";
import { versionsIn } from "./build.ts";

Deno.test("versionsIn() reads what apt-cache show prints, whatever its order", () => {
  const shown = `Package: golang-b-dev
Source: golang-b
Version: 1.2-3
Depends: golang-a-dev (>= 1)
Description: Package: of another
 Version: 9

Package: golang-a-dev
Version: 2:0~git1

`;
  assertEquals(versionsIn(shown), [
    "golang-a-dev 2:0~git1",
    "golang-b-dev 1.2-3",
  ]);
  assertEquals(versionsIn(""), []);
});
