import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import { alertsFile, recordingFile } from "../../src/prometheus/rule-files.ts";
import { callWithoutRequest } from "../grafana/drive-load.ts";
import { createItemStub, newItem, upsert } from "../item-stub.ts";
import { type ItemServiceProcess, startItemService } from "../start-item-service.ts";
import { type RunningPrometheus, startPrometheus } from "./start-prometheus.ts";

const patience = { timeout: 15_000, interval: 100 };

describe.skipIf(!hasProgram("prometheus", "prometheus"))("a Prometheus with these rules", () => {
  const ended = new AbortController();
  let folder: string;
  let service: ItemServiceProcess;
  let prometheus: RunningPrometheus;
  let token: string;
  let stub: ReturnType<typeof createItemStub>;

  beforeAll(async () => {
    service = await startItemService({
      env: {
        GRPC_SERVER_MAX_CONCURRENT_RPCS: "4",
        GRPC_SERVER_MAX_QUEUED_RPCS: "0",
        // Of calls that bring none.
        GRPC_SERVER_DEFAULT_DEADLINE_MS: "500",
        LOG_LEVEL: "error",
      },
    });
    // What takes minutes of a real incident takes two seconds here; nothing else is changed.
    folder = mkdtempSync(join(tmpdir(), "prometheus-rules-"));
    const impatient = join(folder, "alerts.yaml");
    writeFileSync(
      impatient,
      readFileSync(alertsFile, "utf8").replace(/for: \d+[mh]$/gm, "for: 2s"),
    );
    prometheus = await startPrometheus({
      targets: [service.adminUrl],
      ruleFiles: [recordingFile, impatient],
    });
    token = service.token();
    const options = {
      retry: false,
      circuitBreaker: false,
      defaultStreamTimeoutMs: "none",
    } as const;
    stub = createItemStub(service.address, { token, ...options });
  }, 60_000);

  afterAll(async () => {
    ended.abort();
    await stub?.close();
    service?.kill("SIGKILL");
    await service?.stop();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The only value that an expression has; undefined if it has none. */
  async function valueIn(expression: string): Promise<number | undefined> {
    const samples = await prometheus.query(expression);
    expect(samples.length).toBeLessThan(2);
    return samples[0]?.value;
  }

  const firing = async (): Promise<readonly unknown[]> =>
    (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname);

  it("finds a service that nobody calls, and has nothing to say", async () => {
    await expect.poll(() => valueIn('up{job="item-service"}'), patience).toBe(1);
    await expect.poll(() => valueIn("grpc_kit_ready"), patience).toBe(1);
    await expect.poll(() => valueIn("job:grpc_server_handled:rate5m"), patience).toBe(0);
    expect(await valueIn("job:grpc_server_errors_per_handled:ratio_rate5m")).toBeUndefined();
    expect(await valueIn("instance:grpc_kit_server_handlers_running_per_limit:ratio")).toBe(0);
    await expect.poll(firing, patience).toEqual([]);
  });

  it("records what the load has done", async () => {
    const { items } = stub;
    const { id } = await items.createItem(newItem("lamp"));
    for (let call = 0; call < 15; call += 1) {
      await items.getItem({ id });
    }
    for (let call = 0; call < 4; call += 1) {
      await expect(items.getItem({ id: crypto.randomUUID() })).rejects.toThrow("NOT_FOUND");
    }
    async function* actions(sku: string) {
      yield upsert(sku);
      await new Promise((resolve) => ended.signal.addEventListener("abort", resolve));
    }
    const session = connect(`http://${service.address}`);
    for (let call = 0; call < 3; call += 1) {
      await callWithoutRequest(session, `Bearer ${token}`);
    }
    session.destroy();
    for (let stream = 0; stream < 4; stream += 1) {
      await items.syncItems(actions(`desk-${stream}`), { signal: ended.signal }).next();
    }
    for (let call = 0; call < 5; call += 1) {
      await expect(items.getItem({ id })).rejects.toThrow("RESOURCE_EXHAUSTED");
    }

    // All counters began at 0 under Prometheus' eyes, so that rates guess the same of each, and shares are exact.
    const share = (code: string): string =>
      `job_method_code:grpc_server_handled:rate5m{grpc_method="GetItem", grpc_code="${code}"}
        / ignoring (grpc_code) job_method:grpc_server_handled:rate5m{grpc_method="GetItem"}`;
    await expect.poll(() => valueIn(share("OK")), patience).toBeCloseTo(15 / 27, 3);
    await expect.poll(() => valueIn(share("NotFound")), patience).toBeCloseTo(4 / 27, 3);
    await expect.poll(() => valueIn(share("ResourceExhausted")), patience).toBeCloseTo(5 / 27, 3);
    const shed = "job:grpc_kit_server_shed_per_handled:ratio_rate5m";
    await expect.poll(() => valueIn(shed), patience).toBeCloseTo(5 / 28, 3);
    const errors = "job:grpc_server_errors_per_handled:ratio_rate5m";
    await expect.poll(() => valueIn(errors), patience).toBeCloseTo(3 / 28, 3);
    const streams = 'job_method:grpckit_server_calls_in_flight:sum{grpc_method="SyncItems"}';
    await expect.poll(() => valueIn(streams), patience).toBe(4);
    const full = "instance:grpc_kit_server_handlers_running_per_limit:ratio";
    await expect.poll(() => valueIn(full), patience).toBe(1);
    const p99 = 'job_method:grpc_server_handling_seconds:p99_rate5m{grpc_method="GetItem"}';
    // That of those without a request.
    await expect.poll(() => valueIn(p99), patience).toBeGreaterThan(0.25);
  }, 60_000);

  it("tells of a service that is gone, once it has been for as long as the rules say", async () => {
    service.kill("SIGKILL");
    await service.stop();
    await expect.poll(() => valueIn('up{job="item-service"}'), patience).toBe(0);
    for (const alert of ["ItemServiceDown", "ItemServiceTargetDown"]) {
      await expect.poll(firing, patience).toContain(alert);
      const pending = `count_over_time(ALERTS{alertname="${alert}", alertstate="pending"}[5m])`;
      expect(await valueIn(pending)).toBeGreaterThan(0);
    }
  });
});
