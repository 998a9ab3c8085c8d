import { type MethodConfig, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { retriesInternal, retryingLostConnections } from "./lost-connections.ts";

const { INTERNAL, UNAVAILABLE } = status;
const name = [{ service: "a.B", method: "C" }];

function retrying(...retryableStatusCodes: status[]): MethodConfig {
  const backoff = { initialBackoff: "1s", maxBackoff: "1s", backoffMultiplier: 1 };
  return { name, retryPolicy: { maxAttempts: 2, ...backoff, retryableStatusCodes } };
}

function hedging(nonFatalStatusCodes?: status[]): MethodConfig {
  const codes = nonFatalStatusCodes === undefined ? {} : { nonFatalStatusCodes };
  return { name, hedgingPolicy: { maxAttempts: 2, ...codes } };
}

describe("retryingLostConnections", () => {
  it.each<[MethodConfig, MethodConfig]>([
    [retrying(UNAVAILABLE), retrying(UNAVAILABLE, INTERNAL)],
    [retrying(INTERNAL), retrying(INTERNAL)],
    [hedging([UNAVAILABLE]), hedging([UNAVAILABLE, INTERNAL])],
    [hedging(), hedging([INTERNAL])],
    [{ name }, { name }],
  ])("makes %j %j", (config, expected) => {
    expect(retryingLostConnections(config)).toEqual(expected);
  });
});

describe("retriesInternal", () => {
  it.each<[MethodConfig, string, boolean]>([
    [retrying(UNAVAILABLE), "/a.B/C", false],
    [retrying(INTERNAL), "/a.B/C", true],
    [hedging([INTERNAL]), "/a.B/C", true],
    [retrying(INTERNAL), "/a.B/D", false],
  ])("of %j for %s is %s", (config, path, expected) => {
    expect(retriesInternal({ service: "a.B", methodConfigs: [config] }, path)).toBe(expected);
  });
});
