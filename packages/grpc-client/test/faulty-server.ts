import {
  type FaultyServer,
  startFaultyServer as startServer,
} from "@grpc-kit/testing/faulty-server";
import { onTestFinished } from "vitest";

/** A server whose right answer to any call is one empty message. It stops with the test. */
export async function startFaultyServer(
  ...args: Parameters<typeof startServer>
): Promise<FaultyServer> {
  const server = await startServer(...args);
  onTestFinished(() => server.close());
  return server;
}
