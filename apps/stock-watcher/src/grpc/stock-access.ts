import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { ServerReflectionService as ServerReflectionV1AlphaService } from "@grpc-kit/generated-protos/grpc/reflection/v1alpha";
import type { AuthorizeOptions } from "@grpc-kit/grpc-interceptors/server";

// Any token will do.
const known = {};

/**
 * What a caller must be allowed, by method: what the item service asks for the same, since this service calls
 * it with a token of its own.
 */
export const stockAccess: Pick<AuthorizeOptions, "rules" | "services"> = {
  services: [
    StockServiceService,
    HealthReportServiceService,
    ServerReflectionService,
    ServerReflectionV1AlphaService,
  ],
  rules: {
    "/examples.StockService/GetStock": { scopes: ["items:read"] },
    "/examples.StockService/SyncStock": { scopes: ["items:write"] },
    "/common.HealthReportService/*": known,
    "/grpc.reflection.v1.ServerReflection/*": known,
    "/grpc.reflection.v1alpha.ServerReflection/*": known,
  },
};
