import { beforeAll, describe, expect, it } from "vitest";
import { type Caller, createCaller } from "../src/caller.ts";
import { interopCases } from "../src/cases.ts";
import { type InteropServer, serveInterop } from "../src/serve-interop.ts";
import { tlsOf, undoAfterAll } from "./on-end.ts";

// grpc-js never compresses what a server sends.
const traits = { seesCompression: true, compresses: false };

describe.each(["plaintext", "TLS"])("our client calls our server, %s", (transport) => {
  const onEnd = undoAfterAll();
  let serving: InteropServer;
  let caller: Caller;

  beforeAll(async () => {
    const tls = tlsOf(transport, onEnd);
    serving = await serveInterop(tls);
    onEnd(() => serving.server.stop());
    caller = await createCaller({ address: serving.address, traits, caFile: tls?.certFile });
    onEnd(() => caller.close());
  });

  it.each(Object.entries(interopCases))("%s", async (_name, run) => {
    await run(caller);
    await expect.poll(() => serving.server.inFlight).toBe(0);
    expect(serving.unexpected).toEqual([]);
  });
});
