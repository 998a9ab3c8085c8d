import type { Method } from "./method.ts";

/** "/package.Service/Method", "/package.Service/*" or "/*". */
export const methodPattern: RegExp = /^\/(?:\*|[\w.]+\/(?:\*|\w+))$/;

/** Whether something holds for a method. Asked once for each. */
export type MethodMatch = (method: Method) => boolean;

/**
 * The methods that one of the patterns names: "/examples.ItemService/GetItem" exactly,
 * "/examples.ItemService/*" for a service, "/*" for all. Throws a TypeError for any other pattern.
 */
export function methods(...patterns: readonly string[]): MethodMatch {
  for (const pattern of patterns) {
    if (!methodPattern.test(pattern)) {
      throw new TypeError(
        `patterns must be like "/package.Service/Method", "/package.Service/*" or "/*", got "${pattern}"`,
      );
    }
  }
  const named = new Set(patterns);
  return ({ path, service }) => named.has(path) || named.has(`/${service}/*`) || named.has("/*");
}

/** All methods but these: `not(health)`. */
export function not(match: MethodMatch): MethodMatch {
  return (method) => !match(method);
}

type OfService = Pick<Method, "service">;

/** The methods of the health protocol, which callers without credentials use: a kubelet has none. */
export function health({ service }: OfService): boolean {
  return service === "grpc.health.v1.Health";
}

/** The methods of server reflection. */
export function reflection({ service }: OfService): boolean {
  return (
    service === "grpc.reflection.v1.ServerReflection" ||
    service === "grpc.reflection.v1alpha.ServerReflection"
  );
}

/** What probes and tools call all day, and nobody wants to read about. */
export function isHealthOrReflection(method: OfService): boolean {
  return health(method) || reflection(method);
}
