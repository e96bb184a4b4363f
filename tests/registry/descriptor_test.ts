import { assertEquals, assertThrows } from "../support/assert.ts";
import {
  asDescriptor,
  parseIndex,
  parseManifest,
} from "../../lib/registry/descriptor.ts";
import { digestOf, hasDigest, isDigest } from "../../lib/registry/digest.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const FINE = { mediaType: "m", digest: DIGEST, size: 0 };
const encode = (value: unknown) =>
  new TextEncoder().encode(
    typeof value === "string" ? value : JSON.stringify(value),
  );

Deno.test("asDescriptor() takes what has a type, a digest and a size", () => {
  assertEquals(asDescriptor(FINE), FINE);
  for (
    const wrong of [
      undefined,
      null,
      "text",
      [FINE],
      { ...FINE, mediaType: 1 },
      { ...FINE, digest: "sha256:0" },
      { ...FINE, size: -1 },
      { ...FINE, size: 1.5 },
      { ...FINE, size: "1" },
    ]
  ) assertEquals(asDescriptor(wrong), undefined, JSON.stringify(wrong));
});

Deno.test("parseIndex() and parseManifest() read what they are, and nothing else", () => {
  const index = { schemaVersion: 2, manifests: [FINE] };
  const manifest = { schemaVersion: 2, config: FINE, layers: [FINE] };
  assertEquals(parseIndex(encode(index)), index);
  assertEquals(parseManifest(encode(manifest)), manifest);
  for (const wrong of ["{", "[]", "null", "1"]) {
    assertThrows(() => parseIndex(encode(wrong)), SyntaxError, "it is no");
    assertThrows(() => parseManifest(encode(wrong)), SyntaxError, "it is no");
  }
  for (const wrong of [manifest, { manifests: FINE }, { manifests: [{}] }]) {
    assertThrows(
      () => parseIndex(encode(wrong)),
      SyntaxError,
      "no list of manifests",
    );
  }
  for (
    const wrong of [
      index,
      { ...manifest, config: {} },
      { ...manifest, layers: FINE },
      { ...manifest, layers: [FINE, {}] },
    ]
  ) {
    assertThrows(
      () => parseManifest(encode(wrong)),
      SyntaxError,
      "no configuration and layers",
    );
  }
});

Deno.test("digests have the digits of their kind", () => {
  for (
    const [kind, digits] of [["256", 64], ["384", 96], ["512", 128]] as const
  ) {
    assertEquals(isDigest(`sha${kind}:${"a".repeat(digits)}`), true);
    assertEquals(isDigest(`sha${kind}:${"a".repeat(digits - 1)}`), false);
    assertEquals(isDigest(`sha${kind}:${"a".repeat(digits + 1)}`), false);
    assertEquals(isDigest(`sha${kind}:${"A".repeat(digits)}`), false);
  }
  assertEquals(isDigest(undefined), false);
  assertEquals(isDigest("md5:00"), false);
  const empty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assertEquals(digestOf(new Uint8Array()), empty);
  assertEquals(hasDigest(new Uint8Array(), empty), true);
  assertEquals(hasDigest(new Uint8Array(1), empty), false);
  assertEquals(
    hasDigest(
      new Uint8Array(),
      "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    ),
    true,
  );
});
