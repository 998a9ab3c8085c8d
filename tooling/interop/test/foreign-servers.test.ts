import { beforeAll, describe, it } from "vitest";
import { type Caller, createCaller } from "../src/caller.ts";
import { interopCases } from "../src/cases.ts";
import { startPeerServer } from "../src/peers.ts";
import { buildTimeoutMs, foreignPeers } from "./foreign-peers.ts";
import { descriptorFile, tlsOf, undoAfterAll } from "./on-end.ts";

describe.each(foreignPeers)("B16: our client calls $name's server", ({ program, traits }) => {
  describe.skipIf(program === undefined).each(["plaintext", "TLS"])("%s", (transport) => {
    const onEnd = undoAfterAll();
    let caller: Caller;

    beforeAll(async () => {
      const tls = tlsOf(transport, onEnd);
      const server = (await program?.("server")) ?? [""];
      const { address, stop } = await startPeerServer(server, [
        ...["--descriptors", descriptorFile(onEnd)],
        ...(tls === undefined ? [] : ["--cert", tls.certFile, "--key", tls.keyFile]),
      ]);
      onEnd(stop);
      caller = await createCaller({ address, traits, caFile: tls?.certFile });
      onEnd(() => caller.close());
    }, buildTimeoutMs);

    it.each(Object.entries(interopCases))("%s", (_name, run) => run(caller));
  });
});
