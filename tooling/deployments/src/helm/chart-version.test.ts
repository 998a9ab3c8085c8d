import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { chartFolder } from "../manifests/run-helm.ts";

// build.sh tags an image with the one, and the chart asks for the other.
it("asks for the image of this version of item-service", () => {
  const chart = parse(readFileSync(join(chartFolder, "Chart.yaml"), "utf8"));
  const app = join(chartFolder, "../../../apps/item-service/package.json");
  expect(chart.appVersion).toBe(JSON.parse(readFileSync(app, "utf8")).version);
});
