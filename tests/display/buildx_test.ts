import { formatRawJson } from "../../lib/display/rawjson.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { eventsOfTrace } from "../progress/traces.ts";
import { PRINTED_BUILDS } from "./capture.ts";
import {
  eventsOfRawJson,
  normalized,
  readRawJson,
  rendered,
  renderedInTime,
} from "./replay.ts";

function printedByBuildx(name: string, mode: "plain" | "rawjson"): string {
  return Deno.readTextFileSync(
    new URL(`buildx/${name}.${mode}`, import.meta.url),
  );
}

/** Without what davit doesn't decode: the definition that a warning's source has. */
function comparable(statuses: readonly unknown[]): unknown {
  return JSON.parse(
    JSON.stringify(
      statuses,
      (key, value) => key === "definition" ? undefined : value,
    ),
  );
}

for (const { name } of PRINTED_BUILDS) {
  Deno.test(`rawjson of ${name} is what buildx prints, to the nanosecond`, () => {
    const text = printedByBuildx(name, "rawjson");
    const ours = eventsOfRawJson(text).map((events) =>
      JSON.parse(formatRawJson(events))
    );
    assert(ours.length > 3);
    assertEquals(ours, comparable(readRawJson(text)) as unknown[]);
  });

  Deno.test(`plain of ${name} is what buildx prints`, async () => {
    assertEquals(
      normalized(
        await renderedInTime(eventsOfTrace(`28_${name}`), { mode: "plain" }),
      ),
      normalized(printedByBuildx(name, "plain")),
    );
  });

  Deno.test(`rawjson of ${name} from a trace has buildx's shape`, async () => {
    const text = await rendered(eventsOfTrace(`28_${name}`), {
      mode: "rawjson",
    });
    assertEquals(
      shape(readRawJson(text)),
      shape(
        readRawJson(printedByBuildx(name, "rawjson")),
      ),
    );
  });
}

/** Paths of all fields with the types of their values, and the names of steps. */
function shape(statuses: readonly unknown[]): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, path: string) => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, `${path}[]`);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        // What is cached or not differs with what was built before.
        if (key !== "definition" && key !== "cached") {
          visit(item, `${path}.${key}`);
        }
      }
    } else {
      found.add(`${path}: ${typeof value}`);
      if (path.endsWith("vertexes[].name")) found.add(String(value));
    }
  };
  for (const status of statuses) visit(status, "");
  return [...found].sort();
}
