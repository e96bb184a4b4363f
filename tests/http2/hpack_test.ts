import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import { HpackDecoder } from "../../lib/http2/hpack_decode.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import {
  type HeaderField,
  HpackTable,
  STATIC_TABLE,
} from "../../lib/http2/hpack_table.ts";
import { decodeHuffman, maxDecodedBytes } from "../../lib/http2/huffman.ts";
import { bytes } from "./raw_peer.ts";

const LIMIT = 65_536;

/** Blocks in order, each with its list and the table's size after it. */
type Vector = readonly [
  hex: string,
  fields: readonly string[],
  tableSize: number,
];

const DATE = "date: Mon, 21 Oct 2013 20:13:2";
const COOKIE = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; " +
  "max-age=3600; version=1";
const LOCATION = "location: https://www.example.com";

const REQUESTS: readonly (readonly [readonly string[], number])[] = [
  [[
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
  ], 57],
  [[
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
  ], 110],
  [[
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ], 164],
];

const RESPONSES: readonly (readonly [readonly string[], number])[] = [
  [
    [":status: 302", "cache-control: private", DATE + "1 GMT", LOCATION],
    222,
  ],
  [
    [":status: 307", "cache-control: private", DATE + "1 GMT", LOCATION],
    222,
  ],
  [
    [
      ":status: 200",
      "cache-control: private",
      DATE + "2 GMT",
      LOCATION,
      "content-encoding: gzip",
      COOKIE,
    ],
    215,
  ],
];

function vectors(
  lists: readonly (readonly [readonly string[], number])[],
  ...hex: readonly string[]
): Vector[] {
  return hex.map((block, i) => [block, lists[i]![0], lists[i]![1]]);
}

function check(
  tableSize: number,
  blocks: readonly Vector[],
): void {
  const decoder = new HpackDecoder(LIMIT, tableSize);
  for (const [hex, fields, size] of blocks) {
    const decoded = decoder.decode(bytes(hex));
    assertEquals(decoded.fields.map((field) => field.join(": ")), fields);
    assertEquals(decoded.tooLarge, false);
    assertEquals(decoder.tableSize, size);
  }
}

Deno.test("HpackDecoder decodes RFC 7541 C.2: the representations", () => {
  check(4096, [[
    "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
    ["custom-key: custom-header"],
    55,
  ]]);
  check(4096, [[
    "040c 2f73 616d 706c 652f 7061 7468",
    [":path: /sample/path"],
    0,
  ]]);
  check(4096, [[
    "1008 7061 7373 776f 7264 0673 6563 7265 74",
    ["password: secret"],
    0,
  ]]);
  check(4096, [["82", [":method: GET"], 0]]);
});

Deno.test("HpackDecoder decodes RFC 7541 C.3: requests without Huffman", () => {
  check(
    4096,
    vectors(
      REQUESTS,
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ),
  );
});

Deno.test("HpackDecoder decodes RFC 7541 C.4: requests with Huffman", () => {
  check(
    4096,
    vectors(
      REQUESTS,
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ),
  );
});

