import { once } from "node:events";
import { connect } from "node:http2";
import { credentials, type Interceptor, Metadata, status } from "@grpc/grpc-js";
import { ForbiddenError } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture } from "@grpc-kit/testing";
import { FixtureServiceClient, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { onTestFinished } from "vitest";
import { serverInterceptor } from "../src/server/server-interceptor.ts";
import { echo, type FixtureHandlers, type FixtureOptions, serveFixture } from "./serve-fixture.ts";

/** What becomes of a call. */
export type Fate = "ok" | "error" | "refused" | "cancel" | "deadline" | "reset";

export interface PlannedCall {
  readonly kind: CallKind;
  readonly fate: Fate;
}

export interface Chaos {
  /** Makes the calls, `concurrency` at a time, and tells what their callers saw: "OK", "reset" … */
  run(plan: readonly PlannedCall[], options: RunOptions): Promise<CallerTruth>;
}

export interface RunOptions {
  readonly concurrency: number;
  /** How long a call waits whose fate is its deadline. */
  readonly deadlineMs: number;
}

export interface CallerTruth {
  /** By kind and name of the status; a connection that was cut is "reset". */
  readonly ends: Map<string, number>;
  /** By kind: calls with a deadline whose headers have reached the server. */
  readonly deadlines: Map<string, number>;
}

export function add(tally: Map<string, number>, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

// nghttp2 cuts a connection whose caller resets more than 1,000 streams at once.
const connections = 8;

const emptyMessage = Buffer.alloc(5);

/** A server whose calls meet the fate that they ask for, beneath the interceptors that are under test. */
export async function serveChaos(options: FixtureOptions): Promise<Chaos> {
  const running = new Map<string, () => void>();
  let deadlines = new Map<string, number>();
  const gate = serverInterceptor(({ metadata, method }) => {
    const [fate] = metadata.get("fate");
    if (fate === "refused") {
      throw new ForbiddenError("not you");
    }
    if (fate === "deadline") {
      add(deadlines, method.kind);
    }
    return undefined;
  });
  const { address } = await serveFixture({
    ...options,
    interceptors: [...(options.interceptors ?? []), gate],
    handlers: chaosHandlers(running),
  });
  const clients = Array.from({ length: connections }, () =>
    connectTo(address, options.clientInterceptors),
  );
  let calls = 0;
  const makeCall = async (
    { kind, fate }: PlannedCall,
    ends: Map<string, number>,
    deadlineMs: number,
  ): Promise<void> => {
    calls += 1;
    const next = clients[calls % connections] as FixtureServiceClient;
    const [id, started] = [String(calls), Promise.withResolvers<void>()];
    running.set(id, started.resolve);
    if (fate === "reset") {
      await cutConnection(address, kind, id, started.promise);
      add(ends, `${kind} reset`);
    } else {
      const timeoutMs = fate === "deadline" ? deadlineMs : 60_000;
      const code = await callWith(next, kind, fate, id, started.promise, timeoutMs);
      add(ends, `${kind} ${status[code]}`);
    }
    running.delete(id);
  };
  return {
    async run(plan, { concurrency, deadlineMs }) {
      deadlines = new Map();
      const ends = new Map<string, number>();
      const rest = plan.values();
      const work = async (): Promise<void> => {
        for (const planned of rest) {
          await makeCall(planned, ends, deadlineMs);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, work));
      return { ends, deadlines };
    },
  };
}

function connectTo(address: string, interceptors: Interceptor[] = []): FixtureServiceClient {
  const client = new FixtureServiceClient(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    interceptors,
  });
  onTestFinished(() => client.close());
  return client;
}

async function callWith(
  client: FixtureServiceClient,
  kind: CallKind,
  fate: Fate,
  id: string,
  started: Promise<void>,
  timeoutMs: number,
): Promise<status> {
  const metadata = new Metadata();
  metadata.set("fate", fate);
  metadata.set("id", id);
  const call = callFixture(client, kind, { metadata, deadline: Date.now() + timeoutMs });
  if (fate === "cancel") {
    await Promise.race([started, call.outcome]);
    call.cancel();
  }
  return (await call.outcome).code;
}

/** Makes a call on a connection of its own, and cuts that once the handler runs. */
async function cutConnection(
  address: string,
  kind: CallKind,
  id: string,
  started: Promise<void>,
): Promise<void> {
  const session = connect(`http://${address}`);
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": FixtureServiceService[kind].path,
    "content-type": "application/grpc",
    te: "trailers",
    fate: "reset",
    id,
  });
  stream.on("error", () => {});
  stream.write(emptyMessage);
  if (kind === "unary" || kind === "serverStream") {
    stream.end();
  }
  await started;
  session.destroy();
  await once(session, "close");
}

/** Handlers that echo, fail, or never answer. */
function chaosHandlers(running: ReadonlyMap<string, () => void>): FixtureHandlers {
  const failure = { code: status.ABORTED, details: "start again" };
  const meet = (metadata: Metadata, answer: () => void, fail: () => void): void => {
    running.get(String(metadata.get("id")[0]))?.();
    const [fate] = metadata.get("fate");
    if (fate === "ok") {
      answer();
    } else if (fate === "error") {
      fail();
    }
  };
  return {
    unary: (call, reply) =>
      meet(
        call.metadata,
        () => echo.unary(call, reply),
        () => reply(failure),
      ),
    clientStream: (call, reply) =>
      meet(
        call.metadata,
        () => echo.clientStream(call, reply),
        () => reply(failure),
      ),
    serverStream: (call) =>
      meet(
        call.metadata,
        () => echo.serverStream(call),
        () => call.emit("error", failure),
      ),
    bidi: (call) =>
      meet(
        call.metadata,
        () => echo.bidi(call),
        () => call.emit("error", failure),
      ),
  };
}
