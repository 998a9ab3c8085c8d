import { describe, expect, it, onTestFinished } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import type { ItemServiceProcess } from "../start-item-service.ts";
import { findPort } from "../start-program.ts";
import { type ItemLoadOptions, type LoadReport, startItemLoad } from "./item-load.ts";
import {
  expectNoneLost,
  type ItemServices,
  itemStub,
  listSkus,
  startItemServices,
  untilHandled,
  untilLeftAlone,
} from "./item-services.ts";
import { startHaproxy, startNginx } from "./start-proxy.ts";

const hasNginx = hasProgram("nginx", "nginx-light");
const hasHaproxy = hasProgram("haproxy", "haproxy");

/** Calls through a proxy, half of them sent once. */
function startLoads(
  address: string,
  token: string,
  options: Pick<ItemLoadOptions, "isKeyed" | "pauseMs"> = {},
) {
  const channel = { reconnectBackoff: { initialMs: 100, maxMs: 200 } };
  const loads = [{}, { retry: false } as const].map((retry) =>
    startItemLoad(itemStub(address, { token, channel, circuitBreaker: false, ...retry }), {
      lanes: 2,
      ...options,
    }),
  );
  const stop = () => Promise.all(loads.map((load) => load.stop()));
  onTestFinished(async () => void (await stop()));
  return { stop };
}

/** Whether the items that there are, are those that callers have been told of, each of them once. */
async function checkWrites(
  { services, token }: Pick<ItemServices, "token" | "services">,
  reports: readonly LoadReport[],
): Promise<void> {
  const skus = await listSkus(itemStub(services[0]?.address ?? "", { token }));
  const created = new Set(reports.flatMap((report) => report.created));
  const unknown = new Set(reports.flatMap((report) => report.unknown));
  expect(skus.filter((sku) => !unknown.has(sku))).toEqual([...created].toSorted());
}

/** Three servers that stay where they are when they are started again. */
async function startThree(env: Record<string, string>): Promise<ItemServices> {
  const places = await Promise.all(
    [1, 2, 3].map(async () => ({ port: await findPort(), adminPort: await findPort() })),
  );
  return startItemServices(places, onTestFinished, env);
}

function placeOf({ address, adminUrl }: ItemServiceProcess) {
  const portOf = (url: string): number => Number(new URL(url).port);
  return { port: portOf(`http://${address}`), adminPort: portOf(adminUrl) };
}

describe.skipIf(!hasHaproxy)("behind haproxy", () => {
  it("G1: no call is lost while three servers restart in turn, with retries and without", async () => {
    const all = await startThree({ GRPC_SERVER_DRAIN_DELAY_MS: "2000" });
    const proxy = await startHaproxy(all.services, onTestFinished);
    const loads = startLoads(proxy.address, all.token);
    await untilHandled(all.services, 20);
    const services: ItemServiceProcess[] = [];
    for (const service of all.services) {
      expect(await service.stop()).toBe(0);
      const again = await all.start(placeOf(service));
      // As balancers of deployments do, the next one waits until this one serves.
      await untilHandled([again], 20);
      services.push(again);
    }
    const reports = await loads.stop();
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    await checkWrites({ services, token: all.token }, reports);
  }, 90_000);
});

describe.skipIf(!hasNginx)("behind nginx", () => {
  it("G1: no call is lost while three servers are replaced, if nginx is told first", async () => {
    const all = await startItemServices([{}, {}, {}], onTestFinished);
    const proxy = await startNginx(all.services, onTestFinished, "2s");
    const loads = startLoads(proxy.address, all.token, { pauseMs: 10 });
    await untilHandled(all.services, 20);
    let services = all.services;
    for (const service of all.services) {
      const others = services.filter((one) => one !== service);
      services = [...others, await all.start()];
      await proxy.reload(services);
      await untilLeftAlone(service);
      expect(await service.stop()).toBe(0);
      await untilHandled(services, 20);
    }
    const reports = await loads.stop();
    expectNoneLost(reports);
    await checkWrites({ services, token: all.token }, reports);
  }, 90_000);
});

describe.each([
  { name: "nginx", isThere: hasNginx, start: startNginx, isKeyed: false },
  // It lets clients send again what a server was lost with: writes have to have keys.
  { name: "haproxy", isThere: hasHaproxy, start: startHaproxy, isKeyed: true },
])("behind $name", ({ isThere, start, isKeyed }) => {
  const title =
    "G2: a killed server fails nothing but what it had begun, and no write is done twice";
  it.skipIf(!isThere)(
    title,
    async () => {
      const all = await startThree({});
      const proxy = await start(all.services, onTestFinished);
      const loads = startLoads(proxy.address, all.token, { isKeyed });
      await untilHandled(all.services, 20);
      const [killed, ...others] = all.services;
      killed?.kill("SIGKILL");
      await untilHandled(others, 100);
      const reports = await loads.stop();
      const failures = reports.flatMap((report) => report.failures);
      // A write that is done twice would be ALREADY_EXISTS.
      expect(failures.filter(({ code, isBegun }) => code !== "UNAVAILABLE" && !isBegun)).toEqual(
        [],
      );
      const reads = reports[0]?.failures.filter(({ method }) => /^(Get|List)/.test(method));
      expect(reads?.filter(({ isBegun }) => !isBegun)).toEqual([]);
      await checkWrites({ services: others, token: all.token }, reports);
    },
    60_000,
  );
});
