import type { Attributes } from "@opentelemetry/api";
import { serverAttributes } from "../../tracing/call-span.ts";

// https://github.com/grpc/grpc/blob/master/doc/naming.md
const schemes = /^(?:dns|ipv4|ipv6|unix|passthrough):(?:\/\/[^/]*\/)?(?=.)/;

/**
 * Which server a channel's target names, in attributes: the name that is dialled, and no address that
 * it resolves to. A target of a scheme that is not known here, or with several addresses, is told whole.
 */
export function targetAttributes(target: string): Attributes {
  const endpoint = target.replace(schemes, "");
  if (target.startsWith("unix:")) {
    return { "server.address": target.startsWith("unix:///") ? `/${endpoint}` : endpoint };
  }
  return endpoint.includes(",") || endpoint.includes("://")
    ? { "server.address": target }
    : serverAttributes(endpoint);
}
