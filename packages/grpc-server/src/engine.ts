import type { Socket } from "node:net";
import {
  type ChannelOptions,
  Server,
  ServerCredentials,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { Registration } from "./register.ts";

/**
 * What speaks HTTP/2 and gRPC behind the listener. All that handlers, interceptors and the listener
 * need of it is here, so that another can take its place.
 */
export interface Engine {
  /** Serves a service. */
  register(registration: Registration): void;
  /** Takes a connection over that begins with the preface of HTTP/2, and closes it at its end. */
  connect(socket: Socket): void;
  /** Takes no more calls. The running ones go on. */
  drain(): void;
  /** Lets go of everything. */
  destroy(): void;
}

/** The engine that is grpc-js. `interceptors` are the whole chain of each call. */
export function createGrpcJsEngine(
  channelOptions: ChannelOptions,
  interceptors: ServerInterceptor[],
): Engine {
  const server = new Server({ ...channelOptions, interceptors });
  // Connections come decrypted already.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    register({ definition, implementation }) {
      server.addService(definition, implementation);
    },
    connect: (socket) => injector.injectConnection(socket),
    // The callback comes too early on Node 26 and, for a peer that stays, never.
    drain: () => server.tryShutdown(() => {}),
    destroy: () => server.forceShutdown(),
  };
}
