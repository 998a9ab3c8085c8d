import { isIPv4, isIPv6 } from "node:net";
import { inspect } from "node:util";
import { experimental } from "@grpc/grpc-js";

export interface ChannelTarget {
  /** What it is called. */
  readonly name: string;
  /** As grpc-js has it: https://github.com/grpc/grpc/blob/master/doc/naming.md */
  readonly uri: string;
}

/** Throws a TypeError that says what is wrong with the target. */
export function resolveTarget(target: string | readonly string[]): ChannelTarget {
  if (typeof target === "string") {
    if (!/^\S+$/.test(target) || /^https?:\/\//.test(target)) {
      const must = 'a target of gRPC such as "dns:///host:50051"';
      throw new TypeError(`target must be ${must}, got ${inspect(target)}`);
    }
    return { name: target, uri: target };
  }
  if (!Array.isArray(target) || target.length === 0) {
    throw new TypeError(`target must be a text, or a list of them, got ${inspect(target)}`);
  }
  const hosts = target.map(hostOf);
  const name = target.join(",");
  if (hosts.every(isIPv4)) {
    return { name, uri: `ipv4:${name}` };
  }
  if (hosts.every(isIPv6)) {
    return { name, uri: `ipv6:${name}` };
  }
  throw new TypeError(`target must be IP addresses all, got ${inspect(target)}`);
}

function hostOf(address: string): string {
  const parts = typeof address === "string" ? experimental.splitHostPort(address) : null;
  if (parts?.port === undefined || /[\s,]/.test(address)) {
    throw new TypeError(
      `target must be of addresses like "10.0.0.1:50051", got ${inspect(address)}`,
    );
  }
  return parts.host;
}
