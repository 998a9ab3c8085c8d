import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { changeAt } from "./change-at.ts";
import { readManifests } from "./manifest.ts";
import { nameFaults } from "./name-faults.ts";

const good = readManifests(join(import.meta.dirname, "fixtures/good.yaml"));
const service = good.find(({ kind }) => kind === "Service") ?? { metadata: {} };

describe("nameFaults", () => {
  it("finds none in good manifests", () => {
    expect(nameFaults(good)).toEqual([]);
  });

  it.each([
    ["/metadata/name", "a".repeat(64), "/metadata/name must be"],
    ["/metadata/name", "Items", "/metadata/name must be"],
    ["/metadata/name", "items-", "/metadata/name must be"],
    ["/metadata/labels", { version: "v".repeat(64) }, "/metadata/labels/version must be a label"],
    ["/metadata/labels", { version: "1.0+1" }, "/metadata/labels/version must be a label"],
    ["/metadata/labels", { "a b": "c" }, "/metadata/labels/a b must be a label"],
    ["/spec/ports/0/name", "grpc-of-the-items", "/spec/ports/0/name must be the name of a port"],
    ["/spec/ports/0/name", "grpc--api", "/spec/ports/0/name must be the name of a port"],
  ])("%s = %j", (path, value, message) => {
    const [fault] = nameFaults([changeAt(service, path, value) as never]);
    expect(fault).toContain(message);
  });
});
