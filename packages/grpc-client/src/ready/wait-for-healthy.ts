import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { Metadata, status } from "@grpc/grpc-js";
import {
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { GrpcCallError, isGrpcCallError } from "@grpc-kit/grpc-status";
import { callSourceOf } from "../channel/call-source-of.ts";
import type { GrpcChannel } from "../channel/grpc-channel.ts";
import { checkClientOptions } from "../check-client-options.ts";
import { buildStub } from "../stub/create-stub.ts";

export interface WaitForHealthyOptions {
  /** Whose health counts: "examples.ItemService". Default: "", the whole server's. */
  readonly service?: string;
  /** The most to wait. Default: 20_000. */
  readonly timeoutMs?: number;
  /** Ends the waiting when it aborts. */
  readonly signal?: AbortSignal;
}

const statusNames: ReadonlyMap<number, string> = new Map(
  Object.entries(ServingStatus).map(([name, value]) => [value, name]),
);

// Long enough not to flood a server that fails at once, short enough not to be noticed by people.
const retryDelayMs = 200;

/**
 * Connects, and resolves once a server (of several, any) says that it is SERVING, or that it does not
 * say (UNIMPLEMENTED). Rejects with a GrpcCallError that names the last answer: UNAVAILABLE after
 * `timeoutMs` or when the channel is closed, CANCELLED if the signal aborts. For the start of a process:
 * calls made later have `waitForReady`. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export async function waitForHealthy(
  channel: GrpcChannel,
  { service = "", timeoutMs = 20_000, signal }: WaitForHealthyOptions = {},
): Promise<void> {
  if (!(timeoutMs > 0)) {
    throw new RangeError(`timeoutMs must be a number above 0, got ${inspect(timeoutMs)}`);
  }
  // Without its policy, which another stub of the service may have: here it says nothing.
  const source = { ...callSourceOf(channel), addService: () => {} };
  const context = checkClientOptions({ retry: false, circuitBreaker: false });
  const health = buildStub({ watch: HealthService.watch }, source, context);
  // The clock may be set meanwhile.
  const deadline = performance.now() + timeoutMs;
  let last = "no answer";
  for (;;) {
    try {
      const leftMs = deadline - performance.now();
      const options = { timeoutMs: leftMs, waitForReady: true, ...(signal && { signal }) };
      for await (const answer of health.watch({ service }, options)) {
        last = statusNames.get(answer.status) ?? String(answer.status);
        if (answer.status === ServingStatus.SERVING) {
          return;
        }
      }
    } catch (error) {
      if (!isGrpcCallError(error) || signal?.aborted === true || channel.state === "SHUTDOWN") {
        throw error;
      }
      if (error.code === status.UNIMPLEMENTED) {
        return;
      }
      last = error.code === status.DEADLINE_EXCEEDED ? last : error.message;
    }
    if (performance.now() + retryDelayMs >= deadline) {
      const what = service === "" ? source.target : `${service} at ${source.target}`;
      const details = `${what} has not been SERVING within ${timeoutMs} ms; last: ${last}`;
      throw new GrpcCallError({ code: status.UNAVAILABLE, details, metadata: new Metadata() }, {});
    }
    // A signal that aborts meanwhile ends the next watch before it begins.
    await delay(retryDelayMs, undefined, signal && { signal }).catch(() => {});
  }
}
