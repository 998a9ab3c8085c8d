import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import type { GrpcServer } from "@grpc-kit/grpc-server";
import type { ItemUseCases } from "../application/item-use-cases.ts";
import { createItemHandlers } from "./item-handlers.ts";

/** Registers every service of this application. */
export function registerServices(server: GrpcServer, useCases: ItemUseCases): void {
  server.addService(ItemServiceService, createItemHandlers(useCases));
}
