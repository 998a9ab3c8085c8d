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
import { type CallControls, createCallDesk } from "./call-controls.ts";
import type { Handlers } from "./handlers.ts";
import { serveCall } from "./serve-call.ts";
import { type ServedMethod, servedMethods } from "./served-methods.ts";
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
  const desk = createCallDesk();
  const methods = new Map<string, ServedMethod>();
  // grpc-js's own handling of the call never begins.
  const takeOver: ServerInterceptor = ({ path }, call) => {
    const method = methods.get(path);
    const taken = new ServerInterceptingCall(call);
    return method === undefined
      ? taken
      : Object.assign(taken, {
          start: () => call.start(doubtingHalfCloses(serveCall(call, method, desk))),
        });
  };
  const server = new Server({ interceptors: [takeOver] });
  const add: TestServer["add"] = (service, itsHandlers) => {
    for (const method of servedMethods(service, itsHandlers)) {
      const { path } = method.definition;
      methods.set(path, method);
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
  return {
    ...desk,
    port,
    target: `127.0.0.1:${port}`,
    add,
    disconnect,
    async stop() {
      if (listener.listening) {
        listener.close();
        disconnect();
        await once(listener, "close");
        server.forceShutdown();
      }
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
