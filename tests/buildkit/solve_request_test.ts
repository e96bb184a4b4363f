/** A request to build, held to the code that is generated of its definition. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { encodeSolveRequest } from "../../lib/buildkit/solve_request.ts";
import { SolveRequestSchema } from "../proto/gen/control_pb.ts";
import { assertEquals } from "../support/assert.ts";

function generated(
  init: MessageInitShape<typeof SolveRequestSchema>,
): Uint8Array {
  return toBinary(SolveRequestSchema, create(SolveRequestSchema, init));
}

Deno.test("a request is written as the generated code writes it", () => {
  const attrs = { name: "a,b", "": "" };
  const cases: [written: Uint8Array, expected: Uint8Array][] = [
    [
      encodeSolveRequest({
        ref: "r",
        session: "s",
        frontend: "dockerfile.v0",
        frontendAttrs: { "build-arg:A": "ü", target: "" },
        exporters: [{ type: "moby", attrs }, { type: "local", attrs: {} }],
        cache: {
          exports: [{ type: "inline", attrs: {} }],
          imports: [{ type: "registry", attrs: { ref: "x" } }],
        },
        entitlements: ["network.host", "security.insecure"],
        internal: true,
        sourcePolicy: [
          { action: "ALLOW", selector: { identifier: "*" } },
          {
            action: "DENY",
            selector: {
              identifier: "docker-image://a",
              matchType: "EXACT",
              constraints: [
                { key: "k", value: "v" },
                { key: "k", value: "v", condition: "NOTEQUAL" },
                { key: "k", value: "v", condition: "MATCHES" },
              ],
            },
          },
          {
            action: "CONVERT",
            selector: { identifier: ".*", matchType: "REGEX" },
            updates: { identifier: "docker-image://b", attrs: { x: "y" } },
          },
          {
            action: "CONVERT",
            selector: { identifier: "w", matchType: "WILDCARD" },
            updates: {},
          },
        ],
      }),
      generated({
        Ref: "r",
        ExporterDeprecated: "moby",
        ExporterAttrsDeprecated: attrs,
        Session: "s",
        Frontend: "dockerfile.v0",
        FrontendAttrs: { "build-arg:A": "ü", target: "" },
        Cache: {
          Exports: [{ Type: "inline" }],
          Imports: [{ Type: "registry", Attrs: { ref: "x" } }],
        },
        Entitlements: ["network.host", "security.insecure"],
        Internal: true,
        SourcePolicy: {
          version: 1n,
          rules: [
            { selector: { identifier: "*" } },
            {
              action: 1,
              selector: {
                identifier: "docker-image://a",
                matchType: 1,
                constraints: [
                  { key: "k", value: "v" },
                  { key: "k", value: "v", condition: 1 },
                  { key: "k", value: "v", condition: 2 },
                ],
              },
            },
            {
              action: 2,
              selector: { identifier: ".*", matchType: 2 },
              updates: { identifier: "docker-image://b", attrs: { x: "y" } },
            },
            { action: 2, selector: { identifier: "w" }, updates: {} },
          ],
        },
        Exporters: [{ Type: "moby", Attrs: attrs }, { Type: "local" }],
      }),
    ],
    [
      encodeSolveRequest({ ref: "r" }),
      generated({ Ref: "r", Cache: {} }),
    ],
  ];
  for (const [index, [written, expected]] of cases.entries()) {
    assertEquals(written, expected, `case ${index}`);
  }
});
