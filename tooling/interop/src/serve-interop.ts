import { createGrpcServer, type GrpcServer, type TlsOptions } from "@grpc-kit/grpc-server";
import { isStatusError } from "@grpc-kit/grpc-status";
import { keepEncoding, testHandlers, testService } from "./test-service.ts";

export interface InteropServer {
  readonly server: GrpcServer;
  /** As in "127.0.0.1:34567". */
  readonly address: string;
  /** What has been thrown that no case asks for. */
  readonly unexpected: readonly unknown[];
}

/** Serves TestService at a free port of 127.0.0.1, as grpc-server does by default. */
export async function serveInterop(tls?: TlsOptions): Promise<InteropServer> {
  const unexpected: unknown[] = [];
  const server = createGrpcServer({
    host: "127.0.0.1",
    port: 0,
    ...(tls === undefined ? { insecure: true } : { tls }),
    observers: [keepEncoding],
    onError: (error) => isStatusError(error) || unexpected.push(error),
  });
  server.addService(testService, testHandlers);
  const { port } = await server.start();
  return { server, address: `127.0.0.1:${port}`, unexpected };
}
