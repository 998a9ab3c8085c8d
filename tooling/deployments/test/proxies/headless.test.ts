import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { newItem } from "../item-stub.ts";
import type { ItemServiceProcess } from "../start-item-service.ts";
import { findPort } from "../start-program.ts";
import type { LoadReport } from "./item-load.ts";
import {
  expectNoneLost,
  handledBy,
  itemStub,
  listSkus,
  startItemServices,
  untilHandled,
} from "./item-services.ts";
import { type HeadlessClient, hasOwnNames, startHeadlessClient } from "./start-headless-client.ts";

/** Servers on addresses of their own and one port, as pods are, and a client that knows their name. */
async function startPods(
  places: readonly { readonly host: string; readonly env?: Readonly<Record<string, string>> }[],
) {
  const port = await findPort("0.0.0.0");
  const pods = await startItemServices(
    places.map((place) => ({ ...place, port })),
    onTestFinished,
  );
  const { token } = pods;
  const hosts = places.map(({ host }) => host);
  const client = await startHeadlessClient({ port, token, hosts }, onTestFinished);
  return { ...pods, client, port };
}

/** How many of the calls that are made by `call` each of the servers gets. */
async function sharesOf(
  services: readonly ItemServiceProcess[],
  call: () => Promise<unknown>,
): Promise<readonly number[]> {
  const before = await handledBy(services);
  await call();
  const after = await handledBy(services);
  return after.map((count, index) => count - (before[index] ?? 0));
}

const stop = (client: HeadlessClient) => client.run<readonly LoadReport[]>({ kind: "stop" });

/** Whether what is said to be created is there, once. */
async function checkWrites(reports: readonly LoadReport[], address: string, token: string) {
  const created = reports.flatMap((report) => report.created).toSorted();
  expect(created.length).toBeGreaterThan(0);
  expect(await listSkus(itemStub(address, { token }))).toEqual(created);
}

const hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

describe.skipIf(!hasOwnNames())("a headless Service", () => {
  it("grpc-client calls all servers of a name alike, grpc-js by itself just one", async () => {
    const { services, client, port, token } = await startPods(hosts.map((host) => ({ host })));
    const { id } = await itemStub(`${hosts[0]}:${port}`, { token }).createItem(newItem("one"));
    // Until there is a connection to each of them.
    const reads = { kind: "reads", id, count: 300 } as const;
    await expect
      .poll(
        async () =>
          Math.min(...(await sharesOf(services, () => client.run({ ...reads, count: 30 })))),
        {
          timeout: 10_000,
        },
      )
      .toBeGreaterThan(0);
    const shares = await sharesOf(services, () => client.run(reads));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(300);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(95);

    const ofGrpcJs = await sharesOf(services, () =>
      client.run({ ...reads, kind: "readsOfGrpcJs" }),
    );
    expect(ofGrpcJs.toSorted((a, b) => a - b)).toEqual([0, 0, 300]);
  }, 60_000);

  it("G7: a server that is new gets calls once connections have aged, and none is lost", async () => {
    const env = { GRPC_SERVER_MAX_CONNECTION_AGE_MS: "1000" };
    // One connection at a time: gRPC sends again what a server has refused, but only once.
    const { services, token, client, port, start } = await startPods([
      { host: "127.0.0.2", env },
      { host: "127.0.0.3" },
    ]);
    await client.run({ kind: "load" });
    await untilHandled(services, 20);
    const added = await start({ host: "127.0.0.4", port });
    client.setAddresses(hosts);
    await untilHandled([added], 20);
    const reports = await stop(client);
    expectNoneLost(reports);
    await checkWrites(reports, added.address, token);
  }, 60_000);

  it("G1: no call is lost while three servers are replaced, with retries and without", async () => {
    const env = { GRPC_SERVER_DRAIN_DELAY_MS: "500" };
    const { services, token, client, port, start } = await startPods(
      hosts.map((host) => ({ host, env })),
    );
    await client.run({ kind: "load" });
    await untilHandled(services, 20);
    let running = services;
    for (const [index, service] of services.entries()) {
      const next = await start({ host: `127.0.0.${5 + index}`, port });
      running = [...running.filter((one) => one !== service), next];
      // Endpoints change when a pod is told to stop.
      client.setAddresses(running.map(({ address }) => address.split(":")[0] ?? ""));
      expect(await service.stop()).toBe(0);
      await untilHandled([next], 20);
    }
    const reports = await stop(client);
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    await checkWrites(reports, running[0]?.address ?? "", token);
  }, 60_000);
});

describe("a Service with one address", () => {
  it("has all calls of a connection go to one server", async () => {
    const { services, token } = await startItemServices([{}, {}, {}], onTestFinished);
    const address = await startConnectionBalancer(services);
    const items = itemStub(address, { token, channel: { pool: { maxConnections: 1 } } });
    const { id } = await items.createItem(newItem("one"));
    const shares = await sharesOf(services, async () => {
      for (let calls = 0; calls < 100; calls += 1) {
        await items.getItem({ id });
      }
    });
    expect(shares.toSorted((a, b) => a - b)).toEqual([0, 0, 100]);
  });
});

/** Gives connections to the servers in turn, and knows nothing of calls, as kube-proxy. */
async function startConnectionBalancer(services: readonly ItemServiceProcess[]): Promise<string> {
  let turn = 0;
  const server: Server = createServer({ noDelay: true }, (socket) => {
    const { hostname, port } = new URL(`http://${services[turn % services.length]?.address}`);
    turn += 1;
    const upstream = connect({ port: Number(port), host: hostname, noDelay: true });
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on("error", () => to.destroy()).pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
}
