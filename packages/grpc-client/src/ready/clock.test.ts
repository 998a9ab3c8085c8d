import { Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import {
  type HealthCheckRequest,
  HealthCheckResponse,
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { expect, it, onTestFinished, vi } from "vitest";
import { openChannel } from "../../test/channel-call.ts";
import { waitForHealthy } from "./wait-for-healthy.ts";

const hourMs = 3_600_000;

it("G21: waitForHealthy does not mind a clock that is set while it waits", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  let watches = 0;
  server.register(
    HealthService.watch.path,
    ((call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
      watches += 1;
      if (watches === 1) {
        vi.setSystemTime(Date.now() + hourMs);
      } else {
        call.write(HealthCheckResponse.create({ status: ServingStatus.SERVING }));
      }
      call.end();
    }) as never,
    HealthService.watch.responseSerialize,
    HealthService.watch.requestDeserialize,
    "serverStream",
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  await waitForHealthy(openChannel(`127.0.0.1:${port}`), { timeoutMs: 15_000 });
  expect(watches).toBe(2);
});
