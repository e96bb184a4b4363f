import {
  copiesContext,
  copiesFiles,
  isCopy,
  isLayer,
  keywordOf,
} from "../../lib/timings/instruction.ts";
import { readStepName } from "../../lib/timings/step_name.ts";
import { assertEquals } from "../support/assert.ts";

/** A step of a Dockerfile with these words. */
function step(words: string) {
  return { name: `[stage-1 2/3] ${words}`, words };
}

Deno.test("the keyword is in upper case, and what has no number is none of small letters", () => {
  const keywords = {
    "[1/2] RUN make": "RUN",
    "[1/2] copy a b": "COPY",
    "[ 1/12] Add a b": "ADD",
    "[linux/arm64 b 1/2] run\tmake": "RUN",
    "RUN make": "RUN",
    "copy /context /": undefined,
    "[internal] load build context": undefined,
    "[1/2] ONBUILD COPY . .": "ONBUILD",
    "[1/2] RUN": undefined,
    "exporting to image": undefined,
  };
  for (const [name, keyword] of Object.entries(keywords)) {
    const { words } = readStepName(name, new Set());
    assertEquals(keywordOf({ name, words }), keyword, name);
  }
});

Deno.test("layers are what changes the image; a trigger for another build is none", () => {
  const layers = ["RUN a", "COPY a b", "add a b", "WORKDIR /a"];
  for (const words of layers) assertEquals(isLayer(step(words)), true, words);
  for (const words of ["FROM a", "ENV a=b", "ONBUILD COPY . .", "exporting"]) {
    assertEquals(isLayer(step(words)), false, words);
  }
  assertEquals(["COPY a b", "add a b", "RUN a"].map(step).map(isCopy), [
    true,
    true,
    false,
  ]);
});

Deno.test("a copy of the whole context is known in each form of a Dockerfile", () => {
  const whole = [
    "COPY . .",
    "COPY ./ /a",
    "COPY / /a",
    "COPY .. /a",
    "COPY * .",
    "COPY ./* .",
    "COPY /. /a",
    "copy . .",
    "ADD . /a",
    "add --link . /a",
    "COPY --link --chown=1:1 --chmod=0755 . /a",
    "COPY --exclude=*.md --exclude=a . .",
    "COPY --parents ./ /a/",
    "COPY -- . /a",
    "COPY package.json . /a/",
    "COPY   .   /a",
    'COPY [".", "/app"]',
    'copy --link ["a b", "./", "/app/"]',
    // As BuildKit writes it.
    "COPY [., /app]",
    "COPY --link [a b, ., /app]",
    "COPY . [a]",
  ];
  const parts = [
    "COPY a .",
    "COPY .a .",
    "COPY *.json ./",
    "COPY a* .",
    "COPY a/. .",
    "COPY --from=build . .",
    'COPY --from=build --link ["." , "/a"]',
    'COPY ["a", "."]',
    "COPY [a, .]",
    "COPY [.]",
    "COPY [a-z] .",
    "COPY <<EOF .",
    "COPY .",
    "ADD https://example.com/a.tar .",
    "RUN cp . /a",
    "ONBUILD COPY . .",
    "WORKDIR .",
  ];
  for (const words of whole) {
    assertEquals(copiesContext(step(words)), true, words);
  }
  for (const words of parts) {
    assertEquals(copiesContext(step(words)), false, words);
  }
});

Deno.test("files that may be others next time are not those of a stage, nor lines of the Dockerfile", () => {
  const files = [
    "COPY a .",
    "COPY <<EOF a /b/",
    "ADD https://example.com/a.tar .",
    "COPY a--from=b .",
    "COPY a --from=b .",
  ];
  const none = [
    "COPY --from=build a .",
    "COPY --link --from=build a .",
    "COPY <<EOF /a",
    "COPY <<-'A' <<\"B\" 3<<C /a/",
    "RUN <<EOF",
  ];
  for (const words of files) {
    assertEquals(copiesFiles(step(words)), true, words);
  }
  for (const words of none) {
    assertEquals(copiesFiles(step(words)), false, words);
  }
});
