import { inspect, isDeepStrictEqual } from "node:util";
import type { MethodConfig, RetryPolicy, ServiceDefinition } from "@grpc/grpc-js";
import type { ServicePolicy } from "../channel/call-source.ts";
import { checkNames } from "../check-option.ts";
import type { MethodOptions } from "../client-options.ts";
import type { IdempotencyLevel, IdempotencyLevels } from "./idempotency.ts";
import { resolveHedgingPolicy, resolveRetryPolicy } from "./retry-policy.ts";

export interface ServicePolicyParts {
  readonly definition: ServiceDefinition;
  readonly idempotency: IdempotencyLevels;
  /** For idempotent methods that do not say otherwise. Undefined: their calls are sent once. */
  readonly retry: RetryPolicy | undefined;
  /** By their names in the definition. Default: none. */
  readonly methods?: Readonly<Record<string, MethodOptions | undefined>> | undefined;
}

/**
 * How calls of a service are sent again; gRPC does so until a call has its first headers or message.
 * Throws a TypeError or RangeError that names what is wrong in `methods`.
 */
export function compileServicePolicy({
  definition,
  idempotency,
  retry,
  methods = {},
}: ServicePolicyParts): ServicePolicy {
  checkNames("methods", methods, Object.keys(definition));
  // Not read from the object itself, where a method named toString would find what all objects have.
  const optionsByName = new Map(Object.entries(methods));
  const methodConfigs = Object.entries(definition).flatMap(([key, method]) => {
    const options = optionsByName.get(key) ?? {};
    const level = idempotency.get(method.path);
    const policy = policyOf({ name: `methods.${key}`, options, level, method, retry });
    return policy === undefined ? [] : [{ name: [nameOf(method)], ...policy }];
  });
  const [first] = Object.values(definition);
  return { service: first === undefined ? "" : nameOf(first).service, methodConfigs };
}

/** What a policy has for the method with this path. Undefined: its calls are sent once. */
export function methodConfigOf(
  { methodConfigs }: ServicePolicy,
  path: string,
): MethodConfig | undefined {
  return methodConfigs.find(({ name: [name] }) => path === `/${name?.service}/${name?.method}`);
}

/** Whether both send calls again alike. */
export function isSamePolicy(a: ServicePolicy, b: ServicePolicy): boolean {
  return isDeepStrictEqual(a, b);
}

type Method = ServiceDefinition[string];

function nameOf({ path }: Method): { readonly service: string; readonly method: string } {
  const [, service = "", method = ""] = path.split("/");
  return { service, method };
}

interface MethodParts {
  /** What errors call the options. */
  readonly name: string;
  readonly options: MethodOptions;
  readonly level: IdempotencyLevel | undefined;
  readonly method: Method;
  readonly retry: RetryPolicy | undefined;
}

function policyOf(parts: MethodParts): Omit<MethodConfig, "name"> | undefined {
  const { name, options, level, retry } = parts;
  checkMethodOptions(parts);
  if (options.hedging !== undefined) {
    checkMayHedge(parts);
    return { hedgingPolicy: resolveHedgingPolicy(`${name}.hedging`, options.hedging) };
  }
  if (options.retry === false) {
    return undefined;
  }
  const isIdempotent =
    options.idempotent ??
    (options.requestIdField !== undefined || level === "IDEMPOTENT" || level === "NO_SIDE_EFFECTS");
  if (options.retry === undefined) {
    return isIdempotent && retry !== undefined ? { retryPolicy: retry } : undefined;
  }
  if (!isIdempotent) {
    const ways = `set ${name}.idempotent or requestIdField, or its idempotency_level`;
    throw new TypeError(
      `${name}.retry must be for a method that may be sent twice (${ways}), got ${inspect(options.retry)}`,
    );
  }
  return { retryPolicy: resolveRetryPolicy(`${name}.retry`, options.retry) };
}

const optionNames = ["timeoutMs", "idempotent", "retry", "hedging", "requestIdField"];

function checkMethodOptions({ name, options, method }: MethodParts): void {
  checkNames(name, options, optionNames);
  const { idempotent, requestIdField } = options;
  if (idempotent !== undefined && typeof idempotent !== "boolean") {
    throw new TypeError(`${name}.idempotent must be true or false, got ${inspect(idempotent)}`);
  }
  if (requestIdField === undefined) {
    return;
  }
  if (method.requestStream) {
    const got = inspect(requestIdField);
    throw new TypeError(`${name}.requestIdField must be for a method with one request, got ${got}`);
  }
  if (idempotent === false) {
    throw new TypeError(
      `${name}.idempotent must be left out beside requestIdField (retry: false keeps it from being sent twice), got false`,
    );
  }
}

// https://github.com/grpc/proposal/blob/master/A6-client-retries.md#hedging-policy
function checkMayHedge({ name, options, level, method }: MethodParts): void {
  const { retry, hedging, idempotent } = options;
  if (retry !== undefined && retry !== false) {
    throw new TypeError(`${name}.retry must be left out beside hedging, got ${inspect(retry)}`);
  }
  // Copies would be due before all requests are there, so that each of them would be sent many times.
  if (method.requestStream) {
    const got = inspect(hedging);
    throw new TypeError(`${name}.hedging must be for a method with one request, got ${got}`);
  }
  // Copies run at the same time: that repeating a call does no harm is not enough.
  const isSafe = level === undefined ? idempotent : level === "NO_SIDE_EFFECTS";
  if (isSafe !== true || idempotent === false) {
    const wanted = "idempotency_level NO_SIDE_EFFECTS, or idempotent: true if no descriptor has it";
    const got = `${level ?? "no descriptor"} and idempotent: ${idempotent}`;
    throw new TypeError(`${name}.hedging must be for a method with ${wanted}; got ${got}`);
  }
}
