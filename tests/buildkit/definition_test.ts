import {
  create,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { encodeSolveRequest } from "../../lib/buildkit/solve_request.ts";
import { fetchedFile, unpackedArchive } from "../../lib/buildkit/definition.ts";
import { assertEquals } from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { SolveRequestSchema } from "../proto/gen/control_pb.ts";
import { DefinitionSchema, OpSchema } from "../proto/gen/ops_pb.ts";

const ARCHIVE = "http://buildkit-session/0123";

/** A digest as BuildKit writes it. */
async function digestOf(bytes: Uint8Array): Promise<string> {
  return `sha256:${await sha256(bytes)}`;
}

/** An operation as the generated code writes it. */
function operation(init: MessageInitShape<typeof OpSchema>): Uint8Array {
  return toBinary(OpSchema, create(OpSchema, init));
}

Deno.test("an archive is fetched and unpacked by operations that name each other by their digests", async () => {
  const { operations, metadata } = await unpackedArchive(ARCHIVE, {
    fetch: "load",
    unpack: "extract",
  });
  const fetch = operation({
    op: {
      case: "source",
      value: { identifier: ARCHIVE, attrs: { "http.filename": "context" } },
    },
  });
  const unpack = operation({
    inputs: [{ digest: await digestOf(fetch), index: 0n }],
    op: {
      case: "file",
      value: {
        actions: [{
          input: -1n,
          secondaryInput: 0n,
          output: 0n,
          action: {
            case: "copy",
            value: {
              src: "/context",
              dest: "/",
              mode: -1,
              attemptUnpackDockerCompatibility: true,
              timestamp: -1n,
            },
          },
        }],
      },
    },
  });
  const result = operation({
    inputs: [{ digest: await digestOf(unpack), index: 0n }],
  });
  assertEquals(operations, [fetch, unpack, result]);
  assertEquals(
    metadata,
    new Map([
      [
        await digestOf(fetch),
        { description: new Map([["llb.customname", "load"]]) },
      ],
      [
        await digestOf(unpack),
        { description: new Map([["llb.customname", "extract"]]) },
      ],
      [await digestOf(result), { description: new Map() }],
    ]),
  );
});

Deno.test("a file is fetched under its own name", async () => {
  const { operations, metadata } = await fetchedFile(
    "https://a.example/b",
    "c",
  );
  const fetch = operation({
    op: { case: "source", value: { identifier: "https://a.example/b" } },
  });
  const result = operation({
    inputs: [{ digest: await digestOf(fetch), index: 0n }],
  });
  assertEquals(operations, [fetch, result]);
  assertEquals(
    metadata.get(await digestOf(fetch))?.description.get("llb.customname"),
    "c",
  );
});

Deno.test("a solve request has the frontend's inputs by their names", async () => {
  const archive = await unpackedArchive(ARCHIVE, { fetch: "a", unpack: "b" });
  const bytes = encodeSolveRequest({
    ref: "r",
    frontendInputs: new Map([["deps", archive]]),
  });
  const { FrontendInputs } = fromBinary(SolveRequestSchema, bytes);
  assertEquals(Object.keys(FrontendInputs), ["deps"]);
  assertEquals(
    FrontendInputs.deps,
    create(DefinitionSchema, {
      def: archive.operations as Uint8Array<ArrayBuffer>[],
      metadata: Object.fromEntries(
        [...archive.metadata].map(([digest, { description }]) => [digest, {
          description: Object.fromEntries(description),
        }]),
      ),
    }),
  );
});
