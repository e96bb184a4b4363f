import type { Control } from "../../buildkit/control.ts";
import { UnsupportedError } from "../../errors.ts";
import type { HostAddress } from "../checks/values.ts";

/** The label in which an engine tells the address of `host-gateway`. */
const GATEWAY_LABEL = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";

/**
 * Puts the engine's address in the place of the word `host-gateway`: for
 * `POST /build` the engine does it, and BuildKit does not know the word.
 *
 * @throws {UnsupportedError} If the engine does not tell the address.
 */
export async function withGateway(
  hosts: readonly HostAddress[],
  control: Control,
  signal: AbortSignal,
): Promise<readonly HostAddress[]> {
  const workers = await control.workers({ signal });
  const gateway = workers
    .map(({ labels }) => labels.get(GATEWAY_LABEL)?.split(",")[0])
    .find((address) => address);
  if (gateway === undefined) {
    throw new UnsupportedError(
      "host-gateway",
      'Cannot build with an extra host at "host-gateway": over BuildKit\'s API this builder does not tell which address that is; give the address itself',
    );
  }
  return hosts.map(({ host, address }) => ({
    host,
    address: address === "host-gateway" ? gateway : address,
  }));
}
