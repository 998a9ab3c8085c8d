import { once } from "node:events";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { expect, it } from "vitest";
import { listAll, stubOf, temporaryFolder } from "../serve.ts";
import { type ServiceProcess, sources, startProcess } from "../start-process.ts";
import { startItemLoad } from "./item-load.ts";

it("G1: no call is lost while three servers restart in turn, with retries and without", async () => {
  const env = {
    DATA_DIR: temporaryFolder(),
    GRPC_SERVER_DRAIN_DELAY_MS: "200",
    LOG_LEVEL: "error",
  };
  const start = (port = "0") => startProcess({ ...env, GRPC_SERVER_PORT: port }, sources);
  // One after the other, since the first makes the tables.
  const servers: ServiceProcess[] = [];
  for (let index = 0; index < 3; index += 1) {
    servers.push(await start());
  }
  const addresses = servers.map(({ address }) => address);
  const token = servers[0]?.token;
  const channel = { reconnectBackoff: { initialMs: 100, maxMs: 200 } };
  const loads = [{}, { retry: false } as const].map((options) =>
    startItemLoad(stubOf(ItemServiceService, addresses, { ...options, channel, token }), 8),
  );
  // Balancers as well wait until a server is ready before the next one goes.
  const answers = async (address: string) => {
    const before = loads.map((load) => load.answeredBy(address));
    const answered = () =>
      Math.min(...loads.map((load, index) => load.answeredBy(address) - (before[index] ?? 0)));
    await expect.poll(answered, { timeout: 30_000 }).toBeGreaterThan(20);
  };
  await Promise.all(addresses.map(answers));
  for (const { child, address } of servers) {
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    await start(address.split(":")[1]);
    await answers(address);
  }
  await Promise.all(loads.map((load) => load.stop()));
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  // Each write was done, and once.
  const kept = await listAll(stubOf(ItemServiceService, addresses, { token }));
  const created = loads.flatMap(({ skus }) => skus);
  expect(kept.map(({ sku }) => sku).sort()).toEqual(created.sort());
}, 180_000);
