import { isIPv4, isIPv6 } from "node:net";
import { inspect } from "node:util";
import { experimental } from "@grpc/grpc-js";
import { listUri } from "./list-resolver.ts";

export interface ChannelTarget {
  /** What it is called. */
  readonly name: string;
  /** As grpc-js has it: https://github.com/grpc/grpc/blob/master/doc/naming.md */
  readonly uri: string;
  /** The host, of a list the first, whose certificate servers must have. */
  readonly host: string;
}

/** Throws a TypeError that says what is wrong with the target. */
export function resolveTarget(target: string | readonly string[]): ChannelTarget {
  if (typeof target === "string") {
    if (!/^\S+$/.test(target) || /^https?:/.test(target)) {
      const must = 'a target of gRPC such as "dns:///host:50051"';
      throw new TypeError(`target must be ${must}, got ${inspect(target)}`);
    }
    return { name: target, uri: target, host: hostOf(target) };
  }
  if (!Array.isArray(target) || target.length === 0) {
    throw new TypeError(`target must be a text, or a list of them, got ${inspect(target)}`);
  }
  const hosts = target.map(hostOfAddress);
  const [host = ""] = hosts;
  const name = target.join(",");
  if (hosts.every(isIPv4)) {
    return { name, uri: `ipv4:${name}`, host };
  }
  if (hosts.every(isIPv6)) {
    return { name, uri: `ipv6:${name}`, host };
  }
  return { name, uri: listUri(target), host };
}

function hostOfAddress(address: string): string {
  const parts = typeof address === "string" ? experimental.splitHostPort(address) : null;
  if (parts?.port === undefined || /[\s,/]/.test(address)) {
    const must = 'of addresses such as "10.0.0.1:50051"';
    throw new TypeError(`target must be ${must}, got ${inspect(address)}`);
  }
  return parts.host;
}

// As grpc-js finds it: the authority of a socket of Unix is "localhost".
function hostOf(target: string): string {
  if (/^unix(-abstract)?:/.test(target)) {
    return "localhost";
  }
  const path = target.replace(/^(?:dns|ipv4|ipv6|[A-Za-z][A-Za-z0-9+.-]*(?=:\/\/)):/, "");
  const [first = ""] = path.replace(/^\/\/[^/]*\//, "").split(",");
  return experimental.splitHostPort(first)?.host ?? first;
}
