import { randomUUID } from "node:crypto";
import type { Interceptor } from "@grpc/grpc-js";
import { currentCall, requestIdKey } from "@grpc-kit/grpc-context";
import { clientInterceptor } from "./client-hook.ts";
import { checkMetadataKey } from "./metadata-key.ts";

/** How calls are named. */
export interface RequestIdOptions {
  /** The metadata key. Default: "x-request-id". */
  readonly header?: string;
}

// What is not sent as it is would be a call that fails, or an id that nobody finds again.
const sendable = /^[\x21-\x7e]{1,128}$/;

/**
 * Sends a request id with every call: the caller's own, that of the call being served, or a new one.
 */
export function requestId({ header = "x-request-id" }: RequestIdOptions = {}): Interceptor {
  const key = checkMetadataKey("header", header);
  if (key.endsWith("-bin")) {
    throw new TypeError(`header must be the key of a text, got "${header}"`);
  }
  return clientInterceptor(({ metadata }) => {
    if (metadata.get(key).length === 0) {
      const servedId = currentCall()?.get(requestIdKey);
      metadata.set(key, isSendable(servedId) ? servedId : randomUUID());
    }
    return undefined;
  });
}

function isSendable(id: unknown): id is string {
  return typeof id === "string" && sendable.test(id);
}
