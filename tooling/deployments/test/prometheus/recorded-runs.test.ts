import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import { all, createItemStub, type ItemStub, newItem, upsert } from "../item-stub.ts";
import { type ItemServiceProcess, startItemService } from "../start-item-service.ts";
import { type RecordedRun, recordRun } from "./record-run.ts";
import { type Postgres, startPostgres } from "./start-postgres.ts";

/** Calls without retries, so that each failure is one, and streams without a limit. */
function connectTo({ address }: ItemServiceProcess, token: string): ItemStub {
  const { items, close } = createItemStub(address, {
    token,
    retry: false,
    circuitBreaker: false,
    defaultStreamTimeoutMs: "none",
  });
  onTestFinished(close);
  return items;
}

const untilReady = ({ adminUrl }: ItemServiceProcess, isReady: boolean): Promise<void> =>
  vi.waitFor(async () => expect((await fetch(`${adminUrl}/readyz`)).ok).toBe(isReady), 20_000);

/** Opens streams, each of which has answered once and stays open until the test has ended. */
async function openStreams(items: ItemStub, count: number): Promise<void> {
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  async function* actions(sku: string) {
    yield upsert(sku);
    await new Promise((resolve) => ended.signal.addEventListener("abort", resolve));
  }
  for (let index = 0; index < count; index += 1) {
    await items.syncItems(actions(crypto.randomUUID()), { signal: ended.signal }).next();
  }
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "OK",
    (error: { readonly message: string }) => error.message,
  );

/** Makes the calls at so many moments, one after the other. */
async function record(run: RecordedRun, moments: number, calls: () => Promise<unknown>) {
  for (let moment = 0; moment < moments; moment += 1) {
    await calls();
    await run.take();
  }
}

// At steps of 15 seconds a quarter of an hour, which is longer than any alert waits whose cause is shown here.
const moments = 60;

describe.skipIf(!hasProgram("promtool", "prometheus"))(
  "the alerts, on metrics of real runs",
  () => {
    let postgres: Postgres;
    let service: ItemServiceProcess;
    let token: string;

    beforeAll(async () => {
      postgres = await startPostgres();
      service = await startItemService({
        env: {
          DATABASE_URL: postgres.url,
          GRPC_SERVER_MAX_CONCURRENT_RPCS: "4",
          GRPC_SERVER_MAX_QUEUED_RPCS: "0",
          LOG_LEVEL: "error",
        },
      });
      token = service.token();
      await untilReady(service, true);
    }, 60_000);

    afterAll(async () => {
      await service?.stop();
      await postgres?.stop();
    });

    it("stay quiet while callers are served, and told what they do wrong", async () => {
      const items = connectTo(service, token);
      const stranger = connectTo(service, "no token");
      const run = recordRun(service.adminUrl);
      const { id } = await items.createItem(newItem("lamp"));
      await record(run, moments, async () => {
        expect(await codeOf(items.getItem({ id }))).toBe("OK");
        expect(await codeOf(items.getItem({ id: crypto.randomUUID() }))).toContain("NOT_FOUND");
        expect(await codeOf(stranger.getItem({ id }))).toContain("UNAUTHENTICATED");
        expect(await codeOf(items.createItem(newItem("lamp")))).toContain("ALREADY_EXISTS");
      });
      await run.expectFiring([], "15s");
    });

    it("tell that it is full, and refuses calls", async () => {
      const items = connectTo(service, token);
      await openStreams(items, 4);
      const run = recordRun(service.adminUrl);
      await record(run, moments, async () => {
        // Six a minute are not yet worth an alert.
        for (let call = 0; call < 3; call += 1) {
          expect(await codeOf(items.getItem({ id: "" }))).toContain("RESOURCE_EXHAUSTED");
        }
      });
      await run.expectFiring(["ItemServiceSaturated", "ItemServiceShedding"], "15s");
    });

    it("tell that its database is away", async () => {
      const items = connectTo(service, token);
      const { id } = await items.createItem(newItem("desk"));
      await postgres.stop();
      await untilReady(service, false);
      const run = recordRun(service.adminUrl);
      await record(run, moments, async () => {
        expect(await codeOf(items.getItem({ id }))).toContain("UNAVAILABLE");
      });
      await run.expectFiring(
        [
          "ItemServiceDependencyDown",
          "ItemServiceDown",
          "ItemServiceErrorBudgetBurnFast",
          "ItemServiceErrorBudgetBurnSlow",
          "ItemServiceNotReady",
        ],
        "15s",
      );
    });

    it("tell of streams that begin and do not end, and of none that do", async () => {
      const other = await startItemService({
        env: { GRPC_SERVER_MAX_CONCURRENT_RPCS: "200", LOG_LEVEL: "error" },
      });
      onTestFinished(async () => {
        other.kill("SIGKILL");
        await other.stop();
      });
      const items = connectTo(other, other.token());
      await untilReady(other, true);
      const [short, open] = [recordRun(other.adminUrl), recordRun(other.adminUrl)];
      // Two and a half hours, at steps of two minutes.
      await record(short, 80, () => all(items.syncItems([upsert(crypto.randomUUID())])));
      await short.expectFiring([], "2m");
      await record(open, 80, () => openStreams(items, 1));
      await open.expectFiring(["ItemServiceStreamLeak"], "2m");
    });
  },
);
