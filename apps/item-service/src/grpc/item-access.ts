import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { ServerReflectionService as ServerReflectionV1AlphaService } from "@grpc-kit/generated-protos/grpc/reflection/v1alpha";
import type { AuthorizeOptions } from "@grpc-kit/grpc-interceptors/server";

const read = { scopes: ["items:read"] };
const write = { scopes: ["items:write"] };

// Any token will do.
const known = {};

/** What a caller must be allowed, by method. The service does not start with a method that has no rule. */
export const itemAccess: Pick<AuthorizeOptions, "rules" | "services"> = {
  services: [
    ItemServiceService,
    HealthReportServiceService,
    ServerReflectionService,
    ServerReflectionV1AlphaService,
  ],
  rules: {
    "/examples.ItemService/GetItem": read,
    "/examples.ItemService/ListItems": read,
    "/examples.ItemService/CreateItem": write,
    "/examples.ItemService/UpdateItem": write,
    "/examples.ItemService/DeleteItem": write,
    "/examples.ItemService/BatchCreateItems": write,
    "/examples.ItemService/SyncItems": write,
    "/common.HealthReportService/*": known,
    "/grpc.reflection.v1.ServerReflection/*": known,
    "/grpc.reflection.v1alpha.ServerReflection/*": known,
  },
};
