import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import { DatabaseSync } from "node:sqlite";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import type { ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import type { CallStatus } from "@grpc-kit/grpc-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import { all, type ItemStub, newItem, upsert } from "../item-stub.ts";
import { main } from "../start-item-service.ts";
import { createCleanups } from "../start-program.ts";
import {
  callsInFlight,
  handledBy,
  type ItemServices,
  itemStub,
  startItemServices,
} from "./item-services.ts";
import { type ProxyProcess, startHaproxy, startNginx } from "./start-proxy.ts";

const kinds = [
  { name: "nginx", isThere: hasProgram("nginx", "nginx-light"), start: startNginx },
  { name: "haproxy", isThere: hasProgram("haproxy", "haproxy"), start: startHaproxy },
];

for (const { name, isThere, start } of kinds) {
  describe.skipIf(!isThere)(`through ${name}`, () => {
    let proxy: ProxyProcess;
    let all3: ItemServices;
    const cleanups = createCleanups();
    beforeAll(async () => {
      all3 = await startItemServices([{}, {}, {}], cleanups.add);
      proxy = await start(all3.services, cleanups.add);
    }, 60_000);
    afterAll(cleanups.run);

    /** Sends each call once, all on one connection. */
    const open = (): ItemStub =>
      itemStub(proxy.address, {
        token: all3.token,
        retry: false,
        channel: { pool: { maxConnections: 1 } },
      });
    const handled = (method: string, code: string): Promise<number> =>
      handledBy(all3.services, { method, code }).then((counts) =>
        counts.reduce((sum, count) => sum + count, 0),
      );

    it("the calls of one connection go to all servers alike", async () => {
      const items = open();
      const { id } = await items.createItem(newItem("spread"));
      const before = await handledBy(all3.services);
      for (let calls = 0; calls < 300; calls += 1) {
        await items.getItem({ id });
      }
      const after = await handledBy(all3.services);
      const shares = after.map((count, index) => count - (before[index] ?? 0));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(300);
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(95);
    });

    it("F13: a stream of 20,000 requests arrives, and a page of 1,000 items comes back", async () => {
      const items = open();
      // More than the 1 MB that proxies like to allow.
      const description = "x".repeat(100);
      const requests = Array.from({ length: 20_000 }, (_, index) => ({
        ...newItem(`batch-${index}`),
        description,
      }));
      const { createdCount, errors } = await items.batchCreateItems(requests);
      expect([createdCount, errors]).toEqual([20_000, []]);
      let told: CallStatus | undefined;
      const page = items.listItems(
        { pageSize: 1_000, pageToken: "", filter: "" },
        {
          onStatus: (end) => {
            told = end;
          },
        },
      );
      expect(await all(page)).toHaveLength(1_000);
      expect(told?.metadata.get("next-page-token")).toHaveLength(1);
    }, 60_000);

    it("a stream of requests that is refused at once is told why", async () => {
      const [service] = all3.services;
      const items = itemStub(proxy.address, { token: service?.token("items:read") ?? "" });
      const requests = Array.from({ length: 20_000 }, (_, index) => newItem(`refused-${index}`));
      await expect(items.batchCreateItems(requests)).rejects.toMatchObject({
        code: status.PERMISSION_DENIED,
      });
    });

    it("both sides of a stream take turns, with pauses", async () => {
      const actions = new PassThrough({ objectMode: true });
      const answers = open().syncItems(actions as AsyncIterable<ItemSyncRequest>);
      for (let turn = 0; turn < 5; turn += 1) {
        actions.write(upsert(`turn-${turn}`));
        expect((await answers.next()).value).toMatchObject({ success: true });
        await delay(200);
      }
      actions.end();
      expect((await answers.next()).done).toBe(true);
    });

    it("metadata come back, and large ones go through", async () => {
      const metadata = new Metadata();
      metadata.set("x-request-id", "order-4711");
      // With the token, as much as a server takes by default.
      metadata.set("large", "x".repeat(15_000));
      let told: CallStatus | undefined;
      const onStatus = (end: CallStatus): void => {
        told = end;
      };
      await open().createItem(newItem("metadata"), { metadata, onStatus });
      expect(told?.metadata.get("x-request-id")).toEqual(["order-4711"]);
    });

    it("errors come with all their details", async () => {
      const items = open();
      await items.createItem(newItem("taken"));
      await expect(items.createItem(newItem("taken"))).rejects.toMatchObject({
        code: status.ALREADY_EXISTS,
        details: "another item has the sku taken",
        errorDetails: { errorInfo: { reason: "SKU_TAKEN" } },
        errorDetail: { code: "SkuTakenError" },
      });
      const wrong = { ...newItem("x".repeat(5_000)), name: "", quantity: -1, price: -1 };
      const failed = items.createItem(wrong);
      await expect(failed).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        errorDetails: { errorInfo: { reason: "VALIDATION_FAILED" } },
      });
    });

    it("a call that is cancelled ends at the server, and has done nothing", async () => {
      const before = await handled("CreateItem", "Canceled");
      const items = open();
      // A write that has to wait for another one.
      const writer = new DatabaseSync(all3.databasePath);
      writer.exec("BEGIN IMMEDIATE");
      try {
        const caller = new AbortController();
        const call = items.createItem(newItem("cancelled"), { signal: caller.signal });
        const running = () => callsInFlight(all3.services);
        const aborted = expect
          .poll(running)
          .toBe(1)
          .then(() => caller.abort());
        await expect(call).rejects.toMatchObject({ code: status.CANCELLED });
        await aborted;
        await expect.poll(() => handled("CreateItem", "Canceled")).toBe(before + 1);
      } finally {
        writer.exec("ROLLBACK");
        writer.close();
      }
      expect((await items.createItem(newItem("cancelled"))).sku).toBe("cancelled");
    });

    it("a deadline is kept by the server, also if its caller does nothing about it", async () => {
      const before = await handled("SyncItems", "DeadlineExceeded");
      const session = connect(`http://${proxy.address}`);
      const stream = session.request({
        ":method": "POST",
        ":path": "/examples.ItemService/SyncItems",
        "content-type": "application/grpc",
        te: "trailers",
        authorization: `Bearer ${all3.token}`,
        "grpc-timeout": "300m",
      });
      const answer = Promise.race([once(stream, "trailers"), once(stream, "response")]);
      const [headers] = await answer;
      expect(headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
      stream.destroy();
      session.destroy();
      await expect.poll(() => handled("SyncItems", "DeadlineExceeded")).toBe(before + 1);
    });

    it("the probe of the service sees through it", async () => {
      const probe = execFile(process.execPath, [main, "probe", proxy.address, "readiness"]);
      expect(await once(probe, "exit")).toEqual([0, null]);
    });
  });
}
