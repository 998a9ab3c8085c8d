// A process of its own, so that what it does costs the service nothing. Its argument is JSON: { address, token }.

import { Metadata } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { codeOf } from "../../harness/item-stub.ts";
import { percentile } from "../../harness/percentile.ts";

export interface ScanCommand {
  /** Calls a second, whether or not those before have ended. "closed": eight at a time, as fast as they go. */
  readonly rate: number | "closed";
  readonly durationMs: number;
  readonly timeoutMs: number;
  readonly isRetrying: boolean;
}

export interface ScanReport {
  readonly calls: number;
  readonly succeeded: number;
  readonly perSecond: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The longest that this process has been held up, while it made so many calls a second. */
  readonly heldMs: number;
}

const { address, token } = JSON.parse(process.argv[2] ?? "{}");
const metadata = new Metadata();
metadata.set("authorization", `Bearer ${token}`);
const stubs = [true, false].map((isRetrying) => {
  const clients = createClientFactory({
    descriptorSets: [fileDescriptorSet()],
    circuitBreaker: false,
    ...(!isRetrying && { retry: false as const }),
  });
  const channel = clients.createChannel(address, { credentials: "insecure" });
  return clients.createStub(ItemServiceService, channel);
});

// Looks at every item, finds none, and so costs the service much and its caller little.
const scan = { pageSize: 10, pageToken: "", filter: 'description : "there is none"' };

async function run({ rate, durationMs, timeoutMs, isRetrying }: ScanCommand): Promise<ScanReport> {
  const stub = stubs[isRetrying ? 0 : 1];
  const codes: Record<string, number> = {};
  const latencies: number[] = [];
  const call = async (): Promise<void> => {
    const startMs = performance.now();
    const read = async (): Promise<void> => {
      for await (const _item of stub?.listItems(scan, { metadata, timeoutMs }) ?? []) {
      }
    };
    const code = await codeOf(read());
    codes[code] = (codes[code] ?? 0) + 1;
    if (code === "OK") {
      latencies.push(performance.now() - startMs);
    }
  };
  const beganMs = performance.now();
  const isOver = (): boolean => performance.now() - beganMs >= durationMs;
  let heldMs = 0;
  if (rate === "closed") {
    const lane = async (): Promise<void> => {
      while (!isOver()) {
        await call();
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
  } else {
    const underWay: Promise<void>[] = [];
    let made = 0;
    while (!isOver()) {
      for (; made < ((performance.now() - beganMs) / 1_000) * rate; made += 1) {
        underWay.push(call());
      }
      const sleptMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 5));
      heldMs = Math.max(heldMs, performance.now() - sleptMs - 5);
    }
    await Promise.all(underWay);
  }
  const succeeded = codes.OK ?? 0;
  return {
    calls: Object.values(codes).reduce((sum, count) => sum + count, 0),
    succeeded,
    perSecond: succeeded / (durationMs / 1_000),
    codes,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    heldMs,
  };
}

process.on("message", async (command: ScanCommand) => process.send?.(await run(command)));
process.on("disconnect", () => process.exit());
