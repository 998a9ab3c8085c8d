import type { ServiceDefinition } from "@grpc/grpc-js";
import type { CircuitReport } from "./breaker/circuits.ts";
import { callSourceOf } from "./channel/call-source-of.ts";
import type { ChannelOptions } from "./channel/channel-options.ts";
import { createChannelRegistry } from "./channel/channel-registry.ts";
import type { CloseOptions, GrpcChannel } from "./channel/grpc-channel.ts";
import { checkClientOptions } from "./check-client-options.ts";
import type { ClientFactoryOptions } from "./client-options.ts";
import { buildStub } from "./stub/create-stub.ts";
import type { Stub } from "./stub/stub.ts";
import type { StubOptions } from "./stub/stub-options.ts";

/** Makes the clients of a process, which share channels, circuits and defaults. */
export interface ClientFactory {
  /**
   * The way to a target: "dns:///items:50051", or a list of addresses. By TLS unless `credentials` is
   * "insecure". Channels to the same target by the same credentials and options share connections.
   */
  createChannel(target: string | readonly string[], options?: ChannelOptions): GrpcChannel;
  /** Throws a TypeError or RangeError that names what is wrong in `options`. */
  createStub<Definition extends ServiceDefinition>(
    definition: Definition,
    channel: GrpcChannel,
    options?: StubOptions<Definition>,
  ): Stub<Definition>;
  /** The circuits of all methods that stubs have been made for, on channels that are not closed. */
  circuits(): readonly CircuitReport[];
  /** Closes all channels. */
  close(options?: CloseOptions): Promise<void>;
}

/** Throws a TypeError or RangeError that names a wrong option. */
export function createClientFactory(options: ClientFactoryOptions = {}): ClientFactory {
  const context = checkClientOptions(options);
  const { observer } = context;
  const channels = createChannelRegistry({
    throttling: context.retry.throttling,
    observer,
    onTargetClosed(target) {
      context.circuits.forget(target);
      context.hedgeThrottles.forget(target);
    },
  });
  return {
    createChannel: (target, channelOptions) => channels.open(target, channelOptions),
    createStub: (definition, channel, stubOptions) =>
      buildStub(definition, callSourceOf(channel), context, stubOptions),
    circuits: () => context.circuits.report(),
    close: (closeOptions) => channels.close(closeOptions),
  };
}
