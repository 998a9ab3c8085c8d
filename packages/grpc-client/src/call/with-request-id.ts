import { randomUUID } from "node:crypto";
import type { MethodPlan } from "./method-plan.ts";

/**
 * The request with an id by which the server knows its copies, where the method has one.
 * https://google.aip.dev/155
 */
export function withRequestId({ requestIdField: field }: MethodPlan, request: unknown): unknown {
  if (field === undefined || typeof request !== "object" || request === null) {
    return request;
  }
  const fields = request as Readonly<Record<string, unknown>>;
  return fields[field] ? request : { ...fields, [field]: randomUUID() };
}
