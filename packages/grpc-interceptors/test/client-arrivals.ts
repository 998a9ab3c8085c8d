import type { Interceptor } from "@grpc/grpc-js";
import { serverInterceptor } from "../src/server/server-interceptor.ts";
import { type FixtureOptions, type ServedFixture, serveFixture } from "./serve-fixture.ts";

/** A call as it came over the wire. */
export interface Arrival {
  readonly path: string;
  readonly metadata: Record<string, unknown>;
  /** Epoch milliseconds; Infinity if there is none. */
  readonly deadline: number;
  /** What was left of it when the call came. */
  readonly remainingMs: number;
}

/** A server that writes down which calls come, and a client of it with these interceptors. */
export async function serveArrivals(
  clientInterceptors: Interceptor[],
  options: FixtureOptions = {},
): Promise<ServedFixture & { readonly arrivals: Arrival[] }> {
  const arrivals: Arrival[] = [];
  const arrive = serverInterceptor(({ method: { path }, metadata, deadline }) => {
    const remainingMs = deadline - Date.now();
    arrivals.push({ path, metadata: metadata.getMap(), deadline, remainingMs });
    return undefined;
  });
  const served = await serveFixture({ ...options, clientInterceptors, interceptors: [arrive] });
  return { ...served, arrivals };
}

/** Waits for a connection: calls without one would spend their deadlines on it. */
export function connect(client: ServedFixture["client"]): Promise<unknown> {
  return new Promise((resolve) => client.waitForReady(Date.now() + 5_000, resolve));
}
