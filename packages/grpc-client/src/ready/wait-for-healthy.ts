import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import type { CallSource, OpenCall } from "../channel/call-source.ts";
import { callSourceOf } from "../channel/call-source-of.ts";
import type { GrpcChannel } from "../channel/grpc-channel.ts";

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
  const source = callSourceOf(channel);
  const deadline = Date.now() + timeoutMs;
  let last = "no answer";
  while (signal?.aborted !== true) {
    const ended = await watch(source, { service, deadline, signal, onAnswer });
    if (ended === "serving" || ended?.code === status.UNIMPLEMENTED) {
      return;
    }
    if (ended === undefined) {
      throw failure(status.UNAVAILABLE, `the channel to ${source.target} is closed`);
    }
    if (ended.code !== status.DEADLINE_EXCEEDED) {
      last = `${status[ended.code]}: ${ended.details}`;
    }
    if (Date.now() + retryDelayMs >= deadline) {
      const what = service === "" ? source.target : `${service} at ${source.target}`;
      const details = `${what} has not been SERVING within ${timeoutMs} ms; last: ${last}`;
      throw failure(status.UNAVAILABLE, details);
    }
    await delay(retryDelayMs, undefined, signal && { signal }).catch(() => {});
  }
  throw failure(status.CANCELLED, "cancelled by the caller", { cause: signal.reason });

  function onAnswer(answer: HealthCheckResponse): boolean {
    last = statusNames.get(answer.status) ?? String(answer.status);
    return answer.status === ServingStatus.SERVING;
  }
}

interface WatchOptions {
  readonly service: string;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** Whether it is the one that was waited for. */
  readonly onAnswer: (answer: HealthCheckResponse) => boolean;
}

/** How the stream ended. Undefined: the channel is closed. */
function watch(
  source: CallSource,
  { service, deadline, signal, onAnswer }: WatchOptions,
): Promise<StatusObject | "serving" | undefined> {
  return new Promise((resolve) => {
    let isServing = false;
    const open: OpenCall = {
      waitForReady: true,
      cancelWithStatus: (code, details) => call.cancelWithStatus(code, details),
    };
    const connection = source.open(open);
    if (connection === undefined) {
      resolve(undefined);
      return;
    }
    const cancel = () => call.cancelWithStatus(status.CANCELLED, "heard enough");
    const call = connection.channel.createCall(
      HealthService.watch.path,
      deadline,
      null,
      null,
      null,
    );
    call.start(new Metadata({ waitForReady: true }), {
      onReceiveMetadata() {},
      onReceiveMessage(bytes: Buffer) {
        try {
          isServing = onAnswer(HealthCheckResponse.decode(bytes));
        } catch (error) {
          call.cancelWithStatus(status.INTERNAL, `the answer cannot be read: ${String(error)}`);
          return;
        }
        if (isServing) {
          cancel();
        } else {
          call.startRead();
        }
      },
      onReceiveStatus(ended) {
        signal?.removeEventListener("abort", cancel);
        connection.end(open);
        resolve(isServing ? "serving" : ended);
      },
    });
    signal?.addEventListener("abort", cancel);
    const request = HealthCheckRequest.create({ service });
    call.sendMessageWithContext({}, HealthService.watch.requestSerialize(request));
    call.halfClose();
    call.startRead();
  });
}

function failure(code: status, details: string, options: ErrorOptions = {}): GrpcCallError {
  return new GrpcCallError({ code, details, metadata: new Metadata() }, options);
}
