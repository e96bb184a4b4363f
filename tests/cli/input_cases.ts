import { concatBytes } from "../../lib/streams/bytes.ts";
import { tarBytes, tarChunks } from "../support/tar.ts";
import { type Case, file, FROM } from "./dockerfiles.ts";

const STDIN_FILES = {
  Dockerfile: file(`${FROM}`, "COPY a /a"),
  "other.Dockerfile": file(FROM, "COPY b /b"),
  a: "a",
  b: "b",
};

/** A tar as it was before POSIX: no mark, nothing behind the link's name. */
function oldTar(): Uint8Array {
  const chunks = [...tarChunks(STDIN_FILES)].map((chunk) => chunk.slice());
  // Header, content, padding, each file.
  for (let at = 0; at + 2 < chunks.length; at += 3) {
    const header = chunks[at]!;
    header.fill(0, 257).fill(0x20, 148, 156);
    const sum = header.reduce((sum, byte) => sum + byte, 0);
    header.set(
      new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `),
      148,
    );
  }
  return chunks.reduce((all, chunk) => concatBytes(all, chunk));
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([bytes]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return await new Response(packed).bytes();
}

/** Commands that differ in how they are given what they build from, and how they name it. */
export const INPUT_CASES: readonly Case[] = [
  {
    name: "a tar of standard input",
    files: {},
    path: "-",
    stdin: await tarBytes(STDIN_FILES),
  },
  {
    name: "a packed tar of standard input, and a Dockerfile in it",
    files: {},
    args: ["-f", "other.Dockerfile"],
    path: "-",
    stdin: await gzip(await tarBytes(STDIN_FILES)),
  },
  {
    name: "a tar of the time before POSIX",
    files: {},
    path: "-",
    stdin: oldTar(),
  },
  {
    name: "a Dockerfile with a small letter, named with a large one",
    files: { "sub/dockerfile": file("FROM scratch", "COPY a /"), a: "a" },
    args: ["-f", "sub/Dockerfile"],
  },
  {
    name: "hosts with commas between, = and brackets",
    files: { Dockerfile: file(FROM, "RUN sort /etc/hosts > /hosts") },
    args: ["--add-host", "a:10.0.0.1,b=10.0.0.2", "--add-host", "c:[fd00::1]"],
    recent: true,
  },
  {
    name: "flags that are empty, and so not given",
    files: { Dockerfile: file(FROM, "RUN true") },
    args: ["--target=", "-f", "", "-o", "", "--network=", "--iidfile="],
    recent: true,
  },
  {
    name: "an image by its output's name",
    files: { Dockerfile: file("FROM scratch", "COPY a /"), a: "a" },
    args: ["-o", "type=docker,name=unused"],
    recent: true,
  },
];
