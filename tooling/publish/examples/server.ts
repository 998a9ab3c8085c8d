import { Stock, StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createHealthService } from "@grpc-kit/grpc-health";
import { standardServerInterceptors } from "@grpc-kit/grpc-interceptors/server";
import { createGrpcServer, runUntilSignal } from "@grpc-kit/grpc-server";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { pino } from "pino";

const quantities = new Map([["lamp-1", 10]]);
const health = createHealthService();
const interceptors = standardServerInterceptors({ logger: pino() });
const server = createGrpcServer({ port: 50_051, insecure: true, ...interceptors });

server.addService(HealthService, health.handlers);
server.addService(StockServiceService, {
  async getStock({ sku }) {
    const quantity = quantities.get(sku);
    if (quantity === undefined) {
      throw new NotFoundError(`there is no stock of ${sku}`);
    }
    return Stock.create({ sku, quantity });
  },
  async syncStock() {
    return { syncedCount: quantities.size, failedCount: 0, errors: [] };
  },
});
await runUntilSignal(server, { onStarted: ({ target }) => console.log(`listening on ${target}`) });
