import type { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { type FixtureStub, outcomeOf } from "./fixture-stub.ts";

export interface CallRecord {
  /** The text of its request. */
  readonly id: string;
  /** Since the load began. */
  readonly startedMs: number;
  readonly durationMs: number;
  /** How long this process was kept from running in this time. */
  readonly lagMs: number;
  readonly code: status;
}

export interface Load {
  /** Ends the load; resolves once its last call has ended. */
  stop(): Promise<readonly CallRecord[]>;
}

const tickMs = 10;

export interface LoadOptions {
  readonly callsPerSecond: number;
  readonly timeoutMs: number;
  /** What the texts of the requests begin with. Default: nothing. */
  readonly name?: string;
}

/** Makes so many unary calls a second, whether or not those before them have ended. */
export function startLoad(
  stub: FixtureStub,
  { callsPerSecond, timeoutMs, name = "" }: LoadOptions,
): Load {
  const records: CallRecord[] = [];
  const running = new Set<Promise<void>>();
  const beganAt = performance.now();
  let made = 0;
  let lagMs = 0;
  let lastTickAt = beganAt;

  async function call(id: string): Promise<void> {
    const startedAt = performance.now();
    const lagBefore = lagMs;
    const { code } = await outcomeOf(stub.unary(Envelope.create({ text: id }), { timeoutMs }));
    const now = performance.now();
    // A tick that is late now has not been counted yet.
    const lateMs = Math.max(0, now - lastTickAt - tickMs);
    records.push({
      id,
      startedMs: startedAt - beganAt,
      durationMs: now - startedAt,
      lagMs: lagMs - lagBefore + lateMs,
      code,
    });
  }

  const timer = setInterval(() => {
    const now = performance.now();
    lagMs += Math.max(0, now - lastTickAt - tickMs);
    lastTickAt = now;
    for (; made < ((now - beganAt) / 1_000) * callsPerSecond; made += 1) {
      const ended = call(`${name}${made}`).finally(() => running.delete(ended));
      running.add(ended);
    }
  }, tickMs);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      return records;
    },
  };
}
