import type { StopOptions } from "../lifecycle.ts";
import type { GrpcServerOptions } from "../server-options.ts";
import type { GrpcServerSettings } from "./server-settings.ts";

/** The options for `createGrpcServer` that the settings give. What is not set is left out. */
export function toServerOptions(settings: GrpcServerSettings): GrpcServerOptions {
  const { socketPath } = settings;
  return {
    ...(socketPath === undefined
      ? { host: settings.host, port: settings.port }
      : { path: socketPath }),
    ...(settings.insecure === true ? { insecure: true } : {}),
    ...whatIsSet({
      tls: tlsOf(settings),
      maxConcurrentRpcs: settings.maxConcurrentRpcs,
      maxConcurrentRpcsPerPeer: settings.maxConcurrentRpcsPerPeer,
      maxQueuedRpcs: settings.maxQueuedRpcs,
      maxQueueMs: settings.maxQueueMs,
      maxCompressedRpcs: settings.maxCompressedRpcs,
      exemptMethods: settings.exemptMethods,
      longLivedMethods: settings.longLivedMethods,
      deadlines: group({ defaultMs: settings.defaultDeadlineMs, maxMs: settings.maxDeadlineMs }),
      maxConcurrentStreams: settings.maxConcurrentStreams,
      maxReceiveMessageBytes: settings.maxReceiveMessageBytes,
      maxSendMessageBytes: settings.maxSendMessageBytes,
      maxMetadataBytes: settings.maxMetadataBytes,
      connections: group({
        max: settings.maxConnections,
        maxPerPeer: settings.maxConnectionsPerPeer,
        ratePerPeer: settings.maxConnectionRatePerPeer,
        resetBudget: group({
          burst: settings.resetBudgetBurst,
          perSecond: settings.resetBudgetPerSecond,
        }),
        handshakeTimeoutMs: settings.handshakeTimeoutMs,
        maxIdleMs: settings.maxConnectionIdleMs,
        maxAgeMs: settings.maxConnectionAgeMs,
        maxAgeGraceMs: settings.maxConnectionAgeGraceMs,
      }),
      keepalive: group({
        timeMs: settings.keepaliveTimeMs,
        timeoutMs: settings.keepaliveTimeoutMs,
      }),
      sendStallTimeoutMs: settings.sendStallTimeoutMs,
      streamIdleTimeoutMs: settings.streamIdleTimeoutMs,
      admin: adminOf(settings),
    }),
  };
}

/** The options for the server's `stop` that the settings give. */
export function toStopOptions({ graceMs, drainDelayMs }: GrpcServerSettings): StopOptions {
  return whatIsSet({ graceMs, drainDelayMs });
}

function adminOf({ adminPort, adminHost }: GrpcServerSettings): GrpcServerOptions["admin"] {
  return adminPort === undefined
    ? undefined
    : { port: adminPort, ...whatIsSet({ host: adminHost }) };
}

function tlsOf({
  tlsCertFile,
  tlsKeyFile,
  tlsClientCaFile,
  tlsMinVersion,
  tlsReloadIntervalMs,
}: GrpcServerSettings): GrpcServerOptions["tls"] {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    return undefined;
  }
  return {
    certFile: tlsCertFile,
    keyFile: tlsKeyFile,
    ...whatIsSet({
      clientCaFile: tlsClientCaFile,
      minVersion: tlsMinVersion,
      reloadIntervalMs: tlsReloadIntervalMs,
    }),
  };
}

type WhatIsSet<Options> = { [Name in keyof Options]?: Exclude<Options[Name], undefined> };

function whatIsSet<Options extends object>(options: Options): WhatIsSet<Options> {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as WhatIsSet<Options>;
}

function group<Options extends object>(options: Options): WhatIsSet<Options> | undefined {
  const set = whatIsSet(options);
  return Object.keys(set).length === 0 ? undefined : set;
}
