import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { trackConnections } from "./connection.ts";
import type { Handlers } from "./handlers.ts";
import { registerHandlers } from "./register.ts";
import type { Route } from "./route.ts";
import { type GrpcServerOptions, resolveOptions } from "./server-options.ts";
import { takeOver } from "./take-over.ts";

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface StopOptions {
  /** Milliseconds that running calls have to end before they are cut. Default: 5_000. */
  readonly graceMs?: number;
}

export interface GrpcServer extends AsyncDisposable {
  /** Serves `service` with `handlers`. Throws a TypeError if one is missing or too many. */
  addService<Definition extends ServiceDefinition>(
    service: Definition,
    handlers: Handlers<Definition>,
  ): GrpcServer;
  /** Listens, and settles with the address. Rejects if the port is taken. */
  start(): Promise<ServerAddress>;
  /** Takes no more calls, and settles when the running ones have ended or been cut. */
  stop(options?: StopOptions): Promise<void>;
}

// The longest delay that setTimeout takes; it would take a longer one for 1 ms.
const maxGraceMs = 2 ** 31 - 1;

/** Makes a gRPC server with async functions and generators as handlers. It listens once started. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { host, port, interceptors, onError, errorToStatus, channelOptions } =
    resolveOptions(options);
  const routes = new Map<string, Route>();
  const connections = trackConnections();
  const engine = new Server({
    ...channelOptions,
    interceptors: takeOver({
      routes,
      connections,
      interceptors,
      maxSendMessageBytes: channelOptions["grpc.max_send_message_length"] ?? -1,
    }),
  });
  const injector = engine.createConnectionInjector(ServerCredentials.createInsecure());

  // The sockets are ours, because grpc-js waits for ever for one that says nothing:
  // https://github.com/grpc/grpc-node/issues/1458
  const sockets = new Set<Socket>();
  let onNoSockets = (): void => {};
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) {
        onNoSockets();
      }
    });
    connections.open(() => injector.injectConnection(socket));
  });

  let started: Promise<ServerAddress> | undefined;
  let stopped: Promise<void> | undefined;

  async function listen(): Promise<ServerAddress> {
    connections.watch();
    const listening = once(listener, "listening");
    listener.listen({ host, port });
    try {
      await listening;
    } catch (cause) {
      started = undefined;
      connections.close();
      throw new Error(`cannot listen on ${host}:${port}: ${(cause as Error).message}`, { cause });
    }
    // From now on a failure to accept (too many open files, for one) is a lost connection only.
    listener.on("error", () => {});
    const address = listener.address() as AddressInfo;
    return { host: address.address, port: address.port };
  }

  async function shutDown(graceMs: number): Promise<void> {
    await started?.catch(() => {});
    listener.close();
    // Its callback comes too early on Node 26 and, for a peer that stays, never: ours are the sockets.
    engine.tryShutdown(() => {});
    destroySilent(sockets);
    if (sockets.size > 0) {
      await new Promise<void>((resolve) => {
        const grace = setTimeout(resolve, graceMs);
        onNoSockets = () => {
          clearTimeout(grace);
          resolve();
        };
      });
    }
    // A connection that breaks is UNAVAILABLE to callers; grpc-js would cut calls as CANCELLED first.
    for (const socket of sockets) {
      socket.destroy();
    }
    engine.forceShutdown();
    connections.close();
  }

  const server: GrpcServer = {
    addService(service, handlers) {
      const registration = registerHandlers(service, handlers, { onError, errorToStatus });
      const taken = registration.routes.find(({ path }) => routes.has(path));
      if (taken !== undefined) {
        throw new TypeError(`service must be added once, got ${taken.path} again`);
      }
      engine.addService(registration.definition, registration.implementation);
      for (const route of registration.routes) {
        routes.set(route.path, route);
      }
      return server;
    },
    start() {
      if (stopped !== undefined) {
        return Promise.reject(new Error("server has been stopped; create another"));
      }
      started ??= listen();
      return started;
    },
    stop({ graceMs = 5_000 } = {}) {
      if (!(graceMs >= 0 && graceMs <= maxGraceMs)) {
        const range = `a number from 0 to ${maxGraceMs}`;
        return Promise.reject(new RangeError(`graceMs must be ${range}, got ${graceMs}`));
      }
      stopped ??= shutDown(graceMs);
      return stopped;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

// One that has not said a word has no calls, and may never close.
function destroySilent(sockets: Iterable<Socket>): void {
  for (const socket of sockets) {
    if (socket.bytesRead === 0) {
      socket.destroy();
    }
  }
}
