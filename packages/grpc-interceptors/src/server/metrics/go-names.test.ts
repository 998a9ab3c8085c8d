import { readFile } from "node:fs/promises";
import { status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { samplesIn } from "../../../test/metrics-samples.ts";
import { type FixtureHandlers, serveFixture } from "../../../test/serve-fixture.ts";
import { metrics } from "./index.ts";

const handlers: Pick<FixtureHandlers, "unary" | "serverStream"> = {
  unary: (_call, callback) => callback({ code: status.NOT_FOUND }),
  serverStream(call) {
    for (let index = 0; index < 20; index += 1) {
      call.write(call.request);
    }
    call.end();
  },
};

/** Everything but how long calls took: the Go sample has the histogram of one method only. */
function comparable(text: string): string[] {
  const types = text.split("\n").filter((line) => line.startsWith("# TYPE grpc_"));
  const samples = samplesIn(text)
    .filter(({ name }) => name.startsWith("grpc_"))
    .filter(
      ({ name, labels: { grpc_method } }) =>
        !name.includes("handling_seconds") || grpc_method === "ServerStream",
    )
    .map(({ name, labels, value }) => {
      const pairs = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
      const isTiming = /_seconds_(?:sum|bucket)$/.test(name);
      return `${name} ${pairs.join(" ")} ${isTiming ? "" : value}`;
    });
  return [...types, ...samples].sort();
}

it("exposes what go-grpc-prometheus does", async () => {
  const register = new Registry();
  const { client } = await serveFixture({ interceptors: [metrics({ register })], handlers });
  const requests = [{}, {}, {}];
  for (const kind of ["unary", "serverStream", "clientStream", "bidi"] as const) {
    await callFixture(client, kind, { requests }).outcome;
  }
  const sample = new URL("../../../test/metrics-go-grpc-prometheus.txt", import.meta.url);
  const go = comparable(await readFile(sample, "utf8"));
  expect(go).toHaveLength(34);
  await expect.poll(async () => comparable(await register.metrics())).toEqual(go);
});
