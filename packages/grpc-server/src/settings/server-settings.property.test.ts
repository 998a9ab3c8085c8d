import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGrpcServer } from "../create-server.ts";
import { readServerSettings } from "./read-server-settings.ts";
import type { GrpcServerSettings } from "./server-settings.ts";
import { toServerOptions, toStopOptions } from "./to-server-options.ts";

type Field = keyof GrpcServerSettings;

const most = 2 ** 31 - 1;
const integer = (min: number, ...others: readonly number[]) => ({
  right: fc.oneof(fc.integer({ min, max: most }), fc.constantFrom(min, most, ...others)),
  wrong: fc.constantFrom("", " 1", "1.5", "0x10", "1e3", "1_000", "2147483648", "-2", "one", "NaN"),
});
const flag = { right: fc.boolean(), wrong: fc.constantFrom("", "yes", "on", "2", " true") };
const port = { ...integer(0), right: fc.integer({ min: 0, max: 65_535 }) };
const path = {
  right: fc.constantFrom("./a.pem", "/run/secrets/tls.key", "C:\\tls key"),
  wrong: fc.constantFrom("", "\0", "-----BEGIN CERTIFICATE-----"),
};
const methods = {
  right: fc.constantFrom(["/a.B/C"], ["/a.B/C", "/d.E/F"]),
  wrong: fc.constantFrom("", "a.B/C", "/a.B", "/a.B/C,", "/a.B/C, /d.E/F", "/a/b/c"),
};
const host = {
  right: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
  wrong: fc.constantFrom("", " ", "a b", "[::1]", "http://a", "a:1", "a/b"),
};
const duration = integer(1, Number.POSITIVE_INFINITY);

/** What each setting may and may not be: written down again, not taken from the code. */
const fields: {
  readonly [Name in Field]: { right: fc.Arbitrary<unknown>; wrong: fc.Arbitrary<string> };
} = {
  enabled: flag,
  host,
  port,
  socketPath: path,
  maxWorkers: integer(1),
  reflectionEnabled: flag,
  healthCheckEnabled: flag,
  insecure: flag,
  tlsCertFile: path,
  tlsKeyFile: path,
  tlsClientCaFile: path,
  tlsMinVersion: {
    right: fc.constantFrom("TLSv1.2", "TLSv1.3"),
    wrong: fc.constantFrom("", "TLSv1.1", "1.2", "tlsv1.2"),
  },
  tlsReloadIntervalMs: duration,
  graceMs: integer(0),
  drainDelayMs: integer(0),
  maxConcurrentRpcs: integer(1, Number.POSITIVE_INFINITY),
  maxConcurrentRpcsPerPeer: integer(1, Number.POSITIVE_INFINITY),
  maxQueuedRpcs: integer(0, Number.POSITIVE_INFINITY),
  maxQueueMs: duration,
  maxCompressedRpcs: integer(0, Number.POSITIVE_INFINITY),
  exemptMethods: methods,
  longLivedMethods: methods,
  defaultDeadlineMs: duration,
  maxDeadlineMs: duration,
  maxConcurrentStreams: integer(1),
  maxReceiveMessageBytes: integer(0, -1),
  maxSendMessageBytes: integer(0, -1),
  maxMetadataBytes: integer(1, Number.POSITIVE_INFINITY),
  sendStallTimeoutMs: duration,
  streamIdleTimeoutMs: duration,
  maxConnections: integer(1, Number.POSITIVE_INFINITY),
  maxConnectionsPerPeer: integer(1, Number.POSITIVE_INFINITY),
  maxConnectionRatePerPeer: integer(1),
  resetBudgetBurst: integer(1, Number.POSITIVE_INFINITY),
  resetBudgetPerSecond: integer(1),
  handshakeTimeoutMs: duration,
  maxConnectionIdleMs: duration,
  maxConnectionAgeMs: duration,
  maxConnectionAgeGraceMs: duration,
  keepaliveTimeMs: duration,
  keepaliveTimeoutMs: duration,
  adminPort: port,
  adminHost: host,
};

/** Everything set; then made to go together, in one of the ways that are allowed. */
const rightSettings = fc
  .record(Object.fromEntries(Object.entries(fields).map(([field, { right }]) => [field, right])), {
    requiredKeys: [],
  })
  .chain((some) => {
    const { socketPath, tlsCertFile, tlsKeyFile, tlsClientCaFile, insecure, ...rest } = some;
    const { host, port: _port, ...others } = rest;
    return fc.constantFrom<Record<string, unknown>>(
      { ...rest, insecure: true },
      { ...others, insecure: true, socketPath: socketPath ?? "/a" },
      { ...rest, tlsCertFile: tlsCertFile ?? "c", tlsKeyFile: tlsKeyFile ?? "k" },
      { ...rest, tlsCertFile: "c", tlsKeyFile: "k", tlsClientCaFile: tlsClientCaFile ?? "ca" },
    );
  });

