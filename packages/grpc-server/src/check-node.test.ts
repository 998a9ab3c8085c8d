import { describe, expect, it, vi } from "vitest";
import { checkNode } from "./check-node.ts";

describe("checkNode", () => {
  it.each(["20.20.2", "22.16.0", "23.11.0"])(
    "H9: refuses %s, where calls could not be followed",
    (version) => {
      expect(() => checkNode(version)).toThrow(
        `Node.js must be 22.22.2 or newer, and not 23, got ${version}: install another`,
      );
    },
  );

  it.each(["24.0.0", "26.10.0"])("takes %s", (version) => {
    const warn = vi.spyOn(process, "emitWarning");
    checkNode(version);
    expect(warn).not.toHaveBeenCalled();
  });

  it("A22: warns of Node.js 22, once", async () => {
    vi.resetModules();
    const fresh = await import("./check-node.ts");
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    fresh.checkNode("22.23.3");
    fresh.checkNode("22.23.3");
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      "any peer can end a server on Node.js 22.23.3: serve strangers on 24.14.1 or newer",
      { code: "GRPC_KIT_NODE_22" },
    );
  });
});
