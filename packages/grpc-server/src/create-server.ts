import { constants } from "node:http2";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { type AdminServer, startAdminServer } from "./admin.ts";
import { Admission } from "./admission.ts";
import { observeCalls } from "./call-observer.ts";
import { CallRefusals, drainingError } from "./call-refusals.ts";
import { checkNode } from "./check-node.ts";
import { careFor } from "./connection-care.ts";
import { createGrpcJsEngine } from "./engine.ts";
import { guardRespond } from "./guard-respond.ts";
import type { Handlers } from "./handlers.ts";
import { Lifecycle, type StopOptions } from "./lifecycle.ts";
import { createListener, type ServerAddress } from "./listener.ts";
import { type OpenStream, trackStreams } from "./open-stream.ts";
import { atMost } from "./patience.ts";
import { Peers } from "./peers.ts";
import { registerHandlers } from "./register.ts";
import { cleanHeaders } from "./request-headers.ts";
import { resolveOptions } from "./resolve-options.ts";
import type { Route } from "./route.ts";
import { RunningCalls } from "./running-calls.ts";
import { type ServerEventListener, ServerEvents, type ServerStats } from "./server-events.ts";
import type { GrpcServerOptions } from "./server-options.ts";
import { takeOver } from "./take-over.ts";
import type { WireCall, WireRules } from "./wire-call.ts";

export interface GrpcServer extends AsyncDisposable {
  /** The full names of the services, sorted. */
  readonly services: readonly string[];
  /** Handlers that run, until each has settled, whatever became of its call. */
  readonly inFlight: number;
  readonly stats: ServerStats;
  /** Serves `service` with `handlers`. Throws a TypeError if one is missing or too many. */
  addService<Definition extends ServiceDefinition>(
    service: Definition,
    handlers: Handlers<Definition>,
  ): GrpcServer;
  /** Listens, and settles with the address. Rejects if the port is taken or a file of TLS is wrong. */
  start(): Promise<ServerAddress>;
  /**
   * Takes no more calls, and settles when the running ones have ended or been cut. May be called
   * again, to shorten the grace. Rejects with an AggregateError if a cleanup has failed.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Tells of phases, refusals and what goes wrong. Returns a function that ends it. */
  onEvent(listener: ServerEventListener): () => void;
  /**
   * Runs `close` after the last call, the latest one added first: what handlers use is closed when
   * none uses it any more. It has five seconds.
   */
  addCleanup(name: string, close: () => unknown): GrpcServer;
}

// grpc-js leaves it at HTTP/2's default: https://www.rfc-editor.org/rfc/rfc9113#section-6.9.2
const streamWindowBytes = 65_535;

// So long may the last statuses take to leave.
const flushMs = 50;

