import { createGrpcServer, type GrpcServerOptions } from "@grpc-kit/grpc-server";
import { tellUsage } from "@grpc-kit/testing/bench";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { asyncHandlers } from "./async-handlers.ts";

/** Serves the fixture service by a grpc-server that lets in as much as grpc-js does. */
export async function serveGrpcServer(
  options: Pick<GrpcServerOptions, "interceptors" | "observers" | "onError"> = {},
): Promise<void> {
  const server = createGrpcServer({
    host: "127.0.0.1",
    port: 0,
    insecure: true,
    // The driver is one peer with all of the calls, and connects again and again.
    maxConcurrentRpcs: 5_000,
    connections: { max: 5_000, maxPerPeer: 5_000, ratePerPeer: 100_000 },
    ...options,
  });
  server.addService(FixtureServiceService, asyncHandlers);
  tellUsage((await server.start()).port);
}
