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
  /** Whether it is on this machine. */
  readonly isLocal: boolean;
}

/** Throws a TypeError that says what is wrong with the target. */
export function resolveTarget(target: string | readonly string[]): ChannelTarget {
  if (typeof target === "string") {
    if (!/^\S+$/.test(target) || /^https?:/.test(target)) {
      const must = 'a target of gRPC such as "dns:///host:50051"';
      throw new TypeError(`target must be ${must}, got ${inspect(target)}`);
    }
    const hosts = hostsOf(target);
    const [host = ""] = hosts;
    return { name: target, uri: target, host, isLocal: hosts.every(isLoopback) };
  }
  if (!Array.isArray(target) || target.length === 0) {
    throw new TypeError(`target must be a text, or a list of them, got ${inspect(target)}`);
  }
  const hosts = target.map(hostOfAddress);
  const [host = ""] = hosts;
  const uri = uriOf(target, hosts);
  return { name: target.join(","), uri, host, isLocal: hosts.every(isLoopback) };
}

function uriOf(target: readonly string[], hosts: readonly string[]): string {
  if (hosts.every(isIPv4)) {
    return `ipv4:${target.join(",")}`;
  }
  return hosts.every(isIPv6) ? `ipv6:${target.join(",")}` : listUri(target);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
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
function hostsOf(target: string): string[] {
  if (/^unix(-abstract)?:/.test(target)) {
    return ["localhost"];
  }
  const path = target.replace(/^(?:dns|ipv4|ipv6|[A-Za-z][A-Za-z0-9+.-]*(?=:\/\/)):/, "");
  const addresses = path.replace(/^\/\/[^/]*\//, "").split(",");
  return addresses.map((address) => experimental.splitHostPort(address)?.host ?? address);
}
