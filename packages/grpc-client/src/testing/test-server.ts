import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { CallControls } from "./call-controls.ts";
import type { Handlers } from "./handlers.ts";
import { createServedMethods } from "./served-methods.ts";
import type { ServerWireListener } from "./server-wire.ts";

export interface TestServerOptions {
  /** Default: a free one. That of a server before is for tests of clients that connect again. */
  readonly port?: number;
}

export interface TestServer extends CallControls {
  readonly port: number;
  /** "127.0.0.1:50812", for `createChannel(target, { credentials: "insecure" })`. */
  readonly target: string;
  /** Serves another service, or the same by other handlers from now on. */
  add<Definition extends ServiceDefinition>(
    definition: Definition,
    handlers: Handlers<Definition>,
  ): void;
  /** Cuts all connections, as a network does that fails. Clients may connect again. */
  disconnect(): void;
  /** Cuts all connections and listens no more. What handlers wait for ends by their signal. */
  stop(): Promise<void>;
}

/**
 * Serves a service on 127.0.0.1, without TLS, in this process: grpc-js and real sockets, for tests. Stop
 * it when done. Rejects if the port is taken.
 */
export async function startTestServer<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Definition> = {},
  { port: wantedPort = 0 }: TestServerOptions = {},
): Promise<TestServer> {
  const { serve, controls, ...methods } = createServedMethods();
  // grpc-js's own handling of a call never begins.
  const takeOver: ServerInterceptor = ({ path }, call) =>
    Object.assign(new ServerInterceptingCall(call), {
      start: () => call.start(doubtingHalfCloses(serve(path, call))),
    });
  const server = new Server({ interceptors: [takeOver] });
  const add: TestServer["add"] = (service, itsHandlers) => {
    methods.add(service, itsHandlers);
    for (const { path } of Object.values(service)) {
      // Both sides of every call may stream, so that all kinds of call are one.
      server.register(path, () => {}, toBytes, toBytes, "bidi");
    }
  };
  add(definition, handlers);

  // Of its own sockets, since grpc-js closes no connection that has not said anything yet.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  listener.listen(wantedPort, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;

  function disconnect(): void {
    for (const socket of sockets) {
      socket.destroy();
    }
  }
  async function close(): Promise<void> {
    const isClosed = once(listener, "close");
    listener.close();
    disconnect();
    await isClosed;
    server.forceShutdown();
  }
  let closed: Promise<void> | undefined;
  return {
    ...controls,
    port,
    target: `127.0.0.1:${port}`,
    add,
    disconnect,
    stop() {
      closed ??= close();
      return closed;
    },
  };
}

// The handlers' side does it for itself.
function toBytes(bytes: Buffer): Buffer {
  return bytes;
}

/**
 * Node.js half-closes a stream that is cancelled, and resets it in the next turn: a client of this
 * process that gives up must not look like one that has sent everything.
 */
function doubtingHalfCloses(listener: ServerWireListener): ServerWireListener {
  return {
    ...listener,
    async onReceiveHalfClose() {
      for (let turn = 0; turn < 4; turn += 1) {
        await nextTurn();
      }
      listener.onReceiveHalfClose();
    },
  };
}
