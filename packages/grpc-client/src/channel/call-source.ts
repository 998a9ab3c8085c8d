import type { Channel, MethodConfig, status } from "@grpc/grpc-js";

/** A running call, as its channel needs it. */
export interface OpenCall {
  /**
   * Whether it had rather wait for a connection than fail. It is left alone where others that wait end
   * with UNAVAILABLE, and has its deadline. Default: false.
   */
  readonly waitForReady?: boolean;
  /** `isCallers`: its own process wants it to end, which says nothing of the server. */
  cancelWithStatus(code: status, details: string, isCallers?: boolean): void;
}

/** One connection of a channel (one to each address). */
export interface Connection {
  readonly channel: Pick<Channel, "createCall">;
  /** The call is over. */
  end(call: OpenCall): void;
}

/** What the methods of one service have of a service config. */
export interface ServicePolicy {
  /** "examples.ItemService". */
  readonly service: string;
  readonly methodConfigs: readonly MethodConfig[];
}

/** What stubs need of a channel. */
export interface CallSource {
  readonly target: string;
  /** Whether calls may have credentials: by TLS, or without it to the same machine. */
  readonly takesCredentials: boolean;
  /** Throws a TypeError if another stub of the channel has another policy for the service. */
  addService(policy: ServicePolicy): void;
  /** The connection that a call is to be made on. Undefined: the channel is closed, or closing. */
  open(call: OpenCall): Connection | undefined;
}
