/** What errors advise in words of the API, and how the command has it. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /; the option dockerfile names one inside the context, \{ context, dockerfile \} one anywhere$/,
    "; --file names another one",
  ],
  [/; give \{ context, dockerfile \}$/, ""],
  [
    /or give \{ socket \} or \{ keys \}/,
    "or give --ssh ID=SOCKET or --ssh ID=KEY",
  ],
  [
    /expected true for the agent at \$SSH_AUTH_SOCK, a path, or one of .*$/,
    "expected default, ID=SOCKET or ID=KEY[,KEY]",
  ],
  [/^Cannot use option "ssh": .*$/, "--ssh can't be used: expected ID[=PATH]"],
  [/; version "1" knows others$/, ""],
  [/; build without outputs$/, "; leave --output out"],
  [
    /build without them, and take the image with imageSave/,
    "leave --output out, and take the image with its save command",
  ],
  [
    /; build an image and take it with imageSave$/,
    '; build an image and take it with "docker save"',
  ],
  [
    /; allow that with allowSecretFiles: true, or use a Docker engine/,
    "; use a Docker engine",
  ],
  [/, with imageTag$/, ', with "docker tag"'],
  [/ as the option auth, or by "docker login"/, ' by "docker login"'],
  [/: check it with auth\(\)$/, ': check it with "docker login"'],
  [/^Cannot use shmsize /, "Cannot use --shm-size "],
  [
    /; a tar is given as a stream.*$/,
    "; a tar is given as - on standard input",
  ],
  [
    /; give a stream, such as Deno\.stdout\.writable$/,
    "; standard output is -",
  ],
];

/** A sentence of the API as somebody needs it who gave flags. */
export function commandWords(sentence: string): string {
  return WORDS.reduce(
    (text, [api, command]) => text.replace(api, command),
    sentence,
  );
}
