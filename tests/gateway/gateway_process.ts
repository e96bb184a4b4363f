/** Serves a gateway, for a test that measures it: `ENGINE PATH`. Ends with its input. */

import { serveGateway } from "../../mod.ts";

const [engine, path] = Deno.args as [string, string];
await using _gateway = await serveGateway({ engine, listen: { path } });
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
await Deno.stdin.readable.pipeTo(new WritableStream());
