import { assertEquals } from "../support/assert.ts";
import { type AdviceCode, adviceOf, advised } from "../../lib/advice.ts";
import { commandWords } from "../../lib/cli/command_words.ts";

/** What an error says of `about`, in the words of the API and of the command. */
const WORDS: Readonly<Record<AdviceCode, readonly [string, string]>> = {
  "allow-secret-files": [
    "A; allow that with allowSecretFiles: true, or use a Docker engine",
    "A; use a Docker engine",
  ],
  "build-with": ["Cannot build with r.io: A", "Cannot build with r.io: A"],
  "check-login": [
    "A: check it with auth()",
    'A: check it with "docker login"',
  ],
  "dockerfile-elsewhere": ["A; give { context, dockerfile }", "A"],
  "give-login": [
    'A; give a login for r.io in the option credentials, or by "docker login"',
    'A; give a login for r.io by "docker login"',
  ],
  "name-dockerfile": [
    "A; the option dockerfile names one inside the context, { context, dockerfile } one anywhere",
    "A; --file names another one",
  ],
  "no-outputs": ["A; build without outputs", "A; leave --output out"],
  option: ["Cannot use r.ioA", "Cannot use r.ioA"],
  "other-network": ['A; version "1" knows others', "A"],
  "save-image": [
    "A; build an image and take it with imageSave",
    'A; build an image and take it with "docker save"',
  ],
  "save-podman-image": [
    "A: build without them, and take the image with imageSave",
    'A: leave --output out, and take the image with "podman save"',
  ],
  "ssh-agent": [
    "A; start an agent (ssh-agent) and add keys to it (ssh-add), or give { socket } or { keys }",
    "A; start an agent (ssh-agent) and add keys to it (ssh-add), or give --ssh ID=SOCKET or --ssh ID=KEY",
  ],
  "ssh-source": [
    "A: expected true for the agent at $SSH_AUTH_SOCK, a path, or one of { socket } and { keys } with at least one key",
    "A: expected default, ID=SOCKET or ID=KEY[,KEY]",
  ],
  "stream-dest": [
    "A; give a stream, such as Deno.stdout.writable",
    "A; standard output is -",
  ],
  "tag-image": [
    "A; give an image this name first, with imageTag",
    'A; give an image this name first, with "docker tag"',
  ],
  "tar-file": [
    "A; a tar is given as a stream, as in (await Deno.open(path)).readable",
    "A; a tar is given as - on standard input",
  ],
  "tar-stream": [
    "A; a tar is given as a stream",
    "A; a tar is given as - on standard input",
  ],
};

Deno.test("an advice is data: the API and the command word it each in its own way", () => {
  for (const [code, [api, command]] of Object.entries(WORDS)) {
    const error = advised(
      (message) => new RangeError(message),
      code as AdviceCode,
      "A",
      "r.io",
    );
    assertEquals(error.message, api);
    assertEquals(commandWords(error), command);
    assertEquals(adviceOf(error)?.code, code);
    assertEquals(Object.keys(error), []);
  }
  assertEquals(commandWords(new Error("as it is")), "as it is");
  assertEquals(adviceOf(new Error("as it is")), undefined);
});

Deno.test("an option has its flag's name in the command", () => {
  const flags = {
    buildargs: "--build-arg",
    extrahosts: "--add-host",
    labels: "--label",
    platform: "--platform",
    shmsize: "--shm-size",
    tag: "--tag",
    target: "--target",
  };
  for (const [option, flag] of Object.entries(flags)) {
    const error = advised((m) => new Error(m), "option", " 0: no", option);
    assertEquals(error.message, `Cannot use ${option} 0: no`);
    assertEquals(commandWords(error), `Cannot use ${flag} 0: no`);
  }
});
