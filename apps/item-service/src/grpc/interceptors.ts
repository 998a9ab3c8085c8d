import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import {
  authorize,
  type StandardServer,
  standardServerInterceptors,
  validation,
} from "@grpc-kit/grpc-interceptors/server";
import { auth, type JwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { metrics } from "@grpc-kit/grpc-interceptors/server/metrics";
import { tracing } from "@grpc-kit/grpc-interceptors/server/tracing";
import { requestValidators, type Validator } from "@grpc-kit/grpc-mappers/validator";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { itemAccess } from "./item-access.ts";
import { itemErrorToStatus } from "./item-errors-to-status.ts";
import { itemRequestValidators } from "./item-validators.ts";

export interface InterceptorParts {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly verifier: JwtVerifier;
}

/** What every call goes through. */
export function createInterceptors(parts: InterceptorParts): StandardServer {
  const { logger, registry, verifier } = parts;
  return standardServerInterceptors({
    logger,
    errorToStatus: itemErrorToStatus,
    tracing: tracing(),
    metrics: metrics({ register: registry, services: [ItemServiceService] }),
    validation: validation({ validators: unaryValidators() }),
    auth: auth({ verifier }),
    authorize: authorize({
      ...itemAccess,
      onDecision: (decision) => {
        if (!decision.allowed) {
          logger.warn(decision, "denied");
        }
      },
    }),
  });
}

// What is wrong with a message on a stream is a part of the answer, not the end of the call.
function unaryValidators(): ReadonlyMap<string, Validator> {
  const streams = Object.values(ItemServiceService).filter(({ requestStream }) => requestStream);
  const paths = new Set<string>(streams.map(({ path }) => path));
  const all = requestValidators(ItemServiceService, itemRequestValidators);
  return new Map([...all].filter(([path]) => !paths.has(path)));
}
