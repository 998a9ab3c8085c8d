import { status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { callKinds } from "@grpc-kit/testing";
import { expect, it } from "vitest";
import { stubOf } from "../serve.ts";
import { skusIn } from "./items-database.ts";
import { startLossyProxy } from "./lossy-proxy.ts";
import { beginCall } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

it.each(callKinds)("G18: a call whose connection is lost ends on both sides: %s", async (kind) => {
  const items = await serveWatched();
  const proxy = await startLossyProxy(items.address);
  const { token } = items;
  const client = stubOf(ItemServiceService, proxy.address, { token, retry: false });
  const call = await beginCall[kind]({ ...items, client }, {});
  proxy.cut();
  await expect.poll(() => items.service.inFlight).toBe(0);
  expect(await call.failure()).toMatchObject({ code: status.UNAVAILABLE, local: false });
  await expect
    .poll(() => items.counted(call.method))
    .toEqual({ started: 1, inFlight: 0, handled: { Canceled: 1 } });
  expect(items.finished(call.method)).toMatchObject([{ "grpc.code": "CANCELLED" }]);
  await items.service.stop({ graceMs: 0 });
  expect(skusIn(items.databasePath)).toEqual(call.created);
});
