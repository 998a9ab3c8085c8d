import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { onTestFinished } from "vitest";
import type { OpenCall } from "../src/channel/call-source.ts";
import { callSourceOf } from "../src/channel/call-source-of.ts";
import type { ChannelOptions } from "../src/channel/channel-options.ts";
import { createChannelRegistry } from "../src/channel/channel-registry.ts";
import type { GrpcChannel } from "../src/channel/grpc-channel.ts";
import type { ChannelContext } from "../src/channel/pool.ts";

/** A channel that closes with the test; without TLS, unless the options say otherwise. */
export function openChannel(
  target: string | readonly string[],
  options: ChannelOptions = {},
  context?: ChannelContext,
): GrpcChannel {
  const channel = createChannelRegistry(context).open(target, {
    credentials: "insecure",
    ...options,
  });
  onTestFinished(() => channel.close({ graceMs: 0 }));
  return channel;
}

export interface CallOnOptions {
  readonly waitForReady?: boolean;
  readonly timeoutMs?: number;
}

const { path, requestSerialize } = FixtureServiceService.unary;
const empty = requestSerialize(Envelope.create());

/** A unary call without a stub: how it ended. Undefined: the channel takes no calls. */
export async function callOn(
  channel: GrpcChannel,
  { waitForReady = false, timeoutMs = 20_000 }: CallOnOptions = {},
): Promise<StatusObject | undefined> {
  return new Promise((resolve) => {
    const open: OpenCall = {
      waitForReady,
      cancelWithStatus: (code, details) => call.cancelWithStatus(code, details),
    };
    const connection = callSourceOf(channel).open(open);
    if (connection === undefined) {
      resolve(undefined);
      return;
    }
    const deadline = Date.now() + timeoutMs;
    const call = connection.channel.createCall(path, deadline, null, null, null);
    call.start(new Metadata({ waitForReady }), {
      onReceiveMetadata() {},
      onReceiveMessage: () => call.startRead(),
      onReceiveStatus(ended) {
        connection.end(open);
        resolve(ended);
      },
    });
    call.sendMessageWithContext({}, empty);
    call.halfClose();
    call.startRead();
  });
}

/** Makes so many calls at once: how many ended with each code. */
export async function callTimes(
  channel: GrpcChannel,
  times: number,
  options?: CallOnOptions,
): Promise<Readonly<Record<string, number>>> {
  const ended = await Promise.all(Array.from({ length: times }, () => callOn(channel, options)));
  const counts: Record<string, number> = {};
  for (const { code = undefined } of ended.map((one) => one ?? {}) as { code?: status }[]) {
    const name = code === undefined ? "closed" : (status[code] ?? "?");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
