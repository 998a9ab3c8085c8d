import { beforeAll, describe, expect, it } from "vitest";
import { interopCases } from "../src/cases.ts";
import { type CaseResults, runClient } from "../src/peers.ts";
import { type InteropServer, serveInterop } from "../src/serve-interop.ts";
import { buildTimeoutMs, foreignPeers } from "./foreign-peers.ts";
import { descriptorFile, tlsOf, undoAfterAll } from "./on-end.ts";

describe.each(foreignPeers)("B16: $name calls our server", ({ name, program, packages }) => {
  if (program === undefined) {
    const how = `apt-get install ${packages}`;
    process.stderr.write(
      `interop tests with ${name} are skipped, since it has no gRPC here: ${how}\n`,
    );
  }
  describe.skipIf(program === undefined).each(["plaintext", "TLS"])("%s", (transport) => {
    const onEnd = undoAfterAll();
    let serving: InteropServer;
    let results: CaseResults;

    beforeAll(async () => {
      const tls = tlsOf(transport, onEnd);
      serving = await serveInterop(tls);
      onEnd(() => serving.server.stop());
      const client = (await program?.("client")) ?? [""];
      results = await runClient(client, [
        ...["--target", serving.address, "--descriptors", descriptorFile(onEnd)],
        ...(tls === undefined ? [] : ["--ca", tls.certFile]),
      ]);
    }, buildTimeoutMs);

    it.each(Object.keys(interopCases))("%s", (interopCase) => {
      expect(results).toHaveProperty(interopCase);
      expect(results[interopCase]).toBeNull();
    });

    it("leaves no handler running, and nothing to report", async () => {
      await expect.poll(() => serving.server.inFlight).toBe(0);
      expect(serving.unexpected).toEqual([]);
    });
  });
});
