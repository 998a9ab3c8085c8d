/** A stub of grpc-client as it comes, without interceptors. */
import { createClientFactory } from "@grpc-kit/grpc-client";
import { serveOrders } from "./client-engine.ts";
import { stubCalls } from "./stub-calls.ts";

serveOrders((address) =>
  stubCalls(createClientFactory({ defaultStreamTimeoutMs: 30_000 }), address),
);
