import { adviceOf, type AdviceWords } from "../advice.ts";

/** The flag for each option of the API. */
const FLAGS: Readonly<Record<string, string>> = {
  allow: "--allow",
  annotations: "--annotation",
  api: "--api",
  attest: "--attest",
  buildargs: "--build-arg",
  cachefrom: "--cache-from",
  cacheto: "--cache-to",
  cgroupparent: "--cgroup-parent",
  contexts: "--build-context",
  extrahosts: "--add-host",
  labels: "--label",
  nocachefilter: "--no-cache-filter",
  platform: "--platform",
  shmsize: "--shm-size",
  sourcePolicy: "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY",
  tag: "--tag",
  target: "--target",
};

/** The advice of errors in terms of flags, for users of the command line. */
const COMMAND_WORDS: AdviceWords = {
  "allow-secret-files": ({ about }) => `${about}; use a Docker engine`,
  // An option may have its value behind it: allow "device".
  "build-with": ({ about, value }) =>
    `Cannot build with ${
      value.replace(/^\w+/, (name) => FLAGS[name] ?? name)
    }: ${about}`,
  "check-login": ({ about }) => `${about}: check it with "docker login"`,
  // No advice is needed: --file can name a Dockerfile in any place.
  "dockerfile-elsewhere": ({ about }) => about,
  "give-login": ({ about, value }) =>
    `${about}; give a login for ${value} by "docker login"`,
  "name-dockerfile": ({ about }) => `${about}; --file names another one`,
  "no-outputs": ({ about }) => `${about}; leave --output out`,
  option: ({ about, value }) => `Cannot use ${FLAGS[value] ?? value}${about}`,
  // No advice is needed: the command builds with BuildKit only.
  "other-network": ({ about }) => about,
  "save-image": ({ about }) =>
    `${about}; build an image and take it with "docker save"`,
  "save-podman-image": ({ about }) =>
    `${about}: leave --output out, and take the image with "podman save"`,
  "ssh-agent": ({ about }) =>
    `${about}; start an agent (ssh-agent) and add keys to it (ssh-add), or give --ssh ID=SOCKET or --ssh ID=KEY`,
  "ssh-source": ({ about }) =>
    `${about}: expected default, ID=SOCKET or ID=KEY[,KEY]`,
  "stream-dest": ({ about }) => `${about}; standard output is -`,
  "tag-image": ({ about }) =>
    `${about}; give an image this name first, with "docker tag"`,
  "tar-file": ({ about }) => `${about}; a tar is given as - on standard input`,
  "tar-stream": ({ about }) =>
    `${about}; a tar is given as - on standard input`,
};

/** The message of an error, with its advice in terms of flags. */
export function commandWords(error: Error): string {
  const advice = adviceOf(error);
  return advice === undefined
    ? error.message
    : COMMAND_WORDS[advice.code](advice);
}
