import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { StatusError } from "@grpc-kit/grpc-status";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import type { CallContext } from "../../src/call-context.ts";
import { createGrpcServer, type GrpcServer } from "../../src/create-server.ts";
import type { ServerStats } from "../../src/server-events.ts";
import type { GrpcServerOptions } from "../../src/server-options.ts";
import { type Method, treeService } from "./fault-service.ts";

/** What the process tells of itself. */
export interface ProcessStats {
  readonly rssBytes: number;
  /** The most that it has ever had. */
  readonly maxRssBytes: number;
  /** On and off the heap, without garbage. */
  readonly retainedBytes: number;
  readonly cpuMs: number;
  readonly maxLoopDelayMs: number;
  /** Handlers that run now, did so at most at once, and were ever started. */
  readonly running: number;
  readonly maxRunning: number;
  readonly started: number;
  /** The same, by the name of the method. */
  readonly starts: Readonly<Partial<Record<Method, number>>>;
  /** Sockets, timers and the like that are open. */
  readonly resources: Readonly<Record<string, number>>;
  /** Errors that would have ended another process. */
  readonly fatal: readonly string[];
  readonly server: ServerStats;
}

export type Command =
  | { readonly start: Partial<GrpcServerOptions> }
  | { readonly stopWithin: number }
  | "stats"
  | "fatal";
type Answer =
  | { readonly port: number }
  | { readonly stats: ProcessStats }
  | { readonly fatal: readonly string[] }
  | { readonly stoppedAfterMs: number };

// For whoever asks for what has come out of a dice.
const maxMessages = 1_024;
const maxBytes = 8 * 1024 * 1024;

const fatal: string[] = [];
process.on("uncaughtException", (error) => fatal.push(String(error.stack)));
process.on("unhandledRejection", (reason) => fatal.push(`rejected: ${reason}`));

const loopDelay = monitorEventLoopDelay({ resolution: 5 });
let running = 0;
let maxRunning = 0;
const starts: Partial<Record<Method, number>> = {};
let server: GrpcServer | undefined;

/** Runs as long as the metadata says; a stubborn one does so whether or not its caller waits. */
async function work({ metadata, signal }: CallContext): Promise<void> {
  const isStubborn = metadata.get("stubborn").length > 0;
  await delay(Number(metadata.get("sleep-ms")[0] ?? 0), undefined, isStubborn ? {} : { signal });
}

async function counted<Result>(method: Method, run: () => Promise<Result>): Promise<Result> {
  const release = begin(method);
  try {
    return await run();
  } finally {
    release();
  }
}

function begin(method: Method): () => void {
  running += 1;
  starts[method] = (starts[method] ?? 0) + 1;
  maxRunning = Math.max(maxRunning, running);
  return () => {
    running -= 1;
  };
}

function serve(options: Partial<GrpcServerOptions>): GrpcServer {
  const settings = { host: "127.0.0.1", port: 0, onError: () => {}, ...options };
  return createGrpcServer("tls" in settings ? settings : { ...settings, insecure: true })
    .addService(FixtureServiceService, {
      unary: (request, context) =>
        counted("unary", async () => {
          await work(context);
          const code = Number(context.metadata.get("fail-with")[0] ?? 0);
          if (code !== 0) {
            throw new StatusError(code, `code ${code}`);
          }
          const [bytes] = context.metadata.get("echo-bin");
          if (bytes !== undefined) {
            context.setTrailer("echo-bin", bytes);
          }
          return request.count === 0n ? request : filled(0, Number(request.count));
        }),
      async *serverStream({ count, index }) {
        const release = begin("serverStream");
        try {
          for (let n = 0; n < count && n < maxMessages; n += 1) {
            yield filled(n, Number(index));
          }
        } finally {
          release();
        }
      },
      clientStream: (requests) =>
        counted("clientStream", async () => {
          let size = 0;
          for await (const { payload } of requests) {
            size += payload.byteLength;
          }
          return filled(size, 0);
        }),
      async *bidi(requests) {
        const release = begin("bidi");
        try {
          yield* requests;
        } finally {
          release();
        }
      },
    })
    .addService(treeService, { grow: (tree) => counted("grow", async () => tree) });
}

/** A message that shares its bytes with no other. */
function filled(n: number, size: number): Envelope {
  const payload = Buffer.alloc(Math.min(size, maxBytes), n % 256);
  return { index: BigInt(n), count: 0n, payload, text: "" };
}

function stats(of: GrpcServer): ProcessStats {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const cpu = process.cpuUsage();
  const resources = Object.groupBy(process.getActiveResourcesInfo(), (name) => name);
  return {
    rssBytes: rss,
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
    retainedBytes: heapUsed + external,
    cpuMs: (cpu.user + cpu.system) / 1000,
    maxLoopDelayMs: loopDelay.max / 1e6,
    running,
    maxRunning,
    started: Object.values(starts).reduce((sum, count) => sum + count, 0),
    starts,
    resources: Object.fromEntries(
      Object.entries(resources).map(([name, all = []]) => [name, all.length]),
    ),
    fatal,
    server: of.stats,
  };
}

async function obey(command: Command): Promise<Answer> {
  if (typeof command === "object" && "start" in command) {
    server = serve(command.start);
    const { port } = await server.start();
    loopDelay.enable();
    return { port };
  }
  if (server === undefined) {
    throw new Error("the server has not been started");
  }
  if (command === "stats") {
    const answer = { stats: stats(server) };
    loopDelay.reset();
    return answer;
  }
  if (command === "fatal") {
    return { fatal };
  }
  const startMs = performance.now();
  await server.stop({ graceMs: command.stopWithin });
  return { stoppedAfterMs: performance.now() - startMs };
}

process.on("message", (command: Command) => {
  obey(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
