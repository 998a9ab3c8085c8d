import { isIP } from "node:net";
import { z } from "zod";
import type { GrpcServerSettings } from "./server-settings.ts";

// The longest delay of a timer, and more than there can be of anything else.
const most = 2 ** 31 - 1;

const flag = z.stringbool({
  truthy: ["true", "1"],
  falsy: ["false", "0"],
  error: "must be true, false, 1 or 0",
});

const host = z.string().refine((text) => isIP(text) !== 0 || /^[\w.-]+$/.test(text), {
  error: "must be a host name or an IP address",
});

// Whoever puts the key itself there must not find it in the log.
const path = z.string().refine((text) => /^[^\0\n]+$/.test(text) && !text.includes("-----BEGIN"), {
  error: "must be a path",
});

const methods = z
  .string()
  .refine((text) => text.split(",").every((path) => /^\/[^/\s]+\/[^/\s]+$/.test(path)), {
    error: 'must be paths like "/pkg.Service/Method" with commas between',
  })
  .transform((text): readonly string[] => text.split(","));

const port = integer(0, 65_535);
const count = integer(0, most, "Infinity");
const countFrom1 = integer(1, most, "Infinity");
const duration = integer(1, most, "Infinity");
const delay = integer(0, most);
const size = integer(0, most, "-1");

/** How each setting is read from its variable; what has no default may be unset. */
export const settingsSchemas: {
  readonly [Field in keyof GrpcServerSettings]: z.ZodType<GrpcServerSettings[Field]>;
} = {
  enabled: flag.default(false),
  host: host.default("0.0.0.0"),
  port: port.default(50_051),
  socketPath: path.optional(),
  maxWorkers: integer(1, most).default(10),
  reflectionEnabled: flag.default(true),
  healthCheckEnabled: flag.default(true),
  insecure: flag.optional(),
  tlsCertFile: path.optional(),
  tlsKeyFile: path.optional(),
  tlsClientCaFile: path.optional(),
  tlsMinVersion: z.enum(["TLSv1.2", "TLSv1.3"], { error: "must be TLSv1.2 or TLSv1.3" }).optional(),
  tlsReloadIntervalMs: duration.optional(),
  graceMs: delay.optional(),
  drainDelayMs: delay.optional(),
  maxConcurrentRpcs: countFrom1.default(100),
  maxConcurrentRpcsPerPeer: countFrom1.optional(),
  maxQueuedRpcs: count.optional(),
  maxQueueMs: duration.optional(),
  maxCompressedRpcs: count.optional(),
  exemptMethods: methods.optional(),
  longLivedMethods: methods.optional(),
  defaultDeadlineMs: duration.optional(),
  maxDeadlineMs: duration.optional(),
  maxConcurrentStreams: integer(1, most).optional(),
  maxReceiveMessageBytes: size.optional(),
  maxSendMessageBytes: size.optional(),
  maxMetadataBytes: countFrom1.optional(),
  sendStallTimeoutMs: duration.optional(),
  streamIdleTimeoutMs: duration.optional(),
  maxConnections: countFrom1.optional(),
  maxConnectionsPerPeer: countFrom1.optional(),
  maxConnectionRatePerPeer: integer(1, most).optional(),
  resetBudgetBurst: countFrom1.optional(),
  resetBudgetPerSecond: integer(1, most).optional(),
  handshakeTimeoutMs: duration.optional(),
  maxConnectionIdleMs: duration.optional(),
  maxConnectionAgeMs: duration.optional(),
  maxConnectionAgeGraceMs: duration.optional(),
  keepaliveTimeMs: duration.optional(),
  keepaliveTimeoutMs: duration.optional(),
  adminPort: port.optional(),
  adminHost: host.optional(),
};

/** Decimal digits from `min` to `max`, or the word that stands for no limit. */
function integer(min: number, max: number, unlimited?: string) {
  const or = unlimited === undefined ? "" : ` or ${unlimited}`;
  return z
    .string()
    .refine(
      (text) =>
        text === unlimited ||
        (/^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max),
      { error: `must be an integer from ${min} to ${max}${or}` },
    )
    .transform(Number);
}
