import { callFixture, callKinds } from "@grpc-kit/testing";
import { expect, it } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { serveFixture } from "../../test/serve-fixture.ts";
import { logging } from "./logging.ts";

it.each(callKinds)("logs messages where it is asked to: %s", async (kind) => {
  const log = memoryLog("debug");
  const payloads = { redact: ["index"], maxBytes: 64 };
  const { client } = await serveFixture({ interceptors: [logging({ ...log, payloads })] });
  const requests = [{ index: 7n, count: 2n, payload: Buffer.from("abc"), text: "x".repeat(99) }];
  await callFixture(client, kind, { requests }).outcome;
  await expect.poll(() => log.lines.length).toBe(4);
  const content = `{"index":"[redacted]","count":"2","payload":"[3 bytes]","text`;
  expect(log.lines.slice(1, 3)).toMatchObject([
    {
      level: 20,
      msg: "received message",
      "grpc.request.content": expect.stringContaining(content.slice(0, 61)),
    },
    { level: 20, msg: "sent message", "grpc.response.content": expect.stringMatching(/…$/) },
  ]);
});
