/** grpc-js alone. */
import { Metadata } from "@grpc/grpc-js";
import { serveOrders } from "./client-engine.ts";
import { grpcJsCalls } from "./grpc-js-calls.ts";

serveOrders((address) => grpcJsCalls(address, () => [new Metadata(), {}]));
