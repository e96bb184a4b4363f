import { adviceOf, type AdviceWords } from "../advice.ts";

/** Flags by the API's options. */
const FLAGS: Readonly<Record<string, string>> = {
  buildargs: "--build-arg",
  extrahosts: "--add-host",
  labels: "--label",
  platform: "--platform",
  shmsize: "--shm-size",
  tag: "--tag",
  target: "--target",
};

/** What errors advise, in the words of somebody who gave flags. */
const COMMAND_WORDS: AdviceWords = {
  "allow-secret-files": ({ about }) => `${about}; use a Docker engine`,
  "check-login": ({ about }) => `${about}: check it with "docker login"`,
  // The flag --file names it anywhere.
  "dockerfile-elsewhere": ({ about }) => about,
  "give-login": ({ about, value }) =>
    `${about}; give a login for ${value} by "docker login"`,
  "name-dockerfile": ({ about }) => `${about}; --file names another one`,
  "no-outputs": ({ about }) => `${about}; leave --output out`,
  option: ({ about, value }) => `Cannot use ${FLAGS[value] ?? value}${about}`,
  // The command builds with BuildKit only.
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

/** The sentence of an error, with its advice as somebody needs it who gave flags. */
export function commandWords(error: Error): string {
  const advice = adviceOf(error);
  return advice === undefined
    ? error.message
    : COMMAND_WORDS[advice.code](advice);
}
