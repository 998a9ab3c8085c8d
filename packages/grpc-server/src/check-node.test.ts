import { describe, expect, it } from "vitest";
import { checkNode } from "./check-node.ts";

describe("checkNode", () => {
  it.each(["22.17.0", "22.22.2", "24.0.0", "26.10.0"])("takes %s", (version) => {
    checkNode(version);
  });

  it.each(["20.20.2", "22.16.0", "23.11.0"])(
    "H9: refuses %s, where calls could not be followed",
    (version) => {
      expect(() => checkNode(version)).toThrow(
        `Node.js must be 22.22.2 or newer, and not 23, got ${version}: install another`,
      );
    },
  );

  it("takes the version that it runs on", () => {
    checkNode();
  });
});
