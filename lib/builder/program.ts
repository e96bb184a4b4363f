// Addresses that a program of the user's reaches: its standard input and output
// are the connection.

import { kubectlWords } from "../buildx/pods.ts";
import {
  type ConnectingProgram,
  ProgramDialler,
} from "../transport/program.ts";
import { shellQuoted, sshCommand } from "../transport/ssh.ts";
import { type AddressOf, formatBuilderAddress } from "./address.ts";
import type { Connector } from "./connector.ts";
import { notPermitted } from "./direct.ts";

/** What joins standard input and output to the daemon's socket, there. */
export const DIAL_STDIO: readonly string[] = ["buildctl", "dial-stdio"];

/**
 * `ssh://`: the user's own `ssh`, which runs `buildctl dial-stdio` on the other
 * machine (BuildKit, client/connhelper/ssh). The user's keys, agent, known hosts
 * and ssh configuration apply.
 */
export function sshConnector(address: AddressOf<"ssh">): Connector {
  const { path } = address;
  // A shell on the other machine reads the words again.
  const command = path === undefined
    ? DIAL_STDIO
    : ["buildctl", "--addr", shellQuoted(`unix://${path}`), "dial-stdio"];
  return programConnector({
    program: "ssh",
    args: sshCommand(address, command),
    where: formatBuilderAddress(address),
    install: "OpenSSH's client",
  });
}

/**
 * `kube-pod://`: the user's own `kubectl`, which runs `buildctl dial-stdio` in
 * the pod (BuildKit, client/connhelper/kubepod). The user's configuration of
 * kubectl applies.
 */
export function kubeConnector(address: AddressOf<"kube-pod">): Connector {
  const { pod, context, namespace, container } = address;
  const flags = Object.entries({ context, namespace, container })
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`]
    );
  return programConnector({
    program: "kubectl",
    args: ["exec", "-i", ...flags, pod, "--", ...DIAL_STDIO],
    where: formatBuilderAddress(address),
    install: "kubectl",
  });
}

function programConnector(init: ConnectingProgram): Connector {
  const dialler = new ProgramDialler(init);
  const { program } = init;
  return {
    isHere: false,
    isPlain: false,
    scheme: "http",
    dial: () => Promise.resolve().then(() => dialler.dial()),
    async explain(cause) {
      if (cause instanceof Deno.errors.NotCapable) {
        return notPermitted([{ kind: "run", what: program }]);
      }
      const said = await dialler.lastWords();
      const words = program === "kubectl" ? kubectlWords(said) : said;
      return words === ""
        ? `${program} ended the connection, and says nothing: does "buildctl dial-stdio" work there?`
        : `${program} says: ${words}`;
    },
    close: () => dialler.endAll(),
  };
}
