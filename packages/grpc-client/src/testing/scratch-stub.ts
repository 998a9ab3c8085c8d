import { Channel, credentials, type ServiceDefinition } from "@grpc/grpc-js";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { checkClientOptions } from "../check-client-options.ts";
import { watchedLoadBalancing } from "../retry/attempt-balancer.ts";
import { buildStub } from "../stub/create-stub.ts";
export function startStub(target: string) {
  const channel = new Channel(target, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config": JSON.stringify({
      methodConfig: [],
      loadBalancingConfig: watchedLoadBalancing([{ pick_first: {} } as never]),
    }),
  });
  return buildStub(
    FixtureServiceService,
    { target, isSecure: false, addService() {}, open: () => ({ channel, end() {} }) },
    checkClientOptions({}),
    {},
  );
}