Deno.test("HpackDecoder decodes RFC 7541 C.5: responses, with evictions", () => {
  check(
    256,
    vectors(
      RESPONSES,
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420" +
        "3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f" +
        "2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32" +
        "3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b" +
        "425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61" +
        "6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ),
  );
});

Deno.test("HpackDecoder decodes RFC 7541 C.6: responses with Huffman", () => {
  check(
    256,
    vectors(
      RESPONSES,
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81" +
        "66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a" +
        "839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708" +
        "7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ),
  );
});

Deno.test("HpackDecoder refuses what is no header block", () => {
  const wrong: Record<string, string> = {
    "index 0": "80",
    "index past the tables": "be",
    "name index past the tables": "7e 01 61",
    "no value": "04",
    "no string's end": "04 05 6162",
    "no integer's end": "ff ff",
    "integer of five bytes": "ff 80 80 80 80 00",
    "string longer than all memory": "04 7f ff ff ff 7f",
    "table above the limit": "3f e2 1f",
    "table size update after a field": "82 20",
    "three table size updates": "20 20 20",
    "EOS spelled out": "04 84 ffffffff",
    "padding of 8 ones": "04 81 ff",
    "padding with a zero": "04 81 1c",
  };
  for (const [what, hex] of Object.entries(wrong)) {
    const error = assertThrows(
      () => new HpackDecoder(LIMIT).decode(bytes(hex)),
      Http2Error,
      undefined,
      what,
    );
    assertEquals(error.code, ErrorCode.COMPRESSION_ERROR, what);
    assertEquals(error.streamId, 0);
  }
});

Deno.test("HpackDecoder changes its table within the limit, twice a block at most", () => {
  const decoder = new HpackDecoder(LIMIT);
  decoder.decode(bytes("40 01 61 01 62"));
  assertEquals(decoder.tableSize, 34);
  // Size 0, then 4096 again: all entries are gone.
  decoder.decode(bytes("20 3f e1 1f"));
  assertEquals(decoder.tableSize, 0);
  assertThrows(() => decoder.decode(bytes("be")), Http2Error);
});

Deno.test("HpackDecoder keeps the tables in step past a list that is too large", () => {
  const decoder = new HpackDecoder(100);
  const block = bytes("40 01 61 01 62", ...Array(9).fill("be"));
  const decoded = decoder.decode(block);
  assertEquals(decoded.tooLarge, true);
  assert(decoded.fields.length <= 3);
  assertEquals(decoder.decode(bytes("be")).fields, [["a", "b"]]);
});

Deno.test("HpackDecoder keeps each byte of a value as one character", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const block = bytes("00 01 61", "7f 81 01", all);
  const [field] = new HpackDecoder(LIMIT).decode(block).fields;
  assertEquals(Uint8Array.from(field![1], (c) => c.charCodeAt(0)), all);
});

Deno.test("HpackTable empties itself for a field larger than it", () => {
  const table = new HpackTable(64);
  table.add(["a", "b"]);
  assertEquals(table.at(62), ["a", "b"]);
  table.add(["a", "b".repeat(32)]);
  assertEquals(table.size, 0);
  assertEquals(table.at(62), undefined);
});

Deno.test("decodeHuffman() refuses every cut of a code's last byte but the right padding", () => {
  // "0" is 00000: three bits of padding follow.
  const out = new Uint8Array(8);
  for (let byte = 0; byte < 8; byte++) {
    const decode = () => decodeHuffman(Uint8Array.of(byte), 0, 1, out);
    if (byte === 7) assertEquals(decode(), 1);
    else assertThrows(decode, Http2Error);
  }
  assertEquals(decodeHuffman(new Uint8Array(), 0, 0, out), 0);
  assertEquals(maxDecodedBytes(5), 8);
});

Deno.test("encodeHeaders() writes static fields as one byte, others as literals", () => {
  assertEquals(
    encodeHeaders([[":status", "200"], ["content-type", "application/grpc"]]),
    bytes("88 0f10 10 6170706c69636174696f6e2f67727063"),
  );
  assertEquals(
    encodeHeaders([["grpc-status", "0"]]),
    bytes("00 0b 677270632d737461747573 01 30"),
  );
});

Deno.test("encodeHeaders() is undone by HpackDecoder", () => {
  const fields: HeaderField[] = [
    ...STATIC_TABLE,
    ["x", ""],
    ["x-long", "v".repeat(20_000)],
    ["x-bytes", "\x01\x7f\x80\xff \t"],
    ["a".repeat(300), "b".repeat(127)],
  ];
  const decoder = new HpackDecoder(1 << 20);
  assertEquals(decoder.decode(encodeHeaders(fields)).fields, fields);
  assertEquals(decoder.tableSize, 0);
});

Deno.test("encodeHeaders() refuses names and values that could break a header", () => {
  const wrong: HeaderField[] = [
    ["", "v"],
    ["Upper", "v"],
    ["sp ace", "v"],
    ["co:lon", "v"],
    ["é", "v"],
    ["n", "a\nb"],
    ["n", "a\rb"],
    ["n", "a\0b"],
    ["n", "€"],
    ["n", "😀"],
  ];
  for (const field of wrong) {
    assertThrows(() => encodeHeaders([field]), TypeError);
  }
});