const variableOf = (field: string) =>
  `GRPC_SERVER_${field.replace(/(?=[A-Z])/g, "_").toUpperCase()}`;

function environmentOf(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([field, value]) => [variableOf(field), String(value)]),
  );
}

describe("readServerSettings", () => {
  it("reads back any settings, which createGrpcServer takes", () => {
    fc.assert(
      fc.property(rightSettings, (settings) => {
        const read = readServerSettings(environmentOf(settings));
        expect(read).toMatchObject(settings);
        createGrpcServer(toServerOptions(read));
      }),
    );
  });

  it.each(Object.entries(fields))("names %s when it is wrong", (field, { wrong }) => {
    fc.assert(
      fc.property(rightSettings, wrong, (settings, text) => {
        const environment = { ...environmentOf(settings), [variableOf(field)]: text };
        const quoted = text.startsWith("-----") ? '"-----BEGIN…"' : JSON.stringify(text);
        const line = new RegExp(`^${variableOf(field)} must be .*, got `, "m");
        expect(() => readServerSettings(environment)).toThrow(line);
        expect(() => readServerSettings(environment)).toThrow(`got ${quoted}`);
      }),
      { numRuns: 20 },
    );
  });
});

describe("toServerOptions", () => {
  it("leaves out what is not set", () => {
    expect(toServerOptions(readServerSettings({}))).toStrictEqual({
      host: "0.0.0.0",
      port: 50_051,
      maxConcurrentRpcs: 100,
    });
    expect(toStopOptions(readServerSettings({}))).toStrictEqual({});
  });

  it("has a place for each setting that is the server's", () => {
    const numbers: readonly Field[] = [
      ...["maxConcurrentRpcs", "maxQueuedRpcs", "maxQueueMs", "maxCompressedRpcs"],
      ...["defaultDeadlineMs", "maxDeadlineMs", "maxConcurrentStreams", "maxMetadataBytes"],
      ...["maxReceiveMessageBytes", "maxSendMessageBytes", "sendStallTimeoutMs", "maxConnections"],
      ...["maxConnectionsPerPeer", "handshakeTimeoutMs", "maxConnectionIdleMs", "adminPort"],
      ...["maxConnectionAgeMs", "maxConnectionAgeGraceMs", "keepaliveTimeMs", "graceMs"],
      ...["keepaliveTimeoutMs", "drainDelayMs", "maxConcurrentRpcsPerPeer"],
      ...["streamIdleTimeoutMs", "maxConnectionRatePerPeer", "resetBudgetBurst"],
      ...["resetBudgetPerSecond", "tlsReloadIntervalMs"],
    ] as Field[];
    const settings = readServerSettings(
      environmentOf({
        ...Object.fromEntries(numbers.map((field, index) => [field, 101 + index])),
        ...{ socketPath: "/s", tlsCertFile: "c", tlsKeyFile: "k", tlsClientCaFile: "ca" },
        ...{ tlsMinVersion: "TLSv1.3", adminHost: "::1" },
        ...{ exemptMethods: ["/a.B/C"], longLivedMethods: ["/a.B/D", "/a.B/E"] },
      }),
    );
    expect(toServerOptions(settings)).toStrictEqual({
      path: "/s",
      tls: {
        certFile: "c",
        keyFile: "k",
        clientCaFile: "ca",
        minVersion: "TLSv1.3",
        reloadIntervalMs: 128,
      },
      maxConcurrentRpcs: 101,
      maxConcurrentRpcsPerPeer: 123,
      maxQueuedRpcs: 102,
      maxQueueMs: 103,
      maxCompressedRpcs: 104,
      exemptMethods: ["/a.B/C"],
      longLivedMethods: ["/a.B/D", "/a.B/E"],
      deadlines: { defaultMs: 105, maxMs: 106 },
      maxConcurrentStreams: 107,
      maxMetadataBytes: 108,
      maxReceiveMessageBytes: 109,
      maxSendMessageBytes: 110,
      sendStallTimeoutMs: 111,
      streamIdleTimeoutMs: 124,
      connections: {
        max: 112,
        maxPerPeer: 113,
        ratePerPeer: 125,
        resetBudget: { burst: 126, perSecond: 127 },
        handshakeTimeoutMs: 114,
        maxIdleMs: 115,
        maxAgeMs: 117,
        maxAgeGraceMs: 118,
      },
      admin: { port: 116, host: "::1" },
      keepalive: { timeMs: 119, timeoutMs: 121 },
    });
    expect(toStopOptions(settings)).toStrictEqual({ graceMs: 120, drainDelayMs: 122 });
  });
});
