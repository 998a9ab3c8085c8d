import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { codeOf, secret, thrownBy } from "../test/code-of.ts";

describe("errors of the platform", () => {
  it("are CANCELLED when they were aborted", async () => {
    expect(codeOf(await thrownBy(() => AbortSignal.abort().throwIfAborted()))).toBe("CANCELLED");
    const signal = AbortSignal.abort(new Error(secret));
    expect(codeOf(await thrownBy(() => setTimeout(1, undefined, { signal })))).toBe("CANCELLED");
  });

  it("are DEADLINE_EXCEEDED when time was up, also where an abort came of it", async () => {
    const signal = AbortSignal.timeout(1);
    expect(codeOf(await thrownBy(() => setTimeout(5_000, undefined, { signal })))).toBe(
      "DEADLINE_EXCEEDED",
    );
    expect(codeOf(signal.reason)).toBe("DEADLINE_EXCEEDED");
  });

  it("are UNAVAILABLE when nobody listens", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => listener.close(resolve));
    const socket = connect(port, "127.0.0.1");
    expect(codeOf(await thrownBy(() => once(socket, "connect")))).toBe("UNAVAILABLE");
    // A TypeError "fetch failed" around the cause.
    expect(codeOf(await thrownBy(() => fetch(`http://127.0.0.1:${port}`)))).toBe("UNAVAILABLE");
  });

  it.each([
    ["ECONNRESET", "UNAVAILABLE"],
    ["EPIPE", "UNAVAILABLE"],
    ["ETIMEDOUT", "UNAVAILABLE"],
    ["EAI_AGAIN", "UNAVAILABLE"],
    ["UND_ERR_SOCKET", "UNAVAILABLE"],
    ["CONNECT_TIMEOUT", "UNAVAILABLE"],
    ["ERR_BUFFER_TOO_LARGE", "RESOURCE_EXHAUSTED"],
    ["ENOENT", "INTERNAL"],
    ["EACCES", "INTERNAL"],
    ["ERR_INVALID_ARG_TYPE", "INTERNAL"],
    [5, "INTERNAL"],
    [14, "INTERNAL"],
    [0, "INTERNAL"],
    [11_000, "INTERNAL"],
  ])("with the code %s are %s", (code, name) => {
    expect(codeOf(Object.assign(new Error(secret), { code }))).toBe(name);
    expect(codeOf(Object.assign(new Error(secret), { code, details: secret }))).toBe(name);
  });
});
