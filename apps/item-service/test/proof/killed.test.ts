import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../serve.ts";
import { sources, startProcess } from "../start-process.ts";
import { goOn, startMixedLoad } from "./mixed-load.ts";
import { startWorkers } from "./worker-processes.ts";
import { flawless, recordWrites } from "./write-audit.ts";

interface Killed {
  readonly target: string | readonly string[];
  readonly token: string;
  readonly dataFolder: string;
  /** Kills a process and has another take its place. */
  kill(): Promise<void>;
}

const writes = ["CreateItem", "BatchCreateItems", "SyncItems"];

/** Calls with keys and without while processes are killed. Expects that no more is lost than must be. */
async function expectLittleLoss({ target, token, dataFolder, kill }: Killed): Promise<void> {
  const audit = recordWrites(join(dataFolder, "item-service.db"));
  const start = (isKeyed: boolean) => startMixedLoad({ target, token, lanes: 4, isKeyed });
  const [keyed, plain] = [start(true), start(false)] as const;
  const loads = [keyed, plain];
  // Until it has hit a call with a key. Otherwise nothing would be shown.
  for (let kills = 0; keyed.repeated() === 0; kills += 1) {
    expect(kills).toBeLessThan(6);
    await goOn(loads, 30);
    await kill();
    await goOn(loads, 30);
  }
  await Promise.all(loads.map((load) => load.stop()));
  expect(audit(loads)).toEqual(flawless);
  const failures = loads.flatMap((load) => load.failures);
  expect(failures.filter(({ code }) => code !== "UNAVAILABLE")).toEqual([]);
  expect(keyed.failures.filter(({ method }) => method !== "SyncItems")).toEqual([]);
  // The stub repeats a call that may be sent twice, unless the answer had begun:
  // https://github.com/grpc/proposal/blob/master/A6-client-retries.md#when-retries-are-valid
  const idempotent = plain.failures.filter(({ method }) => !writes.includes(method));
  expect(idempotent.filter(({ isBegun }) => !isBegun)).toEqual([]);
}

describe("G2: when a process is killed, writes with keys succeed, and none is done twice or lost", () => {
  it("one of two workers", async () => {
    const workers = await startWorkers();
    let kills = 0;
    await expectLittleLoss({
      ...workers,
      target: workers.address,
      async kill() {
        const [pid] = await workers.pids();
        process.kill(pid ?? Number.NaN, "SIGKILL");
        kills += 1;
        const crashes = () => workers.restarts("crash");
        await expect.poll(crashes, { timeout: 30_000 }).toBe(kills);
        await workers.ready();
      },
    });
  }, 120_000);

  it("one of two servers", async () => {
    const env = { DATA_DIR: temporaryFolder(), LOG_LEVEL: "error" };
    const servers = [await startProcess(env, sources), await startProcess(env, sources)] as const;
    const [{ address, token, dataFolder }, other] = servers;
    let killed = servers[0];
    await expectLittleLoss({
      target: [address, other.address],
      token,
      dataFolder,
      async kill() {
        const exit = once(killed.child, "exit");
        killed.child.kill("SIGKILL");
        await exit;
        killed = await startProcess({ ...env, GRPC_SERVER_PORT: address.split(":")[1] }, sources);
      },
    });
  }, 120_000);
});
