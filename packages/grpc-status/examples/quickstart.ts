import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  HealthClient,
  type HealthServer,
  HealthService,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { errorToStatus, findDetail, NotFoundError, toCallError } from "@grpc-kit/grpc-status";

function findService(name: string): never {
  if (name === "") {
    throw new Error("password authentication failed for user shop");
  }
  const resource = { type: "service", name };
  throw new NotFoundError(`there is no service ${name}`, { resource, reason: "NO_SUCH_SERVICE" });
}

const health: HealthServer = {
  check({ request }, callback) {
    try {
      callback(null, findService(request.service));
    } catch (error) {
      // The log gets the error and the status's errorId.
      callback(errorToStatus(error, { domain: "grpc.health.v1.Health" }));
    }
  },
  watch: (call) => call.end(),
  list: (_call, callback) => callback(null, { statuses: new Map() }),
};
const server = new Server();
server.addService(HealthService, health);

server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => {
  const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
  client.check({ service: "shop" }, (error) => {
    const { message, reason, retryable } = toCallError(error);
    console.log(message, { reason, retryable }, findDetail(error, "resourceInfo")?.resourceName);
    client.check({ service: "" }, (hidden) => {
      console.log(toCallError(hidden).message, typeof toCallError(hidden).errorId);
      client.close();
      server.forceShutdown();
    });
  });
});
