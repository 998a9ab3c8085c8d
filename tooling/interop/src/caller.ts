import type { AddressInfo, Socket } from "node:net";
import { connect as connectTcp, createServer } from "node:net";
import { type ChannelOptions, createClientFactory, type Stub } from "@grpc-kit/grpc-client";
import { TestServiceService, UnimplementedServiceService } from "./gen/grpc/testing/test.ts";

/** In what servers differ, and may. */
export interface ServerTraits {
  /** Whether it can tell that a request was compressed. */
  readonly seesCompression: boolean;
  /** Whether it compresses responses that are asked to be. */
  readonly compresses: boolean;
}

export interface Connection {
  readonly test: Stub<typeof TestServiceService>;
  readonly unimplemented: Stub<typeof UnimplementedServiceService>;
  close(): Promise<void>;
}

export interface Caller extends Connection {
  readonly traits: ServerTraits;
  /** Another channel, with a connection of its own. */
  open(options?: { readonly compress: boolean }): Connection;
  /** How many bytes all connections have carried so far. */
  bytes(): { readonly sent: number; readonly received: number };
}

export interface CallerOptions {
  readonly address: string;
  readonly traits: ServerTraits;
  /** Whom to trust. Default: no TLS. */
  readonly caFile?: string | undefined;
}

const gzip = 2;

/** Calls a server by grpc-client's defaults, through a relay that counts bytes. */
export async function createCaller({ address, traits, caFile }: CallerOptions): Promise<Caller> {
  const relay = await startRelay(address);
  const credentials: NonNullable<ChannelOptions["credentials"]> =
    caFile === undefined ? "insecure" : { caFile };
  // A factory for each channel: those of one factory that are alike share connections.
  const open = ({ compress } = { compress: false }): Connection => {
    const clients = createClientFactory({ defaultStreamTimeoutMs: 15_000 });
    const channel = clients.createChannel(relay.address, {
      credentials,
      grpcOptions: compress ? { "grpc.default_compression_algorithm": gzip } : {},
    });
    return {
      test: clients.createStub(TestServiceService, channel),
      unimplemented: clients.createStub(UnimplementedServiceService, channel),
      close: () => clients.close(),
    };
  };
  const first = open();
  return {
    ...first,
    traits,
    open,
    bytes: relay.bytes,
    async close() {
      await first.close();
      await relay.close();
    },
  };
}

interface Relay {
  readonly address: string;
  readonly bytes: Caller["bytes"];
  close(): Promise<void>;
}

async function startRelay(target: string): Promise<Relay> {
  const [host, port] = target.split(":");
  let [sent, received] = [0, 0];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectTcp(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from.setNoDelay());
      from.pipe(to);
      // One side that breaks takes the other with it.
      from.on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from) && to.destroy());
    }
    near.on("data", (bytes) => {
      sent += bytes.length;
    });
    far.on("data", (bytes) => {
      received += bytes.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => ({ sent, received }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
  };
}