/** Makes a gRPC server with async functions and generators as handlers. It listens once started. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  checkNode();
  const config = resolveOptions(options);
  const { maxQueueMs, maxCompressedRpcs, maxMetadataBytes } = config;
  const routes = new Map<string, Route>();
  const services = new Set<string>();
  const events = new ServerEvents();
  const peers = new Peers(config.connections);
  const admission = new Admission({
    maxRunning: config.maxConcurrentRpcs,
    maxQueued: config.maxQueuedRpcs,
    maxQueueMs,
  });
  const compressed =
    maxCompressedRpcs === 0
      ? undefined
      : new Admission({ maxRunning: maxCompressedRpcs, maxQueued: 100, maxQueueMs });
  const calls = new RunningCalls<WireCall>();
  const rules: WireRules = {
    admission,
    compressed,
    maxMetadataBytes,
    maxConcurrentRpcsPerPeer: config.maxConcurrentRpcsPerPeer,
    refusals: new CallRefusals(compressed === undefined ? "identity" : "identity,deflate,gzip"),
    counters: events,
    calls,
    maxSendMessageBytes: config.maxSendMessageBytes,
    streamIdleTimeoutMs: config.streamIdleTimeoutMs,
  };
  const observer = observeCalls(config.observers, routes);
  const streams = trackStreams({
    onOpen(open) {
      open.headerBytes = cleanHeaders(open.headers);
      if (!isTakenOver(open)) {
        open.isEnded = true;
        guardRespond(open.stream);
      }
      // Its head, and what may be on its way in its window without being read.
      open.connection.explainedBytes += open.headerBytes + streamWindowBytes;
      observer?.onOpen(open);
    },
    onClose(open) {
      observer?.onClose(open);
      if (open.stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
        countReset(open);
      }
    },
  });
  const engine = createGrpcJsEngine(
    config.channelOptions,
    takeOver({ routes, streams, interceptors: config.interceptors, rules }),
  );
  const listener = createListener({
    ...config,
    events,
    peers,
    onConnection: (connection, socket) => streams.run(connection, () => engine.connect(socket)),
  });
  let stopCare: (() => void) | undefined;
  let admin: AdminServer | undefined;

  // The same decision as grpc-js's, whose own answers are the ones to guard.
  function isTakenOver({ headers }: OpenStream): boolean {
    const isGrpc = headers["content-type"]?.startsWith("application/grpc") ?? false;
    return isGrpc && routes.has(headers[":path"] ?? "");
  }

  function countReset({ connection: { peer, isCut } }: OpenStream): void {
    if (isCut || peer.name === "unix" || peers.reset(peer)) {
      return;
    }
    for (const connection of listener.connections) {
      if (connection.peer === peer && !connection.isCut) {
        events.add("reset_budget", peer.name);
        connection.cut(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      }
    }
  }

  const lifecycle = new Lifecycle(
    {
      async open() {
        streams.watch();
        try {
          if (config.admin !== undefined) {
            admin = await startAdminServer(config.admin);
            events.emit({ type: "admin_listening", host: admin.host, port: admin.port });
          }
          const address = await listener.listen();
          stopCare = careFor(listener.connections, {
            limits: config.connections,
            sendStallTimeoutMs: config.sendStallTimeoutMs,
            counters: events,
            peers,
          });
          return address;
        } catch (error) {
          admin?.close();
          streams.close();
          throw error;
        }
      },
      async drain() {
        const closed = listener.close();
        for (const call of calls) {
          if (call.route.isLongLived) {
            call.cut(drainingError());
          }
        }
        await closed;
        await Promise.all([...listener.connections].map((connection) => connection.retire()));
        engine.drain();
      },
      idle: () => listener.closed(),
      async cut() {
        void listener.close();
        admission.refuseAll();
        compressed?.refuseAll();
        const { size } = calls;
        for (const call of calls) {
          call.cut(drainingError());
        }
        if (size > 0) {
          await atMost(flushMs, listener.closed());
        }
        // A connection that breaks is UNAVAILABLE to callers; grpc-js would cut them as CANCELLED.
        for (const { socket } of listener.connections) {
          socket.destroy();
        }
        await listener.closed();
        return size;
      },
      close() {
        engine.destroy();
        calls.close();
        streams.close();
        stopCare?.();
        admin?.close();
      },
    },
    events,
  );

  const server: GrpcServer = {
    get services() {
      return [...services].sort();
    },
    get inFlight() {
      return admission.running;
    },
    get stats() {
      return {
        phase: lifecycle.phase,
        connections: listener.connections.size,
        certificateExpiresAt: listener.certificateExpiresAt,
        inFlight: admission.running,
        maxInFlight: config.maxConcurrentRpcs,
        queued: admission.queued,
        refused: { ...events.counts },
      };
    },
    addService(service, handlers) {
      const registration = registerHandlers(service, handlers, config);
      const taken = registration.routes.find(({ path }) => routes.has(path));
      if (taken !== undefined) {
        throw new TypeError(`service must be added once, got ${taken.path} again`);
      }
      engine.register(registration);
      for (const route of registration.routes) {
        routes.set(route.path, route);
        services.add(route.service);
      }
      return server;
    },
    start: () => lifecycle.start(),
    stop: (stopOptions) => lifecycle.stop(stopOptions),
    onEvent: (eventListener) => events.subscribe(eventListener),
    addCleanup(name, close) {
      lifecycle.addCleanup(name, close);
      return server;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}
