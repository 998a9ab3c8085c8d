import {
  type GetStockRequest,
  StockServiceService,
} from "@grpc-kit/generated-protos/examples/stock";
import {
  authorize,
  type StandardServer,
  standardServerInterceptors,
  validation,
} from "@grpc-kit/grpc-interceptors/server";
import { auth, type JwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { metrics } from "@grpc-kit/grpc-interceptors/server/metrics";
import { tracing } from "@grpc-kit/grpc-interceptors/server/tracing";
import { createValidator } from "@grpc-kit/grpc-mappers/validator";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { z } from "zod";
import { stockAccess } from "./stock-access.ts";
import { stockErrorToStatus } from "./stock-errors-to-status.ts";

export interface InterceptorParts {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly verifier: JwtVerifier;
}

/** What every call goes through. */
export function createInterceptors({
  logger,
  registry,
  verifier,
}: InterceptorParts): StandardServer {
  return standardServerInterceptors({
    logger,
    errorToStatus: stockErrorToStatus,
    tracing: tracing(),
    metrics: metrics({ register: registry, services: [StockServiceService] }),
    validation: validation({
      validators: new Map([[StockServiceService.getStock.path, getStockValidator]]),
    }),
    auth: auth({ verifier }),
    authorize: authorize({
      ...stockAccess,
      onDecision: (decision) => {
        if (!decision.allowed) {
          logger.warn(decision, "denied");
        }
      },
    }),
  });
}

// It becomes a part of a filter, where a quotation mark would end it.
const getStockValidator = createValidator<GetStockRequest>()(
  z.object({
    sku: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "must have 1 to 64 of A-Z a-z 0-9 . _ -"),
  }),
);
