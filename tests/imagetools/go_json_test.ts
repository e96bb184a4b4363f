import { assertEquals } from "../support/assert.ts";
import {
  fieldPart,
  indexBytes,
  indexedPart,
  knownFields,
  shownJson,
  shownShape,
} from "../../lib/imagetools/go_json.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const text = (index: Parameters<typeof indexBytes>[0]) =>
  new TextDecoder().decode(indexBytes(index));

Deno.test("indexBytes() writes fields in Go's order, sorts maps by bytes, and leaves out what is empty", () => {
  const index = {
    annotations: {
      "\uffff": "1",
      "😀": "2",
      b: "3",
      "": "4",
      aaa: "5",
      ba: "6",
    },
    manifests: [{
      other: "dropped",
      artifactType: "a",
      platform: {
        variant: "v7",
        os: "linux",
        "os.features": ["z", "a"],
        "os.version": "10",
        architecture: "arm",
      },
      data: "aGk=",
      annotations: {},
      urls: [],
      size: 0,
      digest: DIGEST,
      mediaType: "m",
    }],
    artifactType: "",
    mediaType: "x",
    schemaVersion: 2,
  };
  assertEquals(
    text(index),
    `{
  "schemaVersion": 2,
  "mediaType": "x",
  "manifests": [
    {
      "mediaType": "m",
      "digest": "${DIGEST}",
      "size": 0,
      "data": "aGk=",
      "platform": {
        "architecture": "arm",
        "os": "linux",
        "os.version": "10",
        "os.features": [
          "z",
          "a"
        ],
        "variant": "v7"
      },
      "artifactType": "a"
    }
  ],
  "annotations": {
    "": "4",
    "aaa": "5",
    "b": "3",
    "ba": "6",
    "\uffff": "1",
    "😀": "2"
  }
}`,
  );
  assertEquals(
    text({ schemaVersion: 2, manifests: [] }),
    `{\n  "schemaVersion": 2,\n  "manifests": []\n}`,
  );
  assertEquals(Object.keys(knownFields(index.manifests[0]!)), [
    "mediaType",
    "digest",
    "size",
    "data",
    "platform",
    "artifactType",
  ]);
});

Deno.test("indexBytes() escapes what Go does", () => {
  const value = '<>&\u2028\u2029\b\f\n\r\t\0\x1f\x7f"\\/é\ud83d';
  const line = text({
    schemaVersion: 2,
    manifests: [],
    annotations: { value },
  }).split("\n").find((line) => line.includes("value"));
  assertEquals(
    line,
    '    "value": "\\u003c\\u003e\\u0026\\u2028\\u2029\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\\"\\\\/é\ufffd"',
  );
});

Deno.test("fields are found by Go's names, and keep how they are written", () => {
  const image = {
    os: "linux",
    architecture: "amd64",
    rootfs: { diff_ids: ["a"], type: "layers" },
    history: [{ empty_layer: true, created_by: "x" }],
    config: { Cmd: ["a"], User: "u", Own: 1 },
  };
  const root = { value: { image }, shape: shownShape(false, true) };
  const at = (path: string) =>
    path.split(".").reduce(
      (part, name) => fieldPart(part, name)!,
      root as Parameters<typeof fieldPart>[0],
    );
  const json = (path: string) => {
    const { value, shape } = at(path);
    return shownJson(value, shape).replace(/\s+/g, " ");
  };
  assertEquals(json("Image.RootFS.DiffIDs"), '[ "a" ]');
  assertEquals(
    json("Image.RootFS"),
    '{ "type": "layers", "diff_ids": [ "a" ] }',
  );
  assertEquals(json("Image.Config"), '{ "User": "u", "Cmd": [ "a" ] }');
  assertEquals(
    json("Image.History"),
    '[ { "created_by": "x", "empty_layer": true } ]',
  );
  assertEquals(
    json("Image"),
    '{ "architecture": "amd64", "os": "linux", "config": { "User": "u", "Cmd": [ "a" ] }, "rootfs": { "type": "layers", "diff_ids": [ "a" ] }, "history": [ { "created_by": "x", "empty_layer": true } ] }',
  );
  assertEquals(json("Name"), "null");
  assertEquals(fieldPart(at("Image"), "Nothing"), undefined);
  assertEquals(
    fieldPart({ value: null, shape: { kind: "any" } }, "A"),
    undefined,
  );
  const map = {
    value: { "linux/amd64": image, "a": image },
    shape: fieldPart(
      { value: {}, shape: shownShape(true, false) },
      "Image",
    )!.shape,
  };
  assertEquals(Object.keys(JSON.parse(shownJson(map.value, map.shape))), [
    "a",
    "linux/amd64",
  ]);
  const one = indexedPart(map, "linux/amd64")!;
  assertEquals(
    shownJson(one.value, one.shape),
    shownJson(image, at("Image").shape),
  );
  assertEquals(indexedPart(map, "linux/arm64"), undefined);
  const nothing = { value: undefined, shape: map.shape };
  assertEquals(indexedPart(nothing, "a"), undefined);
  assertEquals(fieldPart(nothing, "a"), undefined);
  // What a list or a map has is written as it says.
  const history = at("Image.History");
  const entry = indexedPart(history, "0")!;
  assertEquals(
    shownJson(entry.value, entry.shape).replace(/\s+/g, " "),
    '{ "created_by": "x", "empty_layer": true }',
  );
  // Go leaves out what is empty, and nothing else.
  const config = (fields: Record<string, unknown>) =>
    shownJson({ config: fields, os: "", architecture: "" }, at("Image").shape)
      .replace(/\s+/g, " ");
  assertEquals(
    config({ User: "", Env: [], Labels: {}, ArgsEscaped: false, Cmd: null }),
    '{ "architecture": "", "os": "", "config": {}, "rootfs": null }',
  );
  assertEquals(
    config({
      User: "u",
      Env: [""],
      Labels: { a: "" },
      ArgsEscaped: true,
      Cmd: [1],
    }),
    '{ "architecture": "", "os": "", "config": { "User": "u", "Env": [ "" ], "Cmd": [ 1 ], "Labels": { "a": "" }, "ArgsEscaped": true }, "rootfs": null }',
  );
  assertEquals(indexedPart(at("Image.RootFS.DiffIDs"), "0")!.value, "a");
});
