import { describe, expect, it } from "vitest";
import { parseManifests } from "./manifest.ts";

const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: items\n";

describe("parseManifests", () => {
  it("reads several documents, and leaves empty ones out", () => {
    const text = `---\n# nothing\n---\n${service}---\n${service.replace("items", "more")}`;
    const names = parseManifests(text, "a.yaml").map(({ metadata }) => metadata.name);
    expect(names).toEqual(["items", "more"]);
  });

  it.each([
    ["a key twice", `${service}kind: Pod\n`, /^a.yaml must be YAML: Map keys must be unique/],
    ["what is no YAML", "a: [", /^a.yaml must be YAML/],
    ["what has no name", service.replace("name", "nme"), /must have .*metadata.name, got \{/],
    ["what has no kind", service.replace("kind", "knd"), /must have .*kind.*, got \{/],
    ["a text", "items", /must have .*, got "items"/],
  ])("refuses %s", (_what, text, message) => {
    expect(() => parseManifests(text, "a.yaml")).toThrow(message);
  });
});
