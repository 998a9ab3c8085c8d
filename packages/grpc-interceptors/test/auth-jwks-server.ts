import {
  type JwksServer,
  type JwksServerOptions,
  startJwksServer,
} from "@grpc-kit/testing/jwks-server";
import { onTestFinished } from "vitest";

export type { JwksMode, JwksServer } from "@grpc-kit/testing/jwks-server";

/** An issuer's key server on a free port of loopback, until the test ends. */
export async function serveJwks(options: JwksServerOptions): Promise<JwksServer> {
  const server = await startJwksServer(options);
  onTestFinished(() => server.close());
  return server;
}
