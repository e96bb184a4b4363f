/**
 * A gateway in a process of its own, in which descriptors can be counted: the path
 * of its socket, or `tls`, then limits as JSON. Prints its address; each line of
 * input is answered with the number of descriptors.
 */
import { type GatewayListen, serveGateway } from "../../mod.ts";
import { RecordingEngine } from "./recording_engine.ts";

const CERTS = new URL("../transport/certs/", import.meta.url);
const pem = (name: string) => Deno.readTextFile(new URL(name, CERTS));
const [way = "", limits = "{}"] = Deno.args;
const listen: GatewayListen = way === "tls"
  ? {
    hostname: "127.0.0.1",
    port: 0,
    tls: {
      cert: await pem("server.pem"),
      key: await pem("server-key.pem"),
      clientCa: await pem("ca.pem"),
    },
  }
  : { path: way };
/** More than the buffers of a socket hold. */
const large = () => {
  let chunks = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (chunks++ < 200) controller.enqueue(new Uint8Array(65536));
      else controller.close();
    },
  });
};
await using gateway = await serveGateway({
  engine: new RecordingEngine(() => new Response(large())),
  listen,
  limits: JSON.parse(limits),
});
const encoder = new TextEncoder();
const write = (line: string) => Deno.stdout.write(encoder.encode(`${line}\n`));
await write(gateway.address);
gateway.finished.then(() => write("stopped"), (error) => write(String(error)));
const decoder = new TextDecoderStream();
Deno.stdin.readable.pipeTo(decoder.writable as WritableStream<Uint8Array>);
for await (const text of decoder.readable) {
  for (const word of text.trim().split("\n")) {
    if (word === "stop") await gateway.stop();
    else {
      const open = await Array.fromAsync(Deno.readDir("/proc/self/fd"));
      await write(String(open.length));
    }
  }
}
