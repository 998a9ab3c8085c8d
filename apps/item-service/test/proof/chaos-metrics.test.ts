import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { StatusError, statusCodeInfo, toCallError } from "@grpc-kit/grpc-status";
import { expect, it } from "vitest";
import { all } from "../../src/demo/all.ts";
import { sumsOf } from "../interceptors/serve-standard.ts";
import { createItem, failureOf, newItem, stubOf } from "../serve.ts";
import { tokenFor } from "../tokens.ts";
import { startLossyProxy } from "./lossy-proxy.ts";
import { createPage, upsertOf, wholePage } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

// What the server makes of a caller who has gone, whatever that knows of it.
const gone = new StatusError(status.CANCELLED, "gone");

it("E3: after calls with every ending, metrics and log have each once, as its caller saw it", async () => {
  const total = 1_000;
  const items = await serveWatched({ GRPC_SERVER_MAX_DEADLINE_MS: "5000" });
  const truth = new Map<string, number>();
  async function make(method: string, call: () => Promise<unknown>): Promise<void> {
    const code = await call().then(
      () => status.OK,
      (error: unknown) => (error === gone ? gone : toCallError(error)).code,
    );
    const key = `${method} ${statusCodeInfo(code).goName}`;
    truth.set(key, (truth.get(key) ?? 0) + 1);
  }
  await make("BatchCreateItems", () => createPage(items));
  await make("CreateItem", () => createItem(items.client, "taken"));

  const stub = (token: string | undefined, address = items.address) =>
    stubOf(ItemServiceService, address, { token, retry: false, circuitBreaker: false });
  const client = stub(items.token);
  const stranger = stub(undefined);
  const reader = stub(await tokenFor(items.dataFolder, "items:read"));
  const id = randomUUID();

  /** Opens a stream that is answered once and stays open. */
  async function openSync(caller: typeof client, signal = new AbortController().signal) {
    const actions = new PassThrough({ objectMode: true });
    const answers = caller.syncItems(actions, { signal });
    actions.write(upsertOf("synced"));
    await answers.next();
    return answers;
  }
  async function cancelSync(): Promise<void> {
    const abort = new AbortController();
    const answers = await openSync(client, abort.signal);
    abort.abort();
    await all(answers);
  }
  async function loseSync(): Promise<void> {
    const proxy = await startLossyProxy(items.address);
    const answers = await openSync(stub(items.token, proxy.address));
    proxy.cut();
    expect(await failureOf(all(answers))).toMatch(/^UNAVAILABLE/);
    throw gone;
  }
  async function leavePage(): Promise<void> {
    for await (const _item of client.listItems(wholePage)) {
      throw gone;
    }
  }

  /** Calls of each method, with endings that are beyond doubt. */
  const calls: readonly (readonly [method: string, call: () => Promise<unknown>])[] = [
    ["GetItem", () => client.getItem({ id })],
    ["GetItem", () => stranger.getItem({ id })],
    ["CreateItem", () => client.createItem(newItem(randomUUID()))],
    ["CreateItem", () => client.createItem(newItem("taken"))],
    ["CreateItem", () => client.createItem(newItem("not ok"))],
    ["CreateItem", () => reader.createItem(newItem(randomUUID()))],
    ["UpdateItem", () => client.updateItem({ id, quantity: 2 })],
    ["DeleteItem", () => client.deleteItem({ id: "not ok" })],
    ["ListItems", () => all(client.listItems({ ...wholePage, pageSize: 3 }))],
    ["ListItems", () => all(client.listItems({ ...wholePage, filter: "sku ~" }))],
    ["ListItems", () => all(stranger.listItems(wholePage))],
    ["ListItems", leavePage],
    ["BatchCreateItems", () => client.batchCreateItems([newItem(randomUUID()), newItem("taken")])],
    ["BatchCreateItems", () => reader.batchCreateItems([newItem(randomUUID())])],
    ["SyncItems", () => all(client.syncItems([upsertOf("synced"), { action: undefined }]))],
    ["SyncItems", () => all(stranger.syncItems([upsertOf("synced")]))],
    ["SyncItems", cancelSync],
    ["SyncItems", loseSync],
  ];
  const plan = Array.from({ length: total }, (_, index) => calls[index % calls.length]).values();
  async function lane(): Promise<void> {
    for (const call of plan) {
      await make(...(call as (typeof calls)[number]));
    }
  }
  // Some that the server has to end, meanwhile.
  const idle = Array.from({ length: 5 }, () =>
    make("SyncItems", async () => all(await openSync(client))),
  );
  await Promise.all([...idle, ...Array.from({ length: 8 }, lane)]);

  const handled = async () => {
    const sums = await sumsOf(items.registry, "grpc_server_handled_total");
    return new Map([...sums].filter(([, ended]) => ended > 0));
  };
  await expect.poll(handled, { timeout: 10_000 }).toEqual(truth);
  expect(truth.get("SyncItems DeadlineExceeded")).toBe(idle.length);
  for (const { path } of Object.values(ItemServiceService)) {
    const counted = await items.counted(path.split("/")[2] ?? "");
    const ended = Object.values(counted.handled).reduce((sum, number) => sum + number, 0);
    expect(counted).toMatchObject({ started: ended, inFlight: 0 });
  }
  expect(items.service.inFlight).toBe(0);
  const lines = items.logged.filter(({ message }) => message === "finished call");
  expect(lines).toHaveLength(2 + total + idle.length);
}, 60_000);
